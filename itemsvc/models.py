"""What the project itself keeps."""

from django.db import models
from django.db.models.functions import Now


class IdempotencyKey(models.Model):
    """A request that was answered, so that its repetition gets the same answer (``itemsvc/idempotency.py``)."""

    id = models.UUIDField(primary_key=True, editable=False)
    fingerprint = models.UUIDField()
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["created_at"], name="idempotency_keys_created_at"),)

    def __str__(self) -> str:
        return str(self.id)
