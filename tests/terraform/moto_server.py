"""moto's server, extended to remember what Terraform sends.

    python moto_server.py --journal DIRECTORY -H 127.0.0.1 -p 5000

moto forgets some attributes that the provider reads back, and a second plan would then set them again. Each function
below corrects one service. Nothing here has an effect: no container runs and nothing scales.

With --journal it writes two files in DIRECTORY, with one JSON document per line:
actions.jsonl     {"service", "action"} of each request, for the test of the deploy role's policies
passwords.jsonl   {"password"} of each database password that RDS received, for the test that none is in the state
"""

import argparse
import functools
import inspect
import json
import os
import pathlib
import sys

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "1")
os.environ.setdefault("MOTO_ECS_SERVICE_RUNNING", "1")

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import BaseResponse, EmptyResult
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.logs.responses import LogsResponse
from moto.rds.models import DBInstance, DBParameterGroup
from moto.route53.models import Route53Backend
from moto.server import main


def around(owner, name):
    """Decorator: the function replaces the method `owner.name` and gets it as its first argument."""

    def replace(function):
        original = getattr(owner, name)

        @functools.wraps(original)
        def method(self, *args, **kwargs):
            return function(original, self, *args, **kwargs)

        setattr(owner, name, method)
        return function

    return replace


def keep_scalable_target_tags():
    """Application Auto Scaling: the three tag operations, and the tags of a registration."""
    tags = {}

    def tags_of(response):
        return tags.setdefault(response._get_param("ResourceARN"), {})

    def list_tags_for_resource(self):
        return json.dumps({"Tags": tags_of(self)})

    def tag_resource(self):
        tags_of(self).update(self._get_param("Tags"))
        return json.dumps({})

    def untag_resource(self):
        for key in self._get_param("TagKeys"):
            tags_of(self).pop(key, None)
        return json.dumps({})

    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource
    ApplicationAutoScalingResponse.tag_resource = tag_resource
    ApplicationAutoScalingResponse.untag_resource = untag_resource

    @around(ApplicationAutoScalingResponse, "register_scalable_target")
    def register(original, self):
        answer = original(self)
        tags.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer


# Parameters of CreateService that moto's service drops, by the name of the service's attribute.
SERVICE_SETTINGS = {
    "availability_zone_rebalancing": "availabilityZoneRebalancing",
    "capacity_provider_strategy": "capacityProviderStrategy",
    "deployment_configuration": "deploymentConfiguration",
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "enable_execute_command": "enableExecuteCommand",
    "health_check_grace_period_seconds": "healthCheckGracePeriodSeconds",
}


def keep_service_settings():
    """ECS: the settings above, the role and platform that AWS fills in, and a deployment that completes at once."""

    def complete(service):
        service.running_count, service.pending_count = service.desired_count, 0
        primary = service.deployments[0]
        primary.update(
            taskDefinition=service.task_definition,
            desiredCount=service.desired_count,
            runningCount=service.desired_count,
            pendingCount=0,
            rolloutState="COMPLETED",
            rolloutStateReason=f"ECS deployment {primary['id']} completed.",
        )

    @around(EC2ContainerServiceResponse, "create_service")
    def create(original, self):
        result = original(self)
        service = result.result["service"]
        for attribute, parameter in SERVICE_SETTINGS.items():
            value = self._get_param(parameter)
            if value is not None:
                setattr(service, attribute, value)
        service.platform_version = service.platform_version or "LATEST"
        linked_role = "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        service.role_arn = service.role_arn or f"arn:aws:iam::{service._account_id}:role/{linked_role}"
        complete(service)
        return result

    @around(EC2ContainerServiceResponse, "update_service")
    def update(original, self):
        result = original(self)
        complete(result.result["service"])
        return result


def keep_database_settings():
    """RDS: an instance's monitoring and performance insights, and the source of a parameter."""

    @around(DBInstance, "__init__")
    def init(original, self, *args, **settings):
        original(self, *args, **settings)
        self.monitoring_interval = settings.get("monitoring_interval")
        self.monitoring_role_arn = settings.get("monitoring_role_arn")
        self.performance_insights_enabled = settings.get("enable_performance_insights", False)
        self.performance_insights_kms_key_id = settings.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = settings.get("performance_insights_retention_period")

    @around(DBParameterGroup, "update_parameters")
    def update_parameters(original, self, parameters):
        original(self, [{**parameter, "Source": "user"} for parameter in parameters])


def keep_rule_descriptions():
    """EC2: the description of a rule with a group or a prefix list instead of an address range."""

    @around(SecurityGroupRule, "__init__")
    def init(original, self, *args, **kwargs):
        original(self, *args, **kwargs)
        given = inspect.signature(original).bind(self, *args, **kwargs).arguments
        prefix_list = given.get("prefix_list_id") or {}
        self.kept_description = (
            self.ip_range.get("Description") or self.source_group.get("Description") or prefix_list.get("Description")
        )

    SecurityGroupRule.description = property(lambda self: self.kept_description)


def release_nat_interfaces():
    """EC2: the deletion of a NAT gateway deletes its network interface."""

    @around(NatGatewayBackend, "delete_nat_gateway")
    def delete(original, self, nat_gateway_id):
        gateway = original(self, nat_gateway_id)
        self.enis.pop(gateway._eni.id, None)
        return gateway


def delete_resource_servers():
    """Cognito: deletion of a user pool's resource server."""

    def delete_resource_server(self):
        pool = self.backend.describe_user_pool(self._get_param("UserPoolId"))
        pool.resource_servers.pop(self._get_param("Identifier"))
        return EmptyResult()

    CognitoIdpResponse.delete_resource_server = delete_resource_server


def encrypt_log_groups():
    """CloudWatch Logs: a key for a log group that has none."""

    def associate_kms_key(self):
        self.logs_backend.groups[self._get_param("logGroupName")].kms_key_id = self._get_param("kmsKeyId")
        return EmptyResult()

    LogsResponse.associate_kms_key = associate_kms_key


def create_deleted_records_again():
    """Route 53: a record that was deleted may be created again. moto takes the next record of the zone for it."""

    @around(Route53Backend, "change_resource_record_sets")
    def change(original, self, zoneid, change_list):
        zone = self.get_hosted_zone(zoneid)
        present = {(record.name.strip("."), record.type) for record in zone.rrsets}
        zone.rr_changes[:] = [each for each in zone.rr_changes if key(each) in present]
        return original(self, zoneid, change_list)

    def key(change):
        return change["ResourceRecordSet"]["Name"], change["ResourceRecordSet"]["Type"]


def write_journal(directory):
    """Writes every request and every database password to the files in `directory`."""

    def append(name, document):
        with (directory / name).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(document) + "\n")

    @around(BaseResponse, "call_action")
    def call_action(original, self):
        append("actions.jsonl", {"service": self.service_name, "action": self._get_action()})
        return original(self)

    def note_password(database):
        append("passwords.jsonl", {"password": getattr(database, "_master_user_password", None)})

    @around(DBInstance, "__init__")
    def init(original, self, *args, **settings):
        original(self, *args, **settings)
        note_password(self)

    @around(DBInstance, "update")
    def update(original, self, *args, **settings):
        original(self, *args, **settings)
        note_password(self)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--journal", type=pathlib.Path)
    options, rest = parser.parse_known_args()

    keep_scalable_target_tags()
    keep_service_settings()
    keep_database_settings()
    keep_rule_descriptions()
    release_nat_interfaces()
    delete_resource_servers()
    encrypt_log_groups()
    create_deleted_records_again()
    if options.journal:
        write_journal(options.journal)
    main(rest or sys.argv[1:])
