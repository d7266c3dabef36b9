"""What a user does on the way to Production, as functions: run the real tools, ask AWS and the page what came of it.

The demonstration and the pipeline test are both made of these.
"""

import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from console.errors import KilnError
from rehearsal import foreground
from rehearsal.guests.namespace import Namespace
from rehearsal.identity import State
from rehearsal.up import environment_of, inside

TIERS = ("web", "worker", "worker-mq", "worker-calculation")
COMMAND_LIMIT_SECONDS = 900
CLEAN_UP_SECONDS = 60  # a bake that is interrupted stops Packer and sweeps
IDENTITY_LIMIT_SECONDS = 15
PAYSLIP_LIMIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Page:
    """What the Web tier's page says of the instance that answered."""

    tier: str
    version: str
    image_id: str
    instance_id: str
    environment: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A load balancer, where it listens, and the names in its certificate."""

    account: str
    name: str
    address: str
    host_name: str


class Pipeline:
    """The tools, run in a copy of the project against one rehearsal.

    The copy is there because a new version of the application is a changed file, and the user's checkout is not ours
    to change.
    """

    def __init__(self, state: State, project: Path) -> None:
        self.state = state
        self.environment = environment_of(state)
        self.workspace = state.identity.folder / "workspace"
        if not self.workspace.exists():
            copy_project(project, self.workspace)

    # --- the tools ------------------------------------------------------------------------------------------------
    def run(self, *command: str, expect_failure: bool = False) -> str:
        """Run a command of the project; gives its standard output. Its whole output is kept beside the server's log.

        Raises KilnError with the last lines when it fails (or, where a failure is expected, when it does not).
        """
        done = foreground.capture(
            inside(self.state.name, command),
            self.environment,
            str(self.workspace),
            limit_seconds=COMMAND_LIMIT_SECONDS,
            patience_seconds=CLEAN_UP_SECONDS,
        )
        log = self.state.identity.folder / "commands.log"
        with log.open("a") as out:
            out.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}[exit code {done.returncode}]\n\n")
        if bool(done.returncode) != expect_failure:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
            raise KilnError(
                f"`{' '.join(command)}` ended with exit code {done.returncode}", found=tail, next_step=f"see {log}"
            )
        return done.stdout + (done.stderr if expect_failure else "")

    def deploy(self, *stacks: str, expect_failure: bool = False) -> str:
        """`cdk deploy`: gives what it printed."""
        return self.run("cdk", "deploy", *stacks, expect_failure=expect_failure)

    def bake(self, recipe: str, *options: str) -> dict[str, Any]:
        """`python -m bake RECIPE … --json`: gives its object."""
        answer: dict[str, Any] = json.loads(self.run("python", "-m", "bake", recipe, *options, "--json"))
        return answer

    def bake_tiers(self) -> dict[str, dict[str, Any]]:
        """`python -m bake` of all tiers at once: tier → its object."""
        answers = json.loads(self.run("python", "-m", "bake", *TIERS, "--json"))
        return {answer["recipe"]: answer for answer in answers if answer["recipe"] in TIERS}

    def release_version(self, version: str) -> None:
        """Change the version of the Web application, as a commit would."""
        (self.workspace / "examples" / "payroll" / "web" / "VERSION").write_text(f"{version}\n")

    # --- what AWS says --------------------------------------------------------------------------------------------
    def client(self, service: str, environment: str) -> Any:
        """A boto3 client with the keys of an environment's administrator; `environment` is its slug."""
        import boto3

        account = next(a for a in self.state.accounts if a.environment == environment)
        return boto3.client(
            service,
            region_name=account.region,
            endpoint_url=self.state.identity.url,
            aws_access_key_id=account.access_key_id,
            aws_secret_access_key=account.secret_access_key,
        )

    def stack_updates(self, environment: str) -> dict[str, str]:
        """Stack name → the moment of its last change, of an environment's stacks."""
        stacks = self.client("cloudformation", environment).describe_stacks()["Stacks"]
        return {s["StackName"]: str(s.get("LastUpdatedTime") or s["CreationTime"]) for s in stacks}

    def template_digests(self, environment: str, prefix: str) -> dict[str, str]:
        """Stack name without the environment's prefix → SHA-256 of the template that CloudFormation holds."""
        cloudformation = self.client("cloudformation", environment)
        digests = {}
        for stack in self.stack_updates(environment):
            if stack.startswith(f"{prefix}-"):
                body = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
                text = body if isinstance(body, str) else json.dumps(body)
                digests[stack.removeprefix(f"{prefix}-")] = hashlib.sha256(text.encode()).hexdigest()
        return digests

    def launch_template_images(self, environment: str) -> set[str]:
        """The AMI ids in the launch template versions that the environment's Auto Scaling groups start."""
        ec2 = self.client("ec2", environment)
        images = set()
        for group in self.client("autoscaling", environment).describe_auto_scaling_groups()["AutoScalingGroups"]:
            mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
            template = group.get("LaunchTemplate") or mixed
            versions = ec2.describe_launch_template_versions(
                LaunchTemplateId=template["LaunchTemplateId"], Versions=[str(template["Version"])]
            )["LaunchTemplateVersions"]
            images |= {v["LaunchTemplateData"]["ImageId"] for v in versions}
        return images

    def output(self, environment: str, stack: str, key: str) -> str:
        """An output of a stack."""
        (found,) = self.client("cloudformation", environment).describe_stacks(StackName=stack)["Stacks"]
        return str(next(o["OutputValue"] for o in found["Outputs"] if o["OutputKey"] == key))

    # --- the page ---------------------------------------------------------------------------------------------------
    def endpoint(self, environment: str) -> Endpoint:
        """The load balancer of an environment. Raises KilnError where it has none."""
        with urllib.request.urlopen(f"{self.state.identity.url}/kiln/balancers", timeout=5) as answer:
            balancers = json.load(answer)
        account = next(a for a in self.state.accounts if a.environment == environment)
        for found in balancers:
            if found["account"] == account.id and found["region"] == account.region and found["host_names"]:
                return Endpoint(account.id, found["name"], found["address"], found["host_names"][0])
        raise KilnError("this environment has no load balancer", where=environment, found=str(balancers))

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Trusts the rehearsal's certificate authority and no other."""
        return ssl.create_default_context(cafile=str(self.state.identity.ca))

    def page(self, environment: str) -> Page:
        """Ask the environment's page over HTTPS, by its name, through its load balancer.

        An instance serves before it knows who it is: asks again, `IDENTITY_LIMIT_SECONDS` at most, until it does.
        """
        limit = time.monotonic() + IDENTITY_LIMIT_SECONDS
        while True:
            status, body = self.request(environment, "/", {"Accept": "application/json"})
            if status != 200:
                raise KilnError(f"the page answers {status}", where=environment, found=body[:300])
            said: Mapping[str, str] = json.loads(body)
            if "unknown" not in said.values():
                return Page(said["tier"], said["version"], said["image_id"], said["instance_id"], said["environment"])
            if time.monotonic() > limit:
                raise KilnError("the instance does not learn who it is", where=environment, found=body)
            time.sleep(0.2)

    def enter(self) -> None:
        """Put the calling thread into the rehearsal's network, where its addresses are reached whatever else runs."""
        if os.geteuid() == 0:
            Namespace(self.state.name).enter()

    def payslip(self, environment: str, **request: str | int) -> dict[str, Any]:
        """Ask Web for a payslip and wait until the workers are done with it: what Web then says of it.

        Raises KilnError where it is not taken, and where it is not finished in `PAYSLIP_LIMIT_SECONDS`.
        """
        status, body = self.request(environment, "/payslips", {}, "POST", json.dumps(request).encode())
        if status != 202:
            raise KilnError(f"the request for a payslip is answered with {status}", where=environment, found=body[:300])
        where = json.loads(body)["where"]
        limit = time.monotonic() + PAYSLIP_LIMIT_SECONDS
        while True:
            said: dict[str, Any] = json.loads(self.request(environment, where, {})[1])
            if said.get("state") not in ("waiting", "calculating"):
                return said
            if time.monotonic() > limit:
                raise KilnError("the payslip is not finished", where=environment, found=str(said))
            time.sleep(0.2)

    def request(
        self, environment: str, path: str, headers: Mapping[str, str], method: str = "GET", body: bytes | None = None
    ) -> tuple[int, str]:
        """One HTTPS request through the load balancer: status and body."""
        with ThreadPoolExecutor(1, initializer=self.enter) as pool:
            return pool.submit(self._request, self.endpoint(environment), path, headers, method, body).result()

    def _request(
        self, at: Endpoint, path: str, headers: Mapping[str, str], method: str, body: bytes | None
    ) -> tuple[int, str]:
        connection = http.client.HTTPSConnection(at.host_name, 443, timeout=10, context=self.tls)
        raw = socket.create_connection((at.address, 443), timeout=10)
        connection.sock = self.tls.wrap_socket(raw, server_hostname=at.host_name)
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def copy_project(project: Path, target: Path) -> None:
    """The project's files, without what is made from them: those that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=project, capture_output=True, check=True
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, copy = project / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
