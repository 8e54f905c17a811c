"""Runs the commands that the documentation gives for after a deploy: README, terraform output, migrate_command."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

from tests.rehearsal.commands import check

SECTION = re.compile(r"^## Deploy to AWS$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```sh$(.*?)^```$", re.MULTILINE | re.DOTALL)
# The commands that change nothing. Other acts deploy and destroy.
LOOKING = re.compile(r"^(curl|(\.venv/bin/)?python\S* -m deploy (status|logs)|terraform (-chdir=terraform )?output)\b")
OUTPUTS = """
terraform output alb_dns
terraform output -raw alb_dns
"""
REQUESTS = """
alb_dns=$(terraform -chdir=terraform output -raw alb_dns)
curl --silent --show-error --fail "http://$alb_dns/health"; echo
curl --silent --show-error --fail "http://$alb_dns/gadgets" \\
     --header 'Content-Type: application/json' --data '{"name": "lamp", "description": "typed by hand"}'; echo
curl --silent --show-error --fail "http://$alb_dns/gadgets?name=lamp"; echo
"""


def words(stage):
    """Checks that each command works."""
    _readme_lines(stage)
    alb_dns = stage.outputs()["alb_dns"]
    shown = stage.bash(OUTPUTS, cwd="terraform").expect(0).output
    check(f'"{alb_dns}"' in shown, "terraform output alb_dns shows something else", shown)
    health, created, found = stage.bash(REQUESTS).expect(0).output.strip().splitlines()
    check(json.loads(health) == {"status": "healthy"}, f"/health answered {health}")
    gadget = json.loads(created)
    check(json.loads(found) == [gadget], f"GET /gadgets answered {found}")
    stage.kept[gadget["id"]] = gadget
    stage.note(f"GET http://{alb_dns}/health, POST and GET by curl")
    _paste_migrate_command(stage)


def _readme_lines(stage):
    """Runs the README's commands that change nothing."""
    section = SECTION.search((stage.repository.path / "README.md").read_text())
    check(section, "the README has no section `Deploy to AWS`")
    lines = [line for block in BLOCK.findall(section[1]) for line in block.splitlines() if LOOKING.match(line)]
    check(lines, "the README's section `Deploy to AWS` shows nothing to look with")
    _provide_venv(stage.repository.path)
    for line in lines:
        run = stage.bash(line).expect(0)
        check((run.output + run.errors).strip(), f"`{line}` shows nothing")
    stage.note(f"{len(lines)} lines of the README pasted")


def _provide_venv(directory):
    """Links this Python's environment to the place where `make` would create one."""
    venv = directory / ".venv"
    venv.mkdir(exist_ok=True)
    for entry in Path(sys.prefix).iterdir():
        if not (venv / entry.name).is_symlink():
            (venv / entry.name).symlink_to(entry)


def _paste_migrate_command(stage):
    if not shutil.which("aws") and os.environ.get("CI") != "true":
        stage.note("migrate_command not pasted: the AWS CLI is not installed")
        return
    pasted = stage.bash('eval "$(terraform output -raw migrate_command)"', cwd="terraform").expect(0)
    answer = json.loads(pasted.output)
    check(len(answer["tasks"]) == 1 and not answer["failures"], "migrate_command started no task", pasted.output)
    stage.check_task(answer["tasks"][0]["taskArn"])
    stage.note("migrate_command pasted: its task ended with exit code 0")
