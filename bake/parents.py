"""Which image of an operating system a base stands on: locked in parents.toml, beside the images file in force.

Policy: what a published parameter names changes without us. A base takes what the lock names; a parameter that has
moved on is reported, and taken only when somebody asks for it (`--update-parents`). The lock is reviewed in git.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from pydantic import ConfigDict, RootModel

from console import reviewed_file
from console.reviewed_file import locked, replace, text_of
from infra.images import AmiId, Region

NAME = "parents.toml"
WHAT = "the lock of the parents"


class Lock(RootModel[dict[str, dict[Region, AmiId]]]):
    """All of the file: SSM parameter → region → AMI id."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Parent:
    """The AMI in force for a parameter, and the one that was locked until now."""

    parameter: str
    image_id: str
    locked: str | None
    published: str

    @property
    def is_new(self) -> bool:
        """Whether the lock has to be written."""
        return self.image_id != self.locked

    def note(self, *, for_real: bool) -> str | None:
        """One line for the user where there is something to say."""
        if self.is_new:
            taken = "is taken and locked" if for_real else "would be taken and locked"
            instead = f" instead of {self.locked}" if self.locked else ""
            return f"parent {self.parameter}: {self.image_id} {taken}{instead}"
        if self.published != self.locked:
            stays = f"{self.locked} stays in force (--update-parents takes the new one)"
            return f"parent {self.parameter} names {self.published} now; {stays}"
        return None


def choose(
    published: Mapping[str, str], locked: Mapping[str, Mapping[str, str]], region: str, *, update: bool = False
) -> dict[str, Parent]:
    """Parameter → what is in force. Pure."""
    found = {}
    for parameter, image_id in published.items():
        before = locked.get(parameter, {}).get(region)
        in_force = image_id if update or before is None else before
        found[parameter] = Parent(parameter, in_force, before, image_id)
    return found


def path_beside(images: Path) -> Path:
    """The lock that belongs to an images file."""
    return images.parent / NAME


def load(path: Path) -> Mapping[str, Mapping[str, str]]:
    """What is locked. Raises BadInput: the file is not TOML, or has an entry that no bake writes."""
    again = "take the file back from git, or delete the entry: the next bake takes what is published"
    return reviewed_file.load(path, Lock, WHAT, writer="no bake", next_step=again).root


def record(path: Path, parents: Iterable[Parent], region: str) -> None:
    """Write what is new; other entries, comments and the order of the file stay as they are."""
    new = [parent for parent in parents if parent.is_new]
    if not new:
        return
    with locked(path):
        load(path)
        document = tomlkit.parse(text_of(path, WHAT))
        for parent in new:
            document.setdefault(parent.parameter, tomlkit.table())[region] = parent.image_id
        replace(path, tomlkit.dumps(document))
