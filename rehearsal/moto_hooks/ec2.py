"""EC2's instances: moto (5.2.5) keeps the records, rehearsal.guests lives the machines' lives and writes them here.

Hooks, and what goes wrong without each:
- InstanceBackend.run_instances: an instance would be "running" at once and have no guest; of a launch template's data
  moto leaves out profile, metadata options, network interfaces and shutdown behaviour; without a subnet it takes an
  address of no VPC; only the first of several instances gets the profile; two threads get one address.
- InstanceBackend.start_instances, stop_instances, terminate_instances, reboot_instances: the record would change and
  the guest would not; a terminated one's address would be given away while its container still has it.
- InstanceBackend.modify_instance_metadata_options: options that are not named would be reset.
- VPCBackend.delete_vpc: the network would stay, or go while guests are still in it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from moto.ec2.exceptions import EC2ClientError, OperationDisableApiStopNotPermitted, OperationNotPermitted4
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, MetadataOptions
from moto.ec2.models.vpcs import VPCBackend

from rehearsal.front.service import AwsError
from rehearsal.guests import Machines
from rehearsal.guests.podman import mac_of
from rehearsal.guests.states import Event
from rehearsal.moto_hooks.ec2_record import InstanceRecord, decoded, public_keys

run_in_moto = InstanceBackend.run_instances
delete_vpc_in_moto = VPCBackend.delete_vpc

Changed = list[tuple[Instance, InstanceState]]


@contextmanager
def told_by_moto() -> Iterator[None]:
    """Turns an AwsError into moto's own kind of error, the only kind that moto answers as one."""
    try:
        yield
    except AwsError as error:
        raise EC2ClientError(error.code, error.message) from error


