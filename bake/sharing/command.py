"""`python -m bake share IMAGE`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bake.options import images_option, json_option
from console.errors import BadInput, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bake.image import ImageRecord
    from bake.place import Home
    from bake.share import Share
    from bake.sharing.sight import Looked

EPILOG = """\b
Examples:
  python -m bake share web            the image in force of Web, with the accounts of all environments
  python -m bake share base --account 555555555555
  python -m bake share web --organization arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5 --dry-run
                                      say what would be shared, and whether the key lets the organization in
\b
Exit codes: 0 done, 1 AWS refused, or an account does not see the image or could not be asked, 2 no such image, a
mistake in a file or the command line, 3 not ready (credentials, endpoint or the stack Payroll-Tooling missing, or the
key's policy does not let the organization in), 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Let accounts or an organization launch an image.")
@click.argument("image")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="An account; can be given several times.")
@click.option("--organization", "organizations", multiple=True, metavar="ARN", help="All accounts of an organization.")
@click.option("--organizational-unit", "units", multiple=True, metavar="ARN", help="All accounts below such a unit.")
@click.option("--dry-run", is_flag=True, help="Say what would be shared; share and write nothing.")
@click.option("--accounts-see/--no-accounts-see", default=True, help="Ask the accounts afterwards.  [default: ask]")
@json_option
@images_option
def share(
    image: str,
    accounts: tuple[str, ...],
    organizations: tuple[str, ...],
    units: tuple[str, ...],
    dry_run: bool,
    accounts_see: bool,
    as_json: bool,
    images: Path | None,
) -> int:
    """Let others launch IMAGE, in every region that it is in: the image, its snapshots, and its key.

    IMAGE as in `show`. Without an option: the accounts of all environments, for an image of a tier. What is shared
    already stays shared, nothing is taken away. Then each account of an environment is asked whether it sees the image.
    """
    from datetime import UTC, datetime

    from bake import inventory
    from bake import share as sharing
    from bake.choose import choose
    from bake.image import ImageStore
    from bake.place import Home, Workshop
    from bake.sharing import organization, place, sight
    from console.aws import errors
    from infra import images as images_file

    wanted = [organization.Organization.of(arn) for arn in (*organizations, *units)]
    home = Home.from_parameter_files()
    found, clients = inventory.gather(images_file.path_in_force(option=images))
    record = choose(image, found, datetime.now(UTC))
    whom = principals(record, accounts, bool(wanted), home)
    aws = clients[home.region]
    workshop = Workshop.look_up(aws, home, ())
    shares: list[tuple[str, Share]] = []
    everywhere = place.everywhere(record, clients, {home.region: workshop.key}, found.everywhere())
    for region, one in everywhere.items():
        for each in wanted:
            organization.require(clients[region], one.key, each)
        todo = sharing.plan(clients[region], one, whom, [each.arn for each in wanted])
        shares += [(region, share) for share in todo]
    looked: tuple[Looked, ...] = ()
    store = ImageStore(aws.client("s3"), workshop.bucket)
    if not dry_run:
        now = {*whom, *(each.arn for each in wanted)}
        with errors(f"recording whom {record.recipe} is shared with (s3:GetObject and s3:PutObject on images/*)"):
            # first: whoever might launch it is in its record, by which `retire` keeps it
            store.change(record, lambda current: current.also_shared_with(now))
        for region in everywhere:
            sharing.do(clients[region], [share for where, share in shares if where == region])
        if accounts_see:
            environments = place.environments()
            asked = environments if wanted else whom
            readers = place.readers(aws)
            looked = sight.look(readers, record.image_ids, {*asked} - {home.account}, environments)
    report(record, shares, looked, store.url(record.recipe, record.digest), dry_run=dry_run, as_json=as_json)
    blind = [one for one in sight.in_the_dark(looked) if one.account in whom]
    return ExitCode.FAILED if blind else ExitCode.DONE


def principals(
    record: "ImageRecord", accounts: tuple[str, ...], has_organization: bool, home: "Home"
) -> tuple[str, ...]:
    """The accounts to share with. Raises BadInput."""
    from bake.recipe import Layer

    if wrong := [one for one in accounts if not (len(one) == 12 and one.isdigit())]:
        raise BadInput("this is no account", where="--account", found=wrong[0], expected="12 digits")
    if home.account in accounts:
        raise BadInput("the image belongs to this account", where="--account", found=home.account)
    if accounts or has_organization:
        return tuple(sorted(set(accounts)))
    if record.layer is not Layer.TIER:
        raise BadInput(
            f"nobody launches a {record.layer}, so there is nobody to share it with by itself",
            expected="--account, --organization or --organizational-unit",
            next_step=f"python -m bake share {record.recipe} --account …",
        )
    return home.others


def report(
    record: "ImageRecord",
    shares: "list[tuple[str, Share]]",
    looked: "Iterable[Looked]",
    url: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """What was shared, and who sees it."""
    from dataclasses import asdict

    from bake.digest import short
    from console.command import print_json

    if as_json:
        listed: list[Any] = [{"region": region, **asdict(share)} for region, share in shares]
        what: dict[str, Any] = {"recipe": record.recipe, "digest": record.digest, "image_ids": dict(record.image_ids)}
        print_json(
            what
            | {
                "would_share" if dry_run else "shared": listed,
                "accounts": [asdict(one) for one in looked],
                "record": url,
            }
        )
        return
    verb = "would share" if dry_run else "shared"
    for region, one in shares:
        click.echo(f"{verb} the {one.kind} {one.resource} in {region} with {one.principal}")
    if not shares:
        click.echo(f"{record.recipe} {short(record.digest)} is shared with all of them already")
    for line in seen(looked):
        click.echo(line)


def seen(looked: "Iterable[Looked]") -> "Iterable[str]":
    """A line for each account and image."""
    for one in looked:
        name = f"{one.environment} ({one.account})" if one.environment else one.account
        yield f"{name}: {one.sight} ({one.image} in {one.region})"
        yield from (f"  {line}" for line in one.note.splitlines())
