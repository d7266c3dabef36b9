"""What `python -m bake retire` prints: a line for each image with its reason, or one JSON object."""

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from bake.digest import short
from bake.image import ImageRecord
from bake.inventory import Seen
from bake.retire.plan import Action, Step
from bake.retire.steps import Done
from bake.table import columns
from console.command import print_json

HEAD = ("recipe", "digest", "image", "region", "state", "step", "reason")


def listing(steps: Sequence[Step], done: Sequence[Done], *, for_real: bool, as_json: bool) -> None:
    """Every image with its step; where steps were done, what became of them."""
    outcome = {id(one.step): one for one in done}
    if as_json:
        print_json({"applied": for_real, "images": [_object(one, outcome.get(id(one))) for one in steps]})
        return
    if not steps:
        click.echo("there are no images")
        return
    head, *lines = columns(HEAD, map(_row, steps))
    click.echo(head)
    for step, line in zip(steps, lines, strict=True):
        click.echo("\n".join([line, *_notes(outcome.get(id(step)))]))
    click.echo(_summary(steps, done, for_real=for_real))


def undone(record: ImageRecord, seen: Sequence[Seen], done: Sequence[str], *, for_real: bool, as_json: bool) -> None:
    """What was taken back, or how its images stand."""
    if as_json:
        states = {one.image_id: one.state for one in seen}
        print_json(
            {
                "applied": for_real,
                "recipe": record.recipe,
                "digest": record.digest,
                "build": record.build,
                "states": states,
                "done": done,
            }
        )
        return
    for one in seen if not for_real else ():
        click.echo(f"{one.image_id} in {one.region} is {one.state}")
    for text in done:
        click.echo(text)
    if not for_real:
        click.echo("nothing was changed; with --apply they can be launched again, by those whom the record names")
    elif not done:
        click.echo(f"there was nothing to take back of {record.recipe} {short(record.digest)}")


def _row(step: Step) -> tuple[str, ...]:
    digest = step.record.digest.removeprefix("sha256:")[:12] if step.record else "-"
    return (step.recipe, digest, step.image_id, step.region, step.state, step.action, step.reason)


def _notes(done: Done | None) -> Iterator[str]:
    if done and done.problem:
        yield f"  ! not done: {done.problem}"
    if done and done.again_after:
        after = f"{done.again_after:%Y-%m-%d %H:%M} UTC"
        yield f"  ! its protection ended now, and EC2 keeps it for a day more: again after {after}"


def _object(step: Step, done: Done | None) -> dict[str, object]:
    return {
        "recipe": step.recipe,
        "digest": step.record.digest if step.record else None,
        "build": step.record.build if step.record else None,
        "replaced_by": step.record.replaced_by if step.record else None,
        "image_id": step.image_id,
        "region": step.region,
        "state": step.state,
        "step": step.action,
        "reason": step.reason,
        "done": bool(done and not done.problem and not done.again_after),
        "problem": done.problem if done and done.problem else None,
        "again_after": done.again_after if done else None,
    }


def _summary(steps: Sequence[Step], done: Sequence[Done], *, for_real: bool) -> str:
    if not for_real:
        count = Counter(one.action for one in steps)
        planned = [f"{count[action]} to {action}" for action in Action if action.changes and count[action]]
        return f"{', '.join(planned)}; nothing was changed: --apply does it" if planned else "there is nothing to do"
    if not done:
        return "there was nothing to do"
    ended = sum(not one.problem and not one.again_after for one in done)
    return f"{ended} of {len(done)} steps done"
