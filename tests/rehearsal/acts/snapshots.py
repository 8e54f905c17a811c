"""The database's snapshots: restored in the running environment as the runbook says, and the one that `down` keeps."""

import os
import re
import secrets
import shutil

from tests.rehearsal.commands import check

SECTION = re.compile(r"^## Restore from a snapshot$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```console$(.*?)^```$", re.MULTILINE | re.DOTALL)
BEFORE = "before-the-damage"
RESTORED = "restored"
# Version 1 of the AWS CLI heeds no AWS_ENDPOINT_URL for RDS.
AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'


def runbook(stage):
    """Loses every gadget, and gets them back by the runbook's commands.

    The service must find the restored database without a deploy. Terraform has to take it over in the next act's one.
    """
    if not shutil.which("aws") and os.environ.get("CI") != "true":
        stage.note("not restored: the AWS CLI is not installed")
        return
    rds, name = stage.aws("rds"), stage.outputs()["db_identifier"]
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=BEFORE)
    stage.query("DELETE FROM sample_gadget")
    check(stage.client().get("/gadgets").json() == [], "the gadgets are still there")
    commands = _commands(stage)
    run = stage.bash(f"{AWS}\nname={name}\n{commands}", cwd="terraform").expect(0)
    stage.check_kept()
    stage.environment["TF_VAR_db_password_version"] = "2"
    rds.delete_db_instance(DBInstanceIdentifier=f"{name}-damaged", SkipFinalSnapshot=True)
    rds.delete_db_snapshot(DBSnapshotIdentifier=BEFORE)
    stage.note(
        f"every gadget deleted, {len(commands.splitlines())} lines of docs/operations.md pasted in {run.seconds:.0f} s:"
        f" the service reads the {len(stage.kept)} kept gadgets again"
    )


def check_last(stage):
    """Checks after `down` that its snapshot can be restored with its key and has every kept gadget. Then removes it."""
    rds, kms = stage.aws("rds"), stage.aws("kms")
    found = rds.describe_db_snapshots()["DBSnapshots"]
    check(len(found) == 1, f"{len(found)} snapshots are kept, not 1")
    snapshot, key = found[0]["DBSnapshotIdentifier"], found[0]["KmsKeyId"]
    state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    check(state == "Enabled", f"the key of {snapshot} is {state}")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=RESTORED, DBSnapshotIdentifier=snapshot)
    password = secrets.token_hex(16)
    changed = rds.modify_db_instance(DBInstanceIdentifier=RESTORED, MasterUserPassword=password)
    rows = _gadgets(stage, changed["DBInstance"], password)
    lost = [gadget for gadget in stage.kept.values() if f"{gadget['id']}|{gadget['name']}" not in rows]
    check(not lost, f"{snapshot} lacks gadgets", map(str, lost))
    rds.delete_db_instance(DBInstanceIdentifier=RESTORED, SkipFinalSnapshot=True)
    rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    stage.note(f"{snapshot} kept with its key; restored from it, {len(stage.kept)} kept gadgets are there")


def _commands(stage):
    """The runbook's commands up to the deploy."""
    section = SECTION.search((stage.repository.path / "docs" / "operations.md").read_text())
    check(section, "the runbook has no section `Restore from a snapshot`")
    text = "\n".join(block.strip() for block in BLOCK.findall(section[1]))
    lines = [line.removeprefix("$ ") for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.startswith(("#", "python "))).replace("SNAPSHOT", BEFORE)


def _gadgets(stage, instance, password):
    """The rows `id|name` of the restored instance."""
    where = f"host=127.0.0.1 user={instance['MasterUsername']} dbname={instance['DBName']}"
    code, output = stage.emulators.database_container().exec_run(
        ["psql", where, "-AtXc", "SELECT id, name FROM sample_gadget"], environment={"PGPASSWORD": password}
    )
    check(code == 0, "the restored database cannot be read", output.decode(errors="replace"))
    return output.decode().splitlines()
