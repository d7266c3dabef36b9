"""`python -m bake retire` as a user calls it, against six accounts in an AWS of this process."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bake.agreement import snapshots_of
from bake.image import ImageRecord
from bake.retire import steps, usage
from bake.retire.history import History
from console.accounts import Accounts
from console.aws import Aws
from console.errors import KilnError, NotReady
from infra import images as images_file
from infra.parameters import load_all
from tests.bake.recorded import BUCKET
from tests.bake.retire.conftest import OTHERS, PRODUCTION, REGION, STAGE, World
from tests.bake.said import said

AT_ONCE = ["--keep", "0", "--younger-than", "0m", "--grace", "0m"]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    told = said(capsys, "retire", *arguments)
    return told.code, told.all


def retire(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The images that a call tells of, by AMI id."""
    code, out = call(capsys, "--json", *AT_ONCE, *arguments)
    answer = json.loads(out)
    assert code == 0, out
    return {one["image_id"]: one for one in answer["images"]}


def of(told: dict[str, Any], record: ImageRecord) -> dict[str, Any]:
    found: dict[str, Any] = told[record.image_ids[REGION]]
    return found


def state(world: World, record: ImageRecord) -> str:
    description = world.image(record)
    return str(description["State"]) if description else "gone"


def use_in(world: World, account: str, record: ImageRecord) -> str:
    """A launch template of another account's."""
    made = world.client("ec2", account).create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": record.image_ids[REGION]}
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def test_without_apply_nothing_is_changed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    web = world.bake("web", 3)
    before = world.image(web)
    code, out = call(capsys, *AT_ONCE)
    assert code == 0
    assert out.splitlines()[-1] == "1 to deprecate; nothing was changed: --apply does it"
    assert world.image(web) == before


