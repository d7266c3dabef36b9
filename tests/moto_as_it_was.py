"""Hooks into moto stay in its classes for good; a test that installs them in its own process takes them out again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MISSING = object()


@contextmanager
def moto_as_it_was() -> Iterator[None]:
    """After the block each of moto's classes has the attributes that it had before."""
    before = {kind: dict(vars(kind)) for kind in _classes()}
    try:
        yield
    finally:
        for kind, attributes in before.items():
            for name, value in list(vars(kind).items()):
                was = attributes.get(name, MISSING)
                if was is MISSING:
                    delattr(kind, name)
                elif was is not value:
                    setattr(kind, name, was)


def _classes() -> set[type[Any]]:
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "moto"]
    found = {one for module in modules for one in list(vars(module).values()) if isinstance(one, type)}
    return {one for one in found if one.__module__.partition(".")[0] == "moto"}
