"""`python -m bake list`, `show` and `diff` as a user calls them, against an AWS of this process."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bake.cli import bake
from bake.digest import Closure
from bake.image import ImageRecord, ImageStore, TestResult
from bake.looks.report import HEAD
from bake.place import TOOLING_PREFIX, Home
from bake.recipe import Layer
from console.aws import Aws
from console.command import run
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


@pytest.fixture
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    home = Home("Dev", "dev", "123456789012", aws.region, OTHERS)
    monkeypatch.setattr(Home, "from_parameter_files", lambda: home)  # moto has an account of its own
    monkeypatch.setenv(images_file.VARIABLE, str(tmp_path / "images.toml"))
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for name in ("subnet-ids", "security-group-id", "instance-profile", "key-arn", "image-bucket"):
        value = BUCKET if name == "image-bucket" else "x"
        aws.client("ssm").put_parameter(Name=TOOLING_PREFIX + name, Value=value, Type="String")
    return Account(aws, home, ImageStore(aws.client("s3"), BUCKET))


@dataclass
class Baked:
    """Two tiers on two runtimes; the older one is in force."""

    base: ImageRecord
    runtime: ImageRecord
    web: ImageRecord
    runtime_2: ImageRecord
    web_2: ImageRecord


@pytest.fixture
def baked(account: Account) -> Baked:
    python3 = {"bash": "5.2", "python3": "3.11.2-1"}
    base = account.bake("base", 1)
    runtime = account.bake("runtime", 2, base, packages=python3)
    web = account.bake("web", 3, runtime, packages=python3)
    newer = {**python3, "python3": "3.11.2-2"}
    runtime_2 = account.bake("runtime", 4, base, packages=newer)
    web_2 = account.bake("web", 5, runtime_2, packages=newer)
    in_force(web)
    return Baked(base, runtime, web, runtime_2, web_2)


def in_force(record: ImageRecord) -> None:
    images_file.record(Path(os.environ[images_file.VARIABLE]), record.recipe, record.digest, dict(record.image_ids))


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m bake` with arguments, in this process."""

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(bake, arguments, program="python -m bake")
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "\x1b" not in out
        return Said(int(ended.value.code or 0), out, err)

    return call


# --- list -------------------------------------------------------------------------------------------------------------
def test_list_has_a_line_per_image_the_newest_first(command: Command, baked: Baked, account: Account) -> None:
    launch = {"Add": [{"UserId": one} for one in OTHERS]}
    (web,) = baked.web.image_ids.values()
    account.aws.client("ec2").modify_image_attribute(ImageId=web, LaunchPermission=launch)
    said = command("list")
    head, *lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert head.split() == " ".join(HEAD).split()
    assert [line.split()[0] for line in lines] == ["web", "runtime", "web", "runtime", "base"]
    digest = baked.web.digest.removeprefix("sha256:")[:12]
    assert lines[2].split() == [
        *("web", "tier", "1.3.0", digest, web, "eu-west-1", "2026-01-03", "00:00", "cccccccccc-dirty"),
        *("available", "yes", "2"),
    ]
    assert [line.split()[-2] for line in lines] == ["-", "-", "yes", "yes", "yes"]


def test_list_of_some_recipes_leaves_out_the_others(command: Command, baked: Baked) -> None:
    found = command("list", "web", "base", "--json").json
    assert [one["recipe"] for one in found["images"]] == ["web", "web", "base"]
    assert found["not_read"] == []


def test_list_says_what_is_gone_disabled_and_without_a_record(command: Command, baked: Baked, account: Account) -> None:
    ec2 = account.aws.client("ec2")
    ec2.deregister_image(ImageId=baked.web.image_ids["eu-west-1"])
    ec2.disable_image(ImageId=baked.runtime.image_ids["eu-west-1"])
    orphan = account.image(baked.base)
    other = ec2.register_image(Name="somebody else's")["ImageId"]
    found = {one["image_id"]: one for one in command("list", "--json").json["images"]}
    assert found[baked.web.image_ids["eu-west-1"]]["state"] == "gone"
    disabled = found[baked.runtime.image_ids["eu-west-1"]]
    assert (disabled["state"], disabled["shared_with"], disabled["notes"]) == ("disabled", [], [])
    assert found[orphan]["record"] is None
    assert found[orphan]["notes"] == [
        f"no record: that of its digest names {baked.base.image_ids['eu-west-1']} now",
    ]
    assert other not in found
    assert "  ! its image is gone (deregistered since)" in command("list").out


