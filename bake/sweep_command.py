"""`python -m bake sweep`: what killed bakes left, and, where asked, removing it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from bake.options import json_option
from console.command import print_error, print_json
from console.duration import Duration
from console.errors import BadInput, ExitCode

if TYPE_CHECKING:
    from bake.remains import Result

EPILOG = """\b
Examples:
  python -m bake sweep                what bakes that were killed left, and what would be removed; changes nothing
  python -m bake sweep --apply        remove it
  python -m bake sweep --older-than 8h --region eu-west-1
  python -m bake sweep --build web-20261121-120000-1a2b3c --apply
                                      only what this build left, however old it is
\b
Exit codes: 0 done, 1 something could not be removed or a region refused (which, is said), 2 a mistake in the command
line, 3 not ready (credentials, endpoint or the stack Payroll-Tooling missing), 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Remove what killed bakes left.")
@click.option("--build", metavar="BUILD", help="Only of this build, whatever its age.")
@click.option(
    "--older-than", type=Duration(), help="Of builds whose youngest part is older.  [default: 3h; with --build 0m]"
)
@click.option(
    "--region", "only", multiple=True, metavar="REGION", help="Look here only; again for more.  [default: all]"
)
@click.option("--apply/--dry-run", "for_real", default=False, help="Do it, or print the plan only.  [default: dry-run]")
@json_option
def sweep(build: str | None, older_than: timedelta | None, only: tuple[str, ...], for_real: bool, as_json: bool) -> int:
    """Say what bakes, boot tests and copies that were killed have left, and with --apply remove it.

    Instances, volumes, key pairs, security groups, snapshots, half-made images, Spot requests and launch templates, in
    every region. A bake that fails sweeps by itself; this is for those that could not. Nothing is touched of a build
    for which somebody holds a lease, as bake, verify, copy and --update-packages do while they run, nothing that a
    record names, no protected image, and nothing that is not provably of a build of Kiln's.
    """
    from bake import remains
    from bake.build_id import began
    from bake.place import Home, Workshop
    from console.aws import Aws

    if build is not None and not began(build):  # EC2 would look for `web-*`, too
        raise BadInput(
            "this is no build", where="--build", found=build, expected="RECIPE-YYYYMMDD-HHMMSS-XXXXXX, as bake says it"
        )
    home = Home.from_parameter_files()
    aws = Aws(home.region)
    home.check_account(aws)
    bucket = Workshop.look_up(aws, home, ()).bucket
    places = remains.places(aws, only)
    limit = older_than if older_than is not None else timedelta(0) if build else remains.OLDER_THAN
    result = remains.look(aws, bucket, places, limit, build)
    if for_real:
        result = remains.apply(aws, bucket, places, limit, result)
    for region, problem in result.refused.items():
        print_error(f"{region}: {problem}")
    if as_json:
        print_json(_object(result, for_real))
    else:
        _tell(result, for_real)
    return ExitCode.FAILED if result.refused or any(one.outcome.left for one in result.swept) else ExitCode.DONE


def _object(result: "Result", for_real: bool) -> dict[str, object]:
    outcome = {(one.build, one.region): one.outcome for one in result.swept}
    builds = [
        {
            "build": one.build,
            "region": region,
            "reason": one.reason,
            "to_remove": [f"{thing.kind} {thing.id}" for thing in one.removals],
            "removed": outcome[one.build, region].removed if (one.build, region) in outcome else (),
            "left": outcome[one.build, region].left if (one.build, region) in outcome else (),
        }
        for region, there in result.planned.items()
        for one in there
    ]
    refused = [{"region": region, "error": problem.details()} for region, problem in result.refused.items()]
    return {"applied": for_real, "builds": builds, "refused": refused}


def _tell(result: "Result", for_real: bool) -> None:
    planned, outcome = result.planned, {(one.build, one.region): one.outcome for one in result.swept}
    for region, there in planned.items():
        for one in there:
            click.echo(f"{one.build} in {region}: {'goes' if one.removals else 'stays'}, {one.reason}")
            if (one.build, region) not in outcome:
                for thing in one.removals:
                    click.echo(f"  would remove {thing.kind} {thing.id} ({thing.reason})")
                continue
            for name in outcome[one.build, region].removed:
                click.echo(f"  removed {name}")
            for name in outcome[one.build, region].left:
                click.echo(f"  left {name}")
            if not any((outcome[one.build, region].removed, outcome[one.build, region].left)):
                click.echo("  stays after all: it is not as it was a moment ago")
    if not any(planned.values()):
        click.echo("nothing is left of any bake" + (", so far as is known" if result.refused else ""))
    elif not for_real and any(one.removals for there in planned.values() for one in there):
        click.echo("nothing was changed: --apply removes it")
