"""Where files are: Django's STORAGES."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Seconds for which a signed address of a file works.
SIGNED_SECONDS = 15 * 60


def file_storages(bucket: str, folder: Path, *, debug: bool) -> dict[str, dict[str, Any]]:
    """The files of `FileField` and `default_storage` are in the S3 bucket, or without one in the folder.

    Django imports a storage at its first use, and only that imports boto3, which takes 0.2 s and 45 MB.
    """
    static = "django.contrib.staticfiles.storage.StaticFilesStorage"
    hashed = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    return {
        "default": _bucket(bucket)
        if bucket
        else {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}},
        "staticfiles": {"BACKEND": static if debug else hashed},
    }


def _bucket(name: str) -> dict[str, Any]:
    options = {
        "bucket_name": name,
        # S3 refuses older signatures for files that a KMS key encrypts.
        "signature_version": "s3v4",
        # Only these addresses have the region's host. Any other host redirects, and a form is not sent twice.
        "addressing_style": "virtual",
        "querystring_expire": SIGNED_SECONDS,
        # As Django's own storage: a second file of the same name gets another one.
        "file_overwrite": False,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