def with_template(kwargs: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The arguments of run_instances with what moto does not take over from a launch template's data.

    What the request itself says comes first, as on EC2.
    """
    given = dict(kwargs)
    profile = data.get("IamInstanceProfile", {})
    if not given.get("iam_instance_profile_name") and not given.get("iam_instance_profile_arn"):
        given["iam_instance_profile_name"] = profile.get("Name")
        given["iam_instance_profile_arn"] = profile.get("Arn")
    given["metadata_options"] = {**data.get("MetadataOptions", {}), **(given.get("metadata_options") or {})}
    behaviour = data.get("InstanceInitiatedShutdownBehavior")
    given["instance_initiated_shutdown_behavior"] = given.get("instance_initiated_shutdown_behavior") or behaviour
    if not given.get("block_device_mappings"):
        given["block_device_mappings"] = data.get("BlockDeviceMappings", [])
    interfaces = data.get("NetworkInterfaces", [])
    if interfaces and not given.get("nics"):
        subnet = {"SubnetId": given["subnet_id"]} if given.get("subnet_id") else {}
        given["nics"] = [{**interface, **subnet} for interface in interfaces]
        given["subnet_id"] = None
    return given


def profile_missing(kwargs: dict[str, Any], requested: dict[str, Any], instances: Sequence[Any]) -> Sequence[Any]:
    """The instances that moto will not give the profile: it does so for the first one, if the request names it."""
    names = ("iam_instance_profile_name", "iam_instance_profile_arn")
    if not any(kwargs.get(name) for name in names):
        return ()
    return instances[1:] if any(requested.get(name) for name in names) else instances


def install(machines: Machines) -> None:
    """Let `machines` live the lives of all instances."""
    launching = threading.Lock()  # moto's address generator is not made for two threads

    def run_instances(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **requested: Any
    ) -> Any:
        kwargs = requested
        key_name = requested.get("key_name")
        if requested.get("launch_template"):
            version = self._get_template_from_args(requested["launch_template"])
            kwargs = with_template(requested, version.data)
            image_id = image_id or version.image_id
            key_name = key_name or version.data.get("KeyName")
            user_data = user_data or version.data.get("UserData")
        with told_by_moto():
            image = machines.catalogue.launchable(self, image_id)
            machines.check(image_id, decoded(user_data), public_keys(self, key_name))
            kwargs = machines.catalogue.with_image(kwargs, image)
            if not kwargs.get("subnet_id") and not any("SubnetId" in nic for nic in kwargs.get("nics", ())):
                kwargs = {**kwargs, "subnet_id": default_subnet(self, kwargs.get("placement"))}
            with launching:
                refuse_taken_address(self, kwargs)
                reservation = run_in_moto(self, image_id, count, user_data, security_group_names, **kwargs)
            for instance in profile_missing(kwargs, requested, reservation.instances):
                self.associate_iam_instance_profile(
                    instance.id, kwargs.get("iam_instance_profile_name"), kwargs.get("iam_instance_profile_arn")
                )
            for instance in reservation.instances:
                own_interface(instance, kwargs.get("nics") or [])
                machines.launch(InstanceRecord(instance))
        return reservation

    def ordered(self: Any, event: Event, instance_ids: list[str]) -> Changed:
        instances = self.get_multi_instances_by_id(instance_ids)
        with told_by_moto():
            order = machines.stop if event is Event.STOP else lambda ids: machines.ask(event, ids)
            before = order([instance.id for instance in instances])
        return [(i, InstanceState(s.value, s.code)) for i, s in zip(instances, before, strict=True)]

    def start_instances(self: Any, instance_ids: list[str]) -> Changed:
        return ordered(self, Event.START, instance_ids)

    def stop_instances(self: Any, instance_ids: list[str]) -> Changed:
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.disable_api_stop is True:
                raise OperationDisableApiStopNotPermitted(instance.id)
        return ordered(self, Event.STOP, instance_ids)

    def terminate_instances(self: Any, instance_ids: list[str]) -> Changed:
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.disable_api_termination is True:
                raise OperationNotPermitted4(instance.id)
        return ordered(self, Event.TERMINATE, instance_ids)

    def reboot_instances(self: Any, instance_ids: list[str]) -> list[Instance]:
        instances: list[Instance] = self.get_multi_instances_by_id(instance_ids)
        with told_by_moto():
            machines.reboot([instance.id for instance in instances])
        return instances

    def modify_instance_metadata_options(self: Any, instance_id: str, **changes: Any) -> MetadataOptions:
        instance = self.get_instance(instance_id)
        names = {
            "http_tokens": "http_tokens",
            "hop_limit": "http_put_response_hop_limit",
            "http_endpoint": "http_endpoint",
            "http_protocol": "http_protocol_ipv6",
            "metadata_tags": "instance_metadata_tags",
        }
        for given, name in names.items():
            if changes.get(given) is not None:
                setattr(instance.metadata_options, name, changes[given])
        options: MetadataOptions = instance.metadata_options
        return options

    def delete_vpc(self: Any, vpc_id: str) -> Any:
        with told_by_moto():
            machines.leave_vpc(vpc_id)
        vpc = delete_vpc_in_moto(self, vpc_id)
        machines.networks.drop(vpc_id)
        return vpc

    for moto_class, hook in (
        (InstanceBackend, run_instances),
        (InstanceBackend, start_instances),
        (InstanceBackend, stop_instances),
        (InstanceBackend, terminate_instances),
        (InstanceBackend, reboot_instances),
        (InstanceBackend, modify_instance_metadata_options),
        (VPCBackend, delete_vpc),
    ):
        setattr(moto_class, hook.__name__, hook)


def default_subnet(backend: Any, zone: str | None) -> str:
    """The default subnet of a zone, or of any. Raises AwsError where the default VPC has none."""
    subnets = backend.get_default_subnets()
    chosen = subnets.get(zone) if zone else next((subnets[name] for name in sorted(subnets)), None)
    if chosen is None:
        raise AwsError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
    return str(chosen.id)


def refuse_taken_address(backend: Any, kwargs: dict[str, Any]) -> None:
    """Raises AwsError where the launch asks for an address that an instance has, or has not given free yet."""
    primary: dict[str, Any] = next((nic for nic in kwargs.get("nics") or [] if int(nic.get("DeviceIndex", 0)) == 0), {})
    address = kwargs.get("private_ip") or primary.get("PrivateIpAddress")
    subnet_id = kwargs.get("subnet_id") or primary.get("SubnetId")
    if address and subnet_id and address in backend.get_subnet(subnet_id)._subnet_ips:
        raise AwsError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def own_interface(instance: Any, specifications: list[dict[str, Any]]) -> None:
    """Make the primary interface what EC2 makes: gone with its instance, with the guest's hardware address."""
    primary = next((s for s in specifications if int(s.get("DeviceIndex", 0)) == 0), {})
    interface = instance.nics[0]
    interface.mac_address = mac_of(instance.private_ip)
    if "NetworkInterfaceId" not in primary:
        interface.delete_on_termination = primary.get("DeleteOnTermination", True) is not False
