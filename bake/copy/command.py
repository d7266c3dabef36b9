"""`python -m bake copy IMAGE --to REGION…`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bake.options import images_option, json_option
from console.errors import BadInput, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bake.copy.flow import Outcome
    from bake.image import ImageRecord
    from bake.sharing.sight import Looked
    from console.errors import KilnError

EPILOG = """\b
Examples:
  python -m bake copy web --to eu-central-1
  python -m bake copy web --to eu-central-1 --to us-east-1 --dry-run
                                      what is there, what would be copied and why
  python -m bake copy base --to eu-central-1 --key arn:aws:kms:eu-central-1:111111111111:key/…
\b
Killed or interrupted, it is only called again: a copy that is under way goes on at AWS and is waited for.
\b
Exit codes: 0 done, 1 a copy failed (the others are done and recorded), or an account does not see one, 2 no such image
or region, a mistake in a file or the command line, 3 not ready (credentials, endpoint, the stack Payroll-Tooling or
the key of a region missing), 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Copy an image to further regions.")
@click.argument("image")
@click.option("--to", "regions", multiple=True, required=True, metavar="REGION", help="Can be given several times.")
@click.option("--key", help="The KMS key there; of one region only.  [default: that of the stack there]")
@click.option("--dry-run", is_flag=True, help="Say what would be done and why; copy, share and write nothing.")
@click.option("--limit-minutes", type=click.FloatRange(0, min_open=True), default=120, show_default=True)
@click.option("--accounts-see/--no-accounts-see", default=True, help="Ask the accounts afterwards.  [default: ask]")
@json_option
@images_option
def copy(
    image: str,
    regions: tuple[str, ...],
    key: str | None,
    dry_run: bool,
    limit_minutes: float,
    accounts_see: bool,
    as_json: bool,
    images: Path | None,
) -> int:
    """Copy IMAGE to each REGION, encrypted with the key of images there, shared with whom it is shared here.

    IMAGE as in `show`. A copy goes into the image's record, and of the image in force into infra/images.toml, only when
    it is available, encrypted and tagged as it should be, and shared. One that is there is not made again.
    """
    from datetime import UTC, datetime

    from bake import inventory
    from bake.choose import choose
    from bake.copy import flow
    from bake.interruption import one_interruption
    from bake.place import Home
    from bake.sharing import place, sight
    from console.progress import Progress
    from infra import images as images_file

    if key and len(set(regions)) > 1:
        raise BadInput("a key belongs to one region", where="--key", found=f"{len(set(regions))} regions in --to")
    file = images_file.path_in_force(option=images)
    home = Home.from_parameter_files()
    found, clients = inventory.gather(file)
    record = choose(image, found, datetime.now(UTC))
    copier = flow.Copier.prepare(record, found, clients, home, file, Progress(), key, limit_minutes * 60)
    targets = copier.targets(tuple(dict.fromkeys(regions)))
    if dry_run:
        report(record, copier.planned(targets), {}, (), as_json=as_json)
        return ExitCode.DONE
    with one_interruption("copies that are under way go on at AWS; the same command goes on with them"):
        done, failed = copier.run(targets)
    looked: tuple[Looked, ...] = ()
    if accounts_see and done:
        copies = {region: one.image for region, one in done.items() if one.image}
        looked = sight.look(place.readers(copier.aws), copies, copier.source.accounts, place.environments())
    report(record, done, failed, looked, as_json=as_json)
    return ExitCode.FAILED if failed or sight.in_the_dark(looked) else ExitCode.DONE


def report(
    record: "ImageRecord",
    done: "Mapping[str, Outcome]",
    failed: "Mapping[str, KilnError]",
    looked: "tuple[Looked, ...]",
    *,
    as_json: bool,
) -> None:
    """What became of each region; errors on standard error, and in the JSON."""
    from dataclasses import asdict

    from bake.sharing.command import seen
    from console.command import print_error, print_json

    for region, problem in failed.items():
        print_error(f"{region}: {problem}")
    if as_json:
        regions = [asdict(one) for one in done.values()]
        regions += [{"region": region, "action": "failed", "error": one.details()} for region, one in failed.items()]
        what = {"recipe": record.recipe, "digest": record.digest, "regions": regions}
        print_json(what | {"accounts": [asdict(one) for one in looked]})
        return
    for one in done.values():
        click.echo(f"{one.region}: {one.action} {one.image or ''}".rstrip() + f" ({one.reason})")
        for other in one.superfluous:
            click.echo(f"  ! another copy that nothing names: {other}")
        if one.in_images_file:
            click.echo(f"  written into {one.in_images_file}")
    for line in seen(looked):
        click.echo(line)
    if failed:
        click.echo(f"not copied to: {', '.join(failed)}")
