"""What is to be done for a copy of an image in a region? Pure, with the reason in words.

What is half-done is AWS's to tell: a copy carries the tag of what it is a copy of from its first moment on. So a
command that was killed at any point is gone on with: the copy that is under way is waited for, one that is there is
taken, and only where there is none, or the last one failed, another is begun.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bake.agreement import snapshots_of, tags_of
from bake.application import COPIED_FROM

# Tags that hold of the very image, so not of its copies: which release needs it, and how far a retire has come with it.
OWN = ("kiln:release:", "kiln:disabled-at", "kiln:unprotected-at", "kiln:unneeded-since")
BROKEN = {"failed", "error", "invalid"}
UNDER_WAY = {"pending", "transient"}
ENDED = {"deregistered"}


class Action(StrEnum):
    """What is to be done."""

    KEEP = "keep"
    TAKE = "take"
    WAIT = "wait"
    COPY = "copy"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Broken:
    """A copy that came to nothing, to be removed with its snapshots."""

    image: str
    snapshots: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """The decision for a region.

    Args:
        image: the copy that is kept, taken or waited for; of a refusal the one that is in the way.
        broken: to be removed before another copy is begun.
        superfluous: other copies of the same image, which nothing names.
    """

    region: str
    action: Action
    reason: str
    image: str | None = None
    broken: tuple[Broken, ...] = ()
    superfluous: tuple[str, ...] = ()


def plan(region: str, recorded: str | None, copies: Iterable[Mapping[str, Any]]) -> Step:
    """The step for a region.

    Args:
        recorded: the AMI id that the record has for the region.
        copies: what EC2 says of everything there that is tagged as a copy of this image, and of `recorded`.
    """
    there = sorted(
        (one for one in copies if one["State"] not in ENDED),
        key=lambda one: (one.get("CreationDate", ""), one["ImageId"]),
    )
    broken = tuple(
        Broken(one["ImageId"], snapshots_of(one), str(one.get("StateReason", {}).get("Message") or one["State"]))
        for one in there
        if one["State"] in BROKEN
    )
    usable = [one for one in there if one["State"] not in BROKEN]
    chosen, action, reason = _choose(recorded, usable)
    if chosen is None:
        reason = f"the copy {broken[-1].image} failed: {broken[-1].why}" if broken else reason
    others = tuple(one["ImageId"] for one in usable if one["ImageId"] != chosen)
    return Step(region, action, reason, chosen, broken, others)


def _choose(recorded: str | None, usable: list[Mapping[str, Any]]) -> tuple[str | None, Action, str]:
    states = {str(one["ImageId"]): str(one["State"]) for one in usable}
    if recorded in states and states[recorded] == "available":
        return recorded, Action.KEEP, "it is recorded, and there"
    for image, state in states.items():
        if state == "available":
            gone = f"; {recorded}, which is recorded, is not" if recorded else ", not recorded yet"
            return image, Action.TAKE, f"it is there{gone}"
    for image, state in states.items():
        if state in UNDER_WAY:
            return image, Action.WAIT, "an earlier command has begun it"
    for image, state in states.items():  # disabled by somebody, who had a reason
        return image, Action.REFUSE, f"the copy {image} is {state}"
    return None, Action.COPY, f"{recorded}, which is recorded, is gone" if recorded else "there is none yet"


def tags(source: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a copy, of the image and of its snapshots, from what EC2 says of the source."""
    own = {key: value for key, value in tags_of(source).items() if not key.startswith(("aws:", *OWN))}
    return {**own, COPIED_FROM: str(source["ImageId"])}


def token(source: str, region: str, key: str, gone: Iterable[str]) -> str:
    """The ClientToken of a copy: the same for the same copy, so that two commands begin one copy and not two.

    `gone` are the copies that were made under earlier tokens and are not there any more: EC2 would answer with them.
    """
    text = "\0".join([source, region, key, *sorted(gone)])
    return hashlib.sha256(text.encode()).hexdigest()
