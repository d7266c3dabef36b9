"""`python -m bake retire` and images whose digest was baked once more (`--force`), in an AWS of this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bake import conditional, remains
from bake.contents import documents
from bake.image import BootTest, ImageRecord
from bake.retire import steps, usage
from bake.retire.history import History
from bake.retire.plan import DISABLED_AT, UNNEEDED_SINCE, UNPROTECTED_AT
from console.aws import Aws
from tests.bake.recorded import BUCKET
from tests.bake.retire.conftest import OTHERS, PRODUCTION, REGION, STAGE, World
from tests.bake.retire.test_retire import AT_ONCE, call, of, retire, state, use_in
from tests.bake.said import said

ELSEWHERE = "eu-central-1"


@pytest.fixture
def twice(world: World) -> tuple[ImageRecord, ImageRecord]:
    """Web, and Web baked once more."""
    earlier = world.bake("web", 3)
    return earlier, world.bake_again(earlier, 4)


def long_disabled(world: World, record: ImageRecord) -> None:
    """As three retires have left it, at once."""
    ec2, image = world.aws.client("ec2"), record.image_ids[REGION]
    long_ago = datetime(2026, 2, 1, tzinfo=UTC).isoformat()
    tags = [{"Key": key, "Value": long_ago} for key in (UNNEEDED_SINCE, DISABLED_AT, UNPROTECTED_AT)]
    ec2.create_tags(Resources=[image], Tags=tags)
    ec2.disable_image(ImageId=image)
    ec2.disable_image_deregistration_protection(ImageId=image)
    world.let_a_day_pass(record)


def recorded(world: World, record: ImageRecord) -> ImageRecord:
    found = world.store.get(record.recipe, record.digest)
    assert found
    return found


def in_history(world: World, record: ImageRecord) -> ImageRecord:
    body = world.store.client.get_object(Bucket=BUCKET, Key=History(world.store).key(record))["Body"].read()
    return ImageRecord.model_validate_json(body)


@pytest.mark.slow
def test_a_replaced_image_goes_step_by_step_and_the_record_keeps_the_newest(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    base = world.bake("base", 1)
    runtime = world.bake("runtime", 2, base)
    earlier = world.bake("web", 3, runtime)
    bill = documents.write(world.store, "web", earlier.digest, earlier.build, b"{}")
    earlier = world.store.change(earlier, lambda one: one.model_copy(update={"contents": {"sbom": bill}}))
    newest = world.bake_again(earlier, 4)
    use_in(world, STAGE, newest)
    before = world.image(newest)

    first = retire(capsys, "--apply")
    told = of(first, earlier)
    assert (told["step"], told["digest"], told["build"]) == ("deprecate", newest.digest, earlier.build)
    assert (told["replaced_by"], of(first, newest)["replaced_by"]) == (newest.build, None)
    said_so = f"nothing needs it; {newest.build} has replaced it (build {earlier.build}): it is none of the newest"
    assert told["reason"] == said_so
    assert of(retire(capsys, "--apply"), earlier)["step"] == "disable"
    assert (state(world, earlier), world.launchers(earlier)) == ("disabled", set())
    ended = of(retire(capsys, "--apply"), earlier)
    assert (ended["step"], ended["done"], bool(ended["again_after"])) == ("delete", False, True)
    assert recorded(world, newest) == newest

    world.let_a_day_pass(earlier)
    assert of(retire(capsys, "--apply"), earlier)["done"]
    assert state(world, earlier) == "gone"
    assert not set(earlier.snapshot_ids[REGION]) & world.snapshots()
    assert recorded(world, newest) == newest.model_copy(update={"replaced": ()})
    assert world.image(newest) == before
    kept = in_history(world, earlier)
    assert kept == newest.earlier[0]
    assert (kept.image_ids, kept.contents, kept.replaced_by) == (earlier.image_ids, {"sbom": bill}, newest.build)
    assert {bill, *earlier.image_ids.values()} <= remains.ask(world.aws, BUCKET).named, "no sweep takes what is named"
    left = retire(capsys, "--apply")
    assert {image: one["step"] for image, one in left.items()} == {
        one.image_ids[REGION]: "keep" for one in (newest, runtime, base)
    }


@pytest.mark.slow
def test_a_replaced_image_that_another_account_uses_stays_and_so_does_the_record_that_names_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = world.bake("runtime", 2)
    earlier = world.bake("web", 3, runtime)
    newest = world.bake_again(earlier, 4)
    template = use_in(world, PRODUCTION, earlier)
    before = world.image(earlier)
    for step in ("deprecate", "disable", "wait"):
        told = retire(capsys, "--apply")
        assert of(told, newest)["step"] == step
        assert of(told, earlier)["step"] == of(told, runtime)["step"] == "keep"
    assert of(told, newest)["reason"].startswith("it is deleted after the earlier images of its digest")
    assert of(told, earlier)["reason"].startswith("used by launch template web, version 1 of Production in eu-west-1")
    assert world.image(earlier) == before
    assert recorded(world, newest) == newest

    world.client("ec2", PRODUCTION).delete_launch_template(LaunchTemplateId=template)
    for _ in range(3):
        retire(capsys, "--apply")
    world.let_a_day_pass(earlier)
    assert of(retire(capsys, "--apply"), earlier)["done"]
    assert of(retire(capsys, "--apply"), newest)["again_after"]
    world.let_a_day_pass(newest)
    assert of(retire(capsys, "--apply"), newest)["done"]
    assert world.store.get("web", newest.digest) is None
    assert in_history(world, earlier).image_ids == earlier.image_ids
    assert in_history(world, newest).image_ids == newest.image_ids


@pytest.mark.slow
def test_undo_takes_everything_back_of_a_replaced_image_as_it_was_then(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = world.bake("web", 3, shared_with=OTHERS[2:])
    newest = world.bake_again(earlier, 4)
    use_in(world, STAGE, newest)
    before, beside = world.image(earlier), world.image(newest)
    for _ in range(3):
        retire(capsys, "--apply")
    assert (world.image(earlier) or {})["DeregistrationProtection"] == "disabled"
    image = earlier.image_ids[REGION]
    assert call(capsys, "--undo", earlier.build)[1].startswith(f"{image} in eu-west-1 is disabled")
    code, out = call(capsys, "--undo", image, "--apply")
    assert code == 0, out
    assert world.launchers(earlier) == set(OTHERS[2:])
    assert (world.image(earlier), world.image(newest)) == (before, beside)
    assert recorded(world, newest) == newest
    assert of(retire(capsys), earlier)["step"] == "deprecate"


class Killed(BaseException):
    """Nothing of the program runs after it."""


@pytest.fixture
def due(twice: tuple[ImageRecord, ImageRecord], world: World) -> tuple[ImageRecord, ImageRecord]:
    """Both: the earlier one is to be deleted, the newer one is in use."""
    earlier, newest = twice
    use_in(world, STAGE, newest)
    long_disabled(world, earlier)
    return twice


@contextmanager
def killed_at(operation: str, number: int, when: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Killed right before or after the call of that number of an operation."""
    make, calls = Aws.client, [0]

    def count(model: Any, **_: Any) -> None:
        calls[0] += model.name == operation
        if model.name == operation and calls[0] == number:
            raise Killed

    def client(self: Aws, service: str) -> Any:
        made = make(self, service)
        made.meta.events.register(f"{when}-call", count, unique_id=operation)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(Aws, "client", client)
        yield


