"""Bake or reuse? Pure, with the reason in words. In doubt bake: an image too many costs minutes, a wrong one trust."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bake.digest import Closure, changes
from bake.image import ImageRecord


class Action(StrEnum):
    """What is to be done with a tier."""

    BAKE = "bake"
    REUSE = "reuse"


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision, why, and what changed since the image in force."""

    action: Action
    reason: str
    changes: tuple[str, ...] = ()


def plan(
    closure: Closure,
    record: ImageRecord | None,
    states: Mapping[str, str],
    *,
    in_force: Closure | None,
    force: bool = False,
) -> Plan:
    """Decide.

    Args:
        record: the record of this very digest, if there is one.
        states: image id → state as EC2 tells it (`available`, `pending`, …); an image that is gone is not in it.
        in_force: the closure of the image that the images file names now, if it is known.
    """
    differences = changes(in_force, closure) if in_force else ()
    if force:
        return Plan(Action.BAKE, "asked for with --force", differences)
    if record is None:
        reason = "; ".join(differences) or "there is no image of this recipe yet"
        return Plan(Action.BAKE, reason, differences)
    for region, image_id in sorted(record.image_ids.items()):
        state = states.get(image_id)
        if state is None:
            return Plan(Action.BAKE, f"its image {image_id} in {region} is gone (deregistered since)", differences)
        if state != "available":
            return Plan(Action.BAKE, f"its image {image_id} in {region} is {state}", differences)
    return Plan(Action.REUSE, f"nothing changed since build {record.build}", differences)
