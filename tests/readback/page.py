"""docs/readback.md, written from the tables: `python -m tests.readback.page`."""

from collections.abc import Iterator
from pathlib import Path

from kiln.promises import FAMILIES
from tests.readback.tables import READINGS, UNREADABLE

FILE = Path(__file__).resolve().parents[2] / "docs" / "readback.md"

HEAD = """\
# Promises, asked of the services

The checks of the [ledger](promises.md) look at templates. This page says where each promise is read back from the
service that has to keep it: `tests/readback` deploys Backup, Dev and Production into accounts of the embedded AWS and
asks each service by its API. What is expected there is what the promise means, not what a template says. Settings are
also broken through the services, to see that the readings notice.

What is asked is written as the AWS CLI calls it. A key is *of our own* where a stack of Payroll has made it.

Generated; run: `python -m tests.readback.page`
"""


def text() -> str:
    """The whole page."""
    readable = f"{len(READINGS)} promises are read back, {len(UNREADABLE)} cannot be:"
    return "\n".join([HEAD, *_table(), "", f"## What no API says\n\n{readable}\n", *_reasons(), ""])


def _table() -> Iterator[str]:
    asks = {reading.promise: reading.asks for reading in READINGS}
    for family, promises in FAMILIES.items():
        yield from (f"## {family.capitalize()}", "", "| promise | asked of | expected |", "| --- | --- | --- |")
        for promise in promises:
            if promise.id in asks:
                operations = dict.fromkeys(f"`{ask.command}`" for ask in asks[promise.id])
                expected = dict.fromkeys(ask.expected.text for ask in asks[promise.id])
                yield f"| `{promise.id}` | {', '.join(operations)} | {'; '.join(expected)} |"
        yield ""


def _reasons() -> Iterator[str]:
    yield from ("| promise | why not |", "| --- | --- |")
    for promise in (promise for promises in FAMILIES.values() for promise in promises if promise.id in UNREADABLE):
        yield f"| `{promise.id}` | {UNREADABLE[promise.id]} |"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
