from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import sweep
from bake.sweep import Found, Kind, plan
from console.aws import Aws
from tests.bake.bakers import DEBIAN

BUILD = "web-20260101-000000-aaaaaa"
OURS = {sweep.TAG: BUILD}
THEIRS = {sweep.TAG: "web-20260101-000000-bbbbbb"}
BUILDER = Found(Kind.INSTANCE, "i-1", "running", tags=OURS)
HALF_MADE = Found(Kind.SNAPSHOT, "snap-1", made_from="i-1")


def ids(*observed: Found) -> list[str]:
    return [one.id for one in plan(BUILD, observed)]


def test_what_carries_the_tag_of_the_build_goes() -> None:
    assert ids(BUILDER, Found(Kind.VOLUME, "vol-1", "in-use", tags=OURS)) == ["i-1", "vol-1"]


def test_what_carries_the_tag_of_another_build_stays() -> None:
    assert ids(replace(BUILDER, tags=THEIRS), Found(Kind.SNAPSHOT, "snap-1", tags=THEIRS, made_from="i-1")) == []


def test_a_half_made_image_and_a_key_pair_go_by_their_exact_names() -> None:
    image = Found(Kind.IMAGE, "ami-1", "pending", name=f"payroll-{BUILD}")
    key = Found(Kind.KEY_PAIR, "packer", name=f"packer-{BUILD}")
    assert ids(image, key) == ["ami-1", "packer"]
    assert ids(replace(image, name=f"payroll-{BUILD}-2"), replace(key, name="packer-")) == []


def test_a_name_counts_only_for_its_own_kind() -> None:
    assert ids(Found(Kind.SECURITY_GROUP, "sg-1", name=f"packer-{BUILD}")) == []


def test_an_untagged_snapshot_goes_if_its_instance_is_of_the_build_also_a_terminated_one() -> None:
    assert ids(BUILDER, HALF_MADE) == ["snap-1", "i-1"]
    assert ids(replace(BUILDER, state="terminated"), HALF_MADE) == ["snap-1"]
    assert ids(replace(BUILDER, tags=THEIRS), HALF_MADE) == []
    assert ids(HALF_MADE) == [], "an instance that nobody knows proves nothing"


def test_what_has_ended_is_left_alone() -> None:
    assert ids(replace(BUILDER, state="shutting-down"), replace(BUILDER, id="i-2", state="terminated")) == []


def test_what_a_record_names_is_no_remains() -> None:
    image, snapshot = Found(Kind.IMAGE, "ami-1", "available", tags=OURS), Found(Kind.SNAPSHOT, "snap-1", tags=OURS)
    assert [one.id for one in plan(BUILD, [image, snapshot, BUILDER], {"ami-1", "snap-1"})] == ["i-1"]


def test_removals_come_in_an_order_in_which_each_is_possible() -> None:
    kinds = list(Kind)
    observed = [Found(kind, f"id-{kind}", tags=OURS) for kind in reversed(kinds)]
    assert [one.kind for one in plan(BUILD, observed)] == kinds


@given(st.lists(st.builds(Found, kind=st.sampled_from(Kind), id=st.text(), name=st.text(), made_from=st.text())))
def test_nothing_without_a_mark_of_the_build_is_ever_removed(observed: list[Found]) -> None:
    assert plan(BUILD, observed) == ()


def test_a_reason_is_given_for_each_removal() -> None:
    assert [one.reason for one in plan(BUILD, [BUILDER, HALF_MADE])] == ["made from i-1", f"tagged kiln:build={BUILD}"]


def tags(kind: str, values: dict[str, str]) -> list[dict[str, object]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}]


@pytest.mark.slow
def test_a_sweep_removes_everything_of_the_build_and_nothing_else(aws: Aws) -> None:
    ec2 = aws.client("ec2")

    def builder(build: dict[str, str], name: str) -> str:
        made = ec2.run_instances(
            ImageId=DEBIAN, MinCount=1, MaxCount=1, TagSpecifications=[*tags("instance", build), *tags("volume", build)]
        )
        instance = str(made["Instances"][0]["InstanceId"])
        ec2.create_key_pair(KeyName=f"packer-{name}")
        ec2.create_security_group(GroupName=name, Description="-", TagSpecifications=tags("security-group", build))
        ec2.create_image(InstanceId=instance, Name=f"payroll-{name}")  # half-made: without tags
        return instance

    def left() -> list[int]:
        filters = [{"Name": "instance-state-name", "Values": ["running"]}]
        reservations = ec2.describe_instances(Filters=filters)["Reservations"]
        return [
            len(reservations),
            len(ec2.describe_key_pairs()["KeyPairs"]),
            len(ec2.describe_images(Owners=["self"])["Images"]),
            len(ec2.describe_security_groups()["SecurityGroups"]),
            len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
            len(ec2.describe_volumes()["Volumes"]),
        ]

    builder(THEIRS, THEIRS[sweep.TAG])
    before = left()
    builder(OURS, BUILD)
    assert all(now > then for now, then in zip(left(), before, strict=True))

    outcome = sweep.sweep(aws, BUILD)
    assert outcome.left == ()
    assert {one.rpartition(" ")[0] for one in outcome.removed} >= {"instance", "key pair", "image", "security group"}
    assert left() == before
    assert sweep.sweep(aws, BUILD) == sweep.Outcome(), "once more finds nothing"


@pytest.mark.slow
def test_what_cannot_be_removed_is_reported(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    instance = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    image = ec2.create_image(InstanceId=instance, Name="somebody's image")["ImageId"]
    devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshot = devices[0]["Ebs"]["SnapshotId"]
    ec2.create_tags(Resources=[snapshot], Tags=tags("", OURS)[0]["Tags"])

    outcome = sweep.sweep(aws, BUILD)
    assert outcome.removed == ()
    (left,) = outcome.left
    assert left.startswith(f"snapshot {snapshot} (")
    assert "InvalidSnapshot.InUse" in left
