"""The commands that look and change nothing: `python -m bake list`, `show` and `diff`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bake.options import images_option, json_option
from console.errors import BadInput, ExitCode

if TYPE_CHECKING:  # the help of a command needs none of what its record needs
    from bake.contents.vulnerabilities import Database
    from bake.image import ImageRecord

CODES = """\b
Exit codes: 0 done{also}, 1 AWS refused{failed}, 2 no such image, a mistake in a file or the command line,
3 not ready (credentials, endpoint or the stack Payroll-Tooling missing), 130 interrupted.
"""
LIST = f"""\b
Examples:
  python -m bake list                 all images, the newest first
  python -m bake list web runtime     those of two recipes
  python -m bake list --json          one object: images, and what could not be read
\b
A line with ! says where the record, the tags and EC2 disagree.
{CODES.format(also="", failed=" or a record cannot be read (the others are listed)")}"""
SHOW = f"""\b
Examples:
  python -m bake show web             the image in force of the tier Web
  python -m bake show base            the newest base
  python -m bake show 3fa9c1 --packages
                                      the one whose digest begins so, with all its packages
  python -m bake show web --sbom > web.cdx.json
                                      its bill of materials, CycloneDX 1.6
  python -m bake show web --vulnerabilities tracker.json --fail-on high
                                      what a file of Debian's security tracker knows of it
{CODES.format(also="", failed=", no bill of materials any more, --fail-on")}"""
DIFF = f"""\b
Examples:
  python -m bake diff 3fa9c1 web      from that image to the one in force
  python -m bake diff ami-0123456789abcdef0 ami-0fedcba9876543210 --json
{CODES.format(also=" (also where something differs)", failed="")}"""


@click.command("list", epilog=LIST, short_help="The images that there are, and how they stand.")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]…")
@json_option
@images_option
def list_images(recipes: tuple[str, ...], as_json: bool, images: Path | None) -> int:
    """List the images of each RECIPE, or all: what the records say, what EC2 says, and where they disagree.

    Also images that carry Kiln's tags and have no record, and records whose image is gone.
    """
    from datetime import UTC, datetime

    from bake import inventory, recipe
    from bake.looks import report
    from infra import images as images_file

    found, clients = inventory.gather(images_file.path_in_force(option=images))
    seen = found.all(datetime.now(UTC))
    known = {*recipe.names(), *(one.recipe for one in seen), *(one.recipe for one in found.stored)}
    if unknown := [name for name in recipes if name not in known]:
        raise BadInput(f"there is no recipe {unknown[0]!r}", expected=f"one of: {', '.join(sorted(known))}")
    wanted = inventory.with_sharing((one for one in seen if not recipes or one.recipe in recipes), clients)
    unread = [one for one in found.stored if one.record is None and (not recipes or one.recipe in recipes)]
    report.listing(wanted, unread, as_json=as_json)
    return ExitCode.FAILED if any(not one.is_earlier for one in unread) else ExitCode.DONE


@click.command(epilog=SHOW, short_help="All that is known of one image.")
@click.argument("image")
@click.option("--packages", is_flag=True, help="List all packages, not only their number.")
@click.option("--sbom", is_flag=True, help="Print its bill of materials instead: CycloneDX 1.6 in JSON.")
@click.option(
    "--vulnerabilities",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="List what this copy of https://security-tracker.debian.org/tracker/data/json knows of it instead.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["unimportant", "low", "medium", "high"]),
    help="Exit code 1 where one is as urgent; what nobody has judged yet counts as medium.",
)
@json_option
@images_option
def show(
    image: str,
    packages: bool,
    sbom: bool,
    vulnerabilities: Path | None,
    fail_on: str | None,
    as_json: bool,
    images: Path | None,
) -> int:
    """Show all that is known of IMAGE.

    IMAGE is an AMI id of any region, a digest or at least 6 digits of its beginning, a build id, or the name of a
    recipe: the image in force of a tier, the newest of a base or a runtime.
    """
    from datetime import UTC, datetime

    if sbom and vulnerabilities:
        raise BadInput("--sbom and --vulnerabilities exclude each other", next_step="ask twice")
    if fail_on and not vulnerabilities:
        raise BadInput("--fail-on needs --vulnerabilities FILE", found="no file of vulnerabilities")

    from bake import inventory
    from bake.choose import choose
    from bake.looks import lineage, report
    from infra import images as images_file

    database = None
    if vulnerabilities:  # a mistake in the file is better found before AWS is asked
        from bake.contents.vulnerabilities import load

        database = load(vulnerabilities)
    now = datetime.now(UTC)
    found, clients = inventory.gather(images_file.path_in_force(option=images))
    record = choose(image, found, now)
    if sbom or database:
        from bake.contents import documents
        from console.aws import errors

        with errors(f"reading the bill of materials of {record.recipe} (s3:GetObject)"):
            document = documents.read(documents.store_of(found, record, clients), record)
        if database:
            return known_vulnerabilities(record, document, database, fail_on, as_json)
        click.echo(document, nl=False)
        return ExitCode.DONE
    seen = inventory.with_sharing(found.of(record, now), clients)
    report.image(record, seen, lineage.below(record, found.records), packages=packages, as_json=as_json)
    return ExitCode.DONE


def known_vulnerabilities(
    record: "ImageRecord", document: bytes, database: "Database", fail_on: str | None, as_json: bool
) -> ExitCode:
    """List them; failed where one is as urgent as `fail_on`."""
    from bake.contents import findings, vulnerabilities

    found = vulnerabilities.findings(document, database)
    findings.report(record, database, found, as_json=as_json)
    worst = vulnerabilities.reaching(found, vulnerabilities.Urgency(fail_on)) if fail_on else ()
    return ExitCode.FAILED if worst else ExitCode.DONE


@click.command(epilog=DIFF, short_help="What changed from one image to another, layer by layer.")
@click.argument("before", metavar="IMAGE")
@click.argument("after", metavar="IMAGE")
@json_option
@images_option
def diff(before: str, after: str, as_json: bool, images: Path | None) -> None:
    """Say what changed from one IMAGE to another, through all layers below; IMAGE as in `show`.

    A change is told once, at the lowest layer that has it: a new python3 of the runtime stands there, not at the tier.
    """
    from datetime import UTC, datetime

    from bake import inventory
    from bake.choose import choose
    from bake.looks import difference, lineage, report
    from infra import images as images_file

    now = datetime.now(UTC)
    found, _ = inventory.gather(images_file.path_in_force(option=images))
    left, right = (lineage.of(choose(word, found, now), found.records) for word in (before, after))
    report.diff(difference.compare(left, right, found.everywhere()), as_json=as_json)
