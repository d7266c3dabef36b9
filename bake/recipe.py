"""A recipe: packer/<name>/ with its recipe.toml. A folder that holds one is a recipe; there is no other list.

Layers: base (the operating system) ← runtime (what tiers share) ← tier (an application). A parent is always of the
layer right below and of the same platform, so a cycle cannot be written: it is refused as a parent of a wrong layer.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bake.platforms import Platform
from console.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "packer"
FILE = "recipe.toml"
TESTS = "tests"
FILES = "files"  # what a recipe uploads to its builder
LOCK = "packages.lock"  # the locked packages, as the builder reads them
# What an AMI's name (3 to 128 characters) and a tag can hold:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
NAME = re.compile(r"[a-z]+(-[a-z]+)*")  # as in the images file
# The words of `python -m bake WORD`, also those to come: a recipe of such a name could not be asked for.
SUBCOMMANDS = ("copy", "diff", "list", "retire", "share", "show", "sweep", "verify")
PUBLISHED = re.compile(r"/aws/service/.+")

Minutes = Annotated[float, Field(gt=0)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class Layer(StrEnum):
    """What an image is for, from the ground up."""

    BASE = "base"
    RUNTIME = "runtime"
    TIER = "tier"

    @property
    def below(self) -> "Layer | None":
        """The layer that its parents belong to; None for the base, which stands on the operating system."""
        return {Layer.RUNTIME: Layer.BASE, Layer.TIER: Layer.RUNTIME}.get(self)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArtifactSource(_Table):
    """What is installed by the provisioning script: a folder of the repository and its vendored Python packages.

    The files of the `shared` folders lie beside those of `source`. For Windows `source` is the folder of a site or of a
    published .NET application, and nothing is vendored. `sha256` (64 hex digits) says what the packed artifact must be,
    where it comes from elsewhere.
    """

    source: str
    shared: tuple[str, ...] = ()
    requirements: str | None = None
    sdk_services: tuple[str, ...] = ()
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Download(_Table):
    """A file that is fetched before the bake, and lies beside the recipe's own in the upload (`bake.downloads`)."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    optional: bool = False


class LimitsMinutes(_Table):
    """Time limits, in minutes; of the bake: altogether, until SSH or WinRM answers, for provisioning and tests.

    `boot`: from a launch until the machine is healthy. An instance of EC2 is there within two minutes mostly, and a
    group takes a machine for lost after its grace time; ten minutes allow for a snapshot that is read for the first
    time (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-initialize.html).
    """

    overall: Minutes = 30
    connect: Minutes = 5
    provision: Minutes = 15
    boot: Minutes = 10


class RecipeFile(_Table):
    """The format of recipe.toml.

    Args:
        parent: a recipe's name, for a base an SSM parameter.
        health: where a machine of this image says inside itself that it is healthy, http://127.0.0.1:PORT/PATH.
    """

    layer: Layer
    platform: Platform = Platform.LINUX
    parent: str
    artifact: ArtifactSource | None = None
    downloads: dict[FileName, Download] = {}
    variables: dict[str, str | int | bool] = {}
    limits_minutes: LimitsMinutes = LimitsMinutes()
    health: Annotated[str, Field(pattern=r"^http://127\.0\.0\.1:\d{1,5}/[A-Za-z0-9._/?=&-]*$")] | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe as it is on disk."""

    name: str
    folder: Path
    contents: RecipeFile

    @property
    def layer(self) -> Layer:
        return self.contents.layer

    @property
    def platform(self) -> Platform:
        return self.contents.platform

    @property
    def parent(self) -> str | None:
        """The recipe that it stands on; None for a base."""
        return self.contents.parent if self.layer.below else None

    @property
    def source(self) -> Path | None:
        """The folder of the artifact's source."""
        return self.folder.parent.parent / self.contents.artifact.source if self.contents.artifact else None

    @property
    def sources(self) -> tuple[Path, ...]:
        """The folders of the artifact's source and of what it shares with others; none where there is no artifact."""
        artifact = self.contents.artifact
        return (
            tuple(self.folder.parent.parent / name for name in (artifact.source, *artifact.shared)) if artifact else ()
        )

    @property
    def requirements(self) -> Path | None:
        """The file with the pins of the artifact's Python packages; None where it has none."""
        artifact = self.contents.artifact
        return self.source / artifact.requirements if self.source and artifact and artifact.requirements else None

    @property
    def version(self) -> str | None:
        """The application's version, from the file VERSION of the artifact's source. Raises BadInput."""
        if self.source is None:
            return None
        file = self.source / "VERSION"
        text = file.read_text(encoding="utf-8").strip() if file.is_file() else None
        if text is None or not VERSION.fullmatch(text):
            raise BadInput(
                "the artifact has no usable version",
                where=show(file),
                found=text or "no such file",
                expected="a version such as 1.0.0 (letters, digits, dot, hyphen, underscore; at most 40 characters)",
            )
        return text


