"""What the service signs, without S3: tests/containers/test_media.py sends it there."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from itemsvc.core.env import Env
from itemsvc.resources import media
from tests.support import bucket
from tests.support.service import ROOT

HOST = "shop-media.s3.eu-central-1.amazonaws.com"


@pytest.fixture
def signing(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bucket, and a role's credentials as a task has them."""
    for name, value in bucket.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-the-role")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket.use(settings, tmp_path)


def test_a_form_is_for_one_name_one_type_and_a_size(signing: None) -> None:
    form = media.upload("orders/1", "application/pdf", 1000)
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert form["url"] == f"https://{HOST}/"
    assert [each for each in policy["conditions"] if "x-amz-" not in str(each)] == [
        {"Content-Type": "application/pdf"},
        ["content-length-range", 1, 1000],
        {"bucket": bucket.NAME},
        {"key": "orders/1"},
    ]
    ends = datetime.fromisoformat(policy["expiration"])
    assert timedelta(minutes=14) < ends - datetime.now(UTC) <= timedelta(minutes=15)
    assert form["fields"] | {"key": "orders/1", "Content-Type": "application/pdf"} == form["fields"]
    assert form["fields"]["x-amz-security-token"] == "of-the-role"


def test_an_address_has_the_regions_host_and_ends(signing: None) -> None:
    address = urlsplit(media.download("orders/1")["url"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (address.scheme, address.netloc, address.path) == ("https", HOST, "/orders/1")
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == ("AWS4-HMAC-SHA256", "900")
    assert query["response-content-disposition"] == "attachment"


def test_without_a_bucket_files_are_in_a_folder(settings: Any, tmp_path: Path) -> None:
    bucket.use(settings, tmp_path, name="")
    default_storage.save("orders/1", ContentFile(b"pdf"))
    assert (tmp_path / "orders/1").read_bytes() == b"pdf"
    for sign in (lambda: media.upload("orders/1", "application/pdf", 1000), lambda: media.download("orders/1")):
        with pytest.raises(ImproperlyConfigured, match="MEDIA_BUCKET"):
            sign()


@pytest.mark.parametrize("name", ["s3://shop-media", "Shop", "a", "shop_media", "shop-media/", "-shop", "a" * 64])
def test_another_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MEDIA_BUCKET", name)
    with pytest.raises(SystemExit, match=r"MEDIA_BUCKET is .*, which is not the name of an S3 bucket"):
        Env().bucket("MEDIA_BUCKET")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", bucket.NAME])
def test_boto3_is_imported_at_its_first_use(name: str) -> None:
    code = "import sys, itemsvc.wsgi, itemsvc.urls, itemsvc.resources.media; print('boto3' in sys.modules)"
    command, environment = [sys.executable, "-W", "ignore", "-c", code], {**os.environ, "MEDIA_BUCKET": name}
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
