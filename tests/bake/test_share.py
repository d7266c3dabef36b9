import pytest

from bake import share
from bake.share import Kind, Share, missing
from console.aws import Aws

ACCOUNTS = ("222222222222", "444444444444")


def test_only_what_is_missing_is_shared() -> None:
    present = [Share(Kind.IMAGE, "ami-1", "222222222222")]
    assert missing({"ami-1": Kind.IMAGE, "key": Kind.KEY}, ACCOUNTS, present) == (
        Share(Kind.IMAGE, "ami-1", "444444444444"),
        Share(Kind.KEY, "key", "222222222222"),
        Share(Kind.KEY, "key", "444444444444"),
    )
    assert missing({"ami-1": Kind.IMAGE}, (), present) == ()


@pytest.mark.slow
def test_sharing_twice_is_sharing_once(aws: Aws) -> None:
    ec2, kms = aws.client("ec2"), aws.client("kms")
    parent = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=parent, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
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
