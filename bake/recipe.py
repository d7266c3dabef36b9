"""A recipe: packer/<tier>/ with its recipe.toml. A folder that holds one is a tier; there is no other list."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "packer"
SHARED = "shared"  # read by the templates of all tiers, so part of every closure
FILE = "recipe.toml"
# What an AMI's name (3 to 128 characters) and a tag can hold:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")

Minutes = Annotated[float, Field(gt=0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArtifactSource(_Table):
    """What is installed by the provisioning script: a folder of the repository and its vendored Python packages.

    The files of the `shared` folders lie beside those of `source`.
    """

    source: str
    shared: tuple[str, ...] = ()
    requirements: str | None = None
    sdk_services: tuple[str, ...] = ()


class LimitsMinutes(_Table):
    """Time limits of the bake, in minutes: altogether, until SSH answers, for provisioning and tests."""

    overall: Minutes = 30
    connect: Minutes = 5
    provision: Minutes = 15


class RecipeFile(_Table):
    """The format of recipe.toml."""

    parent: str = Field(pattern=r"^/aws/service/.+")
    artifact: ArtifactSource
    variables: dict[str, str | int | bool] = {}
    limits_minutes: LimitsMinutes = LimitsMinutes()


@dataclass(frozen=True, slots=True)
class Recipe:
    """A tier's recipe as it is on disk."""

    tier: str
    folder: Path
    contents: RecipeFile

    @property
    def source(self) -> Path:
        """The folder of the artifact's source."""
        return self.folder.parent.parent / self.contents.artifact.source

    @property
    def shared(self) -> tuple[Path, ...]:
        """The folders of what the artifact shares with others."""
        return tuple(self.folder.parent.parent / name for name in self.contents.artifact.shared)

    @property
    def version(self) -> str:
        """The application's version, from the file VERSION of the artifact's source. Raises BadInput."""
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


def tiers(recipes: Path = RECIPES) -> tuple[str, ...]:
    """All tiers, by name."""
    return tuple(sorted(file.parent.name for file in recipes.glob(f"*/{FILE}")))


def load(tier: str, recipes: Path = RECIPES) -> Recipe:
    """The recipe of a tier. Raises BadInput: an unknown tier, a mistake in the file, an artifact without source."""
    known = tiers(recipes)
    if tier not in known:
        raise BadInput(
            f"there is no tier {tier!r}",
            expected=f"one of: {', '.join(known)}",
            next_step=f"a new tier is a folder {show(recipes)}/<tier> with a {FILE}",
        )
    file = recipes / tier / FILE
    try:
        contents = RecipeFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as problem:
        raise BadInput("the recipe is not TOML", where=show(file), found=str(problem)) from problem
    except ValidationError as problem:
        raise BadInput("the recipe has mistakes", where=show(file), found=_mistakes(problem)) from problem
    recipe = Recipe(tier, file.parent, contents)
    for key, folder in (("source", recipe.source), *(("shared", folder) for folder in recipe.shared)):
        if not folder.is_dir():
            raise BadInput(
                f"the artifact of {tier} is missing",
                where=f"{show(file)}, artifact.{key}",
                found=f"no folder {folder.relative_to(recipes.parent)}",
                expected="a folder of this repository that holds the application",
            )
    return recipe


def _mistakes(problem: ValidationError) -> str:
    """All mistakes at once: key, what is wrong, what is there."""
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg'][:1].lower()}{one['msg'][1:]} ({one['input']!r})"
        for one in problem.errors()
    )
