"""An emulated account with a load balancer, and a project that is deployed into it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3

from tests.deploy.project import Project, Run
from tests.rehearsal.emulators import Emulators
from tests.support.aws import REGION


class Account:
    """MiniStack, with the load balancer that the test stack needs."""

    def __init__(self, emulators: Emulators):
        self.emulators = emulators
        elb = self.client("elbv2")
        subnets = self.client("ec2").describe_subnets()["Subnets"]
        self.subnet_ids = [subnet["SubnetId"] for subnet in subnets[:2]]
        balancer = elb.create_load_balancer(Name="stand-in", Subnets=self.subnet_ids)["LoadBalancers"][0]
        target_group = elb.create_target_group(
            Name="stand-in",
            Protocol="HTTP",
            Port=8000,
            TargetType="ip",
            VpcId=subnets[0]["VpcId"],
            HealthCheckPath="/health",
        )["TargetGroups"][0]
        self.target_group_arn = target_group["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group_arn}],
        )
        self.url = f"{emulators.endpoint}/_alb/stand-in"

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment that makes commands use this account instead of AWS."""
        return {**self.emulators.environment(), "DEPLOY_SMOKE_URL": self.url, "COLUMNS": "200"}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.emulators.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def forget_image(self, repository: str, tag: str) -> None:
        """Deletes an image from the registry and from the Docker engine."""
        self.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
        for image in self.emulators.docker.images.list():
            for name in image.tags:
                if name.endswith(f"{repository}:{tag}"):
                    self.emulators.docker.images.remove(name, force=True)

    def variables(self) -> dict[str, object]:
        return {"subnet_ids": self.subnet_ids, "target_group_arn": self.target_group_arn}


@dataclass
class ServedProject(Project):
    account: Account = field(kw_only=True)
    first: Run = field(init=False)

    def version(self) -> str:
        """The image tag of the release that responds through the load balancer."""
        with urllib.request.urlopen(f"{self.account.url}/version", timeout=10) as response:
            return str(json.load(response)["version"])

    def running_tasks(self, family: str) -> list[str]:
        """ARNs of the tasks of one family whose desired status is running."""
        answer = self.account.client("ecs").list_tasks(cluster="stand-in-dev", family=f"stand-in-dev-{family}")
        return list(answer["taskArns"])

    def deployment_id(self) -> str:
        """The primary deployment's id."""
        answer = self.account.client("ecs").describe_services(cluster="stand-in-dev", services=["stand-in-dev-api"])
        return next(str(d["id"]) for d in answer["services"][0]["deployments"] if d["status"] == "PRIMARY")

    def settled(self) -> str:
        """The serving release's tag. Asserts that load balancer, state and ECS agree on it."""
        tag = self.version()
        assert self.outputs()["image_tag"] == tag
        return tag
