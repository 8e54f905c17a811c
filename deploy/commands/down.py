"""`down`: destroys the whole environment."""

from __future__ import annotations

import json
import sys
from typing import Any

from deploy import image
from deploy.aws import Client, delete_parameter, read_parameter
from deploy.context import Context
from deploy.errors import ProtectedError
from deploy.stack import Stack

STEPS = ("empty the registry", "destroy")
KEEP = "keep the snapshot's key"


def run(context: Context) -> None:
    """Destroys the environment.

    Raises ProtectedError without a confirmation, while deletion protection is on, or if files would have to stay.
    """
    context.prepare()
    stack = context.stack_or_none()
    if context.options.dry_run:
        context.terraform.plan(context.terraform_tags(stack), context.reporter, destroy=True)
        return
    if stack:
        _check_protection(context, stack)
        _check_files(context.aws.client("s3"), stack)
    _confirm(context)
    with context.lock() as lock:
        kept = _remember_snapshot(context, stack)
        context.reporter.plan([*STEPS, KEEP] if kept else STEPS)
        if stack:
            with context.reporter.step(STEPS[0]):
                count = image.empty(context.aws.ecr, stack.ecr_repository_name)
                context.reporter.line(f"{count} images deleted")
        with context.reporter.step(STEPS[1]):
            lock.check()
            context.terraform.destroy(context.terraform_tags(stack), context.reporter)
        if kept:
            with context.reporter.step(KEEP):
                _keep_key(context.aws.client("kms"), str(kept["key"]).rpartition("/")[2])
                context.reporter.line(f"snapshot {kept['snapshot']} remains, with its key {kept['key']}")
            delete_parameter(context.aws.ssm, _note(context))
        context.releases.forget()
        context.applied.forget()
    context.terraform.delete_workspace()
    context.reporter.line(f"environment {context.options.environment} is gone")


def _remember_snapshot(context: Context, stack: Stack | None) -> dict[str, Any] | None:
    """The names of the last snapshot and its key; None without a last snapshot.

    A destroy that fails half-way has removed Terraform's outputs already. So the next `down` reads the names from the
    Parameter Store.
    """
    if stack and stack.final_snapshot:
        value = json.dumps({"snapshot": stack.final_snapshot, "key": stack.kms_key_arn})
        context.aws.ssm.put_parameter(Name=_note(context), Value=value, Type="String", Overwrite=True)
    found = read_parameter(context.aws.ssm, _note(context))
    return json.loads(found) if found else None


def _note(context: Context) -> str:
    return f"{context.prefix}/last-snapshot"


def _keep_key(kms: Client, key: str) -> None:
    """Takes back the key's deletion, which Terraform has scheduled. Without the key the snapshot is worth nothing."""
    if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)


def _confirm(context: Context) -> None:
    name = context.options.environment
    if context.options.assume_yes:
        return
    if not sys.stdin.isatty():
        raise ProtectedError("`down` destroys everything and was not confirmed.", hint="Pass --yes.")
    print(f"This destroys environment {name!r}: service, load balancer, images, database and files, with all data.")
    if input(f"Type {name} to go on: ").strip() != name:
        raise ProtectedError("Not confirmed. Nothing was changed.")


def _check_protection(context: Context, stack: Stack) -> None:
    # Terraform would fail half-way, after it has destroyed the service.
    protected = _protected_load_balancer(context.aws.client("elbv2"), stack)
    protected += _protected_database(context.aws.client("rds"), stack)
    if protected:
        raise ProtectedError(
            f"Deletion protection is on for {' and '.join(protected)}. Nothing was changed.",
            hint=f"Set deletion_protection = false in terraform/environments/{stack.environment}.tfvars, run "
            "`python -m deploy up`, then `down` again.",
        )


def _check_files(s3: Client, stack: Stack) -> None:
    # The snapshot's rows refer to them, so Terraform would refuse to empty the bucket, and fail half-way.
    if stack.media_bucket is None or stack.final_snapshot is None:
        return
    found = s3.list_object_versions(Bucket=stack.media_bucket, MaxKeys=1)
    if found.get("Versions") or found.get("DeleteMarkers"):
        raise ProtectedError(
            f"The bucket {stack.media_bucket} has files, and db_final_snapshot keeps the data. Nothing was changed.",
            hint="Copy the files to a bucket of your own and empty this one, old versions too, then `down` again.",
        )


def _protected_load_balancer(elb: Client, stack: Stack) -> list[str]:
    for page in elb.get_paginator("describe_load_balancers").paginate():
        for found in page["LoadBalancers"]:
            if found["DNSName"] == stack.alb_dns:
                attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=found["LoadBalancerArn"])
                values = {each["Key"]: each["Value"] for each in attributes["Attributes"]}
                return ["the load balancer"] if values.get("deletion_protection.enabled") == "true" else []
    return []


def _protected_database(rds: Client, stack: Stack) -> list[str]:
    for page in rds.get_paginator("describe_db_instances").paginate():
        for found in page["DBInstances"]:
            if found["DBInstanceIdentifier"] == stack.db_identifier:
                return ["the database"] if found.get("DeletionProtection") else []
    return []
