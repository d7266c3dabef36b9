"""A length of time on the command line and in parameters: 90m, 3h, 30d."""

import re
from datetime import timedelta
from typing import Any

import click

UNITS = {"d": "days", "h": "hours", "m": "minutes"}
FORM = re.compile(r"(\d{1,5})([dhm])")
EXPECTED = "a number with d, h or m: 30d, 3h, 90m"


def parse(text: str) -> timedelta:
    """Raises ValueError for anything but a number with a unit."""
    found = FORM.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no length of time, expected {EXPECTED}")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def show(length: timedelta) -> str:
    """In the largest unit that it is a whole number of; seconds are left out."""
    minutes = int(length.total_seconds()) // 60
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes and minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


class Duration(click.ParamType[timedelta]):
    """An option's value such as 30d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
