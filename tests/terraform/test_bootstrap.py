"""What the account has once (terraform/bootstrap), in an emulated account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.account import Account
from tests.terraform.stack import Stack

BUCKET = "example-states"


@pytest.fixture
def bootstrap(installed: None, tmp_path: Path) -> Iterator[Stack]:
    """The applied directory."""
    account = Account(tmp_path / "account")
    try:
        account.wait()
        stack = Stack(tmp_path / "terraform", account, f"state_bucket={BUCKET}")
        stack.directory = stack.directory / "bootstrap"
        stack.init()
        stack.apply()
        yield stack
    finally:
        account.stop()


def test_it_makes_the_bucket_and_the_provider_that_no_environment_owns(bootstrap: Stack) -> None:
    account, s3 = bootstrap.account, bootstrap.account.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    providers = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [entry["Arn"] for entry in providers] == [
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    ]
    assert bootstrap.outputs() == {"state_bucket": BUCKET}

    assert bootstrap.plan() == {}
    refused = bootstrap.run("destroy", "-auto-approve", f"-var=state_bucket={BUCKET}", codes=(1,))
    assert "prevent_destroy" in refused.stdout + refused.stderr
