"""`python -m bake show IMAGE --vulnerabilities FILE`: what is printed on standard output, as a table or as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from bake.contents.vulnerabilities import Database, Finding
from bake.image import ImageRecord
from bake.table import columns
from console.command import print_json

HEAD = ("id", "urgency", "source package", "installed", "fixed in", "packages")
SHOWN = 4  # packages of one source that are named in a line


def report(record: ImageRecord, database: Database, found: Sequence[Finding], *, as_json: bool) -> None:
    """How many there are and of when the data are, then a line each, the most urgent first."""
    counts = Counter(one.urgency for one in found)
    if as_json:
        source = {"file": str(database.file), "date": database.date}
        each = [asdict(one) for one in found]
        print_json({"recipe": record.recipe, "digest": record.digest, "database": source, "findings": each})
        return
    numbers = ", ".join(f"{count} {urgency}" for urgency, count in counts.items())
    click.echo(
        f"{record.recipe} {record.digest}: {len(found)} known vulnerabilities" + (f" ({numbers})" if found else "")
    )
    click.echo(f"  as of {database.date:%Y-%m-%d %H:%M %Z}, the date of {database.file}")
    if found:
        for line in columns(HEAD, map(_row, found)):
            click.echo(line)


def _row(one: Finding) -> tuple[str, ...]:
    more = f" and {len(one.packages) - SHOWN} more" if len(one.packages) > SHOWN else ""
    return (
        one.id,
        one.urgency,
        one.source,
        one.installed,
        one.fixed_in or "not yet",
        ", ".join(one.packages[:SHOWN]) + more,
    )
