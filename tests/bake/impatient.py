"""`python -m bake sweep --older-than 0m --apply`, for the middle of a test that plays another command."""

from datetime import timedelta

from bake import remains
from console.aws import Aws

AT_WORK = "somebody holds its lease: it is at work, or was killed within the last minute"


def sweep(aws: Aws, bucket: str, *others: str) -> dict[tuple[str, str], str]:
    """Build and region → why the build's remains go or stay; those that go are gone. `others` are more regions."""
    places = {region: aws.in_region(region) for region in (aws.region, *others)}
    result = remains.apply(aws, bucket, places, timedelta(0), remains.look(aws, bucket, places, timedelta(0)))
    assert not result.refused
    return {(one.build, region): one.reason for region, there in result.planned.items() for one in there}


def leases(aws: Aws, bucket: str) -> list[str]:
    """The keys of all leases, also of dead ones."""
    found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="leases/").get("Contents", ())
    return [one["Key"] for one in found]
