"""Runs a click command the way all of Kiln's commands behave: no traceback for a user's mistake, one JSON object."""

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from console.errors import ExitCode, KilnError


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates and paths as text."""
    click.echo(json.dumps(value, indent=2, default=str))


def run(command: click.Command, arguments: Sequence[str] | None = None, program: str | None = None) -> NoReturn:
    """Run `command` and end the process with its exit code.

    A `KilnError` is printed on standard error as text, and, where `--json` was asked for, as one object
    `{"error": {…}}` on standard output.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = command.main(given, prog_name=program, standalone_mode=False)
        sys.exit(result if isinstance(result, int) else ExitCode.DONE)
    except KilnError as error:
        if "--json" in given:
            print_json({"error": error.details()})
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
