"""`down`."""

from __future__ import annotations

import pytest

from tests.deploy.local import RELEASES, LocalProject

pytestmark = pytest.mark.deploy


def test_needs_a_yes(deployed: LocalProject) -> None:
    deployed.deploy("down").expect(15, "was not confirmed", "Pass --yes.")
    deployed.deploy("status").expect(0, "serving      v1")


def test_dry_run_destroys_nothing(deployed: LocalProject) -> None:
    deployed.deploy("down", "--dry-run").expect(0, "delete terraform_data.api[0]", "3 to destroy")
    deployed.deploy("status").expect(0, "serving      v1")


def test_everything_goes(deployed: LocalProject) -> None:
    deployed.deploy("down", "--yes").expect(0, "images deleted", "environment dev is gone")
    assert deployed.terraform_command("state", "list") == ""
    assert deployed.client("ecr").list_images(repositoryName=deployed.name)["imageIds"] == []
    names = [known["Name"] for known in deployed.client("ssm").describe_parameters()["Parameters"]]
    assert RELEASES not in names
    assert not [name for name in names if name.startswith("/stand-in/")]


def keep_a_snapshot(deployed: LocalProject, snapshot: str) -> str:
    """Deploys with the outputs of `db_final_snapshot` and returns the key's ARN, whose deletion is scheduled."""
    kms = deployed.client("kms")
    key: str = kms.create_key()["KeyMetadata"]["Arn"]
    outputs = deployed.terraform / "outputs.tf"
    named = f'output "final_snapshot" {{ value = {snapshot} }}\noutput "kms_key_arn" {{ value = "{key}" }}\n'
    outputs.write_text(outputs.read_text() + named)
    deployed.up("v1").expect(0)
    kms.schedule_key_deletion(
        KeyId=key.rpartition("/")[2], PendingWindowInDays=7
    )  # as Terraform's destroy does with the real stack
    return key


@pytest.mark.parametrize(("snapshot", "state"), [('"final-1"', "Enabled"), ("null", "PendingDeletion")])
def test_the_last_snapshot_keeps_its_key(deployed: LocalProject, snapshot: str, state: str) -> None:
    key = keep_a_snapshot(deployed, snapshot)
    deployed.deploy("down", "--yes").expect(0)
    assert deployed.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state


def test_the_last_snapshot_keeps_its_key_after_a_destroy_that_failed_half_way(deployed: LocalProject) -> None:
    stuck, gone = deployed.terraform / "stuck.tf", deployed.directory / "gone"
    stuck.write_text(
        'resource "terraform_data" "stuck" {\n  provisioner "local-exec" {\n    when = destroy\n'
        f'    command = "test -e {gone}"\n  }}\n}}\n'
    )
    key = keep_a_snapshot(deployed, '"final-1"')
    deployed.deploy("down", "--yes").expect(20, "terraform destroy failed")
    gone.touch()
    deployed.deploy("down", "--yes").expect(0, f"snapshot final-1 remains, with its key {key}")
    assert deployed.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert not [
        each for each in deployed.client("ssm").describe_parameters()["Parameters"] if "snapshot" in each["Name"]
    ]


def test_the_last_snapshot_keeps_the_files(deployed: LocalProject) -> None:
    s3, outputs = deployed.client("s3"), deployed.terraform / "outputs.tf"
    s3.create_bucket(Bucket="shop-media")
    s3.put_bucket_versioning(Bucket="shop-media", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="shop-media", Key="orders/1", Body=b"pdf")
    key = deployed.client("kms").create_key()["KeyMetadata"]["Arn"]
    named = {"final_snapshot": "final-1", "kms_key_arn": key, "media_bucket": "shop-media"}
    added = [f'output "{name}" {{ value = "{value}" }}' for name, value in named.items()]
    outputs.write_text("\n".join([outputs.read_text(), *added]))
    deployed.up("v1").expect(0)
    for _ in ("the file", "its old version"):
        deployed.deploy("down", "--yes").expect(15, "The bucket shop-media has files", "Nothing was changed")
        s3.delete_object(Bucket="shop-media", Key="orders/1")
    deployed.deploy("status").expect(0, "serving      v1")
    versions = s3.list_object_versions(Bucket="shop-media")
    for each in (*versions["Versions"], *versions["DeleteMarkers"]):
        s3.delete_object(Bucket="shop-media", Key="orders/1", VersionId=each["VersionId"])
    deployed.deploy("down", "--yes").expect(0, "environment dev is gone")


def test_another_environment_takes_its_workspace_along(project: LocalProject) -> None:
    project.write_variables("stage")
    project.terraform_command("init")
    project.deploy("down", "-e", "stage", "--yes").expect(0, "environment stage is gone")
    assert "stage" not in project.terraform_command("workspace", "list")


def test_deletion_protection(deployed: LocalProject) -> None:
    ec2, rds = deployed.client("ec2"), deployed.client("rds")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    elb = deployed.client("elbv2")
    balancer = elb.create_load_balancer(Name="protected", Subnets=subnets)["LoadBalancers"][0]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
    )
    rds.create_db_instance(
        DBInstanceIdentifier="stand-in-dev",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="app",
        MasterUserPassword="only-for-tests",
        AllocatedStorage=20,
        DeletionProtection=True,
    )
    outputs = deployed.terraform / "outputs.tf"
    outputs.write_text(outputs.read_text().replace('"stand-in.example" }', f'"{balancer["DNSName"]}" }}', 1))
    deployed.up("v1").expect(0)
    deployed.deploy("down", "--yes").expect(
        15, "Deletion protection is on for the load balancer and the database", "deletion_protection = false"
    )
    deployed.deploy("status").expect(0, "serving      v1")
    rds.modify_db_instance(DBInstanceIdentifier="stand-in-dev", DeletionProtection=False)
    deployed.deploy("down", "--yes").expect(15, "Deletion protection is on for the load balancer. Nothing")
    rds.delete_db_instance(DBInstanceIdentifier="stand-in-dev", SkipFinalSnapshot=True)
