"""The records of deleted images: images/<recipe>/retired/<digest>-<build>.json in the image bucket.

A record is put there before the first thing of its image is deleted, and taken from its own place after the last one:
no bake can reuse it, and what was in an image that ran once can still be read. In between, its copy here is what proves
that a deletion was begun, so that a later `retire` ends it. What a record names, its bill of materials, stays with it.
Of an image that was replaced, what the record of its digest says of it is put here and goes there; that record stays.
"""

import re
from dataclasses import dataclass

from bake import conditional
from bake.image import ImageRecord, ImageStore
from console.aws import errors

PLACE = re.compile(r"images/[^/]+/retired/[0-9a-f]{64}-(?P<build>[^/]+)\.json")


@dataclass(frozen=True, slots=True)
class History:
    """The records of what was deleted, beside those of `store`."""

    store: ImageStore

    def key(self, record: ImageRecord) -> str:
        return f"images/{record.recipe}/retired/{record.digest.removeprefix('sha256:')}-{record.build}.json"

    def builds(self) -> frozenset[str]:
        """The builds whose deletion was begun."""
        with errors(f"listing the records in {self.store.bucket} (s3:ListBucket)"):
            pages = self.store.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.store.bucket, Prefix="images/"
            )
            found = [PLACE.fullmatch(one["Key"]) for page in pages for one in page.get("Contents", ())]
        return frozenset(one["build"] for one in found if one)

    def begin(self, record: ImageRecord) -> None:
        """Before the first thing of its image is deleted; doing it again changes nothing."""
        with errors(f"keeping the record of {record.recipe} (s3:PutObject on images/*)"):
            body = record.model_dump_json(indent=2).encode()
            conditional.put(self.store.client, self.store.bucket, self.key(record), body, None)

    def take_back(self, record: ImageRecord) -> None:
        """The deletion did not come to anything."""
        with errors(f"taking back the deletion of {record.recipe} (s3:DeleteObject on images/*)"):
            self.store.client.delete_object(Bucket=self.store.bucket, Key=self.key(record))

    def end(self, record: ImageRecord) -> None:
        """After the last thing: the record leaves its own place, or what the record of a newer build says of this one.

        The image may also have been replaced since this retire looked.
        """
        with errors(f"reading the record of {record.recipe} (s3:GetObject on images/*)"):
            current, etag = self.store.look(record.recipe, record.digest)
        if not current or not etag:
            return
        if current.build == record.build:
            with errors(f"removing the record of {record.recipe} (s3:DeleteObject on images/*)"):
                conditional.delete(
                    self.store.client, self.store.bucket, self.store.key(record.recipe, record.digest), etag
                )
        else:
            with errors(f"taking {record.build} out of the record of {record.recipe} (s3:PutObject on images/*)"):
                self.store.change(current, lambda now: now.without(record.build))
