"""EC2's images: moto (5.2.5) keeps the records, an image's file system is a podman image of rehearsal.guests.

Hooks, and what goes wrong without each:
- AmiBackend.create_image: no file system; NotImplementedError for snapshot tags; root device "standard", which Packer
  refuses; an image of an instance that is neither running nor stopped.
- AmiBackend.copy_image: the copy would have no file system, and nothing of the source's devices.
- AmiBackend.deregister_image: protection would not protect, the file system would stay.
- AmiBackend.describe_images: images that other accounts share, and public ones, would not be there.
- AmiBackend.modify_image_attribute: an account could change another's image that is shared with it.
- Ami.block_device_mappings: every image would have one device of 15 GiB.
- AmisResponse.describe_images: disabled images would be there without being asked for (IncludeDisabled).
"""

from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidAMIIdError, MalformedAMIIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import generic_filter

from rehearsal.front.service import AwsError, Caller
from rehearsal.guests import Machines, base_image, windows
from rehearsal.guests.image_service import DISABLED, ImageRecord, refuse_protected
from rehearsal.moto_hooks.ec2 import told_by_moto

create_in_moto = AmiBackend.create_image
copy_in_moto = AmiBackend.copy_image
deregister_in_moto = AmiBackend.deregister_image
modify_in_moto = AmiBackend.modify_image_attribute
describe_in_moto = AmisResponse.describe_images

ROOT_DEVICE = "/dev/xvda"  # of Debian's AMIs
BASE_DEVICE = {"VolumeSize": 8, "VolumeType": "gp3", "Encrypted": False, "DeleteOnTermination": True}


def visible(image: Any, account: str) -> bool:
    """Whether an account may see and launch an image: its own, a public one, or one shared with it."""
    shared = {"UserId": account} in image.launch_permissions
    return bool(image.owner_id == account or image.is_public or shared)


def images_of(backend: Any) -> list[Any]:
    """Every image of a region that the backend's account may see, its own first."""
    own = list(backend.amis.values())
    others = [
        image
        for account, regions in list(ec2_backends.items())
        if account != backend.account_id and backend.region_name in regions
        for image in list(regions[backend.region_name].amis.values())
        if image.owner_id == account and visible(image, backend.account_id)
    ]
    return own + others


def executable_by(image: Any, users: list[str], account: str) -> bool:
    """Whether ExecutableUsers selects an image: `self`, `all`, or account ids, by explicit permission."""
    named = {account if user == "self" else user for user in users}
    return ("all" in named and image.is_public) or any(p.get("UserId") in named for p in image.launch_permissions)


def owned_by(image: Any, owners: list[str], account: str) -> bool:
    """Whether Owners selects an image: `self`, an alias such as `amazon`, or account ids."""
    named = {account if owner == "self" else owner for owner in owners}
    return image.owner_id in named or image.owner_alias in named


def finish(image: Any, device: dict[str, Any], root_device: str) -> None:
    """What EC2 says of every image that is made here."""
    image.root_device_type = "ebs"
    image.root_device_name = root_device
    image.virtualization_type = "hvm"
    image.architecture = "x86_64"
    image.ena_support = True
    image.deprecation_time = image.imds_support = image.protected_until = None
    image.deregistration_protection = DISABLED
    image.root_device = device
    image.ebs_snapshot.volume.size = device["VolumeSize"]
    image.ebs_snapshot.encrypted = device["Encrypted"]


def root_device_of(backend: Any, instance: Any) -> dict[str, Any]:
    """The root device of an instance, as an image of it describes it."""
    mapping = instance.block_device_mapping.get(instance.root_device_name)
    if mapping is None:
        return dict(BASE_DEVICE)
    volume = backend.get_volume(mapping.volume_id)
    return {
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type or BASE_DEVICE["VolumeType"],
        "Encrypted": volume.encrypted in (True, "true"),
        "DeleteOnTermination": mapping.delete_on_termination in (True, "true"),
    }


