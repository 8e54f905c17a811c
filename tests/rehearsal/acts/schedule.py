"""The scheduled command. MiniStack's Scheduler starts nothing, so this act sends the schedule's request to ECS."""

import json

from tests.rehearsal.commands import check

KEYS = "itemsvc_idempotencykey"


def expired_keys(stage):
    """Runs the schedule's task, which must succeed and delete the expired key."""
    group = stage.outputs()["name"]
    name = f"{group}-expire-idempotency-keys"
    target = stage.aws("scheduler").get_schedule(GroupName=group, Name=name)["Target"]
    parameters = target["EcsParameters"]
    network = parameters["NetworkConfiguration"]["awsvpcConfiguration"]
    _keep_key(stage)
    answer = stage.aws("ecs").run_task(
        cluster=target["Arn"],
        taskDefinition=parameters["TaskDefinitionArn"],
        launchType=parameters["LaunchType"],
        overrides=json.loads(target["Input"]),
        networkConfiguration={
            "awsvpcConfiguration": {name[0].lower() + name[1:]: value for name, value in network.items()}
        },
    )
    stage.check_task(answer["tasks"][0]["taskArn"])
    left = stage.query(f"SELECT count(*) FROM {KEYS}")[0]
    check(left == "0", f"{left} expired keys are left")
    stage.note(
        f"the schedule's target, asked of ECS as it stands: {name} ended with exit code 0, the expired key is gone"
    )


def _keep_key(stage):
    """Makes an expired idempotency key."""
    answer = stage.client().request("POST", "/gadgets", {"name": "once"}, {"Idempotency-Key": "rehearsal"})
    check(answer.status == 201, f"POST /gadgets answered {answer}")
    again = stage.client().request("POST", "/gadgets", {"name": "once"}, {"Idempotency-Key": "rehearsal"})
    check(again.headers.get("idempotency-replayed") == "true", f"the repetition was answered {again}")
    stage.query(f"UPDATE {KEYS} SET created_at = created_at - interval '2 days'")
