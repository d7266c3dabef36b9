"""The record of an image, kept as images/<recipe>/<digest>.json in the image bucket (the source of truth)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bake import conditional
from bake.digest import Closure
from bake.failure import Overtaken
from bake.platforms import Platform
from bake.recipe import Layer
from console.errors import KilnError

FORMAT = 2
PLACE = re.compile(r"images/(?P<recipe>[^/]+)/(?P<digest>[0-9a-f]{64})\.json")
READERS = 8  # records read at once
CHANGES = 10  # attempts at a change that others get in the way of


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestResult(_Record):
    """One test that ran inside the bake."""

    __test__ = False  # not a test of pytest's
    name: str
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float


class Replaced(_Record):
    """An image that the record of its digest named before the digest was baked once more.

    The last three are None where they were not kept yet: then nobody knows who may launch it.
    """

    build: str
    baked_at: datetime
    image_ids: Mapping[str, str]
    snapshot_ids: Mapping[str, tuple[str, ...]]
    contents: Mapping[str, str] = {}
    commit: str | None = None
    parent_image_ids: Mapping[str, str] | None = None
    shared_with: tuple[str, ...] | None = None

    @property
    def is_known(self) -> bool:
        """Whether enough is known of it to be treated as an image of its own."""
        return None not in (self.commit, self.parent_image_ids, self.shared_with)


# What a digest says, and so of every image that was baked of it.
OF_THE_DIGEST = ("application", "recipe", "layer", "digest", "version", "owner", "parent", "closure", "platform")


class BootTest(_Record):
    """The newest boot test of an image: an instance of its own from the finished image (`python -m bake verify`).

    Args:
        passed: it became healthy, and none of the tests failed.
        at: when it ended.
        seconds: from the launch to the end of the tests.
        healthy_after: seconds from the launch until it was healthy; None where it never was.
        problem: why it did not become healthy.
    """

    passed: bool
    at: datetime
    seconds: float
    tests: tuple[TestResult, ...] = ()
    instance_type: str
    healthy_after: float | None = None
    problem: str | None = None


class ImageRecord(_Record):
    """All that is known of an image.

    Args:
        recipe: the recipe's name.
        version: the application's; None for a base or a runtime.
        image_ids: region → AMI id.
        snapshot_ids: region → the snapshots of its AMI.
        parent: the recipe that it stands on; for a base the SSM parameter that named its parent.
        parent_image_ids: region → the AMI id that it was really baked from.
        shared_with: who may launch it beside the owner: accounts, ARNs of organizations and of their units.
        packages: Debian package → version, at the end of the bake; of Windows features, hotfixes and programs.
        packages_before: the same of the parent, before anything was done; None in records from before there was this.
        distributions: Python distribution → version, of those that the artifact brought.
        contents: document about it → its key in this bucket: `sbom`, the bill of materials.
        seconds: phase → duration of the bake.
        replaced: what the record named before (`--force`), the newest first: those images are Kiln's still.
        replaced_by: of an image out of `replaced`, the build that the record of its digest names now.
        boot_test: the newest one; None where there was none.
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
    packages_before: Mapping[str, str] | None = None
    distributions: Mapping[str, str] = {}
    contents: Mapping[str, str] = {}
    seconds: Mapping[str, float] = {}
    replaced: tuple[Replaced, ...] = ()
    replaced_by: str | None = None
    boot_test: BootTest | None = None
    platform: Platform = Platform.LINUX

    def also_shared_with(self, others: Iterable[str]) -> "ImageRecord":
        """This record, with those who may launch the image now too."""
        return self.model_copy(update={"shared_with": tuple(sorted({*self.shared_with, *others}))})

    def as_replaced(self) -> tuple[Replaced, ...]:
        """What the record that takes the place of this one says of it and of those before it."""
        this = Replaced.model_validate({name: getattr(self, name) for name in Replaced.model_fields})
        return (this, *self.replaced)

    @property
    def earlier(self) -> tuple["ImageRecord", ...]:
        """The images that it has replaced, each as a record of its own; not those of which too little is known."""
        same = {name: getattr(self, name) for name in OF_THE_DIGEST}
        return tuple(
            # not validated once more: it is asked for often, and every value was
            ImageRecord.model_construct(
                **same, **{name: getattr(one, name) for name in Replaced.model_fields}, replaced_by=self.build
            )
            for one in self.replaced
            if one.is_known
        )

    def without(self, build: str) -> "ImageRecord":
        """This record, and of a build that it has replaced it says nothing any more."""
        return self.model_copy(update={"replaced": tuple(one for one in self.replaced if one.build != build)})

    @property
    def resources(self) -> frozenset[str]:
        """All images, snapshots and documents that this record names, by id or key: no sweep may take them."""
        images: tuple[ImageRecord | Replaced, ...] = (self, *self.replaced)
        snapshots = [one for image in images for ids in image.snapshot_ids.values() for one in ids]
        single = [one for image in images for one in (*image.image_ids.values(), *image.contents.values())]
        return frozenset([*single, *snapshots])

    @property
    def baked(self) -> dict[str, str]:
        """Region → AMI id where it was baked, without the copies elsewhere: those are baked from nothing."""
        return {region: image for region, image in self.image_ids.items() if region in self.parent_image_ids}

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


