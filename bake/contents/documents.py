"""Documents about an image, in the bucket beside its record: images/<recipe>/<digest>.<build>.<sum>.cdx.json.

Policy: the record names the document, and the document's name holds its build and the beginning of its own SHA-256. A
record that is written anew (`--force`) names another one; what a record names cannot be changed unseen; one that a
killed bake has left is named by no record, and a sweep knows by its name whose it is.
"""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from bake.image import ImageRecord, ImageStore
from bake.inventory import Inventory
from console.aws import Aws
from console.errors import BadInput, KilnError

SBOM = "sbom"
DIGITS = 16


def store_of(inventory: Inventory, record: ImageRecord, clients: Mapping[str, Aws]) -> ImageStore:
    """The bucket that a record was read from; `clients` by region, one of them of each region of the record."""
    url = next(one.url for one in inventory.stored if one.record == record)
    return ImageStore(clients[min(record.image_ids)].client("s3"), urlsplit(url).netloc)


def write(store: ImageStore, recipe: str, digest: str, build: str, body: bytes) -> str:
    """Write a bill of materials; its key. The same bytes of a build have the same: to write twice changes nothing."""
    key = f"{store.key(recipe, digest).removesuffix('.json')}.{build}.{_sum(body)}.cdx.json"
    store.client.put_object(Bucket=store.bucket, Key=key, Body=body, ContentType="application/vnd.cyclonedx+json")
    return key


def read(store: ImageStore, record: ImageRecord) -> bytes:
    """The bill of materials of an image. Raises BadInput where it has none, KilnError where it is gone or changed."""
    again = f"python -m bake {record.recipe} --force bakes the image anew, with a bill of materials"
    key = record.contents.get(SBOM)
    if key is None:
        raise BadInput(
            f"this image of {record.recipe} has no bill of materials",
            where=store.url(record.recipe, record.digest),
            found=f"a record of {record.baked_at:%Y-%m-%d} that names none",
            next_step=again,
        )
    url = f"s3://{store.bucket}/{key}"
    try:
        body: bytes = store.client.get_object(Bucket=store.bucket, Key=key)["Body"].read()
    except store.client.exceptions.NoSuchKey as gone:
        raise KilnError(
            f"the bill of materials of {record.recipe} is gone",
            where=url,
            found="no such object",
            expected="the document that the image's record names",
            next_step=again,
        ) from gone
    if not key.endswith(f".{_sum(body)}.cdx.json"):
        raise KilnError(
            f"the bill of materials of {record.recipe} was changed",
            where=url,
            found=f"bytes whose SHA-256 begins with {_sum(body)}",
            expected="the sum that is in its name; an earlier version of the object may have it",
        )
    return body


def _sum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:DIGITS]
