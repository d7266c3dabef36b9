"""Tooling's account with a finished image, in an AWS that knows what is done with images (copy/server.py)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bake.agreement import snapshots_of
from bake.digest import Closure
from bake.image import ImageRecord, ImageStore
from bake.place import TOOLING_PREFIX, Home
from bake.recipe import Layer
from console.aws import Aws
from infra import images as images_file

ROOT = Path(__file__).parents[2]
BUCKET = "images-of-the-test"
ALIAS = "alias/payroll/images"
BUILD = "web-20260101-000000-aaaaaa"


@contextmanager
def server() -> Iterator[str]:
    """Its URL."""
    command = [sys.executable, str(ROOT / "tests" / "bake" / "copy" / "server.py"), "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout
        try:
            yield f"http://localhost:{int(process.stdout.readline())}"
        finally:
            process.kill()


def variables(url: str, home: Home, folder: Path) -> dict[str, str]:
    """The environment of the commands; the images file is in `folder`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": home.account,
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        images_file.VARIABLE: str(folder / "images.toml"),
    }


@dataclass
class Tooling:
    """The account, and the record of its one image, of the tier Web, which is in force."""

    home: Home
    aws: Aws
    store: ImageStore
    record: ImageRecord
    images: Path

    @property
    def image(self) -> str:
        return self.record.image_ids[self.home.region]

    def recorded(self) -> ImageRecord:
        found = self.store.get(self.record.recipe, self.record.digest)
        assert found
        return found

    def copies(self, region: str) -> list[dict[str, Any]]:
        """All copies in a region, whatever their state."""
        filters = [{"Name": "tag:kiln:copied-from", "Values": [self.image]}]
        found: list[dict[str, Any]] = (
            Aws(region).client("ec2").describe_images(Owners=["self"], Filters=filters)["Images"]
        )
        return found

    def snapshots(self, region: str) -> list[dict[str, Any]]:
        """All snapshots of copies in a region."""
        filters = [{"Name": "tag:kiln:copied-from", "Values": [self.image]}]
        answer: list[dict[str, Any]] = (
            Aws(region).client("ec2").describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
        )
        return answer

    def make_key(self, region: str) -> str:
        kms = Aws(region).client("kms")
        key = str(kms.create_key()["KeyMetadata"]["Arn"])
        kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
        return key


def tooling(images: Path) -> Tooling:
    """With one image of Web, shared with the other accounts, protected, deprecated in a year, IMDSv2 only."""
    home = Home.from_parameter_files()
    aws = Aws(home.region)
    ec2, kms, s3 = (aws.client(name) for name in ("ec2", "kms", "s3"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": home.region})
    key = kms.create_key()["KeyMetadata"]["Arn"]
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])["Subnets"][0]
    group = ec2.create_security_group(GroupName="bake", Description="bake", VpcId=subnet["VpcId"])["GroupId"]
    iam = aws.client("iam")
    iam.create_instance_profile(InstanceProfileName="builders")
    for name, value in {
        "subnet-ids": subnet["SubnetId"],
        "security-group-id": group,
        "instance-profile": "builders",
        "key-arn": key,
        "image-bucket": BUCKET,
    }.items():
        aws.client("ssm").put_parameter(Name=TOOLING_PREFIX + name, Value=value, Type="String")
    image = str(ec2.register_image(Name=f"payroll-{BUILD}")["ImageId"])
    ec2.modify_image_attribute(ImageId=image, ImdsSupport={"Value": "v2.0"})
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": one} for one in home.others]})
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt=datetime.now(UTC) + timedelta(days=365))
    closure = Closure(
        parent="sha256:" + "1" * 64, artifact="a" * 64, files={}, variables={"instance_type": "t3.small"}, tools={}
    )
    record = ImageRecord(
        application="Payroll",
        recipe="web",
        layer=Layer.TIER,
        digest=closure.digest,
        version="1.0.0",
        commit="c" * 40,
        build=BUILD,
        baked_at=datetime(2026, 1, 1, tzinfo=UTC),
        owner=home.account,
        image_ids={home.region: image},
        snapshot_ids={home.region: snapshots_of(ec2.describe_images(ImageIds=[image])["Images"][0])},
        parent="runtime",
        parent_image_ids={home.region: "ami-00000000"},
        closure=closure,
        shared_with=home.others,
    )
    tags = {**record.tags, "Name": f"payroll-{BUILD}", "kiln:release:Stage": "r-1"}
    ec2.create_tags(Resources=[image], Tags=[{"Key": name, "Value": value} for name, value in tags.items()])
    store = ImageStore(s3, BUCKET)
    store.put(record)
    images_file.record(images, "web", record.digest, dict(record.image_ids))
    return Tooling(home, aws, store, record, images)