def with_root_device(mappings: list[dict[str, Any]], image: Any) -> list[dict[str, Any]]:
    """The devices of a launch; what it does not say of the root device is as in the image.

    Raises AwsError for a root volume that the image's snapshot does not fit into.
    """
    name, device = image.root_device_name, getattr(image, "root_device", BASE_DEVICE)
    asked: dict[str, Any] = next((mapping.get("Ebs", {}) for mapping in mappings if mapping["DeviceName"] == name), {})
    root = {**device, **{key: value for key, value in asked.items() if value is not None}}
    if int(root["VolumeSize"]) < int(device["VolumeSize"]):
        size, needed, snapshot = root["VolumeSize"], device["VolumeSize"], image.ebs_snapshot.id
        message = f"Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size >= {needed}GB"
        raise AwsError("InvalidBlockDeviceMapping", message)
    others = [mapping for mapping in mappings if mapping["DeviceName"] != name and "Ebs" in mapping]
    return [{"DeviceName": name, "Ebs": root, "NoDevice": None}, *others]


class Images:
    """moto's records of images, as the machines and the image actions see them."""

    def publish_base_image(self, region: str) -> None:
        """The base image in Debian's account, public, and its SSM parameter (moto_hooks/ssm.py)."""
        backend = ec2_backends[base_image.OWNER][region]
        image_id = base_image.image_id(region)
        image: Any = Ami(
            backend,
            image_id,
            name=base_image.NAME,
            description="Debian 12 (bookworm) as a guest of the embedded AWS",
            owner_id=base_image.OWNER,
            public=True,
            creation_date=datetime(2023, 6, 10, tzinfo=UTC),  # Debian 12's release
        )
        finish(image, dict(BASE_DEVICE), ROOT_DEVICE)
        backend.amis[image_id] = image

    def publish_windows_image(self, region: str) -> None:
        """The Windows image in Amazon's account, public, and its SSM parameter (moto_hooks/ssm.py)."""
        backend = ec2_backends[windows.OWNER][region]
        image_id = windows.image_id(region)
        image: Any = Ami(
            backend,
            image_id,
            name=windows.NAME,
            description="Windows Server 2019 Core of the embedded AWS, which nothing boots from",
            owner_id=windows.OWNER,
            owner_alias="amazon",
            public=True,
            platform="windows",
            creation_date=datetime(2018, 11, 13, tzinfo=UTC),  # Windows Server 2019's release
        )
        finish(image, dict(windows.DEVICE), windows.ROOT_DEVICE)
        backend.amis[image_id] = image

    def launchable(self, backend: Any, image_id: str) -> Any:
        """An image that an account may launch. Raises AwsError for one it may not, or that is not there any more."""
        found = next((image for image in images_of(backend) if image.id == image_id), None)
        if found is None:
            raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        if found.state != "available":
            raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is {found.state}")
        return found

    def with_image(self, kwargs: dict[str, Any], image: Any) -> dict[str, Any]:
        """The arguments of run_instances with what the image decides: its root device, its demand for IMDSv2."""
        given = dict(kwargs)
        if getattr(image, "imds_support", None) == "v2.0":
            options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
            given["metadata_options"] = {**options, **(given.get("metadata_options") or {})}
        given["block_device_mappings"] = with_root_device(given.get("block_device_mappings") or [], image)
        return given

    def own_image(self, caller: Caller, image_id: str) -> ImageRecord:
        """An image of the caller's. Raises AwsError."""
        image: Any = ec2_backends[caller.account][caller.region].amis.get(image_id)
        if image is None or image.owner_id != caller.account:
            raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        if not hasattr(image, "protected_until"):  # made by RegisterImage
            image.deregistration_protection, image.protected_until = DISABLED, None
        record: ImageRecord = image
        return record

    def change_permissions(
        self, caller: Caller, image_id: str, add: list[dict[str, str]], remove: list[dict[str, str]]
    ) -> None:
        """Change who may launch an image."""
        modify_in_moto(ec2_backends[caller.account][caller.region], image_id, add, remove)


