"""A bucket in an emulated S3, which holds a signed address or form to its signature and its policy."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions

from itemsvc.core.file_storages import file_storages
from tests.containers.engine import Session
from tests.rehearsal.emulators import GATEWAY_PORT, IMAGE
from tests.support.aws import REGION
from tests.support.service import wait_until

NAME = "shop-media"
#: The emulator refuses other credentials.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


def start(engine: Session) -> dict[str, str]:
    """Makes the bucket, and returns the environment of a service that uses it."""
    container = engine.start(IMAGE, options=(f"--publish=127.0.0.1::{GATEWAY_PORT}", "--env=AUTH=true"))
    endpoint = container.url(GATEWAY_PORT)
    wait_until(lambda: _made(endpoint), "S3 makes a bucket", 60)
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "MEDIA_BUCKET": NAME}


def use(settings: Any, folder: Path, name: str = NAME) -> None:
    """Makes this process keep its files in the bucket; "" for a name: in the folder."""
    settings.MEDIA_BUCKET, settings.STORAGES = name, file_storages(name, folder, debug=False)


def _made(endpoint: str) -> bool:
    key, secret, region = CREDENTIALS.values()
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name=region
    )
    with contextlib.suppress(botocore.exceptions.BotoCoreError):
        return bool(s3.create_bucket(Bucket=NAME))
    return False
