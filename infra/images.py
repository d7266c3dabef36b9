"""Which image each tier is deployed with: literal AMI ids in a file that a bake writes and people review in git.

The file in force is, first found: the option of a command, the CDK context `kiln:images`, the environment variable
`KILN_IMAGES`, `infra/images.toml`. A file that does not exist yet holds no images: the next bake makes it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, RootModel

from console import reviewed_file
from console.reviewed_file import locked, replace, text_of

DEFAULT = Path(__file__).resolve().parent / "images.toml"
VARIABLE = "KILN_IMAGES"
CONTEXT_KEY = "kiln:images"
WHAT = "the images file"
KEY_ALIAS = "alias/payroll/images"
"""Of the key that images are under, the same in every region: the stacks make it, `python -m bake copy` finds it."""

AmiId = Annotated[str, Field(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
TierName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]


class Image(BaseModel):
    """The image of one tier: the digest of its recipe, and its AMI id by region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    image_ids: Annotated[dict[Region, AmiId], Field(min_length=1)]


class Images(RootModel[dict[TierName, Image]]):
    """All of the file, by tier."""

    model_config = ConfigDict(frozen=True)

    def image_id(self, tier: str, region: str) -> str | None:
        """The AMI id of a tier in a region, or None where there is none."""
        image = self.root.get(tier)
        return image.image_ids.get(region) if image else None


def path_in_force(option: str | Path | None = None, context: Mapping[str, Any] | None = None) -> Path:
    """The absolute path of the images file: option, context, environment variable, default, in this order."""
    named = option or (context or {}).get(CONTEXT_KEY) or os.environ.get(VARIABLE)
    return Path(named).absolute() if named else DEFAULT


def load(path: Path) -> Images:
    """Read and check an images file.

    Raises:
        BadInput: the file is not TOML, or an entry is not what a bake writes.
    """
    again = "take the file back from git, or bake the tier again: python -m bake TIER"
    return reviewed_file.load(path, Images, WHAT, writer="no bake", next_step=again)


def record(path: Path, tier: str, digest: str, image_ids: Mapping[str, str]) -> None:
    """Write the image of one tier; other tiers, comments and the order of the file stay as they are.

    The file is replaced in one step, and two bakes that record at the same time wait for each other.
    """
    image = Image(digest=digest, image_ids=dict(image_ids))
    with locked(path):
        load(path)
        _write(path, tier, image)


def add_regions(path: Path, tier: str, digest: str, image_ids: Mapping[str, str]) -> bool:
    """Write the image of a tier with its copies in further regions, if the file names this very image; whether it did.

    Another image of the tier may be in force by now: a copy of this one then changes nothing. Regions that are not
    named stay: whoever copies to them writes them.
    """
    with locked(path):
        known = load(path).root.get(tier)
        if not known or known.digest != digest or not set(known.image_ids.values()) & set(image_ids.values()):
            return False
        image = Image(digest=digest, image_ids={**known.image_ids, **image_ids})
        if image == known:
            return False
        _write(path, tier, image)
        return True


def _write(path: Path, tier: str, image: Image) -> None:
    """The lock must be held."""
    document = tomlkit.parse(text_of(path, WHAT))
    table = document.setdefault(tier, tomlkit.table())
    table["digest"] = image.digest
    ids = table.setdefault("image_ids", tomlkit.table())
    for region in [region for region in ids if region not in image.image_ids]:
        del ids[region]
    for region, image_id in sorted(image.image_ids.items()):
        ids[region] = image_id
    replace(path, tomlkit.dumps(document))
