"""RDS: the endpoint's name and certificate, the parameter group, no public port, kept attributes.

AWS reports the endpoint <identifier>.<account hash>.<region>.rds.amazonaws.com. MiniStack reports the container's IP
address, and its certificate does not contain it, so clients that verify host names cannot connect. MiniStack publishes
a private database on every interface of the machine, and ignores the parameter group. It forgets the log exports and
the key of performance insights, so a second plan would set them again.
"""

import io
import tarfile

from ministack.core.responses import get_region
from ministack.services import rds

from corrections.ownership import RUN

# Only RDS has these parameters, or the libraries that they name.
NOT_POSTGRESQL = ("rds.", "shared_preload_libraries")
ACCESS_FILE = "pg_hba.conf"
# RDS does this for rds.force_ssl. psql in the container connects without encryption.
ACCESS = """local all all trust
host all all 127.0.0.1/32 scram-sha-256
{kind} all all all scram-sha-256
"""

_names, _groups = {}, {}
_run_container, _create, _xml = rds._run_rds_container, rds._create_db_instance, rds._instance_xml
_modify, _tls_archive = rds._modify_db_instance, rds._pg_tls_archive


def host_name(identifier):
    """The host name of an instance, the same for every instance that ever has this identifier."""
    return f"{identifier}.c0emulated.{get_region()}.rds.amazonaws.com"


def _run_named(docker_client, engine, settings, tls_names=(), tls_ips=()):
    identifier = settings["labels"]["db_id"]
    name = host_name(identifier)
    settings.pop("ports", None)
    settings["command"] = ["postgres", *_options(_parameters(identifier))]
    network = settings.get("network")
    if network:
        settings["networking_config"] = {network: docker_client.api.create_endpoint_config(aliases=[name])}
    container = _run_container(docker_client, engine, settings, [*tls_names, name], tls_ips)
    container.reload()
    for endpoint in container.attrs["NetworkSettings"]["Networks"].values():
        _names[endpoint["IPAddress"]] = name
    return container


def _parameters(identifier):
    """The values of an instance's parameter group by name, without formulas in braces."""
    group = rds._param_groups.get(_groups.get(identifier)) or {}
    values = {name: entry["ParameterValue"] for name, entry in (group.get("Parameters") or {}).items()}
    return {name: value for name, value in values.items() if value and not value.startswith("{")}


def _options(parameters):
    settings = {name: value for name, value in parameters.items() if not name.startswith(NOT_POSTGRESQL)}
    settings["hba_file"] = f"{rds._PG_TLS_DIR}/{_access_file(parameters)}"
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _access_file(parameters):
    return f"{'hostssl' if parameters.get('rds.force_ssl') == '1' else 'host'}-{ACCESS_FILE}"


def _archive_with_access(certificate, key):
    """MiniStack's archive of certificate and key, with a client authentication file for each setting of force_ssl."""
    buffer = io.BytesIO(_tls_archive(certificate, key))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        for kind in ("host", "hostssl"):
            data = ACCESS.format(kind=kind).encode()
            entry = tarfile.TarInfo(f"{rds._PG_TLS_DIR.lstrip('/')}/{kind}-{ACCESS_FILE}")
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _create_remembering(parameters):
    _groups[rds._p(parameters, "DBInstanceIdentifier")] = rds._p(parameters, "DBParameterGroupName")
    answer = _create(parameters)
    _remember(parameters, "EnableCloudwatchLogsExports")
    return answer


def _modify_remembering(parameters):
    answer = _modify(parameters)
    _remember(parameters, "CloudwatchLogsExportConfiguration.EnableLogTypes")
    return answer


def _remember(parameters, log_exports):
    instance = rds._instances.get(rds._p(parameters, "DBInstanceIdentifier")) or {}
    if exports := rds._parse_member_list(parameters, log_exports):
        instance["_log_exports"] = exports
    if key := rds._p(parameters, "PerformanceInsightsKMSKeyId"):
        instance.update(PerformanceInsightsEnabled=True, PerformanceInsightsKMSKeyId=key)


def _whole_xml(instance):
    exports = "".join(f"<member>{name}</member>" for name in instance.get("_log_exports") or [])
    key = instance.get("PerformanceInsightsKMSKeyId") or ""
    return _xml(instance).replace(
        "<EnabledCloudwatchLogsExports/>",
        f"<EnabledCloudwatchLogsExports>{exports}</EnabledCloudwatchLogsExports>"
        f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>",
    )


rds._rds_docker_scope = lambda *_: RUN
rds._pg_tls_archive = _archive_with_access
rds._run_rds_container = _run_named
rds._reported_endpoint = lambda host, port, _host_port: (_names.get(host, host), port)
rds._create_db_instance = rds._ACTION_MAP["CreateDBInstance"] = _create_remembering
rds._modify_db_instance = rds._ACTION_MAP["ModifyDBInstance"] = _modify_remembering
rds._instance_xml = _whole_xml
