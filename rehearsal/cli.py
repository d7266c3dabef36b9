"""`python -m rehearsal`: the embedded AWS from the command line."""

import shlex
import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from console.command import print_json
from console.errors import ExitCode, NotReady
from console.progress import Progress
from rehearsal import accounts, identity

EXIT_CODES = (
    "\b\nExit codes: 0 done · 1 failed · 2 bad input · 3 not ready (a tool or a right is missing) · 130 interrupted"
)

named = click.option("--name", default=identity.DEFAULT_NAME, show_default=True, help="Which rehearsal.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
at_port = click.option("--port", default=0, help="Port of the endpoint; 0 takes a free one.  [default: 0]")


def example(text: str) -> str:
    """The epilog of a command: an example and the exit codes."""
    return f"\b\nExample:\n  {text}\n\n{EXIT_CODES}"


@click.group(epilog=example("python -m rehearsal run -- cdk deploy Payroll-Tooling"))
def rehearsal() -> None:
    """The embedded AWS: six accounts on this machine, found by the real tools through AWS_ENDPOINT_URL."""


@rehearsal.command(epilog=example("python -m rehearsal up && source <(python -m rehearsal env)"))
@named
@at_port
@click.option(
    "--bootstrap/--no-bootstrap", default=True, show_default=True, help="Run `cdk bootstrap` in each account."
)
@as_json
def up(name: str, port: int, bootstrap: bool, as_json: bool) -> None:
    """Start the rehearsal; a second call changes nothing."""
    from rehearsal.up import up as bring_up

    state = bring_up(name, port, bootstrap, Progress())
    if as_json:
        print_json(described(state))
    else:
        click.echo(f"{state.identity.url}\nsource <(python -m rehearsal env --name {name})")
    warn_of_others(name)


def described(state: identity.State) -> dict[str, Any]:
    """What is said of a rehearsal; never its keys."""
    hidden = ("access_key_id", "secret_access_key")
    return {
        "name": state.name,
        "up": True,
        "endpoint": state.identity.url,
        "pid": state.pid,
        "started": state.started,
        "folder": str(state.identity.folder),
        "profile": state.default_profile,
        "accounts": [{k: v for k, v in asdict(a).items() if k not in hidden} for a in state.accounts],
    }


def warn_of_others(name: str) -> None:
    """On the machine itself an address leads to one rehearsal only, the one that had it first."""
    if others := identity.others(name):
        click.echo(
            f"note: {', '.join(others)} is up too, and this machine's routes to the guests may lead there.\n"
            f"  next step: python -m rehearsal run --name {name} -- COMMAND",
            err=True,
        )


@rehearsal.command(epilog=example("python -m rehearsal down"))
@named
@as_json
def down(name: str, as_json: bool) -> None:
    """End the rehearsal: no process, container, network or file is left."""
    from rehearsal.up import down as bring_down

    existed = bring_down(name)
    if as_json:
        print_json({"name": name, "up": False, "was_up": existed})
    else:
        click.echo(f"{name}: {'down' if existed else 'was not up'}", err=True)


@rehearsal.command(epilog=example("python -m rehearsal status --json"))
@named
@as_json
def status(name: str, as_json: bool) -> int:
    """Say whether the rehearsal is up, and where; exit code 3 where it is not."""
    state = identity.load(name)
    if as_json:
        print_json(described(state) if state else {"name": name, "up": False})
    else:
        click.echo(f"{name}: up at {state.identity.url}, process {state.pid}" if state else f"{name}: not up")
    return ExitCode.DONE if state else ExitCode.NOT_READY


@rehearsal.command(epilog=example("source <(python -m rehearsal env)"))
@named
@as_json
def env(name: str, as_json: bool) -> None:
    """Print shell lines that let every tool of this shell find the rehearsal."""
    state = identity.require(name)
    warn_of_others(name)
    variables = accounts.variables(state.identity, state.accounts, state.default_profile)
    if as_json:
        print_json(variables)
        return
    for variable, value in variables.items():
        click.echo(f"unset {variable}" if value is None else f"export {variable}={shlex.quote(value)}")


@rehearsal.command(
    context_settings={"ignore_unknown_options": True},
    epilog=example("python -m rehearsal run -- python -m bake web"),
)
@click.option("--name", help="Which rehearsal; without it, one with a name of its own.")
@at_port
@click.option(
    "--bootstrap/--no-bootstrap", default=True, show_default=True, help="Run `cdk bootstrap` in each account."
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(name: str | None, port: int, bootstrap: bool, command: Sequence[str]) -> int:
    """Start a rehearsal, run COMMAND in it, end it; the exit code is COMMAND's.

    COMMAND runs in the rehearsal's own network, so that several of them at once do not meet. A rehearsal that was
    up before stays up.
    """
    from rehearsal import foreground
    from rehearsal.up import down as bring_down
    from rehearsal.up import environment_of, inside
    from rehearsal.up import up as bring_up

    name = name or f"run-{uuid.uuid4().hex[:6]}"
    was_up = identity.load(name) is not None
    state = bring_up(name, port, bootstrap, Progress())
    try:
        return foreground.run(inside(name, command), environment_of(state))
    except FileNotFoundError:
        raise NotReady("there is no such command", found=command[0], where="PATH") from None
    finally:
        if not was_up:
            bring_down(name)


@rehearsal.command(epilog=example("make demo KEEP=1"))
@named
@click.option("--keep", is_flag=True, help="Leave the rehearsal up and say how to go on by hand.")
@as_json
def demo(name: str, keep: bool, as_json: bool) -> None:
    """Show the main job with real parts: bake, deploy, the page, a new version under load, Production."""
    from rehearsal.demo import show

    report = show(name, keep, Path.cwd())
    if as_json:
        print_json(report)


@rehearsal.command(epilog=example("python -m rehearsal resources --json"))
@click.option("--markdown", is_flag=True, help="The page docs/resource-types.md.")
@as_json
def resources(markdown: bool, as_json: bool) -> None:
    """List the resource types that a stack may have here, and which of their properties have no effect."""
    from rehearsal.resources import listing
    from rehearsal.resources.table import describe

    types = describe()
    if as_json:
        print_json([asdict(status) for status in types])
    else:
        click.echo(listing.markdown(types) if markdown else listing.plain(types), nl=not markdown)


@rehearsal.command(hidden=True)
@named
@at_port
def serve(name: str, port: int) -> None:
    """The process of the rehearsal itself; `up` starts it."""
    from rehearsal.server import main

    main(name, port)
    sys.exit(0)
