"""What is kept and what goes, and why: pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.digest import short
from bake.image import ImageRecord
from bake.inventory import Inventory
from bake.retire.plan import COOL_DOWN, DISABLED_AT, SOON, UNNEEDED_SINCE, UNPROTECTED_AT, Action, Step, Use, plan
from bake.retire.policy import Policy
from infra.images import Images
from tests.bake.test_inventory import REGION, ami, description_of, file_of, record_of, stored

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
GREEDY = Policy(keep=0, younger_than=timedelta(0), grace=14 * DAY)
ASKED = "444444444444"
NO_IMAGES = Images({})

BASE = record_of("base", 1)
RUNTIME = record_of("runtime", 2, parent=1)
WEB = record_of("web", 3, parent=2)
NEWER = record_of("web", 4, parent=2)
ALL = (BASE, RUNTIME, WEB, NEWER)


def told(record: ImageRecord, state: str = "available", tags: Mapping[str, str] | None = None, **more: Any) -> Any:
    description = description_of(record, State=state, **more)
    return {**description, "Tags": [*description["Tags"], *({"Key": k, "Value": v} for k, v in (tags or {}).items())]}


def world(*records: ImageRecord, images: Images = NO_IMAGES, **changed: Any) -> Inventory:
    """`changed`: recipe_number → what EC2 says of it, None where it is gone."""
    there = {one.image_ids[REGION]: changed.get(f"{one.recipe}_{one.baked_at.day}", told(one)) for one in records}
    described = {image: description for image, description in there.items() if description is not None}
    return Inventory(tuple(map(stored, records)), {REGION: described}, images)


def planned_of(inventory: Inventory, uses: Iterable[Use], policy: Policy, begun: set[str]) -> tuple[Step, ...]:
    return plan(inventory, uses, policy, NOW, asked={ASKED}, begun=begun)


def steps(inventory: Inventory, *uses: Use, policy: Policy = GREEDY, begun: set[str] | None = None) -> dict[str, Step]:
    return {one.image_id: one for one in planned_of(inventory, uses, policy, begun or set())}


def use(what: str, kind: str = "instance") -> Use:
    return Use("Stage", "eu-west-1", kind, "i-1", what)


def test_what_nothing_needs_is_deprecated() -> None:
    found = steps(world(*ALL))
    assert {one.action for one in found.values()} == {Action.DEPRECATE}
    assert {one.reason for one in found.values()} == {"nothing needs it"}


@pytest.mark.parametrize("kind", ["instance", "launch template", "Auto Scaling group", "SSM parameter"])
def test_what_is_used_in_any_account_is_kept_with_all_that_it_stands_on(kind: str) -> None:
    found = steps(world(*ALL), use(ami(3), kind))
    assert [one.image_id for one in found.values() if one.action is not Action.KEEP] == [ami(4)]
    assert found[ami(3)].reason == f"used by {kind} i-1 of Stage in eu-west-1"
    assert found[ami(2)].reason == f"parent of web {short(WEB.digest)}, which is kept"
    assert found[ami(1)].reason.startswith("parent of runtime")


def test_a_digest_in_a_parameter_keeps_its_image() -> None:
    found = steps(world(*ALL), use(WEB.digest.removeprefix("sha256:"), "SSM parameter"))
    assert found[ami(3)].action is Action.KEEP
    assert found[ami(4)].action is Action.DEPRECATE


def test_a_release_keeps_what_it_is_leased_by() -> None:
    found = steps(world(*ALL, web_3=told(WEB, tags={"kiln:release:Stage": "payroll-main-7"})))
    assert found[ami(3)].reason == "the release payroll-main-7 of Stage needs it"
    assert found[ami(1)].action is Action.KEEP


@pytest.mark.parametrize("other", ["999999999999", "arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"])
def test_what_is_shared_with_one_that_was_not_asked_is_kept_with_all_that_it_stands_on(other: str) -> None:
    shared = WEB.model_copy(update={"shared_with": (ASKED, other)})
    found = steps(world(BASE, RUNTIME, shared, NEWER))
    assert found[ami(3)].reason == f"shared with {other}: nobody asks there what is in use"
    assert [one.image_id for one in found.values() if one.action is not Action.KEEP] == [ami(4)]
    only = WEB.model_copy(update={"shared_with": (ASKED,)})
    assert steps(world(only))[ami(3)].action is Action.DEPRECATE


def test_the_images_file_keeps_what_it_names() -> None:
    found = steps(world(*ALL, images=file_of(WEB)))
    assert found[ami(3)].reason == "the images file names it as web"
    assert found[ami(2)].action is Action.KEEP


def test_the_young_and_the_newest_of_each_recipe_are_kept() -> None:
    young = steps(world(*ALL), policy=replace(GREEDY, younger_than=NOW - NEWER.baked_at + DAY / 2))
    assert young[ami(4)].reason.startswith("younger than")
    assert young[ami(3)].action is Action.DEPRECATE
    newest = steps(world(*ALL), policy=replace(GREEDY, keep=1))
    assert newest[ami(4)].reason == "among the newest 1 of web"
    assert newest[ami(3)].action is Action.DEPRECATE


def test_the_newest_are_those_that_can_be_launched() -> None:
    found = steps(world(*ALL, web_4=told(NEWER, "disabled")), policy=replace(GREEDY, keep=1))
    assert found[ami(3)].reason == "among the newest 1 of web"
    assert steps(world(*ALL, web_4=None), policy=replace(GREEDY, keep=1))[ami(3)].action is Action.KEEP


def test_what_is_not_provably_ours_is_never_touched_and_said() -> None:
    without = world(*ALL)
    without = replace(without, stored=tuple(one for one in without.stored if one.record != WEB))
    found = steps(without)
    assert (found[ami(3)].action, found[ami(3)].reason) == (Action.KEEP, "not provably Kiln's: no record")
    other = steps(world(*ALL, web_3={**told(WEB), "OwnerId": "999999999999"}))
    assert other[ami(3)].action is Action.KEEP
    assert "its owner is 999999999999" in other[ami(3)].reason


def test_the_parent_of_an_image_without_a_record_is_kept_by_what_its_tags_say() -> None:
    tags = {"kiln:parent-digest": RUNTIME.digest}
    inventory = world(*ALL, web_3=told(WEB, tags=tags))
    inventory = replace(inventory, stored=tuple(one for one in inventory.stored if one.record != WEB))
    assert steps(inventory)[ami(2)].reason == f"parent of {ami(3)}, which has no record"
    assert steps(inventory)[ami(1)].action is Action.KEEP


def at(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def stage(days: float, tags: Mapping[str, str] | None = None, unneeded: float | None = None, **more: Any) -> Step:
    """The step of an image that was deprecated so many days ago, because nothing needed it."""
    since = f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%S}.000Z"
    marked = {UNNEEDED_SINCE: at(NOW - (days if unneeded is None else unneeded) * DAY)}
    return steps(world(WEB, web_3=told(WEB, tags={**marked, **(tags or {})}, DeprecationTime=since, **more)))[ami(3)]


def test_each_step_comes_a_grace_time_after_the_one_before() -> None:
    assert stage(13).action is Action.WAIT
    assert stage(13).reason == "deprecated; it is disabled from 2026-06-02 00:00 UTC"
    assert stage(14).action is Action.DISABLE
    waiting = stage(28, state="disabled", tags={DISABLED_AT: at(NOW - 13 * DAY)})
    assert (waiting.action, waiting.reason) == (Action.WAIT, "disabled; it is deleted from 2026-06-02 00:00 UTC")
    assert stage(28, state="disabled", tags={DISABLED_AT: at(NOW - 14 * DAY)}).action is Action.DELETE


def test_the_grace_time_begins_when_nothing_needs_it_and_not_when_a_template_let_it_be_deprecated() -> None:
    year_old = f"{NOW - 30 * DAY:%Y-%m-%dT%H:%M:%S}.000Z"
    deprecated = world(WEB, web_3=told(WEB, DeprecationTime=year_old))
    assert steps(deprecated, use(ami(3)))[ami(3)].action is Action.KEEP
    ended = steps(deprecated)[ami(3)]
    assert ended.action is Action.MARK
    assert ended.reason == (
        "deprecated, and from now on nothing needs it: it is disabled 14d later, if still nothing does"
    )
    assert stage(30, unneeded=13).action is Action.WAIT
    assert stage(30, unneeded=14).action is Action.DISABLE
    disabled = {DISABLED_AT: at(NOW - 30 * DAY)}
    assert stage(44, disabled, unneeded=13, state="disabled").action is Action.WAIT
    without = told(WEB, "disabled", tags=disabled)
    assert steps(world(WEB, web_3=without))[ami(3)].action is Action.MARK


def test_what_is_needed_again_loses_its_mark_so_that_its_grace_time_begins_anew() -> None:
    marked = told(WEB, tags={UNNEEDED_SINCE: at(NOW - 30 * DAY)})
    found = steps(world(WEB, web_3=marked), use(ami(3)))[ami(3)]
    assert (found.action, found.reason) == (Action.UNMARK, "used by instance i-1 of Stage in eu-west-1")
    foreign = steps(world(WEB, web_3={**marked, "OwnerId": "999999999999"}))[ami(3)]
    assert foreign.action is Action.KEEP, "what is not provably ours is never touched"


def test_a_deprecation_that_lies_far_ahead_is_not_one_of_retires() -> None:
    assert stage(-200).action is Action.DEPRECATE
    assert stage(-SOON / DAY).action is Action.WAIT


def test_what_somebody_else_has_disabled_is_not_deleted() -> None:
    assert stage(28, state="disabled").action is Action.KEEP
    assert stage(28, state="disabled", tags={DISABLED_AT: "long ago"}).action is Action.KEEP


def test_while_ec2_keeps_an_image_whose_protection_ended_nothing_is_done() -> None:
    tags = {DISABLED_AT: at(NOW - 20 * DAY), UNPROTECTED_AT: at(NOW - COOL_DOWN / 2)}
    found = stage(40, state="disabled", tags=tags)
    assert found.action is Action.WAIT
    assert found.reason.endswith("again after 2026-06-01 12:00 UTC")
    assert stage(40, state="disabled", tags={**tags, UNPROTECTED_AT: at(NOW - COOL_DOWN)}).action is Action.DELETE


def test_a_deletion_that_was_begun_is_ended_and_one_by_somebody_else_is_not() -> None:
    assert steps(world(WEB, web_3=None))[ami(3)].action is Action.KEEP
    assert steps(world(WEB, web_3=None), begun={WEB.build})[ami(3)].action is Action.DELETE


def test_a_kept_image_on_its_way_out_says_how_to_take_that_back() -> None:
    found = steps(world(WEB, web_3=told(WEB, "disabled")), use(ami(3)))
    assert found[ami(3)].action is Action.KEEP
    assert found[ami(3)].reason.endswith(f"it is disabled: --undo {ami(3)} takes that back")


# --- images that were replaced: their digest was baked once more ------------------------------------------------------
def earlier_of(record: ImageRecord, number: int, **changes: Any) -> ImageRecord:
    """An image of the same digest that was baked half a day before, with an AMI of its own."""
    before = {
        "build": f"{record.recipe}-{number}",
        "baked_at": record.baked_at - DAY / 2,
        "image_ids": {REGION: ami(number)},
    }
    return record.model_copy(update={**before, **changes})


def again(record: ImageRecord, *earlier: ImageRecord) -> ImageRecord:
    return record.model_copy(update={"replaced": tuple(known for one in earlier for known in one.as_replaced())})


EARLIER = earlier_of(WEB, 13, commit="b")
AGAIN = again(WEB, EARLIER)


def replaced(*uses: Use, policy: Policy = GREEDY, images: Images = NO_IMAGES, **changed: Any) -> dict[str, Step]:
    """The steps where web 3 was baked before, as AMI 13, which is described as `web_13` says."""
    there = {ami(13): changed.pop("web_13", told(EARLIER))}
    inventory = world(BASE, RUNTIME, AGAIN, images=images, **changed)
    seen = {**inventory.described[REGION], **{image: one for image, one in there.items() if one is not None}}
    return steps(replace(inventory, described={REGION: seen}), *uses, policy=policy)


def test_a_replaced_image_that_nothing_needs_goes_and_is_told_with_both_builds() -> None:
    found = replaced(use(ami(3)))
    assert (found[ami(3)].action, found[ami(13)].action) == (Action.KEEP, Action.DEPRECATE)
    assert found[ami(13)].reason == "nothing needs it; web-3 has replaced it (build web-13): it is none of the newest"
    assert found[ami(13)].record == AGAIN.earlier[0]


def test_a_replaced_image_is_none_of_the_newest() -> None:
    found = replaced(policy=replace(GREEDY, keep=5))
    assert found[ami(3)].reason == "among the newest 5 of web"
    assert found[ami(13)].action is Action.DEPRECATE
    gone = replaced(policy=replace(GREEDY, keep=1), web_3=None)
    assert gone[ami(13)].action is Action.DEPRECATE, "no bake would reuse it"


@pytest.mark.parametrize("kind", ["instance", "launch template", "Auto Scaling group", "SSM parameter"])
def test_a_replaced_image_that_is_used_is_kept_with_what_it_stands_on_and_the_newer_one_goes(kind: str) -> None:
    found = replaced(use(ami(13), kind))
    assert found[ami(13)].reason.startswith(f"used by {kind} i-1 of Stage in eu-west-1; web-3 has replaced it")
    assert {image for image, one in found.items() if one.action is Action.KEEP} == {ami(1), ami(2), ami(13)}
    assert found[ami(3)].action is Action.DEPRECATE


def test_a_release_a_limit_and_a_stranger_keep_a_replaced_image() -> None:
    leased = replaced(web_13=told(EARLIER, tags={"kiln:release:Stage": "payroll-main-7"}))
    assert leased[ami(13)].reason.startswith("the release payroll-main-7 of Stage needs it")
    young = replaced(policy=replace(GREEDY, younger_than=NOW - EARLIER.baked_at + DAY / 4))
    assert young[ami(13)].reason.startswith("younger than")
    older = replaced(policy=replace(GREEDY, younger_than=NOW - EARLIER.baked_at - DAY / 4))
    assert (older[ami(3)].action, older[ami(13)].action) == (Action.KEEP, Action.DEPRECATE)
    shared = again(WEB, EARLIER.model_copy(update={"shared_with": ("999999999999",)}))
    inventory = replace(world(shared), described={REGION: {ami(3): told(WEB), ami(13): told(EARLIER)}})
    assert steps(inventory)[ami(13)].reason.startswith("shared with 999999999999: nobody asks there")
    assert steps(inventory)[ami(3)].action is Action.DEPRECATE


def test_a_digest_in_a_parameter_may_mean_an_image_from_before_it_was_replaced() -> None:
    found = replaced(use(WEB.digest.removeprefix("sha256:"), "SSM parameter"))
    assert {found[ami(3)].action, found[ami(13)].action} == {Action.KEEP}


def test_the_images_file_means_a_replaced_image_by_its_ami_id_alone() -> None:
    newer = replaced(images=file_of(WEB))
    assert (newer[ami(3)].action, newer[ami(13)].action) == (Action.KEEP, Action.DEPRECATE)
    found = replaced(images=file_of(EARLIER))
    assert found[ami(13)].reason.startswith("the images file names it as web")
    assert found[ami(2)].action is Action.KEEP
    assert found[ami(3)].action is Action.KEEP, "the file names its digest"


def test_a_replaced_parent_is_kept_by_what_was_baked_from_it_and_by_nothing_that_was_baked_from_the_newer_one() -> None:
    before = earlier_of(RUNTIME, 12)
    runtime = again(RUNTIME, before)
    closure = WEB.closure.model_copy(update={"parent": RUNTIME.digest})
    of_digest = {"closure": closure, "digest": closure.digest}
    for parent, expected in ((12, Action.KEEP), (2, Action.DEPRECATE)):
        web = WEB.model_copy(update={**of_digest, "parent_image_ids": {REGION: ami(parent)}})
        inventory = world(runtime, web)
        inventory = replace(inventory, described={REGION: {**inventory.described[REGION], ami(12): told(before)}})
        found = steps(inventory, use(ami(3)))
        assert found[ami(12)].action is expected
        assert found[ami(2)].action is Action.KEEP, "the record of the digest that it was baked from"


def test_an_image_without_a_record_keeps_the_replaced_image_that_it_may_have_been_baked_from() -> None:
    tagged = told(NEWER, tags={"kiln:parent-digest": WEB.digest})
    inventory = world(AGAIN)
    seen = {**inventory.described[REGION], ami(13): told(EARLIER), ami(4): tagged}
    found = steps(replace(inventory, described={REGION: seen}))
    assert found[ami(13)].reason.startswith(f"parent of {ami(4)}, which has no record")


def test_a_replaced_image_that_goes_keeps_nothing_that_it_stands_on() -> None:
    found = replaced(web_13=told(EARLIER, tags={"kiln:parent-digest": RUNTIME.digest}))
    assert {one.action for one in found.values()} == {Action.DEPRECATE}


def test_a_replaced_image_whose_tags_are_of_another_build_is_never_touched() -> None:
    found = replaced(web_13=told(WEB))[ami(13)]
    assert found.action is Action.KEEP
    assert "its tag kiln:build is 'web-3', not 'web-13'" in found.reason


def test_a_replaced_image_of_which_too_little_was_recorded_is_told_and_left_alone() -> None:
    (entry,) = AGAIN.replaced
    little = entry.model_copy(update={"commit": None, "parent_image_ids": None, "shared_with": None})
    inventory = world(WEB.model_copy(update={"replaced": (little,)}))
    inventory = replace(inventory, described={REGION: {ami(3): told(WEB), ami(13): told(EARLIER)}})
    found = steps(inventory)[ami(13)]
    assert (found.action, found.record) == (Action.KEEP, None)
    assert found.reason == (
        "not provably Kiln's: replaced: its digest was baked again, "
        f"the record names {ami(3)} now; who may launch it, the record does not say"
    )


def test_the_record_of_a_digest_is_deleted_after_all_that_it_has_replaced() -> None:
    long_ago = {UNNEEDED_SINCE: at(NOW - 40 * DAY), DISABLED_AT: at(NOW - 20 * DAY)}
    newest = told(WEB, "disabled", long_ago)
    found = replaced(web_3=newest)
    assert (found[ami(3)].action, found[ami(13)].action) == (Action.WAIT, Action.DEPRECATE)
    assert found[ami(3)].reason.startswith("it is deleted after the earlier images of its digest")
    both = replaced(web_3=newest, web_13=told(EARLIER, "disabled", long_ago))
    assert (both[ami(3)].action, both[ami(13)].action) == (Action.WAIT, Action.DELETE)
    somebody_else_deleted_it = replaced(web_3=newest, web_13=None)
    assert somebody_else_deleted_it[ami(3)].action is Action.DELETE
    assert somebody_else_deleted_it[ami(13)].action is Action.KEEP
    begun = world(AGAIN, web_3=newest)
    assert steps(begun, begun={EARLIER.build})[ami(3)].action is Action.WAIT
    assert steps(begun, begun={EARLIER.build})[ami(13)].action is Action.DELETE


# --- properties: any chain of images, in any state, with any uses ----------------------------------------------------
states = st.sampled_from(("available", "deprecated", "disabled", "gone", "pending"))


@st.composite
def descriptions(draw: st.DrawFn, record: ImageRecord) -> Any:
    state, age = draw(states), timedelta(days=draw(st.integers(0, 60)))
    tags = draw(st.sampled_from([{}, {DISABLED_AT: at(NOW - age)}, {"kiln:release:Stage": "r"}]))
    tags = tags | draw(st.sampled_from([{}, {UNNEEDED_SINCE: at(NOW - age)}]))
    deprecated = {"DeprecationTime": f"{NOW - age:%Y-%m-%dT%H:%M:%S}.000Z"} if state == "deprecated" else {}
    if state == "gone":
        return None
    return told(record, "available" if state == "deprecated" else state, tags, **deprecated)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Inventory, list[Use], Policy, set[str]]:
    """Any of the images may have been replaced, and what stands on it have been baked from either."""
    count = draw(st.integers(1, 12))
    records: list[ImageRecord] = []
    there: dict[str, Any] = {}
    for number in range(1, count + 1):
        below = [one for one in records if one.recipe in ("base", "runtime")]
        parent = draw(st.sampled_from([None, *below]))
        recipe = {"": "base", "base": "runtime", "runtime": "web"}[parent.recipe if parent else ""]
        record = record_of(recipe, number, parent=parent.baked_at.day if parent else 0)
        if parent:
            closure = record.closure.model_copy(update={"parent": parent.digest})
            below_it = draw(st.sampled_from([parent, *parent.earlier]))
            stands_on = {"closure": closure, "digest": closure.digest, "parent_image_ids": below_it.image_ids}
            record = record.model_copy(update=stands_on)
        if draw(st.booleans()):
            below_it = draw(st.sampled_from([parent, *parent.earlier])) if parent else record
            parents = below_it.image_ids if parent else record.parent_image_ids
            record = again(record, earlier_of(record, 20 + number, parent_image_ids=parents))
        records.append(record)
        for image in (record, *record.earlier):
            if (description := draw(descriptions(image))) is not None:
                there[image.image_ids[REGION]] = description
    every = [image for record in records for image in (record, *record.earlier)]
    forgotten = draw(st.sets(st.sampled_from([one.build for one in records]), max_size=2))
    images = file_of(draw(st.sampled_from(every))) if draw(st.booleans()) else NO_IMAGES
    used = draw(st.lists(st.sampled_from(every), max_size=4))
    uses = [use(draw(st.sampled_from((one.image_ids[REGION], one.digest.removeprefix("sha256:"))))) for one in used]
    policy = Policy(draw(st.integers(0, 3)), timedelta(days=draw(st.integers(0, 170))), 14 * DAY)
    begun = {one.build for one in draw(st.lists(st.sampled_from(every), max_size=3))}
    known = tuple(stored(one) for one in records if one.build not in forgotten)
    return Inventory(known, {REGION: there}, images), uses, policy, begun


def applied(inventory: Inventory, planned: tuple[Step, ...]) -> Inventory:
    """The world after the steps."""
    there = dict(inventory.described[REGION])
    known = {one.record.build: one.record for one in inventory.stored if one.record}
    for step in planned:
        description = dict(there.get(step.image_id, {}))
        match step.action:
            case Action.MARK | Action.UNMARK:
                tags = [one for one in description["Tags"] if one["Key"] != UNNEEDED_SINCE]
                mark = [{"Key": UNNEEDED_SINCE, "Value": at(NOW)}] if step.action is Action.MARK else []
                there[step.image_id] = {**description, "Tags": [*tags, *mark]}
            case Action.DEPRECATE:
                tags = [one for one in description["Tags"] if one["Key"] != UNNEEDED_SINCE]
                tags = [*tags, {"Key": UNNEEDED_SINCE, "Value": at(NOW)}]
                there[step.image_id] = {
                    **description,
                    "Tags": tags,
                    "DeprecationTime": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
                }
            case Action.DISABLE:
                tags = [*description["Tags"], {"Key": DISABLED_AT, "Value": at(NOW)}]
                there[step.image_id] = {**description, "State": "disabled", "Tags": tags}
            case Action.DELETE:
                assert step.record
                there.pop(step.image_id, None)
                if newer := step.record.replaced_by:
                    known[newer] = known[newer].without(step.record.build)
                else:
                    del known[step.record.build]
    known_now = tuple(map(stored, known.values()))
    return replace(inventory, stored=known_now, described={REGION: there})


@given(worlds())
def test_nothing_that_is_used_leased_in_force_or_below_something_kept_is_ever_touched(
    found: tuple[Inventory, list[Use], Policy, set[str]],
) -> None:
    inventory, uses, policy, begun = found
    planned = planned_of(inventory, uses, policy, begun)
    used, leased = {one.what for one in uses}, set()
    for image, description in inventory.described[REGION].items():
        leased |= {image} if any(tag["Key"].startswith("kiln:release:") for tag in description["Tags"]) else set()
    named = {image for one in inventory.images.root.values() for image in one.image_ids.values()}
    below = {
        image
        for one in planned
        if one.record
        and one.action in (Action.KEEP, Action.UNMARK)
        and one.state != "gone"
        and "not by `retire`" not in one.reason
        and not one.reason.startswith("its state")
        for image in one.record.parent_image_ids.values()
    }
    recorded = {image for one in inventory.recorded for image in one.image_ids.values()}
    for step in planned:
        if step.action.changes and step.action is not Action.UNMARK:
            assert step.record, "what no record proves to be ours"
            assert step.image_id in recorded
            assert step.image_id not in used | leased | named | below
            assert step.record.digest.removeprefix("sha256:") not in used
            assert NOW - step.record.baked_at >= policy.younger_than
            assert step.reason


@given(worlds(), st.randoms())
def test_the_plan_does_not_depend_on_the_order_in_which_things_were_read(
    found: tuple[Inventory, list[Use], Policy, set[str]], random: Any
) -> None:
    inventory, uses, policy, begun = found
    shuffled, used = list(inventory.stored), list(uses)
    random.shuffle(shuffled)
    random.shuffle(used)
    other = planned_of(replace(inventory, stored=tuple(shuffled)), used, policy, begun)
    assert other == planned_of(inventory, uses, policy, begun)


@given(worlds())
def test_done_twice_it_changes_nothing_the_second_time(
    found: tuple[Inventory, list[Use], Policy, set[str]],
) -> None:
    inventory, uses, policy, begun = found
    first = planned_of(inventory, uses, policy, begun)
    after = applied(inventory, first)
    second = [one for one in planned_of(after, uses, policy, begun) if one.action.changes]
    waited_for = {one.record.replaced_by for one in first if one.record and one.action is Action.DELETE}
    assert {one.action for one in second} <= {Action.DELETE}, "the record of a digest, after what it has replaced"
    assert {one.record.build for one in second if one.record} <= waited_for
    last = applied(after, tuple(second))
    assert [one for one in planned_of(last, uses, policy, begun) if one.action.changes] == []


@given(worlds())
def test_what_was_replaced_is_none_of_the_newest_and_goes_before_the_record_that_names_it(
    found: tuple[Inventory, list[Use], Policy, set[str]],
) -> None:
    inventory, uses, policy, begun = found
    planned = planned_of(inventory, uses, policy, begun)
    newest = [one.record for one in planned if one.record and one.reason.startswith("among the newest")]
    assert not [one for one in newest if one.replaced_by]
    assert all(count <= policy.keep for count in Counter(one.recipe for one in newest).values())
    images = inventory.described[REGION]
    for step in planned:
        if step.record and step.record.replaced_by:
            assert f"{step.record.replaced_by} has replaced it (build {step.record.build})" in step.reason
        if step.record and step.action is Action.DELETE:
            assert not [one for one in step.record.earlier if one.image_ids[REGION] in images or one.build in begun]


@given(worlds())
def test_images_are_deleted_only_when_they_were_disabled_by_retire_or_the_deletion_was_begun(
    found: tuple[Inventory, list[Use], Policy, set[str]],
) -> None:
    inventory, uses, policy, begun = found
    for step in planned_of(inventory, uses, policy, begun):
        if step.action is Action.DELETE:
            tags = {t["Key"] for t in inventory.described[REGION].get(step.image_id, {"Tags": ()})["Tags"]}
            assert (step.state == "disabled" and DISABLED_AT in tags) or (
                step.record and step.state == "gone" and step.record.build in begun
            )
