"""Which image is meant by a word: an AMI id, a recipe's name, a build id, a digest or the beginning of one. Pure.

The first of these that fits counts. Nothing or several is an error that names the candidates: no image is guessed.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from bake.digest import short
from bake.image import ImageRecord
from bake.inventory import Inventory, summary
from bake.recipe import Layer
from console.errors import BadInput

FEWEST_DIGITS = 6
CANDIDATES = 8  # as many as are named in an error
DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")
EXPECTED = (
    f"an AMI id, a digest or at least {FEWEST_DIGITS} digits of its beginning, a build id, or the name of a recipe"
)


def choose(word: str, inventory: Inventory, now: datetime, *, also_replaced: bool = False) -> ImageRecord:
    """The record of the image that `word` names. Raises BadInput.

    `also_replaced`: an AMI id or a build id may also be that of an image that was replaced, of which less is known.
    """
    records = inventory.records
    all_there_are = inventory.recorded if also_replaced else records
    if word.startswith("ami-"):
        return _by_image_id(word, all_there_are, inventory, now)
    if word in {one.recipe for one in records} | inventory.images.root.keys():
        return _of_recipe(word, inventory)
    if built := [one for one in all_there_are if one.build == word]:
        return built[0]
    found = DIGEST.fullmatch(word)
    enough = found and len(found[1]) >= FEWEST_DIGITS
    fitting = [one for one in records if found and enough and one.digest.startswith(f"sha256:{found[1]}")]
    if len(fitting) > 1:
        raise BadInput(
            f"several images begin with {word}",
            found=_named(fitting),
            expected="as many digits as it takes for one",
            next_step="python -m bake list",
        )
    if not fitting:
        raise _nothing(word, records)
    return fitting[0]


def _by_image_id(word: str, records: Iterable[ImageRecord], inventory: Inventory, now: datetime) -> ImageRecord:
    for record in records:
        if word in record.image_ids.values():
            return record
    seen = {one.image_id: one for one in inventory.all(now)}
    if word in seen:
        raise BadInput(
            f"{word} has no record of its own: little more is known than its tags",
            found=f"{summary(seen[word])}: {'; '.join(seen[word].notes)}",
            expected="an image with a record of its own",
            next_step="python -m bake list",
        )
    raise _nothing(word, inventory.records)


def _of_recipe(name: str, inventory: Inventory) -> ImageRecord:
    """The image in force of a tier; the newest of a layer below, of which several can be in force."""
    records = [one for one in inventory.records if one.recipe == name]
    if records and records[0].layer is not Layer.TIER:
        return records[0]
    image = inventory.images.root.get(name)
    if image is None:
        raise BadInput(
            f"no image of {name} is in force",
            found=f"the images file does not name {name}; there are {_named(records)}",
            expected="one of these, by its digest or AMI id",
            next_step=f"python -m bake list {name}",
        )
    for record in records:
        if set(image.image_ids.values()) & set(record.image_ids.values()):
            return record
    raise BadInput(
        f"the image in force of {name} has no record",
        found=f"the images file names {', '.join(image.image_ids.values())}, {short(image.digest)}; "
        f"there are records of {_named(records)}",
        expected="one of these, by its digest or AMI id",
        next_step=f"python -m bake list {name}",
    )


def _nothing(word: str, records: Iterable[ImageRecord]) -> BadInput:
    return BadInput(
        f"there is no image {word!r}",
        found=f"images of {_named(records)}",
        expected=EXPECTED,
        next_step="python -m bake list",
    )


def _named(records: Iterable[ImageRecord]) -> str:
    """The newest of them: digest, recipe and AMI ids."""
    every = list(records)
    words = [f"{one.recipe} {short(one.digest)} ({', '.join(one.image_ids.values())})" for one in every[:CANDIDATES]]
    more = f" and {len(every) - CANDIDATES} more" if len(every) > CANDIDATES else ""
    return ", ".join(words) + more if words else "none"
