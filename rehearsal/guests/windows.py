"""Windows on the embedded AWS: an image that is public as Amazon's are, and instances with nothing behind them.

No guest here can be Windows, and none pretends to be: such an instance has EC2's states, an address in its VPC at which
nobody answers, and a console that says so; no image can be made of it. What EC2 itself does for it is real: a random
Administrator's password, handed over encrypted with the public half of its key pair.
"""

import base64
import hashlib
import secrets
import string
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from rehearsal.front.service import AwsError, Caller
from rehearsal.guests.launch import Launch
from rehearsal.guests.network import Networks

OWNER = "801119661308"  # Amazon's account of Windows images, alias `amazon`
NAME = "EC2LaunchV2-Windows_Server-2019-English-Core-Base-kiln"
PARAMETER = "/aws/service/ami-windows-latest/EC2LaunchV2-Windows_Server-2019-English-Core-Base"
ROOT_DEVICE = "/dev/sda1"
DEVICE = {"VolumeSize": 30, "VolumeType": "gp2", "Encrypted": False, "DeleteOnTermination": True}
SAYS = "The embedded AWS runs no Windows: nothing has booted here, and no user data has run."
PASSWORD_LENGTH = 32
LETTERS = string.ascii_letters + string.digits + "-_.!*"


def image_id(region: str) -> str:
    """The id of the public Windows image in a region: the same on every machine."""
    return "ami-" + hashlib.sha256(f"{NAME} {region}".encode()).hexdigest()[:17]


def refuse_key(public_keys: Sequence[str]) -> None:
    """Raises AwsError for a key pair that no password can be encrypted with.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
    """
    if any(not key.startswith("ssh-rsa ") for key in public_keys):
        raise AwsError("Unsupported", "ED25519 key pairs are not supported for Windows instances.")


class NoGuest:
    """The body of a Windows instance: an address in its VPC's network, and nobody there."""

    def __init__(self, networks: Networks, launch: Launch) -> None:
        self._networks, self._launch = networks, launch
        self.password = "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH))
        self.alive = False

    def boot(self) -> None:
        """The network is made all the same: who dials the address must not look for it outside of the rehearsal."""
        self._networks.ensure(self._launch.vpc_id, self._launch.vpc_block)

    def halt(self) -> None:
        """There is nothing to stop."""

    def remove(self) -> None:
        """There is nothing to remove."""

    def commit(self, image: str) -> None:
        raise AwsError("Unsupported", f"{SAYS} There is nothing to make an image of.")

    def console(self) -> str:
        """In podman's format k8s-file, as a guest's."""
        return f"{datetime.now(UTC).isoformat()} stdout F {SAYS}\n"


class PasswordData:
    """The Service of GetPasswordData. moto's answer is random text, which no private key decrypts.

    Args:
        owner: the account of an instance. Raises AwsError where there is no such instance.
        password: password and public keys of a Windows instance; None for any other.
    """

    name = "ec2"
    operations: frozenset[str] | None = frozenset({"GetPasswordData"})

    def __init__(
        self, owner: Callable[[str], str], password: Callable[[str], tuple[str, Sequence[str]] | None]
    ) -> None:
        self._owner = owner
        self._password = password

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The password of one of the caller's instances; empty where it has none, or no key pair."""
        instance_id = request["InstanceId"]
        if self._owner(instance_id) != caller.account:
            raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
        found = self._password(instance_id)
        data = encrypted(*found) if found else ""
        return {"InstanceId": instance_id, "Timestamp": datetime.now(UTC), "PasswordData": data}


def encrypted(password: str, public_keys: Sequence[str]) -> str:
    """The password as EC2 hands it over: RSA with PKCS #1 v1.5, in base64; empty without a key."""
    for text in public_keys:
        key = load_ssh_public_key(text.encode())
        if isinstance(key, rsa.RSAPublicKey):
            return base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()
    return ""