def test_an_image_whose_tags_were_taken_away_is_not_gone(command: Command, account: Account) -> None:
    record = account.bake("base", 1)
    (image,) = record.image_ids.values()
    ec2 = account.aws.client("ec2")
    ec2.delete_tags(Resources=[image], Tags=[{"Key": key} for key in record.tags])
    (one,) = command("list", "--json").json["images"]
    assert one["state"] == "available"
    assert len(one["notes"]) == len(record.tags)


def test_a_record_that_cannot_be_read_fails_the_list_after_all_others_are_listed(
    command: Command, baked: Baked, account: Account
) -> None:
    key = account.store.key("web", "sha256:" + "0" * 64)
    account.store.client.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    said = command("list", "--json")
    assert said.code == 1
    assert len(said.json["images"]) == 5
    assert said.json["not_read"][0]["record"] == f"s3://{BUCKET}/{key}"
    assert f"not read: s3://{BUCKET}/{key}" in said.err
    assert command("list", "base").code == 0


def test_a_record_of_an_earlier_format_is_said_and_fails_nothing(command: Command, account: Account) -> None:
    key = account.store.key("web", "sha256:" + "0" * 64)
    account.store.client.put_object(Bucket=BUCKET, Key=key, Body=b'{"format": 1}')
    said = command("list")
    assert (said.code, said.out) == (0, "there are no images\n")
    assert "earlier format" in said.err


def test_a_recipe_that_neither_the_tree_nor_aws_knows_is_bad_input(command: Command, baked: Baked) -> None:
    said = command("list", "wbe", "--json")
    assert said.code == 2
    assert "worker-mq" in said.json["error"]["expected"]


