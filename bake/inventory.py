"""All images that there are: the records in the bucket beside what EC2 says of each. Reads, and changes nothing.

Policy: AWS is asked each time. Of local files only the images file counts, because it says which image of a tier is in
force; whether that image exists, EC2 says. Where record and EC2 differ, both are shown and neither is corrected.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bake import agreement, share
from bake.digest import short
from bake.image import ImageRecord, ImageStore, Stored
from bake.place import APPLICATION, Home, Workshop
from bake.plan import Described
from bake.recipe import Layer
from console.aws import Aws, errors
from infra import images as images_file

GONE = "gone"
NONE_HERE = "no image here"
ASKERS = 8  # questions to EC2 at once


@dataclass(frozen=True, slots=True)
class Seen:
    """One AMI, as its record and EC2 tell it.

    Args:
        state: available, deprecated, disabled, gone, or what else EC2 says (pending, failed).
        in_force: named by the images file, or what such an image was baked from.
        deprecated_from: when EC2 begins to call it deprecated; None where it will not.
        protected: whether EC2 refuses its deregistration.
        shared_with: who may launch it beside the owner, as EC2 says; None where that was not asked.
        record: the URL of its record; None where no record names it.
        notes: where record, tags and EC2 disagree.
    """

    recipe: str
    layer: str
    version: str | None
    digest: str
    region: str
    image_id: str
    baked_at: datetime | None
    commit: str
    build: str
    state: str
    in_force: bool
    deprecated_from: datetime | None = None
    protected: bool = False
    shared_with: tuple[str, ...] | None = None
    record: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was read: everything in the bucket, what EC2 says by region, and the images file."""

    stored: tuple[Stored, ...]
    described: Mapping[str, Described]
    images: images_file.Images

    @property
    def records(self) -> tuple[ImageRecord, ...]:
        """The newest first."""
        records = [one.record for one in self.stored if one.record]
        return tuple(sorted(records, key=lambda one: (one.baked_at, one.build), reverse=True))

    @property
    def recorded(self) -> tuple[ImageRecord, ...]:
        """Every image that a record names, also those that were replaced, as a record of its own; the newest first."""
        found = [image for record in self.records for image in (record, *record.earlier)]
        return tuple(sorted(found, key=lambda one: (one.baked_at, one.build), reverse=True))

    @property
    def in_force(self) -> frozenset[str]:
        """The AMI ids that the images file names, and those that they were really baked from, all the way down."""
        found = {image_id for image in self.images.root.values() for image_id in image.image_ids.values()}
        for layer in reversed(Layer):
            for record in self.recorded:
                if record.layer is layer and found & set(record.image_ids.values()):
                    found |= set(record.parent_image_ids.values())
        return frozenset(found)

    def everywhere(self) -> dict[str, Mapping[str, Any]]:
        """What EC2 says, by AMI id."""
        return {image: description for of in self.described.values() for image, description in of.items()}

    def of(self, record: ImageRecord, now: datetime) -> tuple[Seen, ...]:
        """The AMIs of a record, by region."""
        in_force = self.in_force
        now_there = next(one for one in self.stored if (one.recipe, one.digest) == (record.recipe, record.digest))
        return tuple(
            Seen(
                recipe=record.recipe,
                layer=record.layer,
                version=record.version,
                digest=record.digest,
                region=region,
                image_id=image_id,
                baked_at=record.baked_at,
                commit=record.commit,
                build=record.build,
                state=state_of(description := self.described.get(region, {}).get(image_id), now),
                in_force=image_id in in_force,
                deprecated_from=moment((description or {}).get("DeprecationTime")),
                protected=agreement.is_protected(description or {}),
                record=now_there.url,
                notes=(
                    *_replaced(record, now_there, region),
                    *contradictions(record, description),
                    *self._in_file_otherwise(record, image_id),
                ),
            )
            for region, image_id in sorted(record.image_ids.items())
        )

    def _in_file_otherwise(self, record: ImageRecord, image_id: str) -> Iterator[str]:
        """The images file names this image and says something else of it: somebody has edited the file."""
        for tier, image in self.images.root.items():
            if image_id in image.image_ids.values() and (tier, image.digest) != (record.recipe, record.digest):
                yield f"the images file names it as {tier} {short(image.digest)}"

    def all(self, now: datetime) -> tuple[Seen, ...]:
        """Every AMI that a record, EC2 or the images file knows, the newest first."""
        found = [one for record in self.recorded for one in self.of(record, now)]
        known = {one.image_id for one in found}
        found += [one for one in self._without_record(now) if one.image_id not in known]
        known = {one.image_id for one in found}
        found += [one for one in self._only_in_file() if one.image_id not in known]
        oldest = datetime.min.replace(tzinfo=UTC)
        return tuple(sorted(found, key=lambda one: (one.baked_at or oldest, one.image_id), reverse=True))

    def _without_record(self, now: datetime) -> Iterator[Seen]:
        by_digest = {(one.recipe, one.digest): one for one in self.stored}
        in_force = self.in_force
        for region, images in self.described.items():
            for image_id, description in images.items():
                tags = agreement.tags_of(description)
                recipe, digest = tags.get("kiln:tier", "?"), tags.get("kiln:digest", "?")
                yield Seen(
                    recipe=recipe,
                    layer=tags.get("kiln:layer", "?"),
                    version=tags.get("kiln:version"),
                    digest=digest,
                    region=region,
                    image_id=image_id,
                    baked_at=moment(description.get("CreationDate")),
                    commit=tags.get("kiln:commit", "?"),
                    build=tags.get("kiln:build", "?"),
                    state=state_of(description, now),
                    in_force=image_id in in_force,
                    deprecated_from=moment(description.get("DeprecationTime")),
                    protected=agreement.is_protected(description),
                    notes=(_why_without(by_digest.get((recipe, digest)), region, image_id),),
                )

    def _only_in_file(self) -> Iterator[Seen]:
        for tier, image in self.images.root.items():
            for region, image_id in image.image_ids.items():
                note = "the images file names it, and neither a record nor EC2 knows it"
                yield Seen(
                    recipe=tier,
                    layer=Layer.TIER,
                    version=None,
                    digest=image.digest,
                    region=region,
                    image_id=image_id,
                    baked_at=None,
                    commit="?",
                    build="?",
                    state=GONE,
                    in_force=True,
                    notes=(note,),
                )


