"""The record of an image, kept as images/<tier>/<digest>.json in the image bucket (the source of truth)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bake.digest import Closure
from console.errors import KilnError


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
        image_ids: region → AMI id.
        snapshot_ids: region → the snapshots of its AMI.
        parent_parameter: the SSM parameter that named the parent `closure.parent`.
        shared_with: the accounts that may launch it, beside the owner.
        packages: Debian package → version.
        seconds: phase → duration of the bake.
    """

    format: Literal[1] = 1
    application: str
    tier: str
    digest: str
    version: str
    commit: str
    build: str
    baked_at: datetime
    owner: str
    image_ids: Mapping[str, str]
    snapshot_ids: Mapping[str, tuple[str, ...]]
    parent_parameter: str
    closure: Closure
    shared_with: tuple[str, ...] = ()
    tests: tuple[TestResult, ...] = ()
    packages: Mapping[str, str] = {}
    seconds: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class ImageStore:
    """The records in a bucket; `client` is an S3 client."""

    client: Any
    bucket: str

    def key(self, tier: str, digest: str) -> str:
        return f"images/{tier}/{digest.removeprefix('sha256:')}.json"

    def url(self, tier: str, digest: str) -> str:
        return f"s3://{self.bucket}/{self.key(tier, digest)}"

    def get(self, tier: str, digest: str) -> ImageRecord | None:
        """The record, or None where there is none. Raises KilnError for one that cannot be read."""
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=self.key(tier, digest))["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        try:
            return ImageRecord.model_validate_json(body)
        except ValidationError as problem:
            raise KilnError(
                "the record of an image cannot be read",
                where=self.url(tier, digest),
                found=f"{problem.error_count()} mistakes, the first: {problem.errors()[0]['msg']}",
                next_step=f"python -m bake {tier} --force",
            ) from problem

    def put(self, record: ImageRecord) -> str:
        """Write the record; its URL."""
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.key(record.tier, record.digest),
            Body=record.model_dump_json(indent=2).encode(),
            ContentType="application/json",
        )
        return self.url(record.tier, record.digest)