def show(path: Path) -> str:
    """A path as the user knows it: relative to the repository where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def names(recipes: Path = RECIPES) -> tuple[str, ...]:
    """The names of all recipes."""
    return tuple(sorted(file.parent.name for file in recipes.glob(f"*/{FILE}")))


def recipes(folder: Path = RECIPES) -> tuple[Recipe, ...]:
    """All recipes, those that others stand on first. Raises BadInput."""
    return with_parents(names(folder), folder)


def tiers(recipes: Path = RECIPES, platform: Platform = Platform.LINUX) -> tuple[str, ...]:
    """The names of a platform's recipes of the layer tier. Raises BadInput for a mistake in any recipe."""
    found = [load(name, recipes) for name in names(recipes)]
    return tuple(one.name for one in found if (one.layer, one.platform) == (Layer.TIER, platform))


def with_parents(asked: Iterable[str], recipes: Path = RECIPES) -> tuple[Recipe, ...]:
    """The recipes and all that they stand on, in an order in which each comes after its parent, otherwise by name.

    Raises BadInput: what `load` raises, and a parent that is no recipe of the layer below.
    """
    found: dict[str, Recipe] = {}
    todo = list(asked)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = one = load(name, recipes)
            if one.parent:
                check_parent(one, recipes)
                todo.append(one.parent)
    layers = list(Layer)
    return tuple(sorted(found.values(), key=lambda one: (layers.index(one.layer), one.name)))


def check_parent(recipe: Recipe, recipes: Path = RECIPES) -> None:
    """Raises BadInput where the parent of a recipe is no recipe, of another platform, or not of the layer below."""
    wanted = recipe.layer.below, recipe.platform
    known = names(recipes)
    found = load(recipe.contents.parent, recipes) if recipe.contents.parent in known else None
    if found is None or (found.layer, found.platform) != wanted:
        fitting = [one.name for one in (load(name, recipes) for name in known) if (one.layer, one.platform) == wanted]
        on = f" for {recipe.platform}" if recipe.platform is not Platform.LINUX else ""
        raise BadInput(
            f"{recipe.name} cannot stand on {recipe.contents.parent}",
            where=f"{show(recipe.folder / FILE)}, parent",
            found=_kind(found, recipe) if found else f"no recipe {recipe.contents.parent!r}",
            expected=f"a recipe of the layer {wanted[0]}{on}: {', '.join(fitting) or 'there is none yet'}",
        )


def _kind(found: Recipe, other: Recipe) -> str:
    """A recipe's layer, and its platform where that is another one than that of the recipe beside it."""
    on = f" for {found.platform}" if found.platform is not other.platform else ""
    return f"a recipe of the layer {found.layer}{on}"


