"""`python -m bake`: images, layer by layer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bake.boot.command import verify
from bake.copy.command import copy
from bake.entry import Entry
from bake.interruption import one_interruption
from bake.looks.command import diff, list_images, show
from bake.retire.command import retire
from bake.sharing.command import share
from bake.sweep_command import sweep
from console.errors import BadInput, ExitCode, KilnError
from console.progress import Progress

if TYPE_CHECKING:
    from bake.flow import Options

EPILOG = """\b
Examples:
  python -m bake                      all recipes: what is there, what would be done and why
  python -m bake web                  bake the image of the tier Web and what it stands on, or reuse it
  python -m bake web --dry-run        say what would be done and why
  python -m bake web --explain        say also what the images are made of
  python -m bake --update-parents base
                                      take the operating system's newest image
  python -m bake base --update-packages
                                      lock the versions that apt has today in packages.toml, then bake them
  python -m bake list                 all images that there are; show IMAGE and diff IMAGE IMAGE look into them
  python -m bake verify web           boot its image once and test it again; share and copy give it to others
  python -m bake retire               which images nothing needs any more, and what is to be done with them
  python -m bake sweep                what bakes that were killed left
\b
Exit codes: 0 done, 1 a bake failed and was swept, 2 a mistake in the recipe, a file or the command line,
3 not ready (tool, credentials, endpoint or the stack Payroll-Tooling missing), 130 interrupted and swept.
"""


@click.group(cls=Entry, invoke_without_command=True, subcommand_metavar="| COMMAND …", epilog=EPILOG)
@click.argument("recipes", nargs=-1, metavar="[RECIPE]…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output; a list for several recipes.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and why; bake, share and write nothing.")
@click.option("--explain", is_flag=True, help="Show everything each digest covers, and what changed.")
@click.option("--force", is_flag=True, help="Bake these recipes even where nothing changed; not those below them.")
@click.option("--update-parents", is_flag=True, help="Take the operating system's image that is published now.")
@click.option("--update-packages", is_flag=True, help="Lock the versions that apt has today; for one base or runtime.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="How many bake at once.")
@click.option("--images", type=click.Path(dir_okay=False, path_type=Path), help="The images file to write.")
def bake(
    recipes: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    explain: bool,
    force: bool,
    update_parents: bool,
    update_packages: bool,
    jobs: int,
    images: Path | None,
) -> int:
    """Bake the image of each RECIPE, or reuse the one whose recipe is the same; without one, say how all stand.

    A recipe is a folder packer/RECIPE with a recipe.toml, of the layer base, runtime or tier. What it stands on is
    baked first where that is due. An image is baked only if the digest of everything it is made of has changed; the
    ids of tiers go into infra/images.toml (or --images, or $KILN_IMAGES) for review, the operating system's image
    into parents.toml beside it, the locked versions of Debian's packages into packages.toml.

    A COMMAND comes first: `python -m bake list web`. No recipe may be called like one.
    """
    with one_interruption("stopping Packer and removing what the bake made"):
        from bake import recipe, report
        from bake.flow import Baker, Options

        asked = tuple(dict.fromkeys(recipes))
        options = Options(force, update_parents, jobs, images)
        if update_packages:
            update_the_lock(asked, options, dry_run)
        baker = Baker.prepare(asked or recipe.names(), options, Progress())
        planned = baker.plan()
        for parent in baker.parents.values():
            if note := parent.note(for_real=bool(asked) and not dry_run):
                click.echo(note, err=True)
        for note in planned.notes:
            click.echo(note, err=True)
        if not asked:
            report.overview(baker.outcomes(planned).values(), baker.home.region, as_json=as_json, explain=explain)
            return ExitCode.DONE
        if dry_run:
            baker.validate(planned)
            done, failed = baker.outcomes(planned), dict[str, KilnError]()
        else:
            done, failed = baker.run(planned)
        if len(asked) == 1 and failed:
            raise report.cause(failed)
        report.results(asked, baker.recipes, done, failed, as_json=as_json, explain=explain)
        return ExitCode.FAILED if failed else ExitCode.DONE


for command in (list_images, show, diff, verify, share, copy, retire, sweep):
    bake.add_command(command)


def update_the_lock(asked: tuple[str, ...], options: "Options", dry_run: bool) -> None:
    """Write packages.toml anew for the one recipe that is asked for. Raises BadInput where that makes no sense."""
    from bake import recipe, repin
    from bake.flow import Baker

    if len(asked) != 1 or dry_run:
        raise BadInput(
            "--update-packages is for one recipe, and does it",
            found=f"{', '.join(asked) or 'no recipe'}{' with --dry-run' if dry_run else ''}",
            expected="one base or runtime: python -m bake base --update-packages",
        )
    repin.check(recipe.load(asked[0]))
    for line in repin.update(Baker.prepare(asked, options, Progress()), asked[0]).lines():
        click.echo(line, err=True)
