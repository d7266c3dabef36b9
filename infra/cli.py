"""The commands about parameter files."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click

from console.command import print_json
from console.errors import ExitCode
from infra import parameters
from infra.commands.checkers import lint, nag
from infra.commands.contracts import contracts
from infra.commands.cost import cost
from infra.commands.exceptions import exceptions
from infra.commands.execution_policy import execution_policy
from infra.commands.lock import lock
from infra.commands.promises import promises
from infra.mistakes import Mistake

SCHEMA = Path(__file__).resolve().parent / "schema" / "environment.schema.json"

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted."


@click.group(epilog=f"Example: python -m infra check\n\n{EXIT_CODES}")
def infra() -> None:
    """Parameter files, and what can be said of the templates without deploying them."""


@infra.command(epilog=f"Example: python -m infra check --json\n\n{EXIT_CODES}")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option(
    "--environments",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=parameters.ENVIRONMENTS,
    help="The folder of the parameter files.  [default: infra/environments]",
)
def check(as_json: bool, folder: Path) -> int:
    """Check all parameter files and print every mistake in all of them."""
    environments, mistakes = parameters.check(folder)
    if as_json:
        print_json({"environments": [e.name for e in environments], "mistakes": [asdict(m) for m in mistakes]})
    elif mistakes:
        click.echo("\n\n".join(_in_file(file, list(of)) for file, of in groupby(sorted(mistakes), lambda m: m.file)))
        click.echo(f"\n{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'} in {folder}", err=True)
    else:
        click.echo(f"{len(environments)} environments: {', '.join(e.name for e in environments)}")
    return ExitCode.BAD_INPUT if mistakes else ExitCode.DONE


@infra.command(epilog=f"Example: python -m infra schema\n\n{EXIT_CODES}")
@click.option("--json", "as_json", is_flag=True, help="Print the schema instead of writing it.")
def schema(as_json: bool) -> None:
    """Write the JSON Schema by which editors complete and check parameter files."""
    if as_json:
        print_json(parameters.schema())
        return
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(schema_text(), "utf-8")
    click.echo(f"wrote {SCHEMA}")


def schema_text() -> str:
    """The schema as it is kept in the tree."""
    return json.dumps(parameters.schema(), indent=2) + "\n"


infra.add_command(contracts)
infra.add_command(cost)
infra.add_command(exceptions)
infra.add_command(lint)
infra.add_command(lock)
infra.add_command(nag)
infra.add_command(execution_policy)
infra.add_command(promises)


def _in_file(file: str, mistakes: list[Mistake]) -> str:
    return "\n".join([file, *map(_lines, mistakes)])


def _lines(mistake: Mistake) -> str:
    return f"  {mistake.key or 'the file'}\n    found:    {mistake.found}\n    expected: {mistake.expected}"
