"""The acts share the emulated account, the scratch repository, and functions to look at both."""

import contextlib
import json
import subprocess
import sys
import urllib.parse

import boto3
import docker.errors

from tests.rehearsal.commands import Background, check
from tests.rehearsal.http_client import Client


class Stage:
    """One rehearsal's account and repository. `tags` holds the deployed image tags by name.

    The output of every command goes into a numbered file in the directory `logs`.
    """

    def __init__(self, emulators, repository, logs):
        self.emulators, self.repository, self._logs = emulators, repository, logs
        self.environment = emulators.environment()
        self.tags = {}
        self.kept = {}
        # The token for every request, when the API requires one.
        self.authorization = None
        self.notes = []
        self._outputs = None
        self._commands = 0

    def note(self, text):
        """Adds an observation to the summary."""
        self.notes.append(text)

    def start(self, *command):
        """Starts a command in the scratch repository, with the emulated account."""
        return Background(
            list(command), self.repository.path, self.environment, self._log("-".join(command[2:]).replace("/", "_"))
        )

    def deploy(self, *arguments, timeout=400):
        """Runs `python -m deploy …` to its end."""
        self._outputs = None
        return self.start_deploy(*arguments).wait(timeout)

    def start_deploy(self, *arguments):
        return self.start(sys.executable, "-m", "deploy", *arguments)

    def bash(self, script, timeout=300, cwd="."):
        """Runs a shell script until its first error. `output` is standard output only."""
        command = ["bash", "-euo", "pipefail", "-c", script]
        log = self._log("bash")
        return Background(command, self.repository.path / cwd, self.environment, log, separate_errors=True).wait(
            timeout
        )

    def _log(self, name):
        self._commands += 1
        return self._logs / f"{self._commands:02d}-{name}.log"

    def aws(self, service):
        """A boto3 client of the emulated account."""
        moto = service in ("application-autoscaling", "cloudwatch")
        return boto3.client(
            service,
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            endpoint_url=self.emulators.moto_endpoint if moto else self.emulators.endpoint,
        )

    def outputs(self):
        """The Terraform outputs by name. They are read again after each deploy."""
        if self._outputs is None:
            answer = subprocess.run(
                ["terraform", "output", "-json"],
                check=False,
                cwd=self.repository.path / "terraform",
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            check(answer.returncode == 0, "terraform output failed", answer.stderr)
            self._outputs = {name: output["value"] for name, output in json.loads(answer.stdout).items()}
        return self._outputs

    def task_definition(self, kind):
        """The registered task definition of the `service` or the `migrate` task, from ECS."""
        arn = self.outputs()[f"{kind}_task_definition_arn"]
        return self.aws("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def service(self):
        """The current ECS service."""
        outputs = self.outputs()
        return self.aws("ecs").describe_services(cluster=outputs["cluster_name"], services=[outputs["service_name"]])[
            "services"
        ][0]

    def check_task(self, arn):
        """Waits for the end of a one-off task and checks its exit code."""
        ecs, where = self.aws("ecs"), {"cluster": self.outputs()["cluster_name"], "tasks": [arn]}
        ecs.get_waiter("tasks_stopped").wait(**where, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        task = ecs.describe_tasks(**where)["tasks"][0]
        code = task["containers"][0].get("exitCode")
        check(code == 0, f"the task ended with exit code {code}: {task.get('stoppedReason')}")

    def serving_tag(self):
        """The image tag of the primary deployment's task definition."""
        definition = self.aws("ecs").describe_task_definition(taskDefinition=self.service()["taskDefinition"])
        return definition["taskDefinition"]["containerDefinitions"][0]["image"].rpartition(":")[2]

    def resolved_secrets(self, container):
        """The values of a container definition's secrets by variable name, as in ECS."""
        return {entry["name"]: self._secret(entry["valueFrom"]) for entry in container.get("secrets") or []}

    def _secret(self, reference):
        parts = reference.split(":")
        if parts[2] == "ssm":
            return self.aws("ssm").get_parameter(Name=parts[5].removeprefix("parameter"), WithDecryption=True)[
                "Parameter"
            ]["Value"]
        value = self.aws("secretsmanager").get_secret_value(SecretId=":".join(parts[:7]))["SecretString"]
        return json.loads(value)[parts[7]] if len(parts) > 7 and parts[7] else value

    def client(self):
        """An HTTP client for the service's address. The emulator knows the HTTPS listener by the host's port."""
        url = urllib.parse.urlsplit(self.outputs()["url"])
        host = f"{url.hostname}:443" if url.scheme == "https" else url.hostname
        return Client(self.emulators.port, host, self.authorization)

    def database_url(self):
        """The URL of the schema's owner."""
        container = self.task_definition("migrate")["containerDefinitions"][0]
        return urllib.parse.urlsplit(self.resolved_secrets(container)["MIGRATE_DATABASE_URL"])

    def query(self, sql, database=None):
        """Runs a query in the emulated RDS instance. Returns its rows as lines with |-separated columns."""
        code, text = self._psql("127.0.0.1", sql, database)
        check(code == 0, f"the query failed: {sql}", text)
        return text.splitlines()

    def refused_without_tls(self):
        """The database's error for an unencrypted connection from the network."""
        return self._psql(self.database_url().hostname, "SELECT 1", sslmode="disable")[1]

    def _psql(self, host, sql, database=None, sslmode="prefer"):
        """Runs psql as the schema's owner. Returns exit code and output."""
        url = self.database_url()
        return self._run_psql(url, host, database or url.path.lstrip("/"), sslmode, sql)

    def psql(self, url, sql):
        """Runs psql with the user and password of a URL. Returns exit code and output."""
        url = urllib.parse.urlsplit(url)
        return self._run_psql(url, "127.0.0.1", url.path.lstrip("/"), "prefer", sql)

    def _run_psql(self, url, host, database, sslmode, sql):
        where = f"host={host} user={url.username} dbname={database} sslmode={sslmode}"
        code, output = self.emulators.database_container().exec_run(
            ["psql", where, "-AtX", "-v", "ON_ERROR_STOP=1", "-c", sql],
            environment={"PGPASSWORD": urllib.parse.unquote(url.password)},
        )
        return code, output.decode(errors="replace")

    def schema(self):
        """All columns and applied migrations. A failed migration must not change them."""
        return self.query(
            "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' UNION ALL SELECT app || ' ' || name FROM django_migrations ORDER BY 1"
        )

    def keep(self, name):
        """Writes a gadget. Every later act checks that it is unchanged."""
        answer = self.client().request("POST", "/gadgets", {"name": name, "description": "must survive"})
        check(answer.status == 201, f"POST /gadgets answered {answer}")
        gadget = answer.json()
        self.kept[gadget["id"]] = gadget

    def check_kept(self):
        """Checks that every kept gadget is unchanged."""
        client = self.client()
        for identifier, gadget in self.kept.items():
            answer = client.get(f"/gadgets/{identifier}")
            check(answer.status == 200 and answer.json() == gadget, f"gadget {identifier} did not survive: {answer}")

    def check_serving(self, tag):
        """Checks that the service serves with the image of this tag and has lost no gadget."""
        for path in ("/health", "/health/ready"):
            answer = self.client().get(path)
            check(answer.status == 200, f"GET {path} answered {answer}")
        serving = self.serving_tag()
        check(serving == tag, f"image {serving} is serving, not {tag}")
        self.check_kept()

    def container_logs(self, lines=15):
        """The last log lines of each container by name, for the report of a failed act."""
        found = {}
        for container in self.emulators.containers(all=True):
            if container.name != self.emulators.run:
                with contextlib.suppress(docker.errors.NotFound):  # A roll-out may have removed it.
                    found[container.name] = container.logs(tail=lines).decode(errors="replace").splitlines()
        return found
