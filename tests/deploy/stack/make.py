"""make.py base | migrate TAG ID | api TAG ID | worker TAG ID: calls the AWS API in place of Terraform's AWS provider.

It writes the ARN of a registered revision to the file $REVISIONS/ID.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

TARGETS = {
    "ecs": "AmazonEC2ContainerServiceV20141113",
    "ecr": "AmazonEC2ContainerRegistry_V20150921",
    "logs": "Logs_20140328",
}
NAME, REGION = os.environ["NAME"], os.environ["REGION"]
WORK = "import signal; print('at work', flush=True); signal.pause()"
COMMANDS = {"migrate": ["python", "manage.py", "migrate", "--noinput"], "api": None, "worker": ["python", "-c", WORK]}


def call(api, action, /, **payload):
    """The response's JSON. Raises urllib.error.HTTPError."""
    endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{api.upper()}") or os.environ["AWS_ENDPOINT_URL"]
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{REGION}/{api}/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{TARGETS[api]}.{action}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    request = urllib.request.Request(endpoint, json.dumps(payload).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "{}")


def base():
    call("ecr", "CreateRepository", repositoryName=NAME)
    call("ecs", "CreateCluster", clusterName=NAME)
    call("logs", "CreateLogGroup", logGroupName=os.environ["LOG_GROUP"])


def register(kind, tag):
    """Registers a new revision of the family and returns its ARN."""
    options = {"awslogs-group": os.environ["LOG_GROUP"], "awslogs-region": REGION, "awslogs-stream-prefix": kind}
    container = {
        "name": kind,
        "image": f"{os.environ['REPOSITORY']}:{tag}",
        "essential": True,
        "environment": [{"name": "APP_VERSION", "value": tag}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    if COMMANDS[kind]:
        container["command"] = COMMANDS[kind]
    else:
        container["portMappings"] = [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    answer = call(
        "ecs",
        "RegisterTaskDefinition",
        family=f"{NAME}-{kind}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def roll_out(kind, revision):
    """Updates the service to the revision. Creates the service when it does not exist."""
    service = f"{NAME}-{kind}"
    try:
        call("ecs", "UpdateService", cluster=NAME, service=service, taskDefinition=revision)
    except urllib.error.HTTPError:
        target_group = os.environ["TARGET_GROUP"]
        balancer = {"targetGroupArn": target_group, "containerName": "api", "containerPort": 8000}
        call(
            "ecs",
            "CreateService",
            cluster=NAME,
            serviceName=service,
            taskDefinition=revision,
            desiredCount=1,
            launchType="FARGATE",
            loadBalancers=[] if target_group == "none" or kind != "api" else [balancer],
            networkConfiguration={"awsvpcConfiguration": {"subnets": os.environ["SUBNETS"].split(",")}},
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
        )


def main(kind, tag="", identifier=""):
    if kind == "base":
        base()
        return
    revision = register(kind, tag)
    if kind != "migrate":
        roll_out(kind, revision)
    directory = Path(os.environ["REVISIONS"])
    directory.mkdir(exist_ok=True)
    (directory / identifier).write_text(revision)


main(*sys.argv[1:])
