"""What Debian's security tracker knows of the packages that a bill of materials names. Pure, but for reading the file.

The file is https://security-tracker.debian.org/tracker/data/json as somebody fetched it; Kiln fetches nothing. Source
package → CVE → `releases` → codename → status, fixed_version, urgency, as
https://security-team.debian.org/security_tracker.html has them.

Policy: versions are compared as Debian compares them (deb-version(7)), source package by source package, because the
tracker knows no others. Open, or fixed in a later version than the installed one, is a finding. What the tracker itself
calls undetermined is none. A file that knows nothing of the image's release is refused: silence would look like safety.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from packageurl import PackageURL
from univers.versions import DebianVersion, InvalidVersion

from console.errors import BadInput

ADDRESS = "https://security-tracker.debian.org/tracker/data/json"


class Urgency(StrEnum):
    """How urgent Debian's security team calls it, the least first."""

    UNIMPORTANT = "unimportant"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


@dataclass(frozen=True, slots=True)
class Installed:
    """A source package of which something is installed, and the binary packages that come from it."""

    source: str
    version: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A vulnerability that an image has.

    Args:
        urgency: as the tracker says it: one of `Urgency`, or `not yet assigned`, `end-of-life`.
        fixed_in: the version of the source package; None where there is none yet.
    """

    id: str
    source: str
    packages: tuple[str, ...]
    installed: str
    fixed_in: str | None
    urgency: str

    @property
    def rank(self) -> int:
        """What nobody has judged yet, or nobody will mend any more, counts as medium."""
        known = self.urgency in list(Urgency)
        return Urgency(self.urgency if known else Urgency.MEDIUM).rank


@dataclass(frozen=True, slots=True)
class Database:
    """The tracker's data; `date` is the file's own, because nothing in it tells of when it is."""

    file: Path
    date: datetime
    sources: Mapping[str, Mapping[str, Any]]


def load(file: Path) -> Database:
    """Raises BadInput: not there, not JSON, something else."""
    try:
        sources = json.loads(file.read_bytes())
        date = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, ValueError) as problem:
        raise _unusable(file, str(problem)) from problem
    whole = isinstance(sources, dict) and all(isinstance(one, dict) for one in sources.values())
    entries = [entry for source in sources.values() for entry in source.values()] if whole else []
    if not entries or not all(isinstance(one, dict) and isinstance(one.get("releases"), dict) for one in entries):
        raise _unusable(file, "JSON of another form")
    return Database(file, date, sources)


def _unusable(file: Path, found: str) -> BadInput:
    return BadInput(
        "the file of vulnerabilities cannot be used",
        where=str(file),
        found=found,
        expected="the data of Debian's security tracker: source package → CVE → releases",
        next_step=f"curl --remote-time --compressed --output {file.name} {ADDRESS}",
    )


def findings(document: bytes, database: Database) -> tuple[Finding, ...]:
    """What the bill of materials `document` names and `database` knows of, the most urgent first. Raises BadInput."""
    bill = json.loads(document)
    codename = _codename(bill)
    if not any(codename in entry["releases"] for source in database.sources.values() for entry in source.values()):
        raise BadInput(
            "the file of vulnerabilities does not know this image's release",
            where=str(database.file),
            found=f"nothing about {codename or 'a system whose codename is not known'}",
            expected="data of Debian's security tracker that are newer than the release, or older than its end",
        )
    found = [one for each in installed(bill) for one in _of(each, codename, database.sources.get(each.source, {}))]
    return tuple(sorted(found, key=lambda one: (-one.rank, one.source, one.id)))


def _codename(bill: Mapping[str, Any]) -> str:
    for component in bill.get("components", ()):
        for one in component.get("properties", ()):
            if (component.get("bom-ref"), one["name"]) == ("operating-system", "kiln:codename"):
                return str(one["value"])
    return ""


def installed(bill: Mapping[str, Any]) -> tuple[Installed, ...]:
    """Debian's packages of a bill of materials, by source package and version."""
    by_source: dict[tuple[str, str], list[str]] = {}
    for component in bill.get("components", ()):
        purl = PackageURL.from_string(component["purl"]) if "purl" in component else None
        if purl and purl.type == "deb":
            by_source.setdefault(_source(purl), []).append(purl.name)
    return tuple(Installed(source, version, tuple(names)) for (source, version), names in sorted(by_source.items()))


def _source(purl: PackageURL) -> tuple[str, str]:
    """Source package and its version.

    A kernel is signed in a source package of its own (linux-signed-amd64 6.1.158+1), made from the one that the tracker
    knows (linux 6.1.158-1), whose version the binary package has.
    """
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    upstream, version = str(qualifiers.get("upstream", purl.name)), str(purl.version)
    source, _, source_version = upstream.partition("@")
    return ("linux", version) if source.startswith("linux-signed-") else (source, source_version or version)


def _of(one: Installed, codename: str, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    for identity, entry in entries.items():
        said = entry["releases"].get(codename, {})
        fixed_in = said.get("fixed_version")
        open_ = said.get("status") == "open"
        if open_ or (said.get("status") == "resolved" and fixed_in and is_before(one.version, fixed_in)):
            urgency = str(said.get("urgency", "not yet assigned")).rstrip("*")
            yield Finding(identity, one.source, one.packages, one.version, None if open_ else fixed_in, urgency)


def is_before(installed: str, fixed: str) -> bool:
    """Whether one version of a Debian package is before another: deb-version(7). Raises BadInput for what is none."""
    try:
        return bool(DebianVersion(installed) < DebianVersion(fixed))
    except InvalidVersion as problem:
        raise BadInput("a version is none of Debian's", found=str(problem), expected="as in deb-version(7)") from None


def reaching(found: Iterable[Finding], limit: Urgency) -> tuple[Finding, ...]:
    """Those that are as urgent as `limit`, or more."""
    return tuple(one for one in found if one.rank >= limit.rank)
