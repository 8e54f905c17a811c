"""What the service signs, sent to an emulated S3 that checks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from itemsvc.resources import media
from tests.containers.engine import Session
from tests.support import bucket

pytestmark = pytest.mark.docker
PDF = b"%PDF-1.7"


@pytest.fixture(scope="module")
def s3(engine: Session) -> dict[str, str]:
    """An emulated S3 with a bucket."""
    return bucket.start(engine)


@pytest.fixture(autouse=True)
def used(s3: dict[str, str], settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Makes this process use it."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    bucket.use(settings, tmp_path)


def send(form: dict[str, Any], content: bytes, **fields: str) -> requests.Response:
    """Sends the form as a client does, but with these fields."""
    return requests.post(form["url"], data=form["fields"] | fields, files={"file": ("a.pdf", content)}, timeout=30)


def test_a_file_is_sent_and_read() -> None:
    assert send(media.upload("orders/1", "application/pdf", len(PDF)), PDF).status_code == 204
    read = requests.get(media.download("orders/1")["url"], timeout=30)
    assert (read.status_code, read.content) == (200, PDF)
    assert (read.headers["Content-Type"], read.headers["Content-Disposition"]) == ("application/pdf", "attachment")
    with default_storage.open("orders/1") as file:
        assert file.read() == PDF


@pytest.mark.parametrize(
    ("content", "fields", "problem"),
    [
        (PDF + b"!", {}, "EntityTooLarge"),
        (b"", {}, "EntityTooSmall"),
        (PDF, {"Content-Type": "text/html"}, "AccessDenied"),
        (PDF, {"key": "orders/2"}, "AccessDenied"),
        (PDF, {"acl": "public-read"}, "AccessDenied"),
        (PDF, {"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
    ],
)
def test_another_file_is_refused(content: bytes, fields: dict[str, str], problem: str) -> None:
    refused = send(media.upload("orders/refused", "application/pdf", len(PDF)), content, **fields)
    assert (refused.status_code in (400, 403), problem in refused.text) == (True, True), refused.text
    assert not default_storage.exists("orders/refused")


def test_an_address_reads_one_file_alone() -> None:
    default_storage.save("orders/3", ContentFile(PDF))
    address = media.download("orders/3")["url"]
    assert requests.get(address, timeout=30).content == PDF
    for other in (address.replace("orders/3", "orders/1"), address.partition("?")[0]):
        assert requests.get(other, timeout=30).status_code == 403
    default_storage.delete("orders/3")
    assert requests.get(address, timeout=30).status_code == 404
