"""Where a property stands in a resource.

`StorageEncrypted` is a property, `MetadataOptions.HttpTokens` one inside another, `Volumes[].Encrypted` that of every
item, `Attributes[Key=idle_timeout].Value` that of the item whose Key is so. A path that begins with `^` starts at the
resource itself: `^DeletionPolicy`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from kiln.promises.values import Json, is_known

STEP = re.compile(r"\[\]|\[(?P<key>[^=\]]+)=(?P<value>[^\]]*)\]|(?P<name>[^.\[\]]+)")


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Any = _Missing()
"""There is no such property."""


@dataclass(frozen=True, slots=True)
class Place:
    """A property of one resource: the steps to it, and what is there."""

    steps: tuple[str | int, ...]
    value: Json

    @property
    def path(self) -> str:
        """For people: `Properties.Volumes[0].Encrypted`."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return text.removeprefix(".")


def places(body: Json, path: str) -> list[Place]:
    """Every place in a resource that a path means; where it ends early, one place with `MISSING`."""
    return list(_follow(body, parsed(path), ()))


def put(body: Json, steps: tuple[str | int, ...], value: Json) -> Json:
    """A copy of `body` with another value at a place; with `MISSING` it is taken away."""
    first, *rest = steps
    if isinstance(body, list) and isinstance(first, int):
        if not rest:
            return [*body[:first], *([] if value is MISSING else [value]), *body[first + 1 :]]
        return [*body[:first], put(body[first], tuple(rest), value), *body[first + 1 :]]
    copied = dict(body) if isinstance(body, dict) else {}
    if rest:
        copied[str(first)] = put(copied.get(str(first), {}), tuple(rest), value)
    elif value is MISSING:
        copied.pop(str(first), None)
    else:
        copied[str(first)] = value
    return copied


@cache
def parsed(path: str) -> tuple[tuple[str, str, str], ...]:
    """The steps of a path as (name, key, value); only the name, or only key and value, or none for every item."""
    steps = [(m["name"] or "", m["key"] or "", m["value"] or "") for m in STEP.finditer(path.removeprefix("^"))]
    return tuple(steps if path.startswith("^") else [("Properties", "", ""), *steps])


def _follow(value: Json, steps: tuple[tuple[str, str, str], ...], done: tuple[str | int, ...]) -> Iterator[Place]:
    if not steps or not is_known(value):
        yield Place(done, value)
        return
    (name, key, wanted), rest = steps[0], steps[1:]
    if name:
        if isinstance(value, dict) and name in value:
            yield from _follow(value[name], rest, (*done, name))
        else:
            yield Place((*done, *_names(steps)), MISSING)
        return
    items = list(enumerate(value)) if isinstance(value, list) else []
    if key:
        items = [(n, item) for n, item in items if isinstance(item, dict) and str(item.get(key)) == wanted]
    if not items:
        yield Place((*done, *_names(steps)), MISSING)
    for number, item in items:
        yield from _follow(item, rest, (*done, number))


def _names(steps: tuple[tuple[str, str, str], ...]) -> list[str]:
    return [name or (f"[{key}={value}]" if key else "[]") for name, key, value in steps]
