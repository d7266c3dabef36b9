"""Real guests for the tests of this folder."""

import io
import os
from collections.abc import Iterator

import paramiko
import pytest

from tests.rehearsal.guests.harness import BLOCK, OWN, Embedded, Place, start_embedded


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The embedded AWS's EC2 for all tests of this folder."""
    started = start_embedded(f"t-{os.getpid()}", tmp_path_factory.mktemp("embedded"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def place(embedded: Embedded) -> Place:
    """A VPC in the Dev account."""
    ec2 = embedded.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=BLOCK)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{OWN}.1.0/24")["Subnet"]["SubnetId"]
    material = ec2.create_key_pair(KeyName="test", KeyType="ed25519")["KeyMaterial"]
    return Place(embedded, subnet, paramiko.Ed25519Key.from_private_key(io.StringIO(material)))
