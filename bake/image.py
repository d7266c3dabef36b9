"""The record of an image, kept as images/<recipe>/<digest>.json in the image bucket (the source of truth)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bake.digest import Closure
from bake.recipe import Layer
from console.errors import KilnError

FORMAT = 2


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestResult(_Record):
    """One test that ran inside the bake."""

    __test__ = False  # not a test of pytest's
    name: str
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float


class ImageRecord(_Record):
    """All that is known of an image.

    Args:
        recipe: the recipe's name.
        version: the application's; None for a base or a runtime.
        image_ids: region → AMI id.
        snapshot_ids: region → the snapshots of its AMI.
        parent: the recipe that it stands on; for a base the SSM parameter that named its parent.
        parent_image_ids: region → the AMI id that it was really baked from.
        shared_with: the accounts that may launch it, beside the owner.
        packages: Debian package → version.
        seconds: phase → duration of the bake.
    """

    format: Literal[2] = 2
    application: str
    recipe: str
    layer: Layer
    digest: str
    version: str | None
    commit: str
    build: str
    baked_at: datetime
    owner: str
    image_ids: Mapping[str, str]
    snapshot_ids: Mapping[str, tuple[str, ...]]
    parent: str
    parent_image_ids: Mapping[str, str]
    closure: Closure
    shared_with: tuple[str, ...] = ()
    tests: tuple[TestResult, ...] = ()
    packages: Mapping[str, str] = {}
    seconds: Mapping[str, float] = {}

    @property
    def tags(self) -> dict[str, str]:
        """What the image's own tags must say if this is its record."""
        return {
            "kiln:application": self.application,
            "kiln:tier": self.recipe,
            "kiln:layer": self.layer,
            "kiln:digest": self.digest,
            "kiln:commit": self.commit,
            "kiln:build": self.build,
        }


@dataclass(frozen=True, slots=True)
class ImageStore:
    """The records in a bucket; `client` is an S3 client."""

    client: Any
    bucket: str

    def key(self, recipe: str, digest: str) -> str:
        return f"images/{recipe}/{digest.removeprefix('sha256:')}.json"

    def url(self, recipe: str, digest: str) -> str:
        return f"s3://{self.bucket}/{self.key(recipe, digest)}"

    def get(self, recipe: str, digest: str) -> ImageRecord | None:
        """The record, or None where there is none. Raises KilnError for one that cannot be read.

        One of an earlier format counts as none: the format of digests changed with it, no recipe of today asks for it.
        """
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=self.key(recipe, digest))["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        try:
            return None if _is_earlier(body) else ImageRecord.model_validate_json(body)
        except ValidationError as problem:
            raise KilnError(
                "the record of an image cannot be read",
                where=self.url(recipe, digest),
                found=f"{problem.error_count()} mistakes, the first: {problem.errors()[0]['msg']}",
                next_step=f"python -m bake {recipe} --force",
            ) from problem

    def put(self, record: ImageRecord) -> str:
        """Write the record; its URL."""
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.key(record.recipe, record.digest),
            Body=record.model_dump_json(indent=2).encode(),
            ContentType="application/json",
        )
        return self.url(record.recipe, record.digest)


def _is_earlier(body: bytes) -> bool:
    try:
        known = json.loads(body)
    except ValueError:
        return False
    return isinstance(known, dict) and isinstance(known.get("format"), int) and known["format"] < FORMAT
