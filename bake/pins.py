"""Which versions of Debian's packages a base or a runtime installs: locked in packages.toml, beside the images file.

Policy: what apt finds changes without us. A recipe that has an entry here installs those versions and nothing else,
from any source its machine has (packer/shared/prepare.sh); a version that the source has no more ends the bake. One
that has none takes what is there. `python -m bake RECIPE --update-packages` (`repin`) tries the recipe without its lock
on a builder that makes no image, and writes what it installed. The lock is part of the digest, and reviewed in git.

The entry names what the recipe changes of its parent, whose image is locked itself (`parents`).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tomlkit
from pydantic import ConfigDict, Field, RootModel

from console import reviewed_file
from console.errors import BadInput
from console.reviewed_file import locked, replace, text_of

NAME = "packages.toml"
WHAT = "the lock of the packages"
MARK = re.compile(r"kiln-lock: (?P<name>\S+) (?P<version>\S+) (?P<found>\S+)")

# https://www.debian.org/doc/debian-policy/ch-controlfields.html, Source and Version
Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
Version = Annotated[str, Field(pattern=r"^([0-9]+:)?[0-9][0-9A-Za-z.+~-]*$")]


class Lock(RootModel[dict[str, dict[Package, Version]]]):
    """All of the file: recipe → package → version."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Unmet:
    """A locked version that was not to be had, and what there was instead: None for nothing."""

    name: str
    version: str
    found: str | None

    def __str__(self) -> str:
        return f"{self.name} {self.version} (there is {self.found or 'none'})"


@dataclass(frozen=True, slots=True)
class Update:
    """What was written into the lock for a recipe; `before` is None where it had no entry."""

    path: Path
    recipe: str
    before: Mapping[str, str] | None
    after: Mapping[str, str]

    def lines(self) -> Iterator[str]:
        """For the user: how many, and what changed since the last time."""
        yield f"packages of {self.recipe}: {len(self.after)} locked in {self.path}"
        before = self.after if self.before is None else self.before
        for name in sorted(before.keys() | self.after.keys()):
            if before.get(name) != self.after.get(name):
                yield f"  {name} {before.get(name, 'new')} → {self.after.get(name, 'gone')}"


def unmet(line: str) -> Unmet | None:
    """What a line of a builder's output says of the lock."""
    said = MARK.search(line)
    return Unmet(said["name"], said["version"], None if said["found"] == "none" else said["found"]) if said else None


def path_beside(images: Path) -> Path:
    """The lock that belongs to an images file."""
    return images.parent / NAME


def load(path: Path, recipes: Collection[str] | None = None) -> Mapping[str, Mapping[str, str]]:
    """What is locked. Raises BadInput: the file is not TOML, has an entry that nothing writes, or one of no recipe."""
    again = "take the file back from git, or: python -m bake RECIPE --update-packages"
    lock = reviewed_file.load(path, Lock, WHAT, writer="nothing", next_step=again).root
    if recipes is not None and (unknown := sorted(lock.keys() - set(recipes))):
        raise BadInput(
            f"{WHAT} locks what is no recipe",
            where=f"{path}: {unknown[0]}",
            expected=f"one of: {', '.join(sorted(recipes))}",
            next_step="rename the entry as its recipe was renamed, or take it out",
        )
    return lock


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What was installed or has another version since, by name."""
    return {name: version for name, version in sorted(after.items()) if before.get(name) != version}


def record(path: Path, recipe: str, packages: Mapping[str, str]) -> None:
    """Write the entry of a recipe; others, comments and the order of the file stay as they are."""
    with locked(path):
        load(path)
        document = tomlkit.parse(text_of(path, WHAT))
        table = tomlkit.table()
        table.update(dict(sorted(packages.items())))
        document[recipe] = table
        replace(path, tomlkit.dumps(document))


def rendered(packages: Mapping[str, str]) -> str:
    """As a builder reads it."""
    return "".join(f"{name} {version}\n" for name, version in sorted(packages.items()))
