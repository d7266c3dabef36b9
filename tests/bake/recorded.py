"""An account with Tooling, and in it images with their records as bakes leave them; nothing is baked for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bake.digest import Closure
from bake.image import ImageRecord, ImageStore, TestResult
from bake.place import TOOLING_PREFIX, Home
from bake.recipe import Layer
from console.aws import Aws
from infra import images as images_file

OTHERS = ("444444444444", "555555555555")
BUCKET = "images-of-the-test"
PARENTS = {"base": "/aws/service/debian", "runtime": "base", "web": "runtime"}
LAYERS = {"base": Layer.BASE, "runtime": Layer.RUNTIME, "web": Layer.TIER}


@dataclass
class Account:
    """An account with Tooling and what bakes have left in it."""

    aws: Aws
    home: Home
    store: ImageStore

    def image(self, record: ImageRecord) -> str:
        """An AMI with the tags that the record asks for."""
        ec2 = self.aws.client("ec2")
        tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
        image_id = ec2.register_image(Name=f"payroll-{record.build}")["ImageId"]
        ec2.create_tags(Resources=[image_id], Tags=tags)
        return str(image_id)

    def bake(self, recipe: str, number: int, below: ImageRecord | None = None, **changes: Any) -> ImageRecord:
        """What a bake leaves: an image and its record."""
        region = self.aws.region
        closure = Closure(
            parent=below.digest if below else f"ami-debian-{number}",
            artifact="a" * 64 if recipe == "web" else None,
            files={f"{recipe}/provision.sh": f"{number}" * 64},
            variables={"instance_type": "t3.small"},
            tools={"packer": "1.16.0"},
        )
        record = ImageRecord(
            application="Payroll",
            recipe=recipe,
            layer=LAYERS[recipe],
            digest=closure.digest,
            version=f"1.{number}.0" if recipe == "web" else None,
            commit=f"{'c' * 40}-dirty",
            build=f"{recipe}-build-{number}",
            baked_at=datetime(2026, 1, number, tzinfo=UTC),
            owner=self.home.account,
            image_ids={},
            snapshot_ids={region: ("snap-1",)},
            parent=PARENTS[recipe],
            parent_image_ids={region: below.image_ids[region] if below else f"ami-debian-{number}"},
            closure=closure,
            tests=(
                TestResult(name="test_starts", outcome="passed", seconds=1),
                TestResult(name="test_windows", outcome="skipped", seconds=0),
            ),
            packages={"bash": "5.2"},
            seconds={"provision": 3.0},
        )
        record = record.model_copy(update=changes)
        record = record.model_copy(update={"image_ids": {region: self.image(record)}})
        self.store.put(record)
        return record


def deploy_tooling(aws: Aws) -> None:
    """What commands that bake nothing ask of the stack: its bucket and its parameters."""
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for name in ("subnet-ids", "security-group-id", "instance-profile", "key-arn", "image-bucket"):
        value = BUCKET if name == "image-bucket" else "x"
        aws.client("ssm").put_parameter(Name=TOOLING_PREFIX + name, Value=value, Type="String")


def recorded(aws: Aws, monkeypatch: pytest.MonkeyPatch, images: Path) -> Account:
    """With nothing baked yet; `images` is the images file."""
    home = Home("Dev", "dev", "123456789012", aws.region, OTHERS)
    monkeypatch.setattr(Home, "from_parameter_files", lambda: home)  # moto has an account of its own
    monkeypatch.setenv(images_file.VARIABLE, str(images))
    deploy_tooling(aws)
    return Account(aws, home, ImageStore(aws.client("s3"), BUCKET))
