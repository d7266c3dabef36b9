"""`python -m toolchain`: set up, say what is there, and check the tree."""

from dataclasses import asdict

import click

from console.command import print_json
from console.errors import ExitCode
from console.progress import Progress

EXIT_CODES = "Exit codes: 0 done · 1 failed · 2 bad input · 3 not ready (something is missing) · 130 interrupted"


def example(text: str) -> str:
    """The epilog of a command: an example and the exit codes."""
    return f"\b\nExample:\n  {text}\n\n\b\n{EXIT_CODES}"


@click.group(epilog=example("python -m toolchain doctor"))
def toolchain() -> None:
    """The tools that Kiln pins: get them, and say what is there."""


@toolchain.command(epilog=example("python -m toolchain setup --no-machine"))
@click.option("--machine/--no-machine", default=True, show_default=True, help="Install missing packages by apt.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def setup(machine: bool, as_json: bool) -> None:
    """Get every pinned tool that is not there yet; a second run changes nothing."""
    from toolchain.install import set_up

    progress = Progress()
    to_type = set_up(progress, machine)
    if to_type:
        click.echo(f"the rehearsal will not run here yet: {to_type}", err=True)
    if as_json:
        print_json({"made": [asdict(step) for step in progress.steps], "to_type": to_type})


@toolchain.command(epilog=example("kiln doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def doctor(as_json: bool) -> int:
    """Say of each tool and service what is found, what is wanted, and what to do about it."""
    from toolchain import doctor as rules
    from toolchain.facts import gather

    findings = rules.examine(gather())
    if as_json:
        print_json(rules.as_json(findings))
    else:
        rules.show(findings)
    return ExitCode.DONE if all(finding.well for finding in findings) else ExitCode.FAILED


@toolchain.command(epilog=example("make check"))
@click.argument("names", nargs=-1, metavar="[CHECK]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def check(names: tuple[str, ...], as_json: bool) -> int:
    """The one gate: format, lint, types, imports, recipes, templates, docs, words. Without CHECK, all of them."""
    from toolchain.checks import gate

    outcomes = gate.run(gate.chosen(names), Progress())
    if as_json:
        print_json(gate.as_json(outcomes))
    return ExitCode.DONE if all(outcome.passed for outcome in outcomes) else ExitCode.FAILED
