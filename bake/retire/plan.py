"""Which images are kept and which go, each with its reason. Pure: what was read, the policy and the time → steps.

Policy: an image goes in three steps with a grace time between them, deprecated → disabled → deleted, and only the last
cannot be taken back. The grace time counts from when a retire first saw that nothing needs the image, a tag of its own:
templates let images be deprecated after a year whether they are in use or not. Everything speaks for keeping: a
release, a use in any account, being shared with one that cannot be asked for its uses, the images file, its age, its
place among the newest, what was baked from it; and what is not provably Kiln's is never touched, but said.
The images of one record, one in each region, share one fate; each takes its own next step.

An image that was replaced, because its digest was baked once more, is one like any other, but its digest has a newer
image: it is none of the newest, the images file means it by its AMI id alone, and what was baked from it is what says
so. A release that names the digest may mean it. The record of the digest goes after what it has replaced.

What a bake might still reuse is available; it is deprecated and disabled for days before it is deleted, and no bake
reuses a disabled one. So nothing that is deleted can be in the hands of a bake that has just begun.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bake.agreement import disagreements, tags_of
from bake.digest import short
from bake.image import ImageRecord
from bake.inventory import GONE, Inventory, Seen, contradictions, moment, state_of
from bake.retire.policy import Policy
from console import duration

RELEASE_TAG = "kiln:release:"  # + environment; its value is the release that needs the image
# times that EC2 does not keep; the first is taken away when something needs the image again
UNNEEDED_SINCE, DISABLED_AT, UNPROTECTED_AT = "kiln:unneeded-since", "kiln:disabled-at", "kiln:unprotected-at"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html
COOL_DOWN = timedelta(hours=24)
# A deprecation time must lie in the future; one that lies no further ahead than this is one that a retire has set.
SOON = timedelta(minutes=10)
DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

Key = tuple[str, str, str]  # recipe, digest and build: a record, or what one has replaced


class Action(StrEnum):
    """What is to be done with an image now.

    `wait`: it is on its way out, and its grace time is not over. `mark`: it is deprecated or disabled already, and its
    grace time begins now. `unmark`: it is kept, and its grace time ends.
    """

    KEEP = "keep"
    WAIT = "wait"
    UNMARK = "unmark"
    MARK = "mark"
    DEPRECATE = "deprecate"
    DISABLE = "disable"
    DELETE = "delete"

    @property
    def changes(self) -> bool:
        return self not in (Action.KEEP, Action.WAIT)


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Something in an account that needs an image: `what` is an AMI id or a digest (64 digits)."""

    environment: str
    region: str
    kind: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.environment} in {self.region}"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one image in one region, and why; `record` is None where no record proves it ours."""

    recipe: str
    region: str
    image_id: str
    state: str
    action: Action
    reason: str
    record: ImageRecord | None = None


def plan(
    inventory: Inventory,
    uses: Iterable[Use],
    policy: Policy,
    now: datetime,
    *,
    asked: Collection[str],
    begun: Collection[str] = (),
) -> tuple[Step, ...]:
    """A step for every image that there is, the newest first.

    Args:
        asked: the accounts that were asked for their uses.
        begun: the builds whose deletion was begun: history has their record already.
    """
    kept = keeps(inventory, uses, policy, now, asked)
    records = {_key(one): one for one in inventory.recorded}
    described = inventory.everywhere()
    holding = {
        (one.recipe, one.digest)
        for one in records.values()
        if one.replaced_by and (one.build in begun or described.keys() & set(one.image_ids.values()))
    }
    steps = []
    for seen in inventory.all(now):
        record = records.get((seen.recipe, seen.digest, seen.build))
        description = described.get(seen.image_id, {})
        if record is None or seen.image_id not in record.image_ids.values():
            reason = f"not provably Kiln's: {'; '.join(seen.notes) or 'no record'}"
            steps.append(Step(seen.recipe, seen.region, seen.image_id, seen.state, Action.KEEP, reason))
            continue
        if reason := kept.get(_key(record), ""):
            undo = seen.state in ("deprecated", "disabled")
            reason += f"; it is {seen.state}: --undo {seen.image_id} takes that back" if undo else ""
            marked = UNNEEDED_SINCE in tags_of(description) and not contradictions(record, description)
            action = Action.UNMARK if marked else Action.KEEP
        else:
            action, reason = _next(seen, description, policy, now, begun=record.build in begun)
        if action is Action.DELETE and not record.replaced_by and (record.recipe, record.digest) in holding:
            action, reason = Action.WAIT, "it is deleted after the earlier images of its digest: its record names them"
        if record.replaced_by:
            reason += f"; {record.replaced_by} has replaced it (build {record.build}): it is none of the newest"
        steps.append(Step(seen.recipe, seen.region, seen.image_id, seen.state, action, reason, record))
    return tuple(steps)


def keeps(
    inventory: Inventory, uses: Iterable[Use], policy: Policy, now: datetime, asked: Collection[str]
) -> dict[Key, str]:
    """The records that are kept, each with its reason; also all that a kept one stands on."""
    described, records = inventory.everywhere(), inventory.recorded
    used = _by_what(uses)
    newest = _newest(records, described, policy.keep, now)
    kept: dict[Key, str] = {}
    for record in records:
        key = _key(record)
        if reason := next(_reasons(record, inventory, described, used, policy, now, asked), ""):
            kept[key] = reason
        elif key in newest:
            kept[key] = f"among the newest {policy.keep} of {record.recipe}"
    # of an image without a record its tags are all that is known: what they call its parent stays
    below = {digest: f"{image}, which has no record" for image, digest in _parents_in_tags(inventory, described)}
    for record in records:
        if record.digest in below:
            kept.setdefault(_key(record), f"parent of {below[record.digest]}")
    todo = [one for one in records if _key(one) in kept]
    while todo:
        child = todo.pop()
        for parent in records:
            key = _key(parent)
            if key not in kept and _is_parent(parent, child):
                kept[key] = f"parent of {child.recipe} {short(child.digest)}, which is kept"
                todo.append(parent)
    return kept


