"""What a builder tells of itself at its end (packer/shared/clean.sh): its packages and its operating system. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

# What clean.sh asks of dpkg-query for, one package a line, with tabs between.
FIELDS = ("name", "version", "architecture", "source", "source_version")


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """An installed package; what is empty was not told.

    Args:
        source, source_version: the source package that it was built from. Debian's advisories are about these.
    """

    name: str
    version: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """As os-release(5) names it: `debian`, `12`, `bookworm`, `Debian GNU/Linux 12 (bookworm)`."""

    id: str
    version: str = ""
    codename: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All of it. `system` is None where the builder did not tell."""

    packages: tuple[Package, ...] = ()
    system: OperatingSystem | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Package → version."""
        return {one.name: one.version for one in self.packages}


def packages(text: str) -> tuple[Package, ...]:
    """By name. A line without tabs is a name and a version: what a template of somebody's own may write."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        name, version, *more = [*(line.split("\t") if "\t" in line else line.split(" ", 1)), ""]
        found.append(Package(name, version, *more[: len(FIELDS) - 2]))
    return tuple(sorted(found))


def operating_system(text: str) -> OperatingSystem | None:
    """From the lines of an os-release file; None where it has no ID."""
    said = _variables(text)
    if "ID" not in said:
        return None
    fields = (said.get(name, "") for name in ("VERSION_ID", "VERSION_CODENAME", "PRETTY_NAME"))
    return OperatingSystem(said["ID"], *fields)


def _variables(text: str) -> Mapping[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): "".join(shlex.split(value)) for name, _, value in lines}
