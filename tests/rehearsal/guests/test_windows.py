"""Windows on the embedded AWS: what EC2 does for an instance is there, and nothing pretends that Windows runs."""

import base64
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from rehearsal.front.service import AwsError, Caller
from rehearsal.guests import windows
from tests.rehearsal.guests.harness import DEV, REGION, STAGE, Embedded, Place

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="starts guests, which needs root: sudo make test")


def guests(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that needs the embedded AWS's EC2."""
    marked: Callable[..., None] = pytest.mark.slow(NEEDS_ROOT(test))
    return marked


def openssh(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


def test_a_password_is_decrypted_with_the_private_half_of_the_key_pair() -> None:
    key = rsa.generate_private_key(65537, 2048)
    data = windows.encrypted("a-password", [openssh(key)])
    assert key.decrypt(base64.b64decode(data), padding.PKCS1v15()) == b"a-password"


def test_without_a_key_pair_there_is_no_password_to_hand_over() -> None:
    assert windows.encrypted("a-password", []) == ""


def test_a_key_pair_that_encrypts_nothing_is_refused_at_the_launch() -> None:
    windows.refuse_key([openssh(rsa.generate_private_key(65537, 2048))])
    with pytest.raises(AwsError, match="ED25519 key pairs are not supported for Windows"):
        windows.refuse_key([openssh(ed25519.Ed25519PrivateKey.generate())])


def test_nobody_gets_the_password_of_another_account() -> None:
    service = windows.PasswordData(lambda _: DEV, lambda _: ("a-password", ()))
    with pytest.raises(AwsError, match="does not exist"):
        service.answer(Caller(STAGE, REGION), "GetPasswordData", {"InstanceId": "i-1"})


@pytest.fixture(scope="module")
def instance(place: Place) -> str:
    """A Windows instance that runs, as far as EC2 says."""
    material = place.embedded.client("ec2").create_key_pair(KeyName="windows", KeyType="rsa")["KeyMaterial"]
    keys["windows"] = load_pem_private_key(material.encode(), None)
    return place.launch(image_of(place.embedded), KeyName="windows", UserData="<powershell>exit</powershell>")


keys: dict[str, Any] = {}


def image_of(embedded: Embedded, account: str = DEV) -> str:
    value = embedded.client("ssm", account).get_parameter(Name=windows.PARAMETER)["Parameter"]["Value"]
    return str(value)


@guests
@pytest.mark.parametrize("account", [DEV, STAGE])
def test_the_published_image_is_there_in_each_account(embedded: Embedded, account: str) -> None:
    found = embedded.client("ec2", account).describe_images(ImageIds=[image_of(embedded, account)])["Images"][0]
    assert (found["Platform"], found["RootDeviceName"], found["Public"]) == ("windows", "/dev/sda1", True)
    assert found["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 30


@guests
def test_the_password_of_an_instance_stays_and_its_own_key_decrypts_it(place: Place, instance: str) -> None:
    ec2 = place.embedded.client("ec2")
    data = [ec2.get_password_data(InstanceId=instance)["PasswordData"] for _ in range(2)]
    first, second = (keys["windows"].decrypt(base64.b64decode(one), padding.PKCS1v15()) for one in data)
    assert first == second
    assert len(first) == windows.PASSWORD_LENGTH
    assert place.embedded.instance(instance)["Platform"] == "windows"


@guests
def test_a_linux_instance_has_no_password(place: Place) -> None:
    linux = place.launch()
    assert place.embedded.client("ec2").get_password_data(InstanceId=linux)["PasswordData"] == ""
    place.embedded.client("ec2").terminate_instances(InstanceIds=[linux])


@guests
@pytest.mark.parametrize("port", [5986, 5985, 3389, 22])
def test_nobody_answers_at_its_address(place: Place, instance: str, port: int) -> None:
    address = place.embedded.instance(instance)["PrivateIpAddress"]
    with pytest.raises(OSError):  # no route to host, or a time-out
        socket.create_connection((address, port), timeout=4).close()


@guests
def test_its_console_says_that_nothing_runs(place: Place, instance: str) -> None:
    output = place.embedded.client("ec2").get_console_output(InstanceId=instance)["Output"]
    assert "runs no Windows" in output


@guests
def test_an_image_of_it_is_refused_and_none_is_left(place: Place, instance: str) -> None:
    ec2 = place.embedded.client("ec2")
    with pytest.raises(ClientError, match="nothing to make an image of"):
        ec2.create_image(InstanceId=instance, Name="of-nothing")
    assert ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["of-nothing"]}])["Images"] == []


@guests
@pytest.mark.usefixtures("instance")
def test_it_stops_starts_and_ends_as_ec2_says(place: Place) -> None:
    ec2, embedded = place.embedded.client("ec2"), place.embedded
    instance_id = place.launch(image_of(embedded), KeyName="windows")
    ec2.stop_instances(InstanceIds=[instance_id])
    embedded.wait_for_state(instance_id, "stopped")
    ec2.start_instances(InstanceIds=[instance_id])
    embedded.wait_for_state(instance_id, "running")
    ec2.terminate_instances(InstanceIds=[instance_id])
    embedded.wait_for_state(instance_id, "terminated")


@guests
def test_the_ed25519_key_of_linux_does_not_fit(place: Place) -> None:
    with pytest.raises(ClientError, match="ED25519"):
        place.launch(image_of(place.embedded))
