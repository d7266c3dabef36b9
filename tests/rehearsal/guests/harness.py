"""Starts real guests for tests: a process with the embedded AWS's EC2, in a network namespace of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import paramiko
import pytest

from rehearsal.guests import sweep
from rehearsal.identity import Identity

DEV, STAGE, REGION = "111111111111", "444444444444", "eu-west-1"
START_SECONDS = 180  # the first time ever, the base image is built
# Blocks of their own for each run of the tests, so that two runs at once reach each its own guests.
OWN, OTHER = (f"10.{first + os.getpid() % 45}" for first in (100, 150))
BLOCK = f"{OWN}.0.0/16"


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true value of `condition`; fails with `what` after `seconds`."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := condition():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Embedded:
    """The process, and how to reach what it serves."""

    identity: Identity
    process: subprocess.Popen[str]

    def client(self, service: str, account: str = DEV) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.identity.url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key="x",
        )

    def base_image(self, account: str = DEV) -> str:
        name = "/aws/service/debian/release/12/latest/amd64"
        return str(self.client("ssm", account).get_parameter(Name=name)["Parameter"]["Value"])

    def instance(self, instance_id: str, account: str = DEV) -> dict[str, Any]:
        found = self.client("ec2", account).describe_instances(InstanceIds=[instance_id])
        instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
        return instance

    def state(self, instance_id: str, account: str = DEV) -> str:
        return str(self.instance(instance_id, account)["State"]["Name"])

    def wait_for_state(self, instance_id: str, state: str, account: str = DEV, seconds: float = 20) -> None:
        wait_for(f"{instance_id} {state}", lambda: self.state(instance_id, account) == state, seconds)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            if self.process.stdout:
                self.process.stdout.close()


def start_embedded(name: str, folder: Path) -> Embedded:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = str(Path(__file__).parent / "embedded.py")
    project = str(Path(__file__).parents[3])
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, script, name, str(port), str(folder)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": project},
        )
    embedded = Embedded(Identity(name, folder, port), process)
    assert process.stdout
    if process.stdout.readline() != "ready\n":
        embedded.end()
        sweep(name, folder)
        pytest.fail((folder / "log").read_text()[-3000:])
    return embedded


@dataclass
class Place:
    """A VPC with a subnet and a key pair, and guests launched into it."""

    embedded: Embedded
    subnet: str
    key: paramiko.PKey

    def launch(self, image: str | None = None, **options: Any) -> str:
        """Launch an instance and wait until it runs; its id."""
        instance_id = self.launch_without_waiting(image, **options)
        self.embedded.wait_for_state(instance_id, "running")
        return instance_id

    def launch_without_waiting(self, image: str | None = None, **options: Any) -> str:
        request = {
            "ImageId": image or self.embedded.base_image(),
            "SubnetId": self.subnet,
            "KeyName": "test",
            **options,
        }
        answer = self.embedded.client("ec2").run_instances(MinCount=1, MaxCount=1, InstanceType="t3.small", **request)
        (made,) = answer["Instances"]
        assert made["State"]["Name"] == "pending", "it is answered before the guest is there"
        return str(made["InstanceId"])

    def shell(self, instance_id: str, command: str) -> str:
        """What a command prints that `admin` runs over SSH."""
        address = self.embedded.instance(instance_id)["PrivateIpAddress"]
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        wait_for(f"ssh {address}", lambda: self._connect(client, address))
        try:
            _, out, err = client.exec_command(command, timeout=60)
            return str(out.read().decode() + err.read().decode())
        finally:
            client.close()

    def _connect(self, client: paramiko.SSHClient, address: str) -> bool:
        try:
            client.connect(address, username="admin", pkey=self.key, timeout=5, allow_agent=False, look_for_keys=False)
        except (OSError, paramiko.SSHException):
            return False
        return True

    def end(self, *instance_ids: str) -> None:
        """Terminate and wait."""
        self.embedded.client("ec2").terminate_instances(InstanceIds=list(instance_ids))
        for instance_id in instance_ids:
            self.embedded.wait_for_state(instance_id, "terminated")
