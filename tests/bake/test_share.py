import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import share
from bake.share import Kind, Share, missing, permission
from console.aws import Aws
from tests.bake.bakers import DEBIAN

ACCOUNTS = ("222222222222", "444444444444")


ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"
UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-ab12-11111111"
THINGS = {"ami-1": Kind.IMAGE, "snap-1": Kind.SNAPSHOT, "key": Kind.KEY}
PRINCIPALS = st.sets(st.sampled_from(["111111111111", "222222222222", "333333333333"]))
SHARES = st.lists(st.builds(Share, st.sampled_from(Kind), st.sampled_from(sorted(THINGS)), st.sampled_from(ACCOUNTS)))


def test_only_what_is_missing_is_shared() -> None:
    present = [Share(Kind.IMAGE, "ami-1", "222222222222")]
    assert missing({"ami-1": Kind.IMAGE, "key": Kind.KEY}, ACCOUNTS, present) == (
        Share(Kind.IMAGE, "ami-1", "444444444444"),
        Share(Kind.KEY, "key", "222222222222"),
        Share(Kind.KEY, "key", "444444444444"),
    )
    assert missing({"ami-1": Kind.IMAGE}, (), present) == ()


def test_an_organization_gets_the_launch_permission_and_nothing_else() -> None:
    assert missing(THINGS, (), (), [UNIT, ORGANIZATION]) == (
        Share(Kind.IMAGE, "ami-1", ORGANIZATION),
        Share(Kind.IMAGE, "ami-1", UNIT),
    )
    assert missing(THINGS, (), [Share(Kind.IMAGE, "ami-1", UNIT)], [UNIT]) == ()


def test_a_launch_permission_is_called_after_whom_it_is_for() -> None:
    assert [permission(one) for one in ("222222222222", ORGANIZATION, UNIT)] == [
        "UserId",
        "OrganizationArn",
        "OrganizationalUnitArn",
    ]


@given(PRINCIPALS, SHARES, st.sets(st.sampled_from([ORGANIZATION, UNIT])))
def test_after_what_is_missing_is_shared_nothing_is(
    accounts: set[str], present: list[Share], organizations: set[str]
) -> None:
    todo = missing(THINGS, accounts, present, organizations)
    assert not set(todo) & set(present)
    assert missing(THINGS, accounts, [*present, *todo], organizations) == ()
    assert len([*present, *todo]) >= len(THINGS) * len(accounts) + len(organizations)


@pytest.mark.slow
def test_sharing_twice_is_sharing_once(aws: Aws) -> None:
    ec2, kms = aws.client("ec2"), aws.client("kms")
    instance = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    image = ec2.create_image(InstanceId=instance, Name="an image")["ImageId"]
    devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshots = tuple(device["Ebs"]["SnapshotId"] for device in devices)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert snapshots

    done = share.share(aws, image=image, snapshots=snapshots, key=key, accounts=ACCOUNTS)
    assert len(done) == len(ACCOUNTS) * (2 + len(snapshots))
    permissions = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    assert sorted(one.get("UserId") for one in permissions) == list(ACCOUNTS)
    grants = kms.list_grants(KeyId=key)["Grants"]
    assert sorted(grant["GranteePrincipal"] for grant in grants) == [f"arn:aws:iam::{one}:root" for one in ACCOUNTS]
    assert all("Decrypt" in grant["Operations"] and "CreateGrant" in grant["Operations"] for grant in grants)

    assert share.share(aws, image=image, snapshots=snapshots, key=key, accounts=ACCOUNTS) == ()
    assert len(kms.list_grants(KeyId=key)["Grants"]) == len(ACCOUNTS)
    assert len(share.share(aws, image=image, snapshots=(), key=key, accounts=(*ACCOUNTS, "555555555555"))) == 2
