"""`python -m bake`: the images of tiers."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click

from console.command import print_json
from console.errors import BadInput, KilnError
from console.progress import Progress

EPILOG = """\b
Examples:
  python -m bake web                  bake the image of the tier Web, or reuse it
  python -m bake web --dry-run        say what would be done and why
  python -m bake web --explain        say also what the image is made of
\b
Exit codes: 0 done, 1 the bake failed and was swept, 2 a mistake in the recipe, a file or the command line,
3 not ready (tool, credentials, endpoint or the stack Payroll-Tooling missing), 130 interrupted and swept.
"""


@click.command(epilog=EPILOG)
@click.argument("tiers", nargs=-1, metavar="TIER…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output; a list for several tiers.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and why; bake, share and write nothing.")
@click.option("--explain", is_flag=True, help="Show everything the digest covers, and what changed.")
@click.option("--force", is_flag=True, help="Bake even where nothing changed.")
@click.option("--images", type=click.Path(dir_okay=False, path_type=Path), help="The images file to write.")
@click.option("--sweep", "build", metavar="BUILD", help="Remove what an earlier bake left behind, by its build id.")
def bake(
    tiers: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    explain: bool,
    force: bool,
    images: Path | None,
    build: str | None,
) -> None:
    """Bake the image of each TIER, or reuse the one whose recipe is the same.

    A tier is a folder packer/TIER with a recipe.toml. An image is baked only if the digest of everything it is made
    of has changed; its id goes into infra/images.toml (or --images, or $KILN_IMAGES) for review.
    """
    with one_interruption():
        if build:
            sweep_build(build, dry_run, as_json)
            return
        from bake import recipe
        from bake.flow import Options, Outcome
        from bake.flow import bake as bake_tiers

        if not tiers:
            known = ", ".join(recipe.tiers())
            raise BadInput("which tier?", expected=f"one or more of: {known}", next_step="python -m bake --help")
        outcomes = bake_tiers(tuple(dict.fromkeys(tiers)), Options(force, dry_run, images), Progress())

        def as_object(outcome: Outcome) -> dict[str, Any]:
            fields = asdict(outcome)
            closure = outcome.closure.model_dump() if explain and outcome.closure else None
            return {key: value for key, value in {**fields, "closure": closure}.items() if value is not None}

        if as_json:
            objects = [as_object(one) for one in outcomes]
            print_json(objects[0] if len(objects) == 1 else objects)
            return
        for one in outcomes:
            ids = ", ".join(f"{image_id} ({region})" for region, image_id in one.image_ids.items())
            click.echo(f"{one.tier}: {one.action}" + (f" {ids}" if ids else ""))
            click.echo(f"  reason: {one.reason}\n  digest: {one.digest}")
            if one.record:
                click.echo(f"  record: {one.record}")
            click.echo("  seconds: " + ", ".join(f"{phase} {value:.1f}" for phase, value in one.seconds.items()))
            if explain and one.closure:
                explain_in_words(one)


def explain_in_words(outcome: Any) -> None:
    """The closure and the changes, for people."""
    closure = outcome.closure
    click.echo(f"  parent: {closure.parent}\n  artifact: sha256:{closure.artifact}")
    for title, table in (("files", closure.files), ("variables", closure.variables), ("tools", closure.tools)):
        click.echo(f"  {title}:")
        for name, value in sorted(table.items()):
            click.echo(f"    {name}  {str(value)[:16] if title == 'files' else value}")
    click.echo("  changed since the image in force:" + ("" if outcome.changes else " nothing"))
    for change in outcome.changes:
        click.echo(f"    {change}")


def sweep_build(build: str, dry_run: bool, as_json: bool) -> None:
    """Remove what a build left that could not be swept in its time. Raises KilnError where something is still left."""
    from bake import sweep
    from bake.place import Home
    from console.aws import Aws, errors

    home = Home.from_parameter_files()
    aws = Aws(home.region)
    home.check_account(aws)
    if dry_run:
        with errors(f"looking for what build {build} left"):
            plan = sweep.plan(build, sweep.gather(aws, build))
        swept = sweep.Outcome(left=tuple(f"{one.kind} {one.id} ({one.reason})" for one in plan))
    else:
        swept = sweep.sweep(aws, build)
    if as_json:
        print_json({"build": build, "removed": swept.removed, "left": swept.left})
    else:
        for verb, things in (("removed", swept.removed), ("would remove" if dry_run else "left", swept.left)):
            for thing in things:
                click.echo(f"{verb} {thing}")
        if not swept.removed and not swept.left:
            click.echo(f"nothing is left of build {build}")
    if swept.left and not dry_run:
        raise KilnError("not everything could be removed", where=f"build {build}", found=", ".join(swept.left))


@contextmanager
def one_interruption() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP interrupt once; what follows (Packer's clean-up, the sweep) is left to finish."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            click.echo("still cleaning up, a moment please", err=True)
            return
        interrupted = True
        click.echo("interrupted: stopping Packer and removing what the bake made", err=True)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
