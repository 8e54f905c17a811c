"""What the acts share: the emulated account, the scratch repository, and how to look at both."""

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
    """One rehearsal's account and repository; `tags` remembers what the acts deployed, by name.

    The output of every command goes into the directory `logs`, in files numbered as they ran.
    """

    def __init__(self, emulators, repository, logs):
        self.emulators, self.repository, self._logs = emulators, repository, logs
        self.environment = emulators.environment()
        self.tags = {}
        self.kept = {}
        # Of every request, once the API asks for it.
        self.authorization = None
        self.notes = []
        self._outputs = None
        self._commands = 0

    def note(self, text):
        """Put what was seen into the summary."""
        self.notes.append(text)

    def start(self, *command):
        """Start a command in the scratch repository, in the emulated environment."""
        return Background(list(command), self.repository.path, self.environment, self._log("-".join(command[2:])))

    def deploy(self, *arguments, timeout=400):
        """`python -m deploy …` to its end."""
        self._outputs = None
        return self.start_deploy(*arguments).wait(timeout)

    def start_deploy(self, *arguments):
        return self.start(sys.executable, "-m", "deploy", *arguments)

    def bash(self, script, timeout=300, cwd="."):
        """A shell script as a person would paste it, which stops at its first error; `output` is standard output."""
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
        """The Terraform outputs by name, read again after each deploy."""
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
        """The registered task definition of the `service` or the `migrate` task, as ECS gives it back."""
        arn = self.outputs()[f"{kind}_task_definition_arn"]
        return self.aws("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def service(self):
        """The ECS service as it is now."""
        outputs = self.outputs()
        return self.aws("ecs").describe_services(cluster=outputs["cluster_name"], services=[outputs["service_name"]])[
            "services"
        ][0]

    def check_task(self, arn):
        """That one-off task ends, with exit code 0."""
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
        """A container definition's secrets by variable name, as ECS would put them into its environment."""
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
        """HTTP through the load balancer."""
        return Client(self.emulators.port, self.outputs()["alb_dns"], self.authorization)

    def database_url(self):
        """The schema owner's."""
        container = self.task_definition("migrate")["containerDefinitions"][0]
        return urllib.parse.urlsplit(self.resolved_secrets(container)["MIGRATE_DATABASE_URL"])

    def query(self, sql, database=None):
        """Rows of a query in the emulated RDS instance, as lines of |-separated columns."""
        code, text = self._psql("127.0.0.1", sql, database)
        check(code == 0, f"the query failed: {sql}", text)
        return text.splitlines()

    def refused_without_tls(self):
        """What the database says to an unencrypted connection from the network."""
        return self._psql(self.database_url().hostname, "SELECT 1", sslmode="disable")[1]

    def _psql(self, host, sql, database=None, sslmode="prefer"):
        """(exit code, output) of psql in the database's container, as the schema's owner."""
        url = self.database_url()
        return self._run_psql(url, host, database or url.path.lstrip("/"), sslmode, sql)

    def psql(self, url, sql):
        """(exit code, output) of psql with the user and password of that URL."""
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
        """Every column of every table, and every applied migration: what a failed migration must leave as it was."""
        return self.query(
            "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' UNION ALL SELECT app || ' ' || name FROM django_migrations ORDER BY 1"
        )

    def keep(self, name):
        """Write a gadget that every later act must still find as it was."""
        answer = self.client().request("POST", "/gadgets", {"name": name, "description": "must survive"})
        check(answer.status == 201, f"POST /gadgets answered {answer}")
        gadget = answer.json()
        self.kept[gadget["id"]] = gadget

    def check_kept(self):
        """Every kept gadget reads back as it was written."""
        client = self.client()
        for identifier, gadget in self.kept.items():
            answer = client.get(f"/gadgets/{identifier}")
            check(answer.status == 200 and answer.json() == gadget, f"gadget {identifier} did not survive: {answer}")

    def check_serving(self, tag):
        """The service serves, with the image of this tag, and has lost nothing."""
        for path in ("/health", "/health/ready"):
            answer = self.client().get(path)
            check(answer.status == 200, f"GET {path} answered {answer}")
        serving = self.serving_tag()
        check(serving == tag, f"image {serving} is serving, not {tag}")
        self.check_kept()

    def container_logs(self, lines=15):
        """The last log lines of each container of this run, by name: for a failed act's report."""
        found = {}
        for container in self.emulators.containers(all=True):
            if container.name != self.emulators.run:
                with contextlib.suppress(docker.errors.NotFound):  # A roll-out removes them meanwhile.
                    found[container.name] = container.logs(tail=lines).decode(errors="replace").splitlines()
        return found
