"""What an image stands on, by the records: tier → runtime → base. Pure.

A record is kept by digest: where the same digest was baked again, the record is of the new image. So an image may have
been baked from one whose record is not there any more; that is said, and what the record of its digest says is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bake.digest import short
from bake.image import ImageRecord
from bake.recipe import Layer


@dataclass(frozen=True, slots=True)
class Link:
    """One layer of an image. `record` is None where there is none of that digest; `note` says what is not known."""

    layer: Layer
    recipe: str
    digest: str
    record: ImageRecord | None
    note: str = ""


def of(record: ImageRecord, records: Iterable[ImageRecord]) -> tuple[Link, ...]:
    """The image itself and all layers below, the base last; ends where a record is missing."""
    by_digest = {one.digest: one for one in records}
    found = [Link(record.layer, record.recipe, record.digest, record)]
    while record.layer.below:
        parent = by_digest.get(record.closure.parent)
        link = Link(record.layer.below, record.parent, record.closure.parent, parent, _note(record, parent))
        found.append(link)
        if parent is None:
            break
        record = parent
    return tuple(found)


def _note(record: ImageRecord, parent: ImageRecord | None) -> str:
    """What is not known of the parent that a record was baked from."""
    if parent is None:
        return f"there is no record of {record.parent} {short(record.closure.parent)}: what is in it is not known"
    for region, image in sorted(record.parent_image_ids.items()):
        now = parent.image_ids.get(region)
        if now != image:
            return f"{record.recipe} was baked from {image}, but the record of its digest is of {now} now"
    return ""


def below(record: ImageRecord, records: Iterable[ImageRecord]) -> tuple[Link, ...]:
    """All layers below an image, the one right below first."""
    return of(record, records)[1:]
