"""The digest of a recipe's full closure. Pure. Same digest, same image: so nothing that reaches the image is left out.

In it: the parent (the digest of the recipe that it stands on, for a base the AMI id that the lock names), every file
that the template can read, the artifact, the variables that reach the image, the versions of Packer and its plugins.
Not in it: order, time stamps, and where on AWS the bake takes place.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bake.recipe import FILE, Recipe

FORMAT = 2  # raised when the closure's own form changes, so that old digests cannot equal new ones
ABSENT: Mapping[str, object] = {"packages": None, "downloads": {}}  # came later: without them a digest is as it was
IGNORED = ("__pycache__", FILE)  # recipe.toml: its values are in the closure one by one, its comments are not


class Closure(BaseModel):
    """Everything that an image is made of.

    Args:
        parent: the digest of the recipe that it stands on, never an AMI id of it; for a base the AMI id it starts from.
        artifact: SHA-256 (hex) of the artifact's bytes; None where there is none.
        files: path below packer/ → SHA-256 (hex) of its bytes, with ` +x` where it is executable.
        variables: what the template is given that reaches the image.
        tools: tool → version.
        packages: Debian package → version that is locked, perhaps none; None where the recipe takes what there is.
        downloads: file that is fetched → SHA-256 (hex) of its bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    parent: str
    artifact: str | None
    files: Mapping[str, str]
    variables: Mapping[str, str | int | bool]
    tools: Mapping[str, str]
    packages: Mapping[str, str] | None = None
    downloads: Mapping[str, str] = {}

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits."""
        given = {name: value for name, value in self.model_dump().items() if value != ABSENT.get(name, ...)}
        text = json.dumps({"format": FORMAT, **given}, sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def files_of(recipe: Recipe) -> dict[str, Path]:
    """Path below packer/ → file, for everything that a template can read: the recipe's folder and its platform's."""
    recipes = recipe.folder.parent
    found = {}
    for folder in (recipe.folder, recipes / recipe.platform.shared):
        for file in sorted(folder.rglob("*")):
            parts = file.relative_to(folder).parts
            hidden = any(part in IGNORED or part.startswith(".") for part in parts)
            if file.is_file() and not hidden:
                found[file.relative_to(recipes).as_posix()] = file
    return found


def fingerprint(file: Path) -> str:
    """SHA-256 (hex) of a file's bytes, with ` +x` where its owner may execute it: Packer uploads a file's mode, too."""
    executable = " +x" if file.stat().st_mode & 0o100 else ""
    return hashlib.sha256(file.read_bytes()).hexdigest() + executable


def short(parent: str) -> str:
    """A digest as people can compare it by eye; an AMI id as it is."""
    return parent[: len("sha256:") + 12] if parent.startswith("sha256:") else parent


def changes(before: Closure, after: Closure) -> tuple[str, ...]:
    """What differs, one sentence each; empty where the digests are the same."""
    found = []
    if before.parent != after.parent:
        found.append(f"the parent is {short(after.parent)}, it was {short(before.parent)}")
    if before.artifact != after.artifact:
        found.append(f"the artifact changed ({(before.artifact or 'none')[:12]} → {(after.artifact or 'none')[:12]})")
    if (before.packages is None) != (after.packages is None):
        found.append(f"its packages are {'locked' if before.packages is None else 'locked no more'}")
    for name, old, new in (
        ("file", before.files, after.files),
        ("variable", before.variables, after.variables),
        ("tool", before.tools, after.tools),
        ("package", before.packages or {}, after.packages or {}),
        ("download", before.downloads, after.downloads),
    ):
        found += _differences(name, old, new)
    return tuple(found)


def _differences(name: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    def value(given: object) -> str:
        return "" if name == "file" else f" {given}"

    found = [f"{name} {key} is new{value(after[key])}" for key in sorted(after.keys() - before.keys())]
    found += [f"{name} {key} is gone" for key in sorted(before.keys() - after.keys())]
    for key in sorted(before.keys() & after.keys()):
        if repr(before[key]) != repr(after[key]):  # true and 1 are equal in Python but not in a template
            found.append(f"{name} {key} changed" + ("" if name == "file" else f": {before[key]} → {after[key]}"))
    return found
