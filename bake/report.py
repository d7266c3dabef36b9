"""What `python -m bake` prints on standard output: results, the overview, what an image is made of."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from bake.digest import short
from bake.flow import with_layers
from bake.outcome import Outcome
from bake.recipe import Recipe
from bake.side_by_side import ParentFailed
from bake.table import columns
from console.command import print_error, print_json
from console.errors import KilnError

HEAD = ("recipe", "layer", "image in force", "digest", "would", "why")


def results(
    asked: tuple[str, ...],
    recipes: Mapping[str, Recipe],
    done: Mapping[str, Outcome],
    failed: Mapping[str, KilnError],
    *,
    as_json: bool,
    explain: bool,
) -> None:
    """The recipes that were asked for, with what they stand on; errors on standard error, and in the JSON."""
    for name, problem in failed.items():
        print_error(f"{name}: {problem}")
    if as_json:
        objects: list[Any] = []
        for name in asked:
            if name in done:
                objects.append(with_layers(name, recipes, done).as_object(explain=explain))
            else:
                objects.append({"recipe": name, "action": "failed", "error": failed[name].details()})
        print_json(objects[0] if len(asked) == 1 else objects)
        return
    for one in done.values():
        in_words(one, explain=explain)
    if failed:
        click.echo(f"not baked: {', '.join(failed)}")


def cause(failed: Mapping[str, KilnError]) -> KilnError:
    """Of the errors of one chain of layers, the one that the others follow from."""
    return next(problem for problem in failed.values() if not isinstance(problem, ParentFailed))


def in_words(one: Outcome, *, explain: bool) -> None:
    """One recipe, for people."""
    ids = ", ".join(f"{image_id} ({region})" for region, image_id in one.image_ids.items())
    click.echo(f"{one.recipe}: {one.action}" + (f" {ids}" if ids else ""))
    click.echo(f"  reason: {one.reason}\n  digest: {one.digest}")
    if one.record:
        click.echo(f"  record: {one.record}")
    click.echo("  seconds: " + ", ".join(f"{phase} {value:.1f}" for phase, value in one.seconds.items()))
    if explain:
        closure_in_words(one)


def overview(outcomes: Iterable[Outcome], region: str, *, as_json: bool, explain: bool) -> None:
    """All recipes, one line each: what is in force, and what a bake would do."""
    outcomes = tuple(outcomes)
    if as_json:
        print_json([one.as_object(explain=explain) for one in outcomes])
        return
    rows = [
        (one.recipe, one.layer, one.in_force.get(region, "-"), short(one.digest), one.action, one.reason)
        for one in outcomes
    ]
    for line in columns(HEAD, rows):
        click.echo(line)
    if explain:
        for one in outcomes:
            click.echo(f"\n{one.recipe}:")
            closure_in_words(one)


def closure_in_words(one: Outcome) -> None:
    """What the image is made of and what changed, for people."""
    closure = one.closure
    if closure is None:
        return
    artifact = f"\n  artifact: sha256:{closure.artifact}" if closure.artifact else ""
    click.echo(f"  parent: {closure.parent}{artifact}")
    tables = (("files", closure.files), ("variables", closure.variables), ("tools", closure.tools))
    later = (("packages", closure.packages), ("downloads", closure.downloads))
    for title, table in (*tables, *(one for one in later if one[1])):
        click.echo(f"  {title}:")
        for name, value in sorted((table or {}).items()):
            click.echo(f"    {name}  {str(value)[:16] if title == 'files' else value}")
    click.echo("  changed since the image in force:" + ("" if one.changes else " nothing"))
    for change in one.changes:
        click.echo(f"    {change}")
