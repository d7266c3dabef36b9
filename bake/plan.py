"""Bake or reuse, layer by layer? Pure, with the reason in words.

In doubt bake: an image too many costs minutes, a wrong one trust. What stands on a recipe that is baked is baked after
it. A record that its image contradicts is neither reused nor baked over: somebody has to look.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bake.agreement import disagreements
from bake.digest import Closure, changes
from bake.image import ImageRecord

FIRST = "there is no image of this recipe yet"
Described = Mapping[str, Mapping[str, Any]]  # image id → what EC2 says of it; one that is gone is not in it


class Action(StrEnum):
    """What is to be done with a recipe. `wait` is a bake too: after its parent's."""

    BAKE = "bake"
    WAIT = "wait"
    REUSE = "reuse"
    REFUSE = "refuse"

    @property
    def bakes(self) -> bool:
        return self in (Action.BAKE, Action.WAIT)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a recipe before anything is done.

    Args:
        parent: the recipe that it stands on; None for a base.
        record: of this very digest, if there is one.
        in_force: the record of the image that is in force now, if it is known.
        unreadable: why what lies at the place of `record` is none; empty where there is one, or nothing.
        unknown: the reason of a bake where nothing says what changed.
    """

    recipe: str
    parent: str | None
    closure: Closure
    record: ImageRecord | None = None
    in_force: ImageRecord | None = None
    unreadable: str = ""
    unknown: str = FIRST


@dataclass(frozen=True, slots=True)
class Step:
    """The decision about one recipe, why, and what changed since the image in force."""

    recipe: str
    action: Action
    reason: str
    changes: tuple[str, ...] = ()


def plan(known: Sequence[Known], described: Described, *, force: Collection[str] = ()) -> tuple[Step, ...]:
    """A step for each recipe, in the given order, in which every recipe comes after its parent."""
    steps: dict[str, Step] = {}
    images = {one.recipe: one.record.image_ids for one in known if one.record}
    for one in known:
        below = steps[one.parent] if one.parent else None
        differences = changes(one.in_force.closure, one.closure) if one.in_force else ()
        action, reason = _decide(one, below, images.get(one.parent or "", {}), described, one.recipe in force)
        steps[one.recipe] = Step(one.recipe, action, reason or "; ".join(differences) or one.unknown, differences)
    return tuple(steps.values())


def again(one: Known, parent_images: Mapping[str, str], described: Described, *, force: bool) -> Step:
    """The step for a recipe whose parent is done and has these images by region: another machine may have baked it."""
    action, reason = _decide(one, None, parent_images, described, force)
    return Step(one.recipe, action, reason)


def _decide(
    one: Known, below: Step | None, parent_images: Mapping[str, str], described: Described, forced: bool
) -> tuple[Action, str]:
    """Action and reason; an empty reason where it is what changed."""
    if below and below.action is Action.REFUSE:
        return Action.REFUSE, f"its parent {below.recipe} is refused"
    if below and below.action.bakes:
        return Action.WAIT, f"parent {below.recipe} is baked anew"
    if forced:
        return Action.BAKE, "asked for with --force"
    if one.unreadable:
        return Action.REFUSE, f"its record cannot be read: {one.unreadable}"
    record = one.record
    if record is None:
        return Action.BAKE, ""
    for region, image_id in sorted(record.baked.items()):
        description = described.get(image_id)
        if description is None:
            return Action.BAKE, f"its image {image_id} in {region} is gone (deregistered since)"
        if description.get("State") != "available":
            return Action.BAKE, f"its image {image_id} in {region} is {description.get('State')}"
        if wrong := disagreements(description, owner=record.owner, tags=record.tags):
            return Action.REFUSE, f"its record and its image {image_id} contradict each other: {'; '.join(wrong)}"
    for region, image_id in sorted(record.parent_image_ids.items()):
        current = parent_images.get(region) if parent_images else image_id
        if current != image_id:
            return Action.BAKE, f"its parent {one.parent} is {current} now, it was baked from {image_id}"
    return Action.REUSE, f"nothing changed since build {record.build}"
