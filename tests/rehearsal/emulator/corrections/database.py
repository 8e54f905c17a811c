"""RDS: an endpoint with a name, a certificate for that name, no public port, and attributes that are kept.

MiniStack reports the container's IP address and signs the certificate before it knows it, so that nothing that
verifies host names connects; AWS reports <identifier>.<account hash>.<region>.rds.amazonaws.com. It publishes the
database on every interface of the machine, which a private instance has no business with. And it forgets the log
exports and the key of performance insights, so that a second plan would set them again.
"""

from ministack.core.responses import get_region
from ministack.services import rds

from corrections.ownership import RUN

_names = {}
_run_container, _create, _xml = rds._run_rds_container, rds._create_db_instance, rds._instance_xml


def _run_named(docker_client, engine, settings, tls_names=(), tls_ips=()):
    name = f"{settings['labels']['db_id']}.c0emulated.{get_region()}.rds.amazonaws.com"
    settings.pop("ports", None)
    network = settings.get("network")
    if network:
        settings["networking_config"] = {network: docker_client.api.create_endpoint_config(aliases=[name])}
    container = _run_container(docker_client, engine, settings, [*tls_names, name], tls_ips)
    container.reload()
    for endpoint in container.attrs["NetworkSettings"]["Networks"].values():
        _names[endpoint["IPAddress"]] = name
    return container


def _create_remembering(parameters):
    answer = _create(parameters)
    instance = rds._instances.get(rds._p(parameters, "DBInstanceIdentifier"))
    if instance:
        instance["_log_exports"] = rds._parse_member_list(parameters, "EnableCloudwatchLogsExports")
        instance["PerformanceInsightsKMSKeyId"] = rds._p(parameters, "PerformanceInsightsKMSKeyId")
    return answer


def _whole_xml(instance):
    exports = "".join(f"<member>{name}</member>" for name in instance.get("_log_exports") or [])
    key = instance.get("PerformanceInsightsKMSKeyId") or ""
    return _xml(instance).replace(
        "<EnabledCloudwatchLogsExports/>",
        f"<EnabledCloudwatchLogsExports>{exports}</EnabledCloudwatchLogsExports>"
        f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>",
    )


rds._rds_docker_scope = lambda *_: RUN
rds._run_rds_container = _run_named
rds._reported_endpoint = lambda host, port, _host_port: (_names.get(host, host), port)
rds._create_db_instance = rds._ACTION_MAP["CreateDBInstance"] = _create_remembering
rds._instance_xml = _whole_xml
