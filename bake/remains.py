"""What killed bakes, boot tests and copies left, of any build: which of it goes, and why the rest stays.

Policy: fails closed. A build's remains go all at once, and only if nobody holds a lease for it, and the youngest thing
of it is older than a limit. Never what any record names, or did before its image was retired; never a protected image,
because protection is the last thing that a bake does, nor a copy that EC2 is making; nothing of another application, or
of a build id that is none of ours. All times are AWS's: S3 says how late it is and how old a lease is, EC2 how old a
thing is.

EC2 is looked at before the bucket is asked: a lease is older than all that is made under it, and a record is written
before the lease is released, so whatever was seen has one of them. The documents in the bucket are looked at with EC2.
What is to go is decided once more from a new look right before it goes, and only what was said to go does. A region
that refuses holds up no other.

Imports little, as `bake.sweep` does. It takes s3:ListBucket, s3:GetObject on leases/* and images/*, s3:DeleteObject on
documents in images/*, and of EC2 what docs/images.md lists.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

from bake import build_id, sweep
from bake.application import APPLICATION, COPIED_FROM
from bake.sweep import DOCUMENT, TAG, Found, Kind, Removal
from console.aws import Aws, errors
from console.errors import KilnError

# Who makes something holds a lease meanwhile: a bake, a boot test, a copy, an update of packages. The age is for what
# has none and is no remains. A copy that its command has left to EC2 (Ctrl-C) is nobody's from the moment in which it
# is available until the next command takes it. And who cannot reach S3 for a minute has no lease for that long, while
# its machine, which ends itself after two hours, goes on.
OLDER_THAN = timedelta(hours=3)
IDS = re.compile(r"\b(?:ami|snap)-[0-9a-f]{8,17}\b")
LONGEST_LEASE_SECONDS = 3600.0  # bake.lease.LONGEST_SECONDS: what states more is none
READERS = 8  # threads
BILL = ".cdx.json"  # a bill of materials names no image


@dataclass(frozen=True, slots=True)
class Known:
    """What the image bucket says.

    Args:
        named: every AMI, snapshot and document that a record names, also those of images that were retired.
        live: the builds for which somebody holds a lease.
        now: what the time is, as S3 says.
    """

    named: frozenset[str]
    live: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Remains:
    """What is there of one build. Without removals it stays, and `reason` says why."""

    build: str
    reason: str
    removals: tuple[Removal, ...] = ()


@dataclass(frozen=True, slots=True)
class Swept:
    """What was done about the remains of a build in a region."""

    build: str
    region: str
    outcome: sweep.Outcome


def plan(observed: Iterable[Found], known: Known, older_than: timedelta) -> tuple[Remains, ...]:
    """What is to be done about each build of which something is there, by build id. Pure."""
    observed = tuple(observed)
    kept = keeps(observed, known.named)
    instances = {one.id: one.tags.get(TAG, "") for one in observed if one.kind is Kind.INSTANCE}
    by_build: dict[str, list[Found]] = {}
    for one in observed:
        if build := _build_of(one, instances):
            by_build.setdefault(build, []).append(one)
    found = []
    for build, things in sorted(by_build.items()):
        removals = sweep.plan(build, observed, kept)
        if not removals:
            continue
        reason, goes = _decide(build, things, {one.id for one in removals}, known, older_than)
        found.append(Remains(build, reason, removals if goes else ()))
    return tuple(found)


def keeps(observed: Collection[Found], named: Collection[str]) -> frozenset[str]:
    """The ids that stay whatever their build: those in records, protected images, copies that EC2 is making, and the
    snapshots of all three."""
    images = {
        one.id
        for one in observed
        if one.kind is Kind.IMAGE
        and (one.protected or one.id in named or (COPIED_FROM in one.tags and one.state == "pending"))
    }
    return frozenset({*named, *images, *(one.id for one in observed if one.image in images)})


def _decide(
    build: str, things: Collection[Found], removed: Collection[str], known: Known, older_than: timedelta
) -> tuple[str, bool]:
    """Why, and whether the remains of a build go."""
    if (began := build_id.began(build)) is None:
        return f"{build!r} is no build id of Kiln's", False
    if others := {name for one in things if (name := one.tags.get("kiln:application")) not in (None, APPLICATION)}:
        return f"it is of another application: {', '.join(sorted(others))}", False
    if build in known.live:
        return "somebody holds its lease: it is at work, or was killed within the last minute", False
    age = known.now - max((began, *(one.created for one in things if one.id in removed and one.created)))
    if age < older_than:
        return f"it is {_minutes(age)} old, younger than {_minutes(older_than)}", False
    return f"nobody holds its lease, and its youngest part is {_minutes(age)} old", True


def _build_of(one: Found, instances: Mapping[str, str]) -> str:
    """The build that a thing is of, by its tag, its name or its instance; empty where none of them says so."""
    if build := one.tags.get(TAG):
        return build
    prefix = sweep.names("").get(one.kind)
    if prefix is not None and one.name.startswith(prefix) and build_id.began(one.name.removeprefix(prefix)):
        return one.name.removeprefix(prefix)
    return instances.get(one.made_from, "")


def _minutes(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


# --- asking -----------------------------------------------------------------------------------------------------------
def ask(aws: Aws, bucket: str) -> Known:
    """What the bucket says. Raises KilnError where a lease cannot be read that might be held."""
    s3 = aws.client("s3")
    with errors(f"reading leases and records in {bucket} (s3:ListBucket, s3:GetObject)"):
        leases, now = _listed(s3, bucket, "leases/")
        live = frozenset(filter(None, (_live(s3, bucket, one, now) for one in leases)))
        # The leases first: a bake writes its record before it releases its lease.
        records, _ = _listed(s3, bucket, "images/")
        keys = [one["Key"] for one in records if one["Key"].endswith(".json") and not one["Key"].endswith(BILL)]
        with ThreadPoolExecutor(READERS) as threads:
            texts = threads.map(lambda key: _text(s3, bucket, key), keys)
            named = frozenset(one[0] for text in texts for one in chain(IDS.finditer(text), DOCUMENT.finditer(text)))
    return Known(named, live, now)


def _listed(s3: Any, bucket: str, prefix: str) -> tuple[list[Mapping[str, Any]], datetime]:
    """The objects, and S3's time."""
    found: list[Mapping[str, Any]] = []
    now = datetime.min.replace(tzinfo=UTC)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        found += page.get("Contents", ())
        now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
    return found, now


