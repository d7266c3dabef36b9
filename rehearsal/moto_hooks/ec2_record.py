"""moto's (5.2.5) record of an instance, as a machine of rehearsal.guests reads and writes it; no hook is here."""

import base64
import binascii
from typing import Any

from moto.ec2.models.instances import InstanceState, StateReason

from rehearsal.front.service import AwsError
from rehearsal.groups import lifecycle, records
from rehearsal.guests.launch import Launch
from rehearsal.guests.metadata import Facts, Options, Role
from rehearsal.guests.podman import mac_of
from rehearsal.guests.states import Reason, State


class Kept(InstanceState):
    """A state that moto cannot change."""

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__.setdefault(name, value)


class InstanceRecord:
    """moto's record of an instance, as a machine reads and writes it."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._backend = instance.ec2_backend
        self._subnet = self._backend.get_subnet(instance.subnet_id)
        self._vpc = self._backend.get_vpc(self._subnet.vpc_id)
        self.launch = Launch(
            instance_id=instance.id,
            account=instance.owner_id,
            region=self._backend.region_name,
            image_id=instance.image_id,
            vpc_id=self._vpc.id,
            vpc_block=self._vpc.cidr_block,
            address=instance.private_ip,
            public_keys=public_keys(self._backend, instance.key_name),
            user_data=decoded(instance.user_data),
        )

    def facts(self) -> Facts:
        """What the metadata service tells the instance."""
        instance, options = self._instance, self._instance.metadata_options
        return Facts(
            instance_id=instance.id,
            account=instance.owner_id,
            region=self._backend.region_name,
            zone=self._subnet.availability_zone,
            zone_id=self._subnet.availability_zone_id,
            image_id=instance.image_id,
            instance_type=instance.instance_type,
            address=self.launch.address,
            hostname=instance.private_dns_name,
            mac=mac_of(self.launch.address),
            vpc_id=self._vpc.id,
            vpc_block=self._vpc.cidr_block,
            subnet_id=self._subnet.id,
            subnet_block=self._subnet.cidr_block,
            launched=instance.launch_time,
            security_groups=tuple(group.name for group in instance.security_groups),
            tags={tag["key"]: tag["value"] for tag in instance.get_tags()},
            user_data=self.launch.user_data,
            public_keys=self.launch.public_keys,
            role=self._role(),
            target_lifecycle_state=self._target(),
            options=Options(
                enabled=options.http_endpoint != "disabled",
                token_required=options.http_tokens != "optional",
                hop_limit=options.http_put_response_hop_limit,
                tags=options.instance_metadata_tags == "enabled",
            ),
        )

    def _role(self) -> Role | None:
        association = self._backend.iam_instance_profile_associations.get(self._instance.id)
        profile = association.iam_instance_profile if association else None
        if profile is None or not profile.roles:
            return None
        role = profile.roles[0]  # an instance profile has at most one
        return Role(role.name, role.arn, profile.arn, profile.id)

    def _target(self) -> str | None:
        phase = records.phase_of(self.launch.account, self.launch.region, self._instance.id)
        return lifecycle.target(phase) if phase else None

    def ends_on_shutdown(self) -> bool:
        """Whether a shutdown from inside terminates it."""
        return bool(self._instance.instance_initiated_shutdown_behavior == "terminate")

    def enter(self, state: State, reason: Reason | None) -> None:
        """Write the state into the record."""
        instance = self._instance
        if state is State.TERMINATED:
            self._give_free()
        elif state is State.STOPPED:
            for interface in list(instance.nics.values()):
                interface.stop()
        elif state is State.RUNNING:
            for interface in list(instance.nics.values()):
                interface.start()
        instance._reason = reason.message if reason else ""
        instance.state_reason = StateReason(reason.message, reason.code) if reason else None
        instance._state = InstanceState(state.value, state.code)

    def _give_free(self) -> None:
        """moto's own termination: interfaces, volumes, profile; and the addresses, which moto keeps."""
        shown = self._instance._state
        self._instance._state = Kept(shown.name, shown.code)  # others look meanwhile
        try:
            self._instance.terminate()
        finally:
            self._instance._state = shown
        for address in list(self._instance._private_ips):
            self._subnet.del_subnet_ip(address)
        # moto's Instance gives them free again when it is collected; somebody else may have them by then.
        self._instance._private_ips.clear()


def public_keys(backend: Any, key_name: str | None) -> tuple[str, ...]:
    """The public half of a key pair, as an instance gets it. Raises moto's InvalidKeyPair.NotFound."""
    if not key_name:
        return ()
    return tuple(openssh(pair.material_public, key_name) for pair in backend.describe_key_pairs(key_names=[key_name]))


def openssh(material: bytes | str, key_name: str) -> str:
    """`ssh-ed25519 AAAA… name`: an instance finds the key pair's name in the place of the comment.

    Packer looks for that name when it takes its key out of an image (ssh_clear_authorized_keys).
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/describe-keys.html#retrieving-the-public-key-instance
    """
    text = material.decode() if isinstance(material, bytes) else material
    return " ".join([*text.split()[:2], key_name])


def decoded(user_data: Any) -> str | None:
    """User data as text. Raises AwsError where it is not text, e.g. compressed."""
    if not user_data:
        return None
    try:
        return base64.b64decode(str(user_data), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AwsError("Unsupported", f"The embedded AWS runs user data that is a plain script: {error}") from None
