"""Payroll deployed by the API of CloudFormation alone, into accounts of the embedded AWS of one process."""

import graphlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from os import environ
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra import images, parameters
from infra import synthesized as infra_synthesized
from infra.assembly import MACHINES, recipe_of, synthesize
from infra.permissions import BOUNDARY
from tests.readback import specimens

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("Backup", "Dev", "Production")
"""Together they have every stack; Backup first, because the others copy into its vault."""

IMAGE = "ami-03cf127a"
"""One that moto has in every account from the start."""

SETTLE_SECONDS = 120.0
BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
LOGS = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}


@cache
def client(url: str, account: str, region: str, service: str) -> Any:
    made = boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="tester",
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, inject_host_prefix=False),
    )
    if service == "s3control":  # puts the account in front of the host, where nobody is

        def plain(params: Json, **_: Any) -> None:
            params["url"] = params["url"].replace(f"{account}.", "", 1)

        made.meta.events.register("before-call", plain)
    return made


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource of Payroll as the account calls it.

    Args:
        stack: the name of its template, `LoadBalancer`.
        logical_id: its name there.
        kind: its type, `AWS::S3::Bucket`.
        physical_id: what the service calls it; "" where a whole account is asked about.
    """

    stack: str = ""
    logical_id: str = ""
    kind: str = ""
    physical_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One account and region with an environment of Payroll in it.

    Args:
        url: the endpoint of the embedded AWS.
        environment: its parameter file.
        things: everything that the stacks of the account have made.
    """

    url: str
    environment: parameters.Environment
    things: tuple[Thing, ...] = ()

    def ask(self, service: str, operation: str, **request: Any) -> Json:
        """The answer of an API of this account, all its pages, by botocore's Python name of the operation."""
        client = self.client(service)
        if client.can_paginate(operation):
            found: Json = client.get_paginator(operation).paginate(**request).build_full_result()
            return found
        answer: Json = getattr(client, operation)(**request)
        return answer

    def client(self, service: str) -> Any:
        return client(self.url, self.environment.account, self.environment.region, service)


def synthesized(folder: Path) -> Path:
    """The cloud assembly with an image that exists in every account."""
    file = folder / "images.toml"
    for recipe in {recipe_of(machine) for machine in MACHINES}:
        images.record(file, recipe, f"sha256:{'0' * 64}", {"eu-west-1": IMAGE})
    return synthesize(parameters.load_all(), images.load(file), file, folder / "cdk.out")


@contextmanager
def embedded(account: str, region: str) -> Iterator[str]:
    """The endpoint of an embedded AWS in a process of its own: its hooks into moto stay there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("embedded.py")), str(port), account, region]
    variables = {**environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "up"
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def deploy(assembly: Path, url: str) -> None:
    """All stacks of the environments, one after the other in the order in which they read from each other."""
    for place in _places(url):
        _bootstrap(place)
        for artifact in _in_order(assembly, f"aws://{place.environment.account}/{place.environment.region}"):
            _assets(assembly, place, artifact)
            _stack(
                place,
                artifact["properties"]["stackName"],
                json.loads((assembly / artifact["properties"]["templateFile"]).read_text()),
                artifact["properties"].get("tags", {}),
            )
        if place.environment.name == specimens.ENVIRONMENT:
            logs = client(url, place.environment.account, specimens.QUERIES_REGION, "logs")
            logs.create_log_group(logGroupName=specimens.QUERIES)
            _stack(place, specimens.NAME, specimens.TEMPLATE, {})


def deployed(assembly: Path, url: str) -> tuple[Place, ...]:
    """The environments with everything that is in them."""
    sources = {one.name: one.source for one in infra_synthesized.read(assembly)}
    return tuple(replace(place, things=tuple(_things(place, sources))) for place in _places(url))


def _places(url: str) -> list[Place]:
    known = {environment.name: environment for environment in parameters.load_all()}
    return [Place(url, known[name]) for name in ENVIRONMENTS]


def _things(place: Place, sources: Mapping[str, str]) -> Iterator[Thing]:
    for stack in place.ask("cloudformation", "describe_stacks")["Stacks"]:
        name = stack["StackName"]
        for found in place.ask("cloudformation", "list_stack_resources", StackName=name)["StackResourceSummaries"]:
            source = sources.get(name, name)
            yield Thing(source, found["LogicalResourceId"], found["ResourceType"], found["PhysicalResourceId"])


def _in_order(assembly: Path, where: str) -> list[Json]:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    graph = {name: artifact.get("dependencies", []) for name, artifact in artifacts.items()}
    ordered = [artifacts[name] for name in graphlib.TopologicalSorter(graph).static_order()]
    return [one for one in ordered if one["type"] == infra_synthesized.STACK and one["environment"] == where]


def _bootstrap(place: Place) -> None:
    """What the templates expect of an account: the boundary of its roles, and the bucket of the assets."""
    place.ask(
        "iam",
        "create_policy",
        PolicyName=BOUNDARY,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [LOGS]}),
    )
    place.ask("ssm", "put_parameter", Name=BOOTSTRAP_VERSION, Type="String", Value="30")


def _assets(assembly: Path, place: Place, artifact: Json) -> None:
    file = assembly / artifact["properties"]["templateFile"]
    manifest = assembly / f"{artifact['properties']['stackName']}.assets.json"
    for asset in json.loads(manifest.read_text())["files"].values() if manifest.exists() else ():
        source = assembly / asset["source"]["path"]
        for destination in asset["destinations"].values():
            bucket = destination["bucketName"]
            if bucket not in [one["Name"] for one in place.ask("s3", "list_buckets")["Buckets"]]:
                place.ask(
                    "s3",
                    "create_bucket",
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": place.environment.region},
                )
            if source != file:
                body = source.read_bytes() if source.is_file() else _zipped(source)
                place.ask("s3", "put_object", Bucket=bucket, Key=destination["objectKey"], Body=body)


def _zipped(folder: Path) -> bytes:
    archive = Path(shutil.make_archive(str(folder) + "-archive", "zip", folder))
    return BytesIO(archive.read_bytes()).getvalue()


def _stack(place: Place, name: str, template: Json, tags: Mapping[str, str]) -> None:
    made = place.ask(
        "cloudformation",
        "create_stack",
        StackName=name,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        found = place.ask("cloudformation", "describe_stacks", StackName=made["StackId"])["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.05)
    if found["StackStatus"] != "CREATE_COMPLETE":
        events = place.ask("cloudformation", "describe_stack_events", StackName=made["StackId"])["StackEvents"]
        reasons = [
            f"{e['LogicalResourceId']} ({e['ResourceType']}): {e['ResourceStatusReason']}"
            for e in events
            if "FAILED" in e["ResourceStatus"]
        ]
        raise AssertionError(f"{name} is {found['StackStatus']}: " + "\n".join(reasons))
