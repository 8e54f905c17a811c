"""Files that clients send to the bucket MEDIA_BUCKET and read there. The service signs the addresses, and sees no file.

A signature needs no request to S3. It gives no more than what the service itself may do.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from itemsvc.core.file_storages import SIGNED_SECONDS

#: For `extend_schema`: what `upload` and `download` return.
UPLOAD = inline_serializer(
    "Upload", {"url": serializers.URLField(), "fields": serializers.DictField(child=serializers.CharField())}
)
DOWNLOAD = inline_serializer("Download", {"url": serializers.URLField()})


def upload(name: str, content_type: str, max_bytes: int) -> dict[str, Any]:
    """The form with which a client may send one file, for a quarter of an hour: `url` and `fields`.

    The client sends all `fields` and last the `file` as multipart/form-data to `url`. S3 refuses another name, another
    type and more bytes; a later file of this name replaces it. Raises ImproperlyConfigured without a bucket.
    """
    form: dict[str, Any] = _client().generate_presigned_post(
        settings.MEDIA_BUCKET,
        name,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
        ExpiresIn=SIGNED_SECONDS,
    )
    return form


def download(name: str) -> dict[str, str]:
    """The address that reads a file, for a quarter of an hour: `url`. S3 answers 404 where there is none.

    Browsers save it instead of showing it, because it may be a page with a script. Raises ImproperlyConfigured without
    a bucket.
    """
    file = {"Bucket": settings.MEDIA_BUCKET, "Key": name, "ResponseContentDisposition": "attachment"}
    return {"url": _client().generate_presigned_url("get_object", Params=file, ExpiresIn=SIGNED_SECONDS)}


def _client() -> Any:
    if not settings.MEDIA_BUCKET:
        raise ImproperlyConfigured("There is no bucket for files: set MEDIA_BUCKET.")
    # The storage has one bucket for all threads, but a connection of 14 MB for each that `url` is called in.
    return cast(Any, default_storage).bucket.meta.client