def _reasons(
    record: ImageRecord,
    inventory: Inventory,
    described: Mapping[str, Mapping[str, Any]],
    used: Mapping[str, list[Use]],
    policy: Policy,
    now: datetime,
    asked: Collection[str],
) -> Iterator[str]:
    """Why a record is kept for its own sake, the strongest reason first."""
    images = sorted(record.image_ids.values())
    there = {image: described[image] for image in images if image in described}
    for image, description in there.items():
        told = {**description, "State": "available"}  # the state is told apart from it
        if wrong := disagreements(told, owner=record.owner, tags=record.tags):
            yield f"not provably Kiln's: the record says otherwise of {image} than EC2 ({'; '.join(wrong)})"
    for description in there.values():
        for name, value in sorted(tags_of(description).items()):
            if name.startswith(RELEASE_TAG):
                yield f"the release {value} of {name.removeprefix(RELEASE_TAG)} needs it"
    if found := sorted(one for what in (*images, record.digest.removeprefix("sha256:")) for one in used.get(what, ())):
        yield f"used by {found[0]}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")
    if unasked := sorted(set(record.shared_with) - {*asked}):
        yield f"shared with {', '.join(unasked)}: nobody asks there what is in use"
    for name, image_in_force in sorted(inventory.images.root.items()):
        its_digest = image_in_force.digest == record.digest and not record.replaced_by
        if its_digest or set(images) & set(image_in_force.image_ids.values()):
            yield f"the images file names it as {name}"
    if now - record.baked_at < policy.younger_than:
        yield f"younger than {duration.show(policy.younger_than)}"


def _newest(
    records: Iterable[ImageRecord], described: Mapping[str, Mapping[str, Any]], keep: int, now: datetime
) -> frozenset[Key]:
    """The newest of each recipe that can be launched; what is gone, disabled or replaced does not count."""
    found: dict[str, list[Key]] = {}
    for record in records:
        states = {state_of(described.get(image), now) for image in record.image_ids.values()}
        if states & {"available", "deprecated"} and not record.replaced_by:
            found.setdefault(record.recipe, []).append(_key(record))
    return frozenset(key for keys in found.values() for key in keys[:keep])


def _is_parent(parent: ImageRecord, child: ImageRecord) -> bool:
    by_digest = parent.digest == child.closure.parent and not parent.replaced_by
    return by_digest or bool(set(parent.image_ids.values()) & set(child.parent_image_ids.values()))


def _parents_in_tags(inventory: Inventory, described: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """AMI id and parent's digest of each image that no record names."""
    recorded = {image for record in inventory.recorded for image in record.image_ids.values()}
    for image, description in sorted(described.items()):
        parent = tags_of(description).get("kiln:parent-digest")
        if parent and image not in recorded:
            yield image, parent


def _key(record: ImageRecord) -> Key:
    return record.recipe, record.digest, record.build


def _by_what(uses: Iterable[Use]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for one in uses:
        found.setdefault(one.what, []).append(one)
    return found


def _next(
    seen: Seen, description: Mapping[str, Any], policy: Policy, now: datetime, *, begun: bool
) -> tuple[Action, str]:
    """The next step of an image that nothing keeps."""
    if seen.state == GONE and begun:
        return Action.DELETE, "its deletion was begun: its snapshots and its record are left"
    if seen.state == GONE:
        return Action.KEEP, "its image is gone, and no `retire` did that: nothing is done about its record"
    if seen.state == "disabled":
        return _deletion(description, policy, now)
    if seen.state not in ("available", "deprecated"):
        return Action.KEEP, f"its state is {seen.state}"
    if seen.deprecated_from is None or seen.deprecated_from > now + SOON:
        return Action.DEPRECATE, "nothing needs it"
    if (since := _time(tags_of(description).get(UNNEEDED_SINCE))) is None:
        return Action.MARK, f"deprecated, and from now on nothing needs it: it is disabled {_later(policy)}"
    if now < (due := since + policy.grace):
        return Action.WAIT, f"deprecated; it is disabled from {_day(due)}"
    return Action.DISABLE, f"unneeded for {duration.show(policy.grace)} and still nothing needs it"


def _deletion(description: Mapping[str, Any], policy: Policy, now: datetime) -> tuple[Action, str]:
    tags = tags_of(description)
    if (disabled := _time(tags.get(DISABLED_AT))) is None:
        return Action.KEEP, f"disabled, and not by `retire` (no tag {DISABLED_AT}): who did it may delete it"
    if (since := _time(tags.get(UNNEEDED_SINCE))) is None:
        return Action.MARK, f"disabled, and from now on nothing needs it: it is deleted {_later(policy)}"
    if now < (due := max(disabled, since) + policy.grace):
        return Action.WAIT, f"disabled; it is deleted from {_day(due)}"
    unprotected = _time(tags.get(UNPROTECTED_AT))
    if unprotected and now < unprotected + COOL_DOWN:
        again = _day(unprotected + COOL_DOWN)
        return Action.WAIT, f"EC2 keeps it for a day after its protection ended: again after {again}"
    return Action.DELETE, f"disabled for {duration.show(policy.grace)} and still nothing needs it"


def _later(policy: Policy) -> str:
    return f"{duration.show(policy.grace)} later, if still nothing does"


def _time(text: str | None) -> datetime | None:
    """A time that a tag of ours holds; None where it holds anything else."""
    try:
        return moment(text)
    except ValueError:
        return None


def _day(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
