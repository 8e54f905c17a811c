"""What the README tells a person to type after a deploy, typed: terraform output, curl, and migrate_command pasted."""

import json
import os
import shutil

from tests.rehearsal.commands import check

OUTPUTS = """
terraform output alb_dns
terraform output -raw alb_dns
"""
REQUESTS = """
alb_dns=$(terraform -chdir=terraform output -raw alb_dns)
curl --silent --show-error --fail "http://$alb_dns/health"; echo
curl --silent --show-error --fail "http://$alb_dns/items" \\
     --header 'Content-Type: application/json' --data '{"name": "lamp", "description": "typed by hand"}'; echo
curl --silent --show-error --fail "http://$alb_dns/items?name=lamp"; echo
"""


def words(stage):
    """Each line does what the README says."""
    alb_dns = stage.outputs()["alb_dns"]
    shown = stage.bash(OUTPUTS, cwd="terraform").expect(0).output
    check(f'"{alb_dns}"' in shown, "terraform output alb_dns shows something else", shown)
    health, created, found = stage.bash(REQUESTS).expect(0).output.strip().splitlines()
    check(json.loads(health) == {"status": "healthy"}, f"/health answered {health}")
    item = json.loads(created)
    check(json.loads(found) == [item], f"GET /items answered {found}")
    stage.kept[item["id"]] = item
    stage.note(f"GET http://{alb_dns}/health, POST and GET by curl")
    _paste_migrate_command(stage)


def _paste_migrate_command(stage):
    if not shutil.which("aws") and os.environ.get("CI") != "true":
        stage.note("migrate_command not pasted: the AWS CLI is not installed")
        return
    pasted = stage.bash('eval "$(terraform output -raw migrate_command)"', cwd="terraform").expect(0)
    answer = json.loads(pasted.output)
    check(len(answer["tasks"]) == 1 and not answer["failures"], "migrate_command started no task", pasted.output)
    ecs, where = (
        stage.aws("ecs"),
        {"cluster": stage.outputs()["cluster_name"], "tasks": [answer["tasks"][0]["taskArn"]]},
    )
    ecs.get_waiter("tasks_stopped").wait(**where, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    task = ecs.describe_tasks(**where)["tasks"][0]
    code = task["containers"][0].get("exitCode")
    check(code == 0, f"the pasted task ended with exit code {code}: {task.get('stoppedReason')}")
    stage.note("migrate_command pasted: its task ended with exit code 0")
