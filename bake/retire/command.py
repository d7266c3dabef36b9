"""`python -m bake retire`: the plan of what is kept and what goes, and, where asked, doing the step that is due."""

from datetime import timedelta
from pathlib import Path

import click

from bake.options import images_option, json_option
from bake.retire.policy import Policy
from console.duration import Duration, show
from console.errors import BadInput, ExitCode

DEFAULTS = Policy()
EPILOG = """\b
Examples:
  python -m bake retire               what would be done with each image, and why; changes nothing
  python -m bake retire --apply       the step that is due: deprecate, or disable, or delete
  python -m bake retire web --keep 2 --younger-than 7d
  python -m bake retire --undo ami-0123456789abcdef0 --apply
                                      enable it again, take its deprecation back, share it as it was
\b
Exit codes: 0 done, 1 a step failed (the others were done), 2 no such image or recipe, a mistake in a file or the
command line, 3 not ready (credentials, endpoint, Payroll-Tooling missing, or an account that cannot be asked: then
nothing is done), 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Take images out of use that nothing needs, step by step.")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]…")
@click.option("--apply/--dry-run", "for_real", default=False, help="Do it, or print the plan only.  [default: dry-run]")
@click.option("--keep", type=click.IntRange(0), default=DEFAULTS.keep, show_default=True, help="Newest of each recipe.")
@click.option(
    "--younger-than",
    type=Duration(),
    default=show(DEFAULTS.younger_than),
    show_default=True,
    help="Keep what was baked less long ago.",
)
@click.option(
    "--grace",
    type=Duration(),
    default=show(DEFAULTS.grace),
    show_default=True,
    help="From when a run first saw that nothing needs it to disabled, and from that to deleted.",
)
@click.option(
    "--undo", "undone", metavar="IMAGE", help="Take back what was done with IMAGE, named as in `show`, or replaced."
)
@json_option
@images_option
def retire(
    recipes: tuple[str, ...],
    for_real: bool,
    keep: int,
    younger_than: timedelta,
    grace: timedelta,
    undone: str | None,
    as_json: bool,
    images: Path | None,
) -> int:
    """Say what is to be done with the images of each RECIPE, or of all, and why; with --apply do it.

    An image that nothing needs is deprecated; after the grace time, if still nothing needs it, disabled (nobody can
    launch it any more); after the grace time again it is deleted with its snapshots. Run it as often as you like, for
    example every day: each run does the step that is due. Until the last one --undo takes it all back.

    An image is needed by a release (a tag kiln:release:…), by an instance, launch template, Auto Scaling group or SSM
    parameter of any environment's account, by every other account or organization that it is shared with, by the
    images file, and by every image baked from it that is kept.

    An image whose digest was baked once more (--force) is one like any other, but never among the newest.
    """
    from datetime import UTC, datetime

    from bake import inventory
    from bake.choose import choose
    from bake.image import ImageStore
    from bake.place import Home, Workshop
    from bake.retire import report, steps, usage
    from bake.retire.history import History
    from bake.retire.plan import plan
    from console.accounts import Accounts
    from infra import images as images_file
    from infra.parameters import load_all

    now = datetime.now(UTC)
    if not (file := images_file.path_in_force(option=images)).exists():
        raise BadInput(
            "there is no images file: what is in force is not known, so nothing is retired",
            where=str(file),
            expected="the images file that says what is in force; an empty one where nothing is",
            next_step=f"check --images and {images_file.VARIABLE}",
        )
    found, clients = inventory.gather(file)
    home = Home.from_parameter_files()
    aws = clients[home.region]
    store = ImageStore(aws.client("s3"), Workshop.look_up(aws, home, ()).bucket)
    if undone:
        record = choose(undone, found, now, also_replaced=True)
        done = steps.undo(clients, store, record) if for_real else ()
        report.undone(record, found.of(record, now), done, for_real=for_real, as_json=as_json)
        return ExitCode.DONE
    known = {one.recipe for one in found.all(now)}
    if unknown := [name for name in recipes if name not in known]:
        raise BadInput(f"there is no image of {unknown[0]!r}", expected=f"one of: {', '.join(sorted(known))}")
    accounts = Accounts.of(load_all(), aws)
    uses = usage.gather(accounts, clients)
    policy, asked = Policy(keep, younger_than, grace), {one.account for one in accounts.environments}
    planned = plan(found, uses, policy, now, asked=asked, begun=History(store).builds())
    wanted = [one for one in planned if not recipes or one.recipe in recipes]
    finished = steps.Steps(clients, store, found.everywhere()).apply(wanted) if for_real else ()
    report.listing(wanted, finished, for_real=for_real, as_json=as_json)
    return ExitCode.FAILED if any(one.problem for one in finished) else ExitCode.DONE
