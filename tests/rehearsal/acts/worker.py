"""The worker, a second service on the same image."""

from tests.rehearsal.commands import check


def beside_the_service(stage):
    """The last deploy replaced it too, and the one before had the time to finish."""
    outputs, tag = stage.outputs(), stage.tags["second"]
    cluster, name = outputs["cluster_name"], outputs["worker_service_name"]
    worker = stage.aws("ecs").describe_services(cluster=cluster, services=[name])["services"][0]
    check(worker["runningCount"] == worker["desiredCount"] == 1, f"{worker['runningCount']} workers are running")
    check(worker["taskDefinition"] == outputs["worker_task_definition_arn"], "the worker has another revision")
    image = stage.task_definition("worker")["containerDefinitions"][0]["image"]
    check(image.endswith(f":{tag}"), f"the worker's image is {image}, and {tag} serves")
    log = stage.deploy("logs", "--worker", "--since", "1h").expect(0).output
    for words in ("at work", "finished"):
        check(words in log, f"no worker logged {words!r}", log.splitlines()[-15:])
    stage.note("replaced in the same `deploy up`, after the migration; the one before got SIGTERM and finished")