DELETION = [
    ("PutObject", 1),  # into the history
    ("DeregisterImage", 1),
    ("DeleteSnapshot", 1),
    ("PutObject", 2),  # the record without it
]


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "number"), DELETION)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deletion_that_was_killed_at_any_call_is_ended_by_the_next(
    operation: str,
    number: int,
    when: str,
    due: tuple[ImageRecord, ImageRecord],
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earlier, newest = due
    with killed_at(operation, number, when, monkeypatch), pytest.raises(Killed):
        call(capsys, *AT_ONCE, "--apply")
    ended = (operation, number, when) == ("PutObject", 2, "after")
    there = recorded(world, newest)
    assert there.replaced == (() if ended else newest.replaced), "named until everything of it is gone"
    assert earlier.resources <= remains.ask(world.aws, BUCKET).named
    retire(capsys, "--apply")
    assert state(world, earlier) == "gone"
    assert not set(earlier.snapshot_ids[REGION]) & world.snapshots()
    assert recorded(world, newest) == newest.model_copy(update={"replaced": ()})
    assert in_history(world, earlier) == newest.earlier[0]
    assert list(retire(capsys, "--apply")) == [newest.image_ids[REGION]]
    assert state(world, newest) == "available"


@pytest.mark.slow
def test_what_others_write_into_the_record_while_a_replaced_image_is_deleted_stays(
    due: tuple[ImageRecord, ImageRecord],
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earlier, newest = due
    write, remove = conditional.put, steps._remove
    test = BootTest(passed=True, at=datetime.now(UTC), seconds=1, instance_type="t3.small")
    both = {**newest.image_ids, ELSEWHERE: "ami-0000000000000c0e1"}
    others: list[Callable[[ImageRecord], ImageRecord]] = [
        lambda one: one.model_copy(update={"image_ids": both}),
        lambda one: one.model_copy(update={"boot_test": test}),
    ]

    def other_writes() -> None:
        body = others.pop()(recorded(world, newest)).model_dump_json().encode()
        world.store.client.put_object(Bucket=BUCKET, Key=world.store.key("web", newest.digest), Body=body)

    def changed_since_it_was_read(client: Any, bucket: str, key: str, body: bytes, over: str | None) -> str | None:
        if over and others:
            other_writes()
        return write(client, bucket, key, body, over)

    def changed_while_it_is_deleted(doing: str, call: Callable[[], object]) -> None:
        remove(doing, call)
        if "snap" in doing:
            assert len(others) == 2
            other_writes()

    monkeypatch.setattr(conditional, "put", changed_since_it_was_read)
    monkeypatch.setattr(steps, "_remove", changed_while_it_is_deleted)
    assert of(retire(capsys, "--apply"), earlier)["done"]
    assert others == []
    now = {"replaced": (), "image_ids": both, "boot_test": test}
    assert recorded(world, newest) == newest.model_copy(update=now)


@pytest.mark.slow
def test_an_image_that_is_replaced_while_it_is_deleted_leaves_the_record_of_the_newer_one(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    long_disabled(world, web)
    gather, newer = usage.gather, list[ImageRecord]()

    def baked_meanwhile(*asked: Any) -> Any:
        found = gather(*asked)
        newer.append(world.bake_again(web, 4))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(usage, "gather", baked_meanwhile)
        assert of(retire(capsys, "--apply"), web)["done"]
    assert recorded(world, web) == newer[0].model_copy(update={"replaced": ()})
    assert (state(world, web), state(world, newer[0])) == ("gone", "available")
    assert in_history(world, web) == web


def test_whom_a_replaced_image_was_shared_with_keeps_it_and_not_the_newer_one(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = world.bake("web", 3)
    earlier = world.store.change(earlier, lambda one: one.also_shared_with(["999999999999"]))
    newest = world.bake_again(earlier, 4)
    told = retire(capsys, "--apply")
    assert of(told, earlier)["reason"].startswith("shared with 999999999999: nobody asks there what is in use")
    assert (of(told, earlier)["step"], of(told, newest)["step"]) == ("keep", "deprecate")


@pytest.mark.slow
def test_a_copy_of_a_replaced_image_is_found_in_a_region_where_the_newer_one_has_none(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = world.bake("web", 3)
    elsewhere = Aws(ELSEWHERE).client("ec2")
    builder = elsewhere.run_instances(ImageId="ami-00000000", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    copy = elsewhere.create_image(InstanceId=builder, Name="copy")["ImageId"]
    elsewhere.create_tags(Resources=[copy], Tags=[{"Key": key, "Value": value} for key, value in earlier.tags.items()])
    both = {**earlier.image_ids, ELSEWHERE: copy}
    earlier = world.store.change(earlier, lambda one: one.model_copy(update={"image_ids": both}))
    newest = world.bake_again(earlier, 4, image_ids={}, snapshot_ids={})
    use_in(world, STAGE, newest)
    told = retire(capsys)
    assert (told[copy]["region"], told[copy]["step"], told[copy]["build"]) == (ELSEWHERE, "deprecate", earlier.build)
    use = {"LaunchTemplateName": "elsewhere", "LaunchTemplateData": {"ImageId": copy}}
    world.client("ec2", PRODUCTION, ELSEWHERE).create_launch_template(**use)
    found = retire(capsys)
    assert {found[image]["step"] for image in both.values()} == {"keep"}, "the images of an entry share one fate"


def test_list_says_what_was_replaced_and_show_does_not_take_it_for_another(
    twice: tuple[ImageRecord, ImageRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, newest = twice
    now = newest.image_ids[REGION]
    listed = {one["image_id"]: one for one in said(capsys, "list", "--json").json["images"]}
    line = listed[earlier.image_ids[REGION]]
    assert (line["build"], line["commit"], line["state"]) == (earlier.build, earlier.commit, "available")
    assert line["notes"] == [f"replaced: its digest was baked again, the record names {now} now"]
    assert (listed[now]["build"], listed[now]["notes"]) == (newest.build, [])
    shown = said(capsys, "show", earlier.image_ids[REGION])
    assert shown.code == 2
    assert f"the record names {now} now" in shown.all
    assert said(capsys, "show", newest.digest, "--json").json["record"]["build"] == newest.build
