"""Runs a click command the way all of Kiln's commands behave: no traceback for a user's mistake, one JSON object."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from console.errors import ExitCode, KilnError

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates and paths as text."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_error(text: str) -> None:
    """One error on standard error."""
    plain = False if os.environ.get("NO_COLOR") else None  # None: colours on a terminal; https://no-color.org
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True, color=plain)


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt too, so that a command leaves nothing behind however it is ended."""
    # what somebody ignores on purpose (nohup) stays ignored
    taken = [number for number in ENDING_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def run(command: click.Command, arguments: Sequence[str] | None = None, program: str | None = None) -> NoReturn:
    """Run `command` and end the process with its exit code.

    A `KilnError` and a mistake in the command line are printed on standard error as text, and, where `--json` was asked
    for, as one object `{"error": {…}}` on standard output.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with ended_as_by_ctrl_c():
            result = command.main(given, prog_name=program, standalone_mode=False)
        sys.exit(result if isinstance(result, int) else ExitCode.DONE)
    except KilnError as error:
        if "--json" in given:
            print_json({"error": error.details()})
        print_error(str(error))
        sys.exit(error.exit_code)
    except click.ClickException as error:
        if "--json" in given:
            print_json({"error": {"what": error.format_message()}})
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
