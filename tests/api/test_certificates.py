"""The certificate authorities that the database is verified against (certs/README.md)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

from tests.support.service import ROOT

BUNDLE = ROOT / "certs/rds-global-bundle.pem"
# A release lives at most this long; a bundle that ends earlier is to be renewed with it.
MARGIN = timedelta(days=365)


def authorities() -> list[dict]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(BUNDLE)
    return context.get_ca_certs()


def test_every_block_is_an_authority_that_openssl_loads() -> None:
    assert len(authorities()) == BUNDLE.read_text().count("BEGIN CERTIFICATE") > 50


def test_none_ends_within_a_year() -> None:
    soon = datetime.now(UTC) + MARGIN
    ending = [
        certificate["subject"]
        for certificate in authorities()
        if datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC) < soon
    ]
    assert ending == []


def test_they_are_amazons_and_cover_the_common_regions() -> None:
    names = {dict(part[0] for part in certificate["subject"])["commonName"] for certificate in authorities()}
    assert all(name.startswith("Amazon RDS") for name in names)
    for region in ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"):
        assert [name for name in names if region in name], region
