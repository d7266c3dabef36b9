"""`python -m bake list`, `show` and `diff` as a user calls them, against an AWS of this process."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bake.image import ImageRecord
from bake.looks.report import HEAD
from bake.place import TOOLING_PREFIX
from console.aws import Aws
from infra import images as images_file
from tests.bake.recorded import BUCKET, OTHERS, Account
from tests.bake.said import Command


@dataclass
class Baked:
    """Two tiers on two runtimes; the older one is in force."""

    base: ImageRecord
    runtime: ImageRecord
    web: ImageRecord
    runtime_2: ImageRecord
    web_2: ImageRecord


@pytest.fixture
def baked(recorded: Account) -> Baked:
    python3 = {"bash": "5.2", "python3": "3.11.2-1"}
    base = recorded.bake("base", 1)
    runtime = recorded.bake("runtime", 2, base, packages=python3)
    web = recorded.bake("web", 3, runtime, packages=python3)
    newer = {**python3, "python3": "3.11.2-2"}
    runtime_2 = recorded.bake("runtime", 4, base, packages=newer)
    web_2 = recorded.bake("web", 5, runtime_2, packages=newer)
    in_force(web)
    return Baked(base, runtime, web, runtime_2, web_2)


def in_force(record: ImageRecord) -> None:
    images_file.record(Path(os.environ[images_file.VARIABLE]), record.recipe, record.digest, dict(record.image_ids))


# --- list -------------------------------------------------------------------------------------------------------------
def test_list_has_a_line_per_image_the_newest_first(command: Command, baked: Baked, recorded: Account) -> None:
    launch = {"Add": [{"UserId": one} for one in OTHERS]}
    (web,) = baked.web.image_ids.values()
    recorded.aws.client("ec2").modify_image_attribute(ImageId=web, LaunchPermission=launch)
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


def test_list_says_what_is_gone_disabled_and_without_a_record(
    command: Command, baked: Baked, recorded: Account
) -> None:
    ec2 = recorded.aws.client("ec2")
    ec2.deregister_image(ImageId=baked.web.image_ids["eu-west-1"])
    ec2.disable_image(ImageId=baked.runtime.image_ids["eu-west-1"])
    orphan = recorded.image(baked.base)
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


def test_an_image_whose_tags_were_taken_away_is_not_gone(command: Command, recorded: Account) -> None:
    record = recorded.bake("base", 1)
    (image,) = record.image_ids.values()
    ec2 = recorded.aws.client("ec2")
    ec2.delete_tags(Resources=[image], Tags=[{"Key": key} for key in record.tags])
    (one,) = command("list", "--json").json["images"]
    assert one["state"] == "available"
    assert len(one["notes"]) == len(record.tags)


def test_a_record_that_cannot_be_read_fails_the_list_after_all_others_are_listed(
    command: Command, baked: Baked, recorded: Account
) -> None:
    key = recorded.store.key("web", "sha256:" + "0" * 64)
    recorded.store.client.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    said = command("list", "--json")
    assert said.code == 1
    assert len(said.json["images"]) == 5
    assert said.json["not_read"][0]["record"] == f"s3://{BUCKET}/{key}"
    assert f"not read: s3://{BUCKET}/{key}" in said.err
    assert command("list", "base").code == 0


def test_a_record_of_an_earlier_format_is_said_and_fails_nothing(command: Command, recorded: Account) -> None:
    key = recorded.store.key("web", "sha256:" + "0" * 64)
    recorded.store.client.put_object(Bucket=BUCKET, Key=key, Body=b'{"format": 1}')
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


def test_show_tells_what_a_layer_did_to_the_packages(command: Command, baked: Baked, recorded: Account) -> None:
    assert "packages: 2; of 1 before: 1 new, 0 gone, 0 of another version" in command("show", "runtime").out
    assert "packages: 1\n" in command("show", "base").out, "a record of earlier: nothing is known of before"
    recorded.bake("base", 6, packages={"bash": "5.2", "sudo": "1"}, packages_before={"bash": "5.1", "nano": "7"})
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


def test_show_names_the_tags_that_disagree_with_the_record(command: Command, baked: Baked, recorded: Account) -> None:
    tags = [{"Key": "kiln:commit", "Value": "another"}]
    recorded.aws.client("ec2").create_tags(Resources=list(baked.base.image_ids.values()), Tags=tags)
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
    command: Command, recorded: Account, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = command(*arguments, "--json")
    assert said.code == 3
    assert said.json["error"]["what"] == "AWS cannot be reached"


def test_without_tooling_the_stack_to_deploy_is_named(command: Command, recorded: Account) -> None:
    recorded.aws.client("ssm").delete_parameter(Name=TOOLING_PREFIX + "image-bucket")
    said = command("list")
    assert said.code == 3
    assert "cdk deploy Payroll-Tooling" in said.err


def test_a_bucket_that_is_gone_is_said_with_its_name(command: Command, recorded: Account) -> None:
    recorded.aws.client("s3").delete_bucket(Bucket=BUCKET)
    said = command("list")
    assert said.code == 1
    assert BUCKET in said.err


def test_a_damaged_images_file_is_bad_input(command: Command, recorded: Account) -> None:
    Path(os.environ[images_file.VARIABLE]).write_text("[web\n")
    assert command("list").code == 2
