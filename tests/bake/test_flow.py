"""What happens without Packer: reuse, sharing with new accounts, a dry run. The bake itself is tests/pipeline's."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bake import artifact, recipe, toolchain
from bake.flow import Baker, Options
from bake.image import ImageRecord, ImageStore
from bake.place import Home, Workshop
from bake.recipe import Recipe
from console.aws import Aws
from console.progress import Progress
from infra import images as images_file

BUCKET = "images-of-the-test"
WEB = recipe.load("web")


@pytest.fixture
def baker(aws: Aws, tmp_path: Path) -> Baker:
    location = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return Baker(
        home=Home("Dev", "dev", "123456789012", aws.region, ("444444444444",)),
        aws=aws,
        workshop=Workshop("subnet-1", "sg-1", "profile", key, BUCKET, {"web": "ami-00000000"}),
        store=ImageStore(aws.client("s3"), BUCKET),
        versions=toolchain.load_versions(),
        images=tmp_path / "images.toml",
        options=Options(),
        progress=Progress(),
        look_up_seconds=0.0,
    )


def bake_before(baker: Baker, tier: Recipe) -> ImageRecord:
    """What an earlier bake of this very recipe has left."""
    ec2 = baker.aws.client("ec2")
    parent = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=parent, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    image = ec2.create_image(InstanceId=instance, Name="earlier")["ImageId"]
    closure = baker.close(tier, artifact.make(tier))
    record = ImageRecord(
        application="Payroll",
        tier=tier.tier,
        digest=closure.digest,
        version=tier.version,
        commit="c",
        build="web-earlier",
        baked_at=datetime(2026, 1, 1, tzinfo=UTC),
        owner=baker.home.account,
        image_ids={baker.aws.region: image},
        snapshot_ids={baker.aws.region: ()},
        parent_parameter=tier.contents.parent,
        closure=closure,
        shared_with=baker.home.others,
    )
    baker.store.put(record)
    return record


def test_an_unchanged_recipe_is_reused_and_written_into_the_images_file(baker: Baker) -> None:
    record = bake_before(baker, WEB)
    outcome = baker.bake(WEB)
    assert (outcome.action, outcome.digest, outcome.image_ids) == ("reused", record.digest, record.image_ids)
    assert outcome.record == baker.store.url("web", record.digest)
    assert set(outcome.seconds) == {"lookup", "plan", "record"}
    assert images_file.load(baker.images).image_id("web", baker.aws.region) == record.image_ids[baker.aws.region]


def test_an_environment_that_was_added_gets_the_reused_image_too(baker: Baker) -> None:
    record = bake_before(baker, WEB)
    more = ("444444444444", "555555555555")
    baker = replace(baker, home=replace(baker.home, others=more))
    assert baker.bake(WEB).action == "reused"
    (image,) = record.image_ids.values()
    shared = baker.aws.client("ec2").describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert {one.get("UserId") for one in shared["LaunchPermissions"]} == set(more)
    found = baker.store.get("web", record.digest)
    assert found
    assert found.shared_with == more


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(baker: Baker) -> None:
    baker = replace(baker, options=Options(dry_run=True))
    outcome = baker.bake(WEB)
    assert (outcome.action, outcome.reason) == ("bake", "there is no image of this recipe yet")
    assert (outcome.image_ids, outcome.record) == ({}, None)
    bake_before(baker, WEB)
    assert baker.bake(WEB).action == "reuse"
    assert not baker.images.exists()


def test_an_image_that_was_deregistered_since_would_be_baked_again(baker: Baker) -> None:
    record = bake_before(baker, WEB)
    (image,) = record.image_ids.values()
    baker.aws.client("ec2").deregister_image(ImageId=image)
    outcome = replace(baker, options=Options(dry_run=True)).bake(WEB)
    assert outcome.action == "bake"
    assert outcome.reason == f"its image {image} in {baker.aws.region} is gone (deregistered since)"


def test_what_changed_since_the_image_in_force_is_told(baker: Baker, payroll: Path) -> None:
    record = bake_before(baker, WEB)
    images_file.record(baker.images, "web", record.digest, dict(record.image_ids))
    (payroll / "web" / "provision.sh").open("a", encoding="utf-8").write("true\n")
    outcome = replace(baker, options=Options(dry_run=True)).bake(recipe.load("web", payroll))
    assert (outcome.action, outcome.changes) == ("bake", ("file web/provision.sh changed",))


def test_another_encryption_key_is_another_image(baker: Baker) -> None:
    made = artifact.make(WEB)
    other = replace(baker, workshop=replace(baker.workshop, key="arn:another"))
    assert baker.close(WEB, made).digest != other.close(WEB, made).digest


def test_where_the_bake_takes_place_does_not_change_the_image(baker: Baker) -> None:
    made = artifact.make(WEB)
    other = replace(baker, workshop=replace(baker.workshop, subnet="s", security_group="g", bucket="b"))
    assert baker.close(WEB, made).digest == other.close(WEB, made).digest