def _text(s3: Any, bucket: str, key: str) -> str:
    """An object's text; empty where it was deleted since it was listed."""
    try:
        return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "replace"))
    except s3.exceptions.NoSuchKey:
        return ""


def _live(s3: Any, bucket: str, one: Mapping[str, Any], now: datetime) -> str:
    """The build of a lease that is held; empty for a dead one, which nobody has renewed for its duration."""
    age = (now - one["LastModified"]).total_seconds()
    if age > LONGEST_LEASE_SECONDS or not (text := _text(s3, bucket, one["Key"])):
        return ""
    try:
        lease = json.loads(text)
        build, duration = str(lease["build"]), float(lease["duration_seconds"])
    except (ValueError, KeyError, TypeError) as problem:
        raise KilnError(
            "nothing is swept: a lease cannot be read",
            where=f"s3://{bucket}/{one['Key']}",
            found=repr(problem),
            expected="a lease that says whose build it is for",
            next_step="if no bake is running, delete it; it counts for an hour",
        ) from problem
    return build if age <= duration else ""


def places(aws: Aws, only: Collection[str] = ()) -> dict[str, Aws]:
    """The regions that are looked into, `aws`'s first: by default all that the account can use.

    A copy may have been begun in any.
    """
    if not only:
        with errors("asking for the regions (ec2:DescribeRegions)"):
            only = [one["RegionName"] for one in aws.client("ec2").describe_regions()["Regions"]]
    names = sorted(set(only), key=lambda name: (name != aws.region, name))
    return {name: aws.in_region(name) for name in names}


# --- everywhere -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Result:
    """What there was, by region, what was done about it, and the regions that refused, with the reason."""

    planned: Mapping[str, tuple[Remains, ...]]
    swept: tuple[Swept, ...]
    refused: Mapping[str, KilnError]


def look(aws: Aws, bucket: str, places: Mapping[str, Aws], older_than: timedelta, build: str | None = None) -> Result:
    """Say what is there of a build, or of any. Raises KilnError where the bucket cannot be asked."""
    with ThreadPoolExecutor(READERS) as threads:
        found = threads.map(lambda place: _look(place, build, _bucket_in(place, aws, bucket)), places.values())
        looks = dict(zip(places, found, strict=True))
    known = ask(aws, bucket)
    planned = {name: plan(one, known, older_than) for name, one in looks.items() if not isinstance(one, KilnError)}
    return Result(planned, (), {name: one for name, one in looks.items() if isinstance(one, KilnError)})


def apply(aws: Aws, bucket: str, places: Mapping[str, Aws], older_than: timedelta, result: Result) -> Result:
    """Remove what is to go, so far as it still is."""
    swept, refused = list[Swept](), dict(result.refused)
    for region, there in result.planned.items():
        for one in there:
            if one.removals:
                try:
                    here = _bucket_in(places[region], aws, bucket)
                    swept.append(remove(places[region], one, older_than, lambda: ask(aws, bucket), here))
                except KilnError as problem:
                    refused[region] = problem
    return Result(result.planned, tuple(swept), refused)


def remove(
    aws: Aws, remains: Remains, older_than: timedelta, asks: Callable[[], Known], bucket: str | None = None
) -> Swept:
    """Remove in a region what was said to go of a build; what was made, recorded, leased or protected since stays."""
    said = {(one.kind, one.id) for one in remains.removals}

    def decide(observed: tuple[Found, ...]) -> Iterable[Removal]:
        now = [one for one in plan(observed, asks(), older_than) if one.build == remains.build]
        return [thing for one in now for thing in one.removals if (thing.kind, thing.id) in said]

    return Swept(remains.build, aws.region, sweep.clear(aws, remains.build, bucket, decide))


def _bucket_in(place: Aws, home: Aws, bucket: str) -> str | None:
    """The bucket, in the one region that has it."""
    return bucket if place.region == home.region else None


def _look(aws: Aws, build: str | None, bucket: str | None) -> tuple[Found, ...] | KilnError:
    try:
        with errors(f"looking for what bakes left in {aws.region} (ec2:Describe…, s3:ListBucket)"):
            return sweep.gather(aws, build, bucket)
    except KilnError as problem:
        return problem