def without_disabled(response: Any) -> ActionResult:
    """What DescribeImages answers: disabled images only where IncludeDisabled asks for them."""
    answer: ActionResult = describe_in_moto(response)
    if response._get_bool_param("IncludeDisabled", False):
        return answer
    images: Any = answer.result
    return ActionResult({"Images": [image for image in images["Images"] if image.state != DISABLED]})


def install(machines: Machines) -> None:
    """Let `machines` keep the file systems of all images."""
    machines.catalogue = Images()

    def create_image(
        self: Any, instance_id: str, name: str, description: str, tag_specifications: list[dict[str, Any]]
    ) -> Any:
        instance = self.get_instance(instance_id)
        if any(image.name == name for image in images_of(self) if image.owner_id == self.account_id):
            with told_by_moto():
                raise AwsError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by another AMI")
        device = root_device_of(self, instance)
        of_image = [spec for spec in tag_specifications if spec["ResourceType"] != "snapshot"]
        image: Any = create_in_moto(self, instance_id, name, description, of_image)
        image.state = "pending"
        finish(image, device, instance.root_device_name or ROOT_DEVICE)
        for spec in tag_specifications:
            if spec["ResourceType"] == "snapshot":
                image.ebs_snapshot.add_tags({tag["Key"]: tag["Value"] for tag in spec["Tags"]})
        try:
            with told_by_moto():
                machines.commit(instance_id, image.id)
        except Exception:
            del self.amis[image.id]
            raise
        image.state = "available"
        return image

    def copy_image(
        self: Any, source_image_id: str, source_region: str, name: str | None = None, description: str | None = None
    ) -> Any:
        with told_by_moto():
            source = machines.catalogue.launchable(ec2_backends[self.account_id][source_region], source_image_id)
        image: Any = copy_in_moto(self, source_image_id, source_region, name, description)
        finish(image, dict(getattr(source, "root_device", BASE_DEVICE)), source.root_device_name)
        image.imds_support = getattr(source, "imds_support", None)
        machines.copy_image(source_image_id, image.id)
        return image

    def deregister_image(self: Any, ami_id: str) -> None:
        with told_by_moto():
            image: Any = self.amis.get(ami_id)
            if image is not None and hasattr(image, "protected_until"):
                refuse_protected(image, datetime.now(UTC))
        deregister_in_moto(self, ami_id)
        machines.remove_image(ami_id)

    def describe_images(
        self: Any,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Any]:
        images = images_of(self)
        if malformed := [ami_id for ami_id in ami_ids or () if not ami_id.startswith("ami-")]:
            raise MalformedAMIIdError(malformed)
        if ami_ids:
            unknown = set(ami_ids) - {image.id for image in images} - set(self.deleted_amis)
            if unknown:
                raise InvalidAMIIdError(sorted(unknown))
            images = [image for image in images if image.id in ami_ids]
        if exec_users:
            images = [image for image in images if executable_by(image, exec_users, self.account_id)]
        if owners:
            images = [image for image in images if owned_by(image, owners, self.account_id)]
        return generic_filter(filters, images) if filters else images

    def modify_image_attribute(
        self: Any,
        ami_id: str,
        launch_permissions_to_add: list[dict[str, str]],
        launch_permissions_to_remove: list[dict[str, str]],
    ) -> None:
        if ami_id not in self.amis:
            raise InvalidAMIIdError(ami_id)
        modify_in_moto(self, ami_id, launch_permissions_to_add, launch_permissions_to_remove)

    def block_device_mappings(self: Any) -> list[dict[str, Any]]:
        device = getattr(self, "root_device", None) or {**BASE_DEVICE, "VolumeSize": self.ebs_snapshot.volume.size}
        return [{"DeviceName": self.root_device_name, "Ebs": {"SnapshotId": self.ebs_snapshot.id, **device}}]

    for hook in (create_image, copy_image, deregister_image, describe_images, modify_image_attribute):
        setattr(AmiBackend, hook.__name__, hook)
    setattr(Ami, block_device_mappings.__name__, property(block_device_mappings))
    setattr(AmisResponse, describe_in_moto.__name__, without_disabled)
