"""The engine over HTTP, as every other client of CloudFormation sees it."""

import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123400000001"
REGION = "eu-west-1"
ROOT = Path(__file__).parents[3]
UP_SECONDS = 60.0
SETTLE_SECONDS = 120.0
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
Json = dict[str, Any]


@cache
def client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="tester",
        aws_secret_access_key="tester",
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


@dataclass(frozen=True, slots=True)
class Embedded:
    """The endpoint of the engine under test, and what one does with stacks there."""

    url: str

    def client(self, service: str) -> Any:
        return client(self.url, service)

    @property
    def cloudformation(self) -> Any:
        return self.client("cloudformation")

    def settled(self, stack: str) -> Json:
        """The stack once nothing is in progress any more."""
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            found: Json = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if not found["StackStatus"].endswith("_IN_PROGRESS"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{stack} is still {found['StackStatus']}")

    def create(self, name: str, template: Json | str, **more: Any) -> Json:
        made = self.cloudformation.create_stack(
            StackName=name, TemplateBody=_text(template), Capabilities=CAPABILITIES, **more
        )
        return self.settled(made["StackId"])

    def update(self, name: str, template: Json | str, **more: Any) -> Json:
        self.cloudformation.update_stack(
            StackName=name, TemplateBody=_text(template), Capabilities=CAPABILITIES, **more
        )
        return self.settled(name)

    def delete(self, name: str, **more: Any) -> Json:
        stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.cloudformation.delete_stack(StackName=name, **more)
        return self.settled(stack)

    def change_set(self, name: str, template: Json | str, kind: str = "UPDATE", **more: Any) -> Json:
        """The description of a change set that is made for this call."""
        made = self.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{time.monotonic_ns()}",
            ChangeSetType=kind,
            TemplateBody=_text(template),
            Capabilities=CAPABILITIES,
            **more,
        )
        found: Json = self.cloudformation.describe_change_set(ChangeSetName=made["Id"])
        return found

    def events(self, stack: str) -> list[Json]:
        found: list[Json] = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return found

    def reasons(self, stack: str) -> str:
        """The reasons of everything that failed, in one text."""
        failed = (e for e in self.events(stack) if "FAILED" in e["ResourceStatus"])
        return "\n".join(e.get("ResourceStatusReason", "") for e in failed)

    def physical_id(self, stack: str, logical_id: str) -> str:
        found = self.cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def parameter(self, name: str) -> str:
        return str(self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    def refusal(self, operation: str, **arguments: Any) -> str:
        """Code and message of an operation of CloudFormation's that must be refused."""
        try:
            getattr(self.cloudformation, operation)(**arguments)
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        raise AssertionError(f"{operation} was not refused")


def _text(template: Json | str) -> str:
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("embedded.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(port), ACCOUNT, REGION],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "up"
        yield Embedded(f"http://localhost:{port}")
    finally:
        process.terminate()
        process.wait(10)


NUMBERS = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A name that no other test has: for stacks and everything else."""
    return f"test-{next(NUMBERS)}"
