"""`python -m infra lock`."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from console.command import print_json
from console.errors import BadInput, ExitCode
from infra.commands import EXIT_CODES
from infra.lock import Finding, Lock, compare, take

FILE = Path(__file__).resolve().parent.parent / "stateful.lock.json"

EPILOG = f"""\b
Examples:
  python -m infra lock                                  # what would be lost, what is new
  python -m infra lock --write                          # take what is new into the lock
  python -m infra lock --write --lose Worker/QueueA1B2  # and accept that this one is lost
\b
{EXIT_CODES}
"""


@click.command(epilog=EPILOG)
@click.option("--write", is_flag=True, help="Write infra/stateful.lock.json; refused where something would be lost.")
@click.option("--lose", multiple=True, metavar="TEMPLATE/ID", help="Accept that this resource is lost; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def lock(write: bool, lose: tuple[str, ...], as_json: bool) -> int:
    """Whether a change would delete or replace something that holds state: databases, buckets, keys, queues, logs.

    Fails where something would be lost, and where something new is not in the lock yet.
    """
    from infra import synthesized

    found = take(synthesized.synthesize())
    findings = compare(read(), found)
    if unknown := set(lose) - {finding.where for finding in findings if finding.lost}:
        raise BadInput("nothing of this name would be lost", found=", ".join(sorted(unknown)))
    losses = [finding for finding in findings if finding.lost and finding.where not in lose]
    if write and not losses:
        FILE.write_text(text(found), "utf-8")
    if as_json:
        print_json({"findings": [f.model_dump() for f in findings], "written": write and not losses})
    else:
        _say(findings, losses, write)
    return ExitCode.FAILED if losses or (findings and not write) else ExitCode.DONE


def _say(findings: Sequence[Finding], losses: Sequence[Finding], write: bool) -> None:
    for finding in findings:
        click.echo(f"{finding.where}\n  {finding.what}" + (f"\n  lost: {finding.lost}" if finding.lost else ""))
    if losses:
        click.echo("\nIf that is meant: python -m infra lock --write " + " ".join(f"--lose {f.where}" for f in losses))
    elif findings and not write:
        click.echo("\nTo take this into the lock: python -m infra lock --write")
    elif not findings:
        click.echo("nothing that holds state would be lost")


def read(file: Path = FILE) -> Lock:
    """The lock as it is kept in the tree; empty where there is none yet."""
    if not file.exists():
        return {}
    try:
        return TypeAdapter(Lock).validate_json(file.read_text("utf-8"))
    except ValidationError as error:
        raise BadInput(
            "the lock of what holds state cannot be read",
            where=str(file),
            found=f"{error.error_count()} mistakes, the first: {error.errors()[0]['msg']}",
            next_step="take the file back from git",
        ) from error


def text(lock: Lock) -> str:
    """The lock as it is kept in the tree."""
    content = {
        template: {i: locked.model_dump(exclude_defaults=True) for i, locked in sorted(resources.items())}
        for template, resources in sorted(lock.items())
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
