"""`python -m bake RECIPE --update-packages`: which versions a base or a runtime installs today, into packages.toml.

A builder does everything that a bake does, the tests and the clean-up included, without the recipe's lock and without
making an image; a lease tells sweeps meanwhile that it is at work. What it has installed is the new lock; the bake that
follows installs exactly that. Solving Debian's dependencies here instead would be a second apt, and the builder's is
the one that counts.
"""

from bake import pins, toolchain
from bake.build import Build
from bake.flow import Baker, Plan
from bake.plan import Action
from bake.platforms import Platform
from bake.recipe import FILE, Layer, Recipe, own_template, show
from bake.workspace import Workspace
from console.aws import errors
from console.errors import BadInput


def check(recipe: Recipe) -> None:
    """Raises BadInput for a recipe whose packages are not apt's."""
    if recipe.layer is Layer.TIER:
        why = "a tier installs no packages of Debian's"
    elif recipe.platform is not Platform.LINUX:
        why = f"it is for {recipe.platform}, which has no apt"
    elif own_template(recipe):
        why = "it has a template of its own"
    else:
        return
    raise BadInput(
        f"{recipe.name} has no packages to update",
        where=show(recipe.folder / FILE),
        found=why,
        expected="a base or a runtime that is made by the shared template",
    )


def parent_image(baker: Baker, planned: Plan, recipe: Recipe) -> str:
    """The AMI that the recipe stands on now. Raises BadInput where its parent would have to be baked first."""
    if recipe.parent is None:
        return planned.known[recipe.name].closure.parent
    step, below = planned.steps[recipe.parent], planned.known[recipe.parent].record
    if step.action is not Action.REUSE or below is None:
        raise BadInput(
            f"{recipe.name} stands on an image that is not there yet",
            found=f"{recipe.parent}: {step.action} ({step.reason})",
            expected="one layer after the other: what is installed depends on what is there already",
            next_step=f"python -m bake {recipe.parent}, then again",
        )
    return below.image_ids[baker.home.region]


def update(baker: Baker, name: str) -> pins.Update:
    """Try the recipe, write what it installed, and say what that changes. Raises BadInput, BakeFailed."""
    recipe = baker.recipes[name]
    planned = baker.plan()
    closure = planned.known[name].closure.model_copy(update={"packages": None})
    build = Build.of(recipe, closure, parent_image(baker, planned, recipe), baker.home.region, baker.caller)
    packer = toolchain.find(baker.versions).packer
    with (
        errors(f"the packages of {name}"),
        baker.progress.step(f"{name}: which packages there are, on a builder without an image") as shown,
        Workspace.of(recipe, None, closure, baker.versions) as workspace,
        baker.leases.at_work(name, build.id, baker.caller, baker.progress.phase),
        build.swept(baker.aws, None, baker.progress, frozenset),  # no record names anything of it
    ):
        found = build.without_image(workspace, baker.workshop, packer, baker.aws.secrets(), baker.progress)
        shown.result = f"{len(found)} packages"
    path = pins.path_beside(baker.images)
    before = pins.load(path).get(name)
    pins.record(path, name, found)
    return pins.Update(path, name, before, found)
