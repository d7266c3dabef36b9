"""What differs between two images, layer by layer. Pure: records and EC2's descriptions in, a typed result out.

Policy: a layer's record tells all packages of its image, those from below included. So a change is told once, at the
lowest layer that has it: a tier whose runtime has another python3 shows it at the runtime. The same goes for the files
that all recipes share, for tools and for settings. What is not known (a record that is gone or was overwritten since)
is said as a note of its layer, never guessed.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bake.digest import short
from bake.image import ImageRecord
from bake.looks.lineage import Link
from bake.plan import Described
from bake.recipe import Layer

# The package of a kernel on Debian, by version (linux-image-6.1.0-21-cloud-amd64), and those that pull in the newest:
# https://wiki.debian.org/HowToUpgradeKernel
# The build of Windows itself is listed as a package of this name.
KERNEL = re.compile(r"linux-image-.+|windows")
# What of an AMI's description decides how an instance is launched from it, by EC2's names:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
SETTINGS = ("Architecture", "BootMode", "EnaSupport", "ImdsSupport", "RootDeviceName", "TpmSupport")
DEVICE_SETTINGS = ("Encrypted", "Iops", "Throughput", "VolumeSize", "VolumeType")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: `before` is None where it was added, `after` where it was removed."""

    name: str
    before: str | None
    after: str | None


Changes = tuple[Change, ...]


class Section(StrEnum):
    """What is compared, in reading order."""

    ABOUT = "about"  # recipe, version of the application, commit
    PARENTS = "parents"  # the digest below, for a base the operating system's image; the AMI ids by region
    ARTIFACT = "artifact"  # and what else was fetched
    DISTRIBUTIONS = "distributions"  # Python's, that the artifact brings
    FILES = "files"  # of ours, below packer/: their fingerprints
    VARIABLES = "variables"  # as JSON: 1 and "1" differ
    TOOLS = "tools"
    LOCK = "lock"  # versions of packages that the recipe must install
    KERNEL = "kernel"
    PACKAGES = "packages"
    SETTINGS = "settings"  # of the AMI, as EC2 says them, in the first region that both images are in


TOLD_ONCE = (Section.FILES, Section.TOOLS, Section.KERNEL, Section.PACKAGES, Section.SETTINGS)
LISTED = (Section.KERNEL, Section.PACKAGES)  # where one side has no list, everything would seem added


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """One layer of two images.

    Args:
        before, after: recipe and digest; None where the image has no such layer.
        changes: only sections in which something differs.
        notes: what is not known, and why.
    """

    layer: Layer
    before: str | None
    after: str | None
    changes: Mapping[Section, Changes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two images, by digest, and what differs in each layer, the base first."""

    before: str
    after: str
    layers: tuple[LayerDifference, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, as far as it is known."""
        return not any(one.changes or None in (one.before, one.after) for one in self.layers)


def compare(before: Iterable[Link], after: Iterable[Link], described: Described) -> Difference:
    """What differs between two images, each given with all that it stands on (`lineage.of`).

    `described` is what EC2 says, by AMI id; settings of images that are not in it are not compared.
    """
    before, after = tuple(before), tuple(after)
    left, right = ({one.layer: one for one in side} for side in (before, after))
    told: set[tuple[Section, Change]] = set()
    found = []
    for layer in Layer:
        if layer in left or layer in right:
            whole = _layer(layer, left.get(layer), right.get(layer), described)
            found.append(replace(whole, changes=_new(whole.changes, told)))
            told |= {(section, change) for section, changes in whole.changes.items() for change in changes}
    return Difference(before[0].digest, after[0].digest, tuple(found))


def _new(changes: Mapping[Section, Changes], told: set[tuple[Section, Change]]) -> dict[Section, Changes]:
    """Without what a layer below has told already."""
    kept = {
        section: tuple(one for one in of if section not in TOLD_ONCE or (section, one) not in told)
        for section, of in changes.items()
    }
    return {section: of for section, of in kept.items() if of}


def _layer(layer: Layer, left: Link | None, right: Link | None, described: Described) -> LayerDifference:
    sides = {"before": left, "after": right}
    notes = [f"{side}: {one.note}" for side, one in sides.items() if one and one.note]
    names = [f"{one.recipe} {short(one.digest)}" if one else None for one in (left, right)]
    found: dict[Section, Changes] = {}
    if left and right and left.record and right.record:
        a, b = left.record, right.record
        found = {
            section: differ
            for section, value in _values(a).items()
            if (differ := changes(value, _values(b)[section]))
            and (section not in LISTED or (a.packages and b.packages))
            and (section is not Section.DISTRIBUTIONS or (a.contents and b.contents))  # not of records from before
        }
        if settled := _settings(a, b, described):
            found[Section.SETTINGS] = settled
        notes += [
            f"{side}: its record holds no packages" for side, one in (("before", a), ("after", b)) if not one.packages
        ]
    return LayerDifference(layer, names[0], names[1], found, tuple(notes))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """What was added, removed or has another value, by name."""
    names = sorted(before.keys() | after.keys())
    pairs = [Change(name, before.get(name), after.get(name)) for name in names]
    return tuple(one for one in pairs if one.before != one.after)


def _values(record: ImageRecord) -> dict[Section, dict[str, str]]:
    """What a record holds, by section and name."""
    closure, ids = record.closure, {f"AMI in {region}": image for region, image in record.parent_image_ids.items()}
    kernel = kernels(record.packages)
    return {
        Section.ABOUT: {
            "recipe": record.recipe,
            **({"version": record.version} if record.version else {}),
            "commit": record.commit,
        },
        Section.PARENTS: {"recipe or parameter": record.parent, "digest or image": closure.parent, **ids},
        Section.ARTIFACT: {**({"sha256": closure.artifact} if closure.artifact else {}), **closure.downloads},
        Section.DISTRIBUTIONS: dict(record.distributions),
        Section.FILES: dict(closure.files),
        Section.VARIABLES: {name: json.dumps(value) for name, value in closure.variables.items()},
        Section.TOOLS: dict(closure.tools),
        Section.LOCK: dict(closure.packages or {}),
        Section.KERNEL: kernel,
        Section.PACKAGES: {name: version for name, version in record.packages.items() if name not in kernel},
    }


def kernels(packages: Mapping[str, str]) -> dict[str, str]:
    """The kernels among packages: package → version. A guest of a container has none."""
    return {name: version for name, version in packages.items() if KERNEL.fullmatch(name)}


def _settings(a: ImageRecord, b: ImageRecord, described: Described) -> Changes:
    for region in sorted(a.image_ids.keys() & b.image_ids.keys()):
        left, right = described.get(a.image_ids[region]), described.get(b.image_ids[region])
        if left is not None and right is not None:
            return changes(settings(left), settings(right))
    return ()


def settings(description: Mapping[str, Any]) -> dict[str, str]:
    """What of an AMI's description decides how an instance is launched from it."""
    found = {name: str(description[name]) for name in SETTINGS if name in description}
    for device in description.get("BlockDeviceMappings", ()):
        ebs = device.get("Ebs", {})
        found |= {f"{device.get('DeviceName')} {name}": str(ebs[name]) for name in DEVICE_SETTINGS if name in ebs}
    return found
