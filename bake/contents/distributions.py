"""What the artifact holds of Python's distributions.

Policy: the artifact itself is asked, by the METADATA that every wheel brings (PEP 427), not the file of requirements:
what is told is what is installed. The pins with their hashes are added where the file of requirements has that version.
"""

import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

METADATA = re.compile(r"vendor/[^/]+\.dist-info/METADATA")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, order=True)
class Distribution:
    """A distribution by its normalised name (PEP 503).

    Args:
        licence: as its metadata say it, an SPDX expression or free text; empty where they do not.
        sha256: of the files that were allowed to be installed, the one that was is among them.
    """

    name: str
    version: str
    licence: str = ""
    sha256: tuple[str, ...] = ()


def normalised(name: str) -> str:
    """One spelling of a name: https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def of_artifact(artifact: Path, requirements: str = "") -> tuple[Distribution, ...]:
    """By name. `requirements` is the text of the file with the pins."""
    hashes, found, parser = pins(requirements), [], HeaderParser()
    with tarfile.open(artifact) as archive:
        for member in archive:
            contents = archive.extractfile(member) if METADATA.fullmatch(member.name) else None
            if contents is not None:
                said = parser.parsestr(contents.read().decode(errors="replace"))
                name, version = normalised(said["Name"]), str(said["Version"])
                licence = said["License-Expression"] or said["License"] or ""
                found.append(Distribution(name, version, licence.strip(), hashes.get((name, version), ())))
    return tuple(sorted(found))


def pins(requirements: str) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Name and version → the SHA-256 sums that are allowed, of a requirements file as pip reads it."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for line in requirements.replace("\\\n", " ").splitlines():
        if pin := PIN.match(line):
            found[normalised(pin["name"]), pin["version"]] = tuple(sorted(HASH.findall(line)))
    return found