def load(name: str, recipes: Path = RECIPES) -> Recipe:
    """One recipe. Raises BadInput: an unknown name, a mistake in the file, a file or an artifact that is missing."""
    known = names(recipes)
    if name not in known:
        folder = f"a new recipe is a folder {show(recipes)}/<name> with a {FILE}"
        raise BadInput(
            f"there is no recipe {name!r}",
            expected=f"one of: {', '.join(known)}",
            next_step=f"a subcommand comes first: python -m bake {name} …" if name in SUBCOMMANDS else folder,
        )
    file = recipes / name / FILE
    try:
        contents = RecipeFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as problem:
        raise BadInput("the recipe is not TOML", where=show(file), found=str(problem)) from problem
    except ValidationError as problem:
        raise BadInput("the recipe has mistakes", where=show(file), found=_mistakes(problem)) from problem
    recipe = Recipe(name, file.parent, contents)
    _check(recipe, show(file))
    return recipe


def _check(recipe: Recipe, file: str) -> None:
    """What a recipe must have beside a file that can be read."""
    contents = recipe.contents
    if not NAME.fullmatch(recipe.name):
        raise BadInput("a recipe cannot have this name", where=file, found=recipe.name, expected="such as worker-mq")
    if recipe.name in SUBCOMMANDS:
        raise BadInput(
            "a recipe cannot have this name",
            where=file,
            found=recipe.name,
            expected=f"another one than those of the subcommands of python -m bake: {', '.join(SUBCOMMANDS)}",
            next_step="rename the folder",
        )
    if recipe.layer is Layer.BASE and not PUBLISHED.fullmatch(contents.parent):
        expected = "the SSM parameter in which the operating system's AMI is published: /aws/service/…"
        raise BadInput(
            f"the base {recipe.name} has no parent", where=f"{file}, parent", found=contents.parent, expected=expected
        )
    if (recipe.layer is Layer.TIER) != (contents.artifact is not None):
        raise BadInput(
            f"{recipe.name} is a {recipe.layer} {'with' if contents.artifact else 'without'} an artifact",
            where=f"{file}, artifact",
            expected="a tier has one, a base and a runtime have none",
        )
    for folder in recipe.sources:
        if not folder.is_dir():
            raise BadInput(
                f"the artifact of {recipe.name} is missing",
                where=f"{file}, artifact.{'source' if folder == recipe.source else 'shared'}",
                found=f"no folder {folder.relative_to(recipe.folder.parent.parent)}",
                expected="a folder of this repository that holds the application",
            )
    if contents.artifact and recipe.platform is Platform.WINDOWS and contents.artifact.requirements:
        raise BadInput(
            f"the artifact of {recipe.name} has Python packages",
            where=f"{file}, artifact.requirements",
            expected="none: they are put into the images of Linux services only",
        )
    taken = {recipe.platform.archive, LOCK, *(path.name for path in (recipe.folder / FILES).glob("*"))}
    if found := sorted(contents.downloads.keys() & taken):
        raise BadInput(
            f"a download of {recipe.name} has the name of something else that the builder gets",
            where=f'{file}, downloads."{found[0]}"',
            expected=f"a name of its own; taken are: {', '.join(sorted(taken))}",
        )
    needed = recipe.platform.provision, recipe.platform.tests
    missing = [name for name in needed if not any(recipe.folder.glob(name))]
    if missing and not own_template(recipe):
        raise BadInput(
            f"the recipe {recipe.name} is not whole",
            where=show(recipe.folder),
            found=f"no {', no '.join(missing)}",
            expected=f"{recipe.platform.provision}, which installs what it is about, and tests of the result",
        )


def own_template(recipe: Recipe) -> bool:
    """Whether a recipe has HCL of its own; then what is shared is not read as a template."""
    return any(recipe.folder.glob("*.pkr.hcl"))


def _mistakes(problem: ValidationError) -> str:
    """All mistakes at once: key, what is wrong, what is there."""
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg'][:1].lower()}{one['msg'][1:]} ({one['input']!r})"
        for one in problem.errors()
    )