def _why_without(stored: Stored | None, region: str, image: str) -> str:
    if stored is None:
        return "no record"
    if stored.record is None:
        return f"no record that can be read: {stored.problem}"
    if any(image == one.image_ids.get(region) for one in stored.record.replaced):
        return f"{_names_now(stored.record, region)}; who may launch it, the record does not say"
    return f"no record: that of its digest names {stored.record.image_ids.get(region, NONE_HERE)} now"


def _replaced(record: ImageRecord, now_there: Stored, region: str) -> Iterator[str]:
    if record.replaced_by and now_there.record:
        yield _names_now(now_there.record, region)


def _names_now(record: ImageRecord, region: str) -> str:
    now = record.image_ids.get(region, NONE_HERE)
    return f"replaced: its digest was baked again, the record names {now} now"


def state_of(description: Mapping[str, Any] | None, now: datetime) -> str:
    """In one word. Deprecated is an available image after its deprecation time: it can be launched still.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
    """
    if description is None:
        return GONE
    deprecated = moment(description.get("DeprecationTime"))
    if description.get("State") == "available" and deprecated and deprecated <= now:
        return "deprecated"
    return str(description.get("State"))


def moment(text: str | None) -> datetime | None:
    """A time as EC2 writes it (2026-11-21T19:00:00.000Z)."""
    found = datetime.fromisoformat(text) if text else None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def contradictions(record: ImageRecord, description: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Where EC2 says otherwise than the record; the state is told apart from it."""
    if description is None:
        return ("its image is gone (deregistered since)",)
    described = {**description, "State": "available"}
    return agreement.disagreements(described, owner=record.owner, tags=record.tags)


def gather(images: Path) -> tuple[Inventory, Mapping[str, Aws]]:
    """Ask the bucket and EC2; also the clients by region. Raises NotReady, BadInput, KilnError."""
    home = Home.from_parameter_files()
    in_file = images_file.load(images)
    aws = Aws(home.region)
    home.check_account(aws)
    bucket = Workshop.look_up(aws, home, ()).bucket
    with errors(f"reading the records of images in {bucket} (s3:ListBucket, s3:GetObject)"):
        stored = ImageStore(aws.client("s3"), bucket).all()
    by_region = _by_region(stored, in_file)
    clients = {region: aws.in_region(region) for region in {home.region, *by_region}}
    described = {region: _described(client, by_region.get(region, ())) for region, client in clients.items()}
    return Inventory(stored, described, in_file), clients


def _by_region(stored: Iterable[Stored], images: images_file.Images) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    tables: list[Mapping[str, str]] = [one.image_ids for one in images.root.values()]
    for record in (one.record for one in stored if one.record):
        tables += [record.image_ids, *(one.image_ids for one in record.replaced)]
    for region, image_id in (item for table in tables for item in table.items()):
        found.setdefault(region, set()).add(image_id)
    return found


def _described(aws: Aws, image_ids: Collection[str]) -> Described:
    """What EC2 says of the images of this application, and of others that a record or the images file names."""
    ours = [{"Name": "tag:kiln:application", "Values": [APPLICATION]}]
    with errors(f"asking for images in {aws.region} (ec2:DescribeImages)"):
        paginator = aws.client("ec2").get_paginator("describe_images")
        pages = paginator.paginate(Owners=["self"], Filters=ours, IncludeDisabled=True)
        tagged = {image["ImageId"]: image for page in pages for image in page["Images"]}
    return {**tagged, **agreement.describe(aws, set(image_ids) - tagged.keys())}


def with_sharing(seen: Iterable[Seen], clients: Mapping[str, Aws]) -> tuple[Seen, ...]:
    """The same with who may launch each, asked of EC2.

    A disabled image is shared with nobody: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/disable-an-ami.html
    """

    def ask(one: Seen) -> Seen:
        if one.state not in ("available", "deprecated"):
            return one if one.state == GONE else replace(one, shared_with=())
        return replace(one, shared_with=share.launchers(clients[one.region], one.image_id))

    with errors("asking who may launch images (ec2:DescribeImageAttribute)"), ThreadPoolExecutor(ASKERS) as threads:
        return tuple(threads.map(ask, seen))


def summary(one: Seen) -> str:
    """An image in a few words, for a list of candidates."""
    force = ", in force" if one.in_force else ""
    return f"{one.image_id} ({one.recipe} {short(one.digest)}, build {one.build}, {one.state}{force})"