@pytest.mark.slow
def test_an_image_goes_step_by_step_and_its_record_stays_in_the_history(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    web = world.bake("web", 3)
    assert of(retire(capsys, "--apply"), web)["step"] == "deprecate"
    assert (world.image(web) or {})["DeprecationTime"]
    assert of(retire(capsys, "--apply"), web)["step"] == "disable"
    assert (state(world, web), world.launchers(web)) == ("disabled", set())
    first = of(retire(capsys, "--apply"), web)
    assert (first["step"], first["done"]) == ("delete", False)
    assert first["again_after"], "EC2 keeps what was protected with a cool-down for a day"
    assert of(retire(capsys, "--apply"), web)["step"] == "wait"
    assert world.store.get("web", web.digest)

    world.let_a_day_pass(web)
    assert of(retire(capsys, "--apply"), web)["done"]
    assert state(world, web) == "gone"
    assert not set(web.snapshot_ids[REGION]) & world.snapshots()
    assert world.store.get("web", web.digest) is None, "no bake reuses it"
    kept = world.aws.client("s3").get_object(Bucket=BUCKET, Key=History(world.store).key(web))["Body"].read()
    assert ImageRecord.model_validate_json(kept) == web
    assert retire(capsys, "--apply") == {}


def test_what_another_account_uses_stays_with_what_it_stands_on(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    base = world.bake("base", 1)
    runtime = world.bake("runtime", 2, base)
    web, other = world.bake("web", 3, runtime), world.bake("web", 4, runtime)
    use_in(world, PRODUCTION, web)
    told = retire(capsys, "--apply")
    assert [of(told, one)["step"] for one in (base, runtime, web, other)] == ["keep", "keep", "keep", "deprecate"]
    assert of(told, web)["reason"] == "used by launch template web, version 1 of Production in eu-west-1"


def test_what_is_used_again_on_its_way_out_gets_the_whole_grace_time_anew(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    web = world.bake("web", 3)
    retire(capsys, "--apply")
    template = use_in(world, PRODUCTION, web)
    assert of(retire(capsys, "--apply"), web)["step"] == "unmark"
    assert of(retire(capsys, "--apply"), web)["step"] == "keep"
    world.client("ec2", PRODUCTION).delete_launch_template(LaunchTemplateId=template)
    assert of(retire(capsys, "--apply"), web)["step"] == "mark"
    assert of(retire(capsys, "--grace", "14d"), web)["step"] == "wait"


@pytest.mark.slow
def test_undo_takes_everything_back_as_the_record_says(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    web = world.bake("web", 3)
    before = world.image(web)
    for _ in range(3):
        retire(capsys, "--apply")
    assert (world.image(web) or {})["DeregistrationProtection"] == "disabled"
    image = web.image_ids[REGION]
    assert call(capsys, "--undo", image)[1].startswith(f"{image} in eu-west-1 is disabled")
    assert state(world, web) == "disabled"
    code, out = call(capsys, "--undo", image, "--apply")
    assert code == 0, out
    assert world.launchers(web) == set(OTHERS)
    assert world.image(web) == before
    assert "there was nothing to take back" in call(capsys, "--undo", image, "--apply")[1]


def test_undo_changes_nothing_where_one_of_the_images_is_gone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    web = world.bake("web", 3)
    ids = {**web.image_ids, "us-east-1": "ami-0000000000000dead"}
    web = world.store.change(web, lambda one: one.model_copy(update={"image_ids": ids}))
    retire(capsys, "--apply")
    before = world.image(web)
    code, out = call(capsys, "--undo", web.image_ids[REGION], "--apply")
    assert code == 1
    assert "ami-0000000000000dead in us-east-1" in out
    assert world.image(web) == before


@pytest.mark.slow
def test_a_deletion_that_was_killed_between_image_and_snapshots_is_ended_by_the_next(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    web = world.bake("web", 3)
    for _ in range(3):
        retire(capsys, "--apply")
    world.let_a_day_pass(web)
    History(world.store).begin(web)
    world.aws.client("ec2").deregister_image(ImageId=web.image_ids[REGION])
    assert set(web.snapshot_ids[REGION]) <= world.snapshots()
    assert of(retire(capsys, "--apply"), web)["done"]
    assert not set(web.snapshot_ids[REGION]) & world.snapshots()
    assert retire(capsys) == {}


def test_a_retire_that_was_killed_before_it_ended_the_protection_is_ended_by_the_next(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    web = world.bake("web", 3)
    for _ in range(2):
        retire(capsys, "--apply")
    yesterday = [{"Key": "kiln:unprotected-at", "Value": (datetime.now(UTC) - timedelta(hours=25)).isoformat()}]
    world.aws.client("ec2").create_tags(Resources=list(web.image_ids.values()), Tags=yesterday)
    assert of(retire(capsys, "--apply"), web)["again_after"]
    assert (world.image(web) or {})["DeregistrationProtection"] == "disabled"
    world.let_a_day_pass(web)
    assert of(retire(capsys, "--apply"), web)["done"]
    assert state(world, web) == "gone"


@pytest.mark.slow
def test_the_record_stays_until_the_last_snapshot_of_every_region_is_deleted(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    elsewhere = Aws("eu-central-1").client("ec2")
    builder = elsewhere.run_instances(ImageId="ami-00000000", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    copy = elsewhere.create_image(InstanceId=builder, Name="copy")["ImageId"]
    elsewhere.create_tags(Resources=[copy], Tags=[{"Key": key, "Value": value} for key, value in web.tags.items()])
    snapshots = snapshots_of(elsewhere.describe_images(ImageIds=[copy])["Images"][0])
    both = {
        "image_ids": {**web.image_ids, "eu-central-1": copy},
        "snapshot_ids": {**web.snapshot_ids, "eu-central-1": snapshots},
    }
    web = world.store.change(web, lambda one: one.model_copy(update=both))
    remove = steps._remove

    def refused(doing: str, call: Callable[[], object]) -> None:
        if any(one in doing for one in snapshots):
            raise KilnError("AWS refused DeleteSnapshot")
        remove(doing, call)

    with monkeypatch.context() as patch:
        patch.setattr(steps, "_remove", refused)
        for _ in range(3):
            call(capsys, *AT_ONCE, "--apply")
        world.let_a_day_pass(web)
        assert call(capsys, *AT_ONCE, "--apply")[0] == 1
    assert world.image(web) is None
    assert world.store.get("web", web.digest), "a snapshot is left, and only the record knows it"
    assert all(one["done"] for one in retire(capsys, "--apply").values())
    left = elsewhere.describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": list(snapshots)}])["Snapshots"]
    assert (left, world.store.get("web", web.digest)) == ([], None)


def test_one_account_that_cannot_be_asked_and_nothing_is_done(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    before = world.image(web)
    reader = Accounts.reader

    def refused(self: Accounts, account: str, region: str) -> Any:
        if account == STAGE:
            raise NotReady(
                f"the account {account} (Stage) cannot be asked", found="AccessDenied", next_step="cdk bootstrap"
            )
        return reader(self, account, region)

    monkeypatch.setattr(Accounts, "reader", refused)
    code, out = call(capsys, *AT_ONCE, "--apply")
    assert code == 3
    assert "nothing is retired" in out
    assert "Stage (444444444444) in eu-west-1" in out
    assert "next step: cdk bootstrap" in out
    assert world.image(web) == before


def test_an_image_that_is_another_than_the_plan_saw_is_left_alone(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    gather = usage.gather

    def leased_meanwhile(*asked: Any) -> Any:
        found = gather(*asked)
        tags = [{"Key": "kiln:release:Stage", "Value": "payroll-main-7"}]
        world.aws.client("ec2").create_tags(Resources=list(web.image_ids.values()), Tags=tags)
        return found

    monkeypatch.setattr(usage, "gather", leased_meanwhile)
    code, out = call(capsys, *AT_ONCE, "--apply")
    assert code == 1
    assert "! not done: it is not as it was a moment ago" in out
    assert "DeprecationTime" not in (world.image(web) or {})


def test_recipes_that_are_not_named_are_left_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    base, web = world.bake("base", 1), world.bake("web", 3)
    assert list(retire(capsys, "web", "--apply")) == [web.image_ids[REGION]]
    assert "DeprecationTime" not in (world.image(base) or {})
    assert call(capsys, "wbe")[0] == 2


def test_every_kind_of_use_is_found_in_every_account(world: World) -> None:
    web = world.bake("web", 3)
    image, digest = web.image_ids[REGION], web.digest.removeprefix("sha256:")
    stage, production = world.client("ec2", STAGE), world.client("ec2", PRODUCTION)
    instance = stage.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ended = stage.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    stage.terminate_instances(InstanceIds=[ended])
    template = use_in(world, PRODUCTION, web)
    other = {"ImageId": "ami-00000000"}
    production.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=other)
    groups = world.client("autoscaling", PRODUCTION)
    groups.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=["eu-west-1a"],
    )
    groups.create_launch_configuration(LaunchConfigurationName="old", ImageId=image, InstanceType="t3.micro")
    parameters = world.client("ssm", "666666666666")
    parameters.put_parameter(Name="/kiln/web/ami", Value=image, Type="String")
    parameters.put_parameter(Name="release", Value=f'{{"web": "sha256:{digest}"}}', Type="String")
    for number in range(25):
        parameters.put_parameter(Name=f"/other/{number}", Value="x", Type="String")

    uses = usage.gather(Accounts.of(load_all(), world.aws), [REGION])
    assert {(one.environment, one.kind, one.name) for one in uses if one.what in (image, digest)} == {
        ("Stage", "instance", instance),
        ("Production", "Auto Scaling group", "web"),
        ("Production", "launch configuration", "old"),
        ("Backup", "SSM parameter", "/kiln/web/ami"),
        ("Backup", "SSM parameter", "release"),
    }


def test_an_image_that_a_template_names_by_a_version_of_a_parameter_is_used(world: World) -> None:
    old, new = world.bake("web", 3).image_ids[REGION], world.bake("web", 4).image_ids[REGION]
    parameters, stage = world.client("ssm", STAGE), world.client("ec2", STAGE)
    for image in (old, new):
        parameters.put_parameter(Name="/golden/web", Value=image, Type="String", Overwrite=True)
    data = {"ImageId": "resolve:ssm:/golden/web:1"}
    stage.create_launch_template(LaunchTemplateName="pinned", LaunchTemplateData=data)
    uses = usage.gather(Accounts.of(load_all(), world.aws), [REGION])
    assert [(one.kind, one.name) for one in uses if one.what == old] == [("launch template", "pinned, version 1")]

    data = {"ImageId": "resolve:ssm:/golden/web:7"}
    stage.create_launch_template_version(LaunchTemplateName="pinned", LaunchTemplateData=data)
    with pytest.raises(NotReady) as caught:
        usage.gather(Accounts.of(load_all(), world.aws), [REGION])
    assert "launch template pinned, version 2" in str(caught.value)


def test_the_image_of_an_override_of_a_mixed_group_is_used(world: World) -> None:
    other = world.bake("web", 4)
    template = use_in(world, STAGE, world.bake("web", 3))
    override = {"InstanceType": "t3.micro", "ImageId": other.image_ids[REGION]}
    world.client("autoscaling", STAGE).create_auto_scaling_group(
        AutoScalingGroupName="mixed",
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [{"InstanceType": "t3.small"}, override],
            }
        },
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=["eu-west-1a"],
    )
    uses = usage.gather(Accounts.of(load_all(), world.aws), [REGION])
    assert [(one.kind, one.name) for one in uses if one.what == other.image_ids[REGION]] == [
        ("Auto Scaling group", "mixed")
    ]


def test_an_images_file_that_does_not_exist_keeps_everything(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    before = world.image(web)
    Path(os.environ[images_file.VARIABLE]).unlink()
    code, out = call(capsys, *AT_ONCE, "--apply")
    assert code == 2
    assert "there is no images file" in out and os.environ[images_file.VARIABLE] in out
    assert world.image(web) == before


def test_the_images_file_in_force_keeps_its_images(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    web = world.bake("web", 3)
    images_file.record(Path(os.environ[images_file.VARIABLE]), "web", web.digest, dict(web.image_ids))
    assert of(retire(capsys, "--apply"), web)["reason"] == "the images file names it as web"
