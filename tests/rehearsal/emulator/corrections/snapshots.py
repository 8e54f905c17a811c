"""RDS: a snapshot has the data, a restored instance runs with it, and an instance can get another identifier.

MiniStack's snapshot is a record, and so is an instance that it restores: no server runs. It ignores a new identifier.
"""

import time

from ministack.services import kms, rds

from corrections import database

# As on AWS, the copy is that of a moment: no process writes meanwhile. PostgreSQL recovers from it as after a crash.
COPY = 'kill -STOP -1; tar -cf /snapshot -C "$PGDATA" .; code=$?; kill -CONT -1; exit $code'
# The entry point of a restored instance's container. PostgreSQL's own one makes no database where one is.
RESTORE = """until [ -e /complete ]; do sleep 0.1; done
mkdir -p "$PGDATA" && tar -xf /snapshot -C "$PGDATA" && exec docker-entrypoint.sh "$@"
"""
DISCONNECT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
# What a restored instance takes from the snapshot. The rest is in the request, or has its default.
OF_SNAPSHOT = "Engine EngineVersion DBInstanceClass AllocatedStorage StorageType KmsKeyId MasterUsername DBName".split()

_run, _create, _create_snapshot = rds._run_rds_container, rds._create_db_instance, rds._create_db_snapshot
_delete, _modify = rds._delete_db_instance, rds._modify_db_instance
_restored = {}


def _create_snapshot_with_data(parameters):
    contents = _contents(rds._p(parameters, "DBInstanceIdentifier"))
    answer = _create_snapshot(parameters)
    rds._snapshots[rds._p(parameters, "DBSnapshotIdentifier")].update(contents)
    return answer


def _delete_with_data(parameters):
    final = rds._p(parameters, "FinalDBSnapshotIdentifier")
    contents = _contents(rds._p(parameters, "DBInstanceIdentifier")) if final else {}
    answer = _delete(parameters)
    if final:
        rds._snapshots[final].update(contents)
    return answer


def _contents(identifier):
    """An instance's data directory, as a file /snapshot in a tar archive, and its master password."""
    instance = rds._instances[identifier]
    container = _container(instance)
    code, output = container.exec_run(["sh", "-c", COPY])
    if code:
        raise RuntimeError(f"no copy of the data: {output}")
    chunks, _ = container.get_archive("/snapshot")
    return {"_data": b"".join(chunks), "_password": instance["_MasterUserPassword"]}


def _container(instance):
    return rds._get_docker().containers.get(instance["_docker_container_id"])


def _restore(parameters):
    """Creates an instance with the snapshot's data and password, and answers when it runs."""
    snapshot = rds._snapshots.get(rds._p(parameters, "DBSnapshotIdentifier"))
    if not snapshot:
        return rds._error("DBSnapshotNotFound", "There is no such snapshot.", 404)
    if (kms._resolve_key(snapshot["KmsKeyId"]) or {}).get("KeyState") != "Enabled":
        return rds._error("KMSKeyNotAccessibleFault", f"The key {snapshot['KmsKeyId']} cannot be used.", 400)
    identifier = rds._p(parameters, "DBInstanceIdentifier")
    _restored[identifier] = snapshot["_data"]
    taken = {name: str(snapshot[name]) for name in OF_SNAPSHOT}
    encrypted = str(snapshot["StorageEncrypted"]).lower()
    taken |= {"StorageEncrypted": encrypted, "MasterUserPassword": snapshot["_password"]}
    _create(taken | parameters)
    instance = rds._instances[identifier]
    while instance["DBInstanceStatus"] == "creating":
        time.sleep(0.1)
    name = "RestoreDBInstanceFromDBSnapshot"
    return rds._single_instance_response(f"{name}Response", f"{name}Result", instance)


def _run_restored(docker_client, engine, settings, *arguments, **options):
    data = _restored.pop(settings["labels"]["db_id"], None)
    if data is None:
        return _run(docker_client, engine, settings, *arguments, **options)
    settings["entrypoint"] = ["sh", "-c", RESTORE, "restore"]
    container = _run(docker_client, engine, settings, *arguments, **options)
    # The file system of the data exists only while the container runs, so its entry point waits for the archive.
    container.put_archive("/", data)
    container.exec_run(["touch", "/complete"])
    return container


def _modify_and_rename(parameters):
    answer = _modify(parameters)
    old, new = (rds._p(parameters, name) for name in ("DBInstanceIdentifier", "NewDBInstanceIdentifier"))
    if new and old in rds._instances:
        _rename(rds._instances.pop(old), new)
    return answer


def _rename(instance, identifier):
    """Gives an instance and its container another name. That ends the open connections, as the restart of AWS does."""
    docker_client, container, name = rds._get_docker(), _container(instance), database.host_name(identifier)
    command = [
        "psql",
        f"host=127.0.0.1 user={instance['MasterUsername']} dbname={instance['DBName']}",
        "-c",
        DISCONNECT,
    ]
    container.exec_run(command, environment={"PGPASSWORD": instance["_MasterUserPassword"]})
    network = docker_client.networks.get(rds._get_ministack_network(docker_client))
    network.disconnect(container)
    network.connect(container, aliases=[name])
    container.rename(rds._rds_docker_name(identifier))
    container.reload()
    instance["_internal_address"] = container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
    instance["DBInstanceArn"] = f"{instance['DBInstanceArn'].rpartition(':')[0]}:{identifier}"
    instance["DBInstanceIdentifier"], instance["Endpoint"]["Address"] = identifier, name
    rds._instances[identifier] = instance


rds._run_rds_container = _run_restored
rds._ACTION_MAP.update(
    CreateDBSnapshot=_create_snapshot_with_data,
    DeleteDBInstance=_delete_with_data,
    ModifyDBInstance=_modify_and_rename,
    RestoreDBInstanceFromDBSnapshot=_restore,
)
