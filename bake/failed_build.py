"""What went wrong in a build, for the user: the failed tests, what is known of such a failure, else Packer's words."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bake import pins
from bake.diagnosis import diagnose
from bake.failure import BakeFailed, NoCapacity
from bake.image import TestResult
from bake.packer import LimitReached, PackerError, Phase, TemplateInvalid
from bake.packer.errors import PackerFailed
from bake.recipe import FILE, Recipe, own_template, show
from bake.workspace import Workspace
from console.errors import BadInput

if TYPE_CHECKING:
    from bake.build import Build


def failure(
    build: "Build", recipe: Recipe, problem: PackerError, phase: Phase, tests: tuple[TestResult, ...], log: Path
) -> BakeFailed:
    """What went wrong, for the user: the failed tests where there are any, what is known, else Packer's last words."""
    failed = [test.name for test in tests if test.outcome == "failed"]
    summary = problem.summary if isinstance(problem, PackerFailed) else str(problem)
    messages = problem.messages if isinstance(problem, PackerFailed) else ()
    limit = isinstance(problem, LimitReached)
    known = None if failed else diagnose(recipe, [summary, *messages], phase, limit=limit)
    if failed:
        what = f"no image of {build.recipe}: {len(failed)} of its {len(tests)} tests failed"
        summary = ", ".join(failed)
    elif known:
        what = f"no image of {build.recipe}: {known.what}"
    elif limit:
        what = f"no image of {build.recipe}: a time limit was reached"
    else:
        what = f"no image of {build.recipe}: Packer failed"
    found = "\n    ".join([summary, *messages])
    kind = NoCapacity if known and known.elsewhere else BakeFailed
    return kind(
        what,
        where=f"build {build.id}, phase '{phase}'",
        found=found,
        expected=known.expected if known else None,
        next_step=f"{known.next_step}; the log: {log}" if known else f"read the log: {log}",
    )


def not_as_locked(build: "Build", unmet: Iterable[pins.Unmet], log: Path) -> BakeFailed:
    """Versions that are locked were not to be had."""
    each = list(dict.fromkeys(unmet))
    return BakeFailed(
        f"no image of {build.recipe}: {len(each)} of its locked packages cannot be installed",
        where=f"{pins.NAME} beside the images file, [{build.recipe}]; build {build.id}, log {log}",
        found=", ".join(map(str, each)),
        expected="a source of apt that has the locked versions: Debian's own keeps the newest only",
        next_step=f"python -m bake {build.recipe} --update-packages takes what there is now, for review in git",
    )


def mistake_in_template(problem: TemplateInvalid, workspace: Workspace) -> BadInput:
    """The first mistake, with file and line in the repository; how many more there are."""
    first, *more = problem.diagnostics
    where = None
    if first.file:
        where = f"{workspace.as_the_user_knows_it(first.file)}, line {first.line}"
    found = f"{first.summary}. {first.detail}".strip()
    if more:
        found += f" (and {len(more)} more)"
    recipe, next_step = workspace.recipe, None
    undeclared = [name for name in recipe.contents.variables if f'"{name}"' in first.summary]
    if undeclared and not where:  # Packer was given it, no file of the template holds the mistake
        where = f"{show(recipe.folder / FILE)}, variables.{undeclared[0]}"
        shared = recipe.folder.parent / recipe.platform.shared / "image.pkr.hcl"
        template = show(recipe.folder if own_template(recipe) else shared)
        next_step = f"declare it in {template}, or take it out of {FILE}"
    return BadInput(f"the template of {recipe.name} has a mistake", where=where, found=found, next_step=next_step)