def test_looking_changes_nothing_on_aws(command: Command, baked: Baked, monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    make = Aws.client

    def client(self: Aws, service: str) -> Any:
        made = make(self, service)
        made.meta.events.register("before-call", lambda model, **_: found.add(model.name))
        return made

    monkeypatch.setattr(Aws, "client", client)
    images = Path(os.environ[images_file.VARIABLE])
    before = images.read_bytes()
    for arguments in (("list",), ("show", "web"), ("diff", "web", baked.web_2.build)):
        assert command(*arguments).code == 0
    assert {name for name in found if not name.startswith(("Describe", "Get", "List"))} == set()
    assert images.read_bytes() == before


# --- show -------------------------------------------------------------------------------------------------------------
def test_show_reads_from_the_image_down_to_the_operating_system(command: Command, baked: Baked) -> None:
    said = command("show", "web")
    assert said.code == 0
    assert said.out.startswith("web 1.3.0, tier of Payroll: in force\n")
    lines = [line.strip() for line in said.out.splitlines()]
    start = lines.index("stands on:")
    runtime, base, system = lines[start + 1 : start + 4]
    assert runtime.startswith("runtime sha256:") and baked.runtime.image_ids["eu-west-1"] in runtime
    assert base.startswith("base sha256:") and baked.base.image_ids["eu-west-1"] in base
    assert system == "/aws/service/debian, ami-debian-1 in eu-west-1"
    assert "tests: 1 passed, 0 failed, 1 skipped; 1.0 s" in lines
    assert "skipped: test_windows" in lines
    assert "shared with: nobody" in lines
    assert "packages: 2; of 2 before: 0 new, 0 gone, 0 of another version" in lines
    assert "python3 3.11.2-1" not in lines


def test_show_tells_what_a_layer_did_to_the_packages(command: Command, baked: Baked, account: Account) -> None:
    assert "packages: 2; of 1 before: 1 new, 0 gone, 0 of another version" in command("show", "runtime").out
    assert "packages: 1\n" in command("show", "base").out, "a record of earlier: nothing is known of before"
    account.bake("base", 6, packages={"bash": "5.2", "sudo": "1"}, packages_before={"bash": "5.1", "nano": "7"})
    text = command("show", "base", "--packages").out
    assert "  packages: 2; of 2 before: 1 new, 1 gone, 1 of another version\n" in text
    assert [line.strip() for line in text.splitlines()[-3:]] == [
        "bash 5.2 (was 5.1)",
        "nano gone (was 7)",
        "sudo 1 (new)",
    ]


def test_show_in_json_is_the_record_with_what_ec2_says(command: Command, baked: Baked) -> None:
    found = command("show", baked.web_2.digest[7:15], "--json").json
    assert found["record"]["build"] == "web-build-5"
    assert "packages" not in found["record"]
    assert [one["recipe"] for one in found["stands_on"]] == ["runtime", "base"]
    assert (found["images"][0]["state"], found["images"][0]["in_force"]) == ("available", False)
    whole = command("show", baked.web_2.digest[7:15], "--json", "--packages").json
    assert ImageRecord.model_validate(whole["record"]) == baked.web_2


def test_show_names_the_tags_that_disagree_with_the_record(command: Command, baked: Baked, account: Account) -> None:
    tags = [{"Key": "kiln:commit", "Value": "another"}]
    account.aws.client("ec2").create_tags(Resources=list(baked.base.image_ids.values()), Tags=tags)
    assert "! its tag kiln:commit is 'another', not " in command("show", "base").out


def test_show_of_what_is_not_there_names_what_is(command: Command, baked: Baked) -> None:
    said = command("show", "ami-00000000000000000", "--json")
    assert said.code == 2
    assert baked.web.image_ids["eu-west-1"] in said.json["error"]["found"]
    assert "there is no image" in said.err


def test_an_images_file_can_be_named_that_says_what_is_in_force(command: Command, baked: Baked, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    images_file.record(other, "web", baked.web_2.digest, dict(baked.web_2.image_ids))
    assert "web 1.5.0, tier of Payroll: in force" in command("show", "web", "--images", str(other)).out


# --- diff -------------------------------------------------------------------------------------------------------------
def test_diff_tells_the_package_of_the_runtime_at_the_runtime(command: Command, baked: Baked) -> None:
    said = command("diff", "web", baked.web_2.image_ids["eu-west-1"])
    assert said.code == 0
    runtime, tier = said.out.split("runtime: ")[1].split("tier: ")
    assert "base: base sha256:" in said.out and ", the same\n" in said.out
    assert "    ~ python3 3.11.2-1 → 3.11.2-2\n" in runtime
    assert "python3" not in tier
    assert "    ~ web/provision.sh 333333333333 → 555555555555\n" in tier
    assert "    ~ version 1.3.0 → 1.5.0\n" in tier


def test_diff_in_json_has_a_list_of_changes_per_layer_and_section(command: Command, baked: Baked) -> None:
    found = command("diff", "web", baked.web_2.build, "--json").json
    base, runtime, tier = found["layers"]
    assert base["changes"] == {}
    assert runtime["changes"]["packages"] == [{"name": "python3", "before": "3.11.2-1", "after": "3.11.2-2"}]
    assert tier["layer"] == "tier"
    assert found["is_empty"] is False


def test_diff_of_an_image_with_itself_says_that_nothing_differs(command: Command, baked: Baked) -> None:
    said = command("diff", "web", "web")
    assert said.code == 0
    assert said.out.splitlines()[0].endswith(": nothing differs")
    assert command("diff", "web", "web", "--json").json["is_empty"] is True


def test_diff_needs_two_images(command: Command) -> None:
    assert command("diff", "web").code == 2


# --- what is missing --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("arguments", [("list",), ("show", "web"), ("diff", "web", "base")])
def test_an_unreachable_endpoint_is_not_ready(
    command: Command, account: Account, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = command(*arguments, "--json")
    assert said.code == 3
    assert said.json["error"]["what"] == "AWS cannot be reached"


def test_without_tooling_the_stack_to_deploy_is_named(command: Command, account: Account) -> None:
    account.aws.client("ssm").delete_parameter(Name=TOOLING_PREFIX + "image-bucket")
    said = command("list")
    assert said.code == 3
    assert "cdk deploy Payroll-Tooling" in said.err


def test_a_bucket_that_is_gone_is_said_with_its_name(command: Command, account: Account) -> None:
    account.aws.client("s3").delete_bucket(Bucket=BUCKET)
    said = command("list")
    assert said.code == 1
    assert BUCKET in said.err


def test_a_damaged_images_file_is_bad_input(command: Command, account: Account) -> None:
    Path(os.environ[images_file.VARIABLE]).write_text("[web\n")
    assert command("list").code == 2
