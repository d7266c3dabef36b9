"""`python -m bake copy` and `share` as a user calls them, against an AWS that knows what is done with images."""

import json
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bake.copy import copies
from bake.image import ImageRecord, ImageStore
from bake.lease import Lease
from bake.leases import Leases
from bake.place import Home
from console.aws import Aws
from console.errors import KilnError
from infra import images as images_file
from tests.bake.images_aws import BUCKET, Tooling, server, tooling, variables
from tests.bake.impatient import AT_WORK, leases, sweep
from tests.bake.said import Command

REGION = "eu-central-1"
ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as found:
        yield found


@pytest.fixture
def account(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tooling:
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    for name, value in variables(url, Home.from_parameter_files(), tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(copies, "POLLS_SECONDS", (0.1,))
    return tooling(tmp_path / "images.toml")


# --- copy -------------------------------------------------------------------------------------------------------------
def test_a_copy_is_what_its_source_is_under_the_key_of_its_region(command: Command, account: Tooling) -> None:
    key = account.make_key(REGION)
    said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 0, said.err
    (one,) = said.json["regions"]
    assert (one["region"], one["action"]) == (REGION, "copied")
    (copy,) = account.copies(REGION)
    tags = {tag["Key"]: tag["Value"] for tag in copy["Tags"]}
    assert {key: tags.get(key) for key in account.record.tags} == account.record.tags
    assert tags["kiln:copied-from"] == account.image and "kiln:release:Stage" not in tags
    assert (copy["SourceImageId"], copy["SourceImageRegion"]) == (account.image, account.home.region)
    assert copy["ImdsSupport"] == "v2.0"
    assert copy["DeregistrationProtection"] == "enabled-with-cooldown"
    source = account.aws.client("ec2").describe_images(ImageIds=[account.image])["Images"][0]
    assert copy["DeprecationTime"] == source["DeprecationTime"]
    (snapshot,) = account.snapshots(REGION)
    assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, key)
    record = account.recorded()
    assert record.image_ids[REGION] == copy["ImageId"]
    assert record.snapshot_ids[REGION] == (snapshot["SnapshotId"],)
    assert images_file.load(account.images).root["web"].image_ids == record.image_ids
    assert {one["sight"] for one in said.json["accounts"]} == {"sees it"}
    assert len(said.json["accounts"]) == len(account.home.others)


def test_a_dry_run_writes_nothing(command: Command, account: Tooling) -> None:
    account.make_key(REGION)
    said = command("copy", "web", "--to", REGION, "--dry-run")
    assert (said.code, said.out) == (0, f"{REGION}: copy (there is none yet)\n")
    assert account.copies(REGION) == [] and account.recorded() == account.record


def test_a_sweep_that_spares_nothing_young_leaves_a_copy_alone_that_is_not_recorded_yet(
    command: Command, account: Tooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.make_key(REGION)
    told, change = list[dict[tuple[str, str], str]](), ImageStore.change

    def swept_before(store: ImageStore, record: ImageRecord, how: Callable[[ImageRecord], ImageRecord]) -> ImageRecord:
        (one,) = account.copies(REGION)
        assert one["State"] == "available", "EC2's own state does not keep it any more"
        told.append(sweep(account.aws, BUCKET, REGION))
        assert account.copies(REGION) == [one]
        return change(store, record, how)

    monkeypatch.setattr(ImageStore, "change", swept_before)
    said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 0, said.err
    assert told == [{(account.record.build, REGION): AT_WORK}]
    assert account.recorded().image_ids[REGION] == said.json["regions"][0]["image"]
    assert leases(account.aws, BUCKET) == []


def test_a_copy_waits_neither_for_another_of_the_same_image_nor_for_a_bake_of_it(
    command: Command, account: Tooling
) -> None:
    account.make_key(REGION)
    other, s3 = account.record, Leases(account.aws.client("s3"), BUCKET)
    bake = Lease.of(recipe="web", digest=other.digest, build=other.build, caller="arn:me", duration_seconds=60)
    assert s3.put(bake, None)
    with s3.at_work(other.recipe, other.build, "arn:me", print):
        assert command("copy", "web", "--to", REGION).code == 0
        assert len(leases(account.aws, BUCKET)) == 2, "it has released its own"


def test_a_dry_run_takes_no_lease(command: Command, account: Tooling, monkeypatch: pytest.MonkeyPatch) -> None:
    account.make_key(REGION)
    monkeypatch.setattr(Leases, "put", lambda *_: pytest.fail("it takes one"))
    assert command("copy", "web", "--to", REGION, "--dry-run").code == 0


def test_an_interrupted_copy_leaves_no_lease(
    command: Command, account: Tooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.make_key(REGION)

    def interrupted(*_: object) -> None:
        assert len(leases(account.aws, BUCKET)) == 1
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(copies.Copy, "_encrypted", interrupted)
    said = command("copy", "web", "--to", REGION)
    assert said.code == 130
    assert (leases(account.aws, BUCKET), len(account.copies(REGION))) == ([], 1)


def test_a_region_without_a_key_is_not_ready_and_says_how_to_make_one(command: Command, account: Tooling) -> None:
    account.make_key("us-east-1")
    said = command("copy", "web", "--to", "us-east-1", "--to", REGION, "--json")
    assert said.code == 3
    assert f"cdk deploy Payroll-ImageCopies-{REGION}" in said.json["error"]["next step"]
    assert account.copies("us-east-1") == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--to", "eu-nowhere-7"), "no such region"),
        (("--to", "eu-west-1"), "is baked in this region"),
        (("--to", REGION, "--to", "us-east-1", "--key", "alias/x"), "a key belongs to one region"),
        ((), "--to"),
    ],
)
def test_a_region_that_cannot_be_meant_is_bad_input(
    command: Command, account: Tooling, arguments: tuple[str, ...], text: str
) -> None:
    said = command("copy", "web", *arguments)
    assert said.code == 2
    assert text in said.err


def test_a_key_that_is_disabled_is_said_before_anything_is_copied(command: Command, account: Tooling) -> None:
    key = account.make_key(REGION)
    Aws(REGION).client("kms").disable_key(KeyId=key.rpartition("/")[2])
    said = command("copy", "web", "--to", REGION)
    assert (said.code, account.copies(REGION)) == (3, [])
    assert key in said.err


def test_a_failed_copy_is_said_and_the_next_command_replaces_it(
    command: Command, account: Tooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = account.make_key(REGION)
    with monkeypatch.context() as context:  # a key that is deleted in the moment in which it is asked for
        nothing = f"{key[:-36]}00000000-0000-0000-0000-000000000000"
        context.setattr("bake.copy.flow.find_key", lambda *_: nothing)
        said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 1
    assert "does not exist" in said.json["regions"][0]["error"]["found"]
    (failed,) = account.copies(REGION)
    assert (failed["State"], account.recorded()) == ("failed", account.record)
    assert leases(account.aws, BUCKET) == []
    said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 0, said.err
    (copy,) = account.copies(REGION)
    assert copy["State"] == "available" and copy["ImageId"] != failed["ImageId"]
    assert [one["SnapshotId"] for one in account.snapshots(REGION)] == list(account.recorded().snapshot_ids[REGION])


def test_the_other_regions_are_copied_where_one_fails(command: Command, account: Tooling) -> None:
    account.make_key(REGION)
    account.make_key("us-east-1")
    ec2 = Aws("us-east-1").client("ec2")
    blocked = ec2.copy_image(
        SourceImageId=account.image,
        SourceRegion=account.home.region,
        Name="disabled",
        TagSpecifications=[
            {"ResourceType": "image", "Tags": [{"Key": "kiln:copied-from", "Value": account.image}]},
        ],
    )["ImageId"]
    ec2.disable_image(ImageId=blocked)
    said = command("copy", "web", "--to", "us-east-1", "--to", REGION, "--json")
    assert said.code == 1
    actions = {one["region"]: one["action"] for one in said.json["regions"]}
    assert actions == {"us-east-1": "failed", REGION: "copied"}
    assert set(account.recorded().image_ids) == {account.home.region, REGION}


def test_a_copy_is_protected_only_when_it_is_recorded_and_then_by_the_next_command_too(
    command: Command, account: Tooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.make_key(REGION)

    def fails(*_: object) -> None:
        raise KilnError("the command ends here")

    with monkeypatch.context() as context:
        context.setattr(ImageStore, "change", fails)
        assert command("copy", "web", "--to", REGION).code == 1
    (copy,) = account.copies(REGION)
    assert copy.get("DeregistrationProtection", "disabled") == "disabled", "a sweep could not remove it"
    with monkeypatch.context() as context:
        context.setattr(copies, "protect", fails)
        assert command("copy", "web", "--to", REGION).code == 1
    assert account.recorded().image_ids[REGION] == copy["ImageId"]
    said = command("copy", "web", "--to", REGION, "--json")
    assert (said.code, said.json["regions"][0]["action"]) == (0, "kept")
    (copy,) = account.copies(REGION)
    assert copy["DeregistrationProtection"] == "enabled-with-cooldown"


def test_a_copy_that_was_deregistered_is_made_anew(command: Command, account: Tooling) -> None:
    account.make_key(REGION)
    assert command("copy", "web", "--to", REGION).code == 0
    (gone,) = account.copies(REGION)
    ec2 = Aws(REGION).client("ec2")
    # one with a cooldown would keep it for a day
    ec2.enable_image_deregistration_protection(ImageId=gone["ImageId"], WithCooldown=False)
    ec2.disable_image_deregistration_protection(ImageId=gone["ImageId"])
    ec2.deregister_image(ImageId=gone["ImageId"])
    said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 0, said.err
    (copy,) = account.copies(REGION)
    assert copy["ImageId"] != gone["ImageId"]
    assert account.recorded().image_ids[REGION] == copy["ImageId"]


def test_a_copy_under_another_key_is_not_recorded(command: Command, account: Tooling) -> None:
    account.make_key(REGION)
    other = Aws(REGION).client("kms").create_key()["KeyMetadata"]["Arn"]
    assert command("copy", "web", "--to", REGION, "--key", other).code == 0
    said = command("copy", "web", "--to", REGION, "--json")
    assert said.code == 1
    assert other in said.json["regions"][0]["error"]["found"]


def test_a_copy_of_an_image_that_is_not_in_force_leaves_the_images_file_alone(
    command: Command, account: Tooling
) -> None:
    account.make_key(REGION)
    images_file.record(account.images, "web", "sha256:" + "0" * 64, {account.home.region: "ami-00000000"})
    before = account.images.read_bytes()
    said = command("copy", account.record.build, "--to", REGION, "--json")
    assert said.code == 0, said.err
    assert said.json["regions"][0]["in_images_file"] is None
    assert account.images.read_bytes() == before
    assert REGION in account.recorded().image_ids


# --- share ------------------------------------------------------------------------------------------------------------
def test_sharing_reaches_every_region_and_the_record(command: Command, account: Tooling) -> None:
    account.make_key(REGION)
    assert command("copy", "web", "--to", REGION).code == 0
    said = command("share", "web", "--account", "999999999999", "--json")
    assert said.code == 0, said.err
    kinds = sorted((one["region"], one["kind"]) for one in said.json["shared"])
    assert kinds == [
        (region, kind) for region in (REGION, account.home.region) for kind in ("image", "key", "snapshot")
    ]
    assert {one["sight"] for one in said.json["accounts"]} == {"not asked"}
    assert account.recorded().shared_with == tuple(sorted([*account.home.others, "999999999999"]))
    assert command("share", "web", "--account", "999999999999", "--json").json["shared"] == []


def test_a_dry_run_of_sharing_shares_nothing(command: Command, account: Tooling) -> None:
    said = command("share", "web", "--account", "999999999999", "--dry-run", "--json")
    assert len(said.json["would_share"]) == 3
    ec2 = account.aws.client("ec2")
    permissions = ec2.describe_image_attribute(ImageId=account.image, Attribute="launchPermission")["LaunchPermissions"]
    assert {"UserId": "999999999999"} not in permissions
    assert account.recorded() == account.record


def test_an_organization_is_refused_until_the_keys_policy_lets_it_in(command: Command, account: Tooling) -> None:
    said = command("share", "web", "--organization", ORGANIZATION, "--json")
    assert said.code == 3
    statement = json.loads(said.json["error"]["expected"])
    key = said.json["error"]["where"].partition(",")[0]
    kms = account.aws.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=json.dumps({**policy, "Statement": [*policy["Statement"], statement]})
    )
    said = command("share", "web", "--organization", ORGANIZATION, "--json")
    assert said.code == 0, said.err
    assert [(one["kind"], one["principal"]) for one in said.json["shared"]] == [("image", ORGANIZATION)]
    assert ORGANIZATION in account.recorded().shared_with


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--account", "stage"), "12 digits"),
        (("--account", "111111111111"), "belongs to this account"),
        (("--organization", "o-a1b2c3d4e5"), "no ARN of an organization"),
    ],
)
def test_whom_it_cannot_be_shared_with_is_bad_input(
    command: Command, account: Tooling, arguments: tuple[str, ...], text: str
) -> None:
    said = command("share", "web", *arguments)
    assert said.code == 2
    assert text in said.err


def test_an_image_that_is_gone_is_not_shared(command: Command, account: Tooling) -> None:
    account.aws.client("ec2").deregister_image(ImageId=account.image)
    said = command("share", account.record.build)
    assert said.code == 1
    assert "it is gone" in said.err