class Unreadable(KilnError):
    """What lies at the place of a record is none. `etag` is what a bake with --force writes its own over."""

    def __init__(self, recipe: str, url: str, found: str, etag: str) -> None:
        super().__init__(
            "the record of an image cannot be read",
            where=url,
            found=found,
            expected=f"a record of format {FORMAT}; the image that it names is not touched",
            next_step=f"python -m bake {recipe} --force bakes another one and writes its record over this",
        )
        self.etag = etag


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in the bucket at the place of a record: a record, or why it is none."""

    url: str
    recipe: str
    digest: str
    record: ImageRecord | None
    problem: str = ""
    is_earlier: bool = False


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
        """The record, or None where there is none. Raises Unreadable."""
        return self.look(recipe, digest)[0]

    def look(self, recipe: str, digest: str) -> tuple[ImageRecord | None, str | None]:
        """The record and the ETag of what lies there, each None where there is none. Raises Unreadable.

        One of an earlier format counts as none: the format of digests changed with it, no recipe of today asks for it.
        """
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key(recipe, digest))
            body, etag = answer["Body"].read(), str(answer["ETag"])
        except self.client.exceptions.NoSuchKey:
            return None, None
        try:
            return (None if _is_earlier(body) else ImageRecord.model_validate_json(body)), etag
        except ValidationError as problem:
            found = f"{problem.error_count()} mistakes, the first: {problem.errors()[0]['msg']}"
            raise Unreadable(recipe, self.url(recipe, digest), found, etag) from problem

    def all(self) -> tuple[Stored, ...]:
        """Everything below images/, by recipe and digest; one that cannot be read is among it, with the reason."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="images/")
        keys = [PLACE.fullmatch(one["Key"]) for page in pages for one in page.get("Contents", ())]
        places = [(found["recipe"], f"sha256:{found['digest']}") for found in keys if found]
        with ThreadPoolExecutor(READERS) as threads:
            return tuple(threads.map(lambda place: self._stored(*place), places))

    def _stored(self, recipe: str, digest: str) -> Stored:
        url = self.url(recipe, digest)
        try:
            record = self.get(recipe, digest)
        except KilnError as problem:
            return Stored(url, recipe, digest, None, problem.found or problem.what)
        if record is None:
            return Stored(url, recipe, digest, None, "it is of an earlier format", is_earlier=True)
        if (record.recipe, record.digest) != (recipe, digest):
            return Stored(url, recipe, digest, None, f"it is the record of {record.recipe} {record.digest}")
        return Stored(url, recipe, digest, record)

    def put(self, record: ImageRecord, *, over: str | None = None) -> str:
        """Write the record in the place of the one with the ETag `over`, or where there is none; its URL.

        Raises Overtaken where another one is there. That, and not the lease, is what keeps a bake from writing over
        another's record: a lease is a guess at who is alive, this condition is checked in the very moment of writing.
        """
        key, url = self.key(record.recipe, record.digest), self.url(record.recipe, record.digest)
        if conditional.put(self.client, self.bucket, key, record.model_dump_json(indent=2).encode(), over):
            return url
        found = self.get(record.recipe, record.digest)
        if found != record:
            raise Overtaken(
                f"the record of {record.recipe} is another one than a moment ago",
                where=url,
                found=f"that of build {found.build}" if found else "it is gone",
                expected="nobody else who writes it meanwhile",
                next_step=f"python -m bake {record.recipe} reuses what is recorded now",
            )
        return url

    def change(self, record: ImageRecord, change: Callable[[ImageRecord], ImageRecord]) -> ImageRecord:
        """Write what `change` makes of the record as it is now; what others have changed in it meanwhile stays.

        Raises Overtaken where it is the record of another build by now, or is gone.
        """
        key, url = self.key(record.recipe, record.digest), self.url(record.recipe, record.digest)
        for _ in range(CHANGES):
            current, etag = self.look(record.recipe, record.digest)
            if current is None or current.build != record.build:
                raise Overtaken(
                    f"the record of {record.recipe} is another one than a moment ago",
                    where=url,
                    found=f"that of build {current.build}" if current else "it is gone",
                    expected=f"that of build {record.build}",
                    next_step="python -m bake list",
                )
            changed = change(current)
            if changed == current:
                return current
            if conditional.put(self.client, self.bucket, key, changed.model_dump_json(indent=2).encode(), etag):
                return changed
        raise Overtaken(f"others keep changing the record of {record.recipe}", where=url, next_step="try again")


def _is_earlier(body: bytes) -> bool:
    try:
        known = json.loads(body)
    except ValueError:
        return False
    return isinstance(known, dict) and isinstance(known.get("format"), int) and known["format"] < FORMAT
