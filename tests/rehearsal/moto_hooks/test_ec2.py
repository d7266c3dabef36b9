"""The pure parts of the hooks into moto's EC2."""

import base64
import gzip
from dataclasses import dataclass, field
from typing import Any

import pytest

from rehearsal.front.service import AwsError
from rehearsal.moto_hooks.ec2 import profile_missing, with_template
from rehearsal.moto_hooks.ec2_images import executable_by, owned_by, visible, with_root_device
from rehearsal.moto_hooks.ec2_record import decoded, openssh


@dataclass
class Snapshot:
    id: str = "snap-1"


@dataclass
class Image:
    owner_id: str = "111111111111"
    owner_alias: str | None = None
    launch_permissions: list[dict[str, str]] = field(default_factory=list)
    root_device_name: str = "/dev/xvda"
    root_device: dict[str, Any] = field(default_factory=lambda: {"VolumeSize": 8, "Encrypted": False})
    ebs_snapshot: Snapshot = field(default_factory=Snapshot)

    @property
    def is_public(self) -> bool:
        return {"Group": "all"} in self.launch_permissions


def test_an_image_is_seen_by_its_owner_by_whom_it_is_shared_with_and_by_all_if_it_is_public() -> None:
    assert visible(Image(), "111111111111")
    assert not visible(Image(), "444444444444")
    assert visible(Image(launch_permissions=[{"UserId": "444444444444"}]), "444444444444")
    assert visible(Image(launch_permissions=[{"Group": "all"}]), "444444444444")


def test_executable_users_select_by_explicit_permission_and_all_by_public() -> None:
    shared, public = Image(launch_permissions=[{"UserId": "4"}]), Image(launch_permissions=[{"Group": "all"}])
    assert executable_by(shared, ["self"], "4")
    assert not executable_by(shared, ["self"], "5")
    assert executable_by(public, ["all"], "5")
    assert not executable_by(public, ["self"], "5")


def test_owners_select_by_account_alias_and_self() -> None:
    image = Image(owner_alias="amazon")
    assert owned_by(image, ["self"], "111111111111")
    assert owned_by(image, ["amazon"], "4")
    assert not owned_by(image, ["self"], "4")


def test_what_a_launch_does_not_say_of_the_root_device_is_as_in_the_image() -> None:
    assert with_root_device([], Image())[0]["Ebs"] == {"VolumeSize": 8, "Encrypted": False}
    asked = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": None, "Encrypted": True}}]
    assert with_root_device(asked, Image())[0]["Ebs"] == {"VolumeSize": 8, "Encrypted": True}
    more = with_root_device([{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 5}}], Image())
    assert [device["DeviceName"] for device in more] == ["/dev/xvda", "/dev/sdb"]


def test_a_root_volume_that_the_snapshot_of_the_image_does_not_fit_into_is_refused() -> None:
    with pytest.raises(AwsError, match="Volume of size 7GB is smaller than snapshot 'snap-1', expect size >= 8GB"):
        with_root_device([{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 7}}], Image())
    larger = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}]
    assert with_root_device(larger, Image())[0]["Ebs"]["VolumeSize"] == 9


def test_a_request_goes_before_its_launch_template() -> None:
    data: dict[str, Any] = {
        "IamInstanceProfile": {"Name": "of template"},
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-t"}],
    }
    merged = with_template({"metadata_options": {"HttpPutResponseHopLimit": 2}, "subnet_id": "subnet-r"}, data)
    assert merged["iam_instance_profile_name"] == "of template"
    assert merged["metadata_options"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    assert merged["nics"] == [{"DeviceIndex": 0, "SubnetId": "subnet-r"}]
    assert with_template({"iam_instance_profile_arn": "arn"}, data).get("iam_instance_profile_name") is None


def test_moto_gives_the_profile_to_the_first_instance_only_if_the_request_names_it() -> None:
    named = {"iam_instance_profile_name": "web"}
    assert profile_missing(named, named, ["a", "b"]) == ["b"]
    assert profile_missing(named, {}, ["a", "b"]) == ["a", "b"]
    assert profile_missing({}, {}, ["a", "b"]) == ()


def test_user_data_is_decoded_and_compressed_user_data_is_refused() -> None:
    assert decoded(None) is None
    assert decoded(base64.b64encode(b"#!/bin/sh\n").decode()) == "#!/bin/sh\n"
    with pytest.raises(AwsError, match="plain script"):
        decoded(base64.b64encode(gzip.compress(b"#!/bin/sh\n")).decode())


def test_a_public_key_carries_the_name_of_its_key_pair_as_on_an_instance() -> None:
    assert openssh(b"ssh-ed25519 AAAA\n", "packer-1") == "ssh-ed25519 AAAA packer-1"
    assert openssh("ssh-rsa BBBB me@my machine", "imported") == "ssh-rsa BBBB imported"
