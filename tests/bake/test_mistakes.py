"""Mistakes in a recipe, as the command tells them: what, where, found, expected, next step; nothing is done.

And what may be wrong with what is there: a record, an image, a disk. Packer is played, everything else is real.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bake.recipe import ROOT
from rehearsal.pipeline import copy_project
from rehearsal.proxy import Answer, Call, refusal
from tests.bake.world import BUCKET, Listing, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project; tests put back what they break."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def baked(world: World) -> World:
    """The same account with an image of each layer up to web."""
    world.run("web")
    return world


@pytest.fixture
def untouched(world: World) -> Iterator[World]:
    """Whatever a test does: afterwards the account is as it was."""
    before = world.listing()
    yield world
    world.at_peace()
    assert world.listing() == before


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(packer: Path) -> None:
        file = packer / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def removed(name: str) -> Callable[[Path], None]:
    def change(packer: Path) -> None:
        path = packer / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(packer: Path) -> None:
        for one in changes:
            one(packer)

    return change


MISTAKES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "no recipe.toml": (
        removed("web/recipe.toml"),
        (
            "there is no recipe 'web'",
            "expected: one of: base, ",
            "next step: a new recipe is a folder packer/<name> with",
        ),
    ),
    "unknown layer": (
        replaced("web/recipe.toml", 'layer = "tier"', 'layer = "roof"'),
        ("the recipe has mistakes", "where: packer/web/recipe.toml", "'base', 'runtime' or 'tier'", "'roof'"),
    ),
    "parent of a wrong layer": (
        replaced("web/recipe.toml", 'parent = "runtime"', 'parent = "base"'),
        ("web cannot stand on base", "packer/web/recipe.toml, parent", "found: a recipe of the layer base", "runtime"),
    ),
    "no such parent": (
        replaced("web/recipe.toml", 'parent = "runtime"', 'parent = "sand"'),
        ("web cannot stand on sand", "found: no recipe 'sand'", "expected: a recipe of the layer runtime: runtime"),
    ),
    "parents in a circle": (
        both(
            replaced("runtime/recipe.toml", 'parent = "base"', 'parent = "web"'),
        ),
        ("runtime cannot stand on web", "packer/runtime/recipe.toml, parent", "found: a recipe of the layer tier"),
    ),
    "artifact missing": (
        removed("../examples/payroll/web"),
        ("the artifact of web is missing", "packer/web/recipe.toml, artifact.source", "no folder examples/payroll/web"),
    ),
    "key that nobody knows": (
        replaced("web/recipe.toml", "[variables]", "[variabels]"),
        ("the recipe has mistakes", "packer/web/recipe.toml", "variabels"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_recipe_is_told_before_aws_is_asked(
    untouched: World, tmp_path: Path, project: Path, mistake: str
) -> None:
    change, told = MISTAKES[mistake]
    copy = tmp_path / "project"
    shutil.copytree(project, copy, symlinks=True)
    change(copy / "packer")
    first = len(untouched.proxy.calls)
    said = untouched.run("web", code=2, project=copy)
    for one in told:
        assert one in said, f"{one!r} is not in:\n{said}"
    assert len(untouched.proxy.calls) == first


def test_a_region_that_does_not_exist_is_told_with_those_that_do(
    untouched: World, tmp_path: Path, project: Path
) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy, symlinks=True)
    replaced("infra/environments/dev.toml", 'region = "eu-west-1"', 'region = "eu-west-9"')(copy)
    said = untouched.run("web", code=2, project=copy, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "infra/environments/dev.toml, region" in said
    assert "eu-west-9" in said
    assert "eu-west-1" in said.partition("expected:")[2]


def record_of(world: World, recipe: str) -> str:
    (key,) = (key for key in world.listing()["objects"] if re.fullmatch(rf"images/{recipe}/[0-9a-f]{{64}}\.json", key))
    return key


def test_a_record_that_cannot_be_read_says_how_to_go_on_and_that_is_true(baked: World) -> None:
    before = baked.listing()
    key, s3 = record_of(baked, "web"), baked.aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b'{"format": 2}')
    said = baked.run("web", code=1)
    assert "its record cannot be read" in said
    assert f"where: s3://{BUCKET}/{key}" in said
    assert "next step: find out who changed which; python -m bake web --force" in said
    assert baked.listing() == before, "nothing was done"
    assert "baked ami-" in baked.run("web", "--force")
    assert "web: reused ami-" in baked.run("web")
    new: Listing = {kind: ids - before[kind] for kind, ids in baked.listing().items()}
    assert len(new["images"]) == 1
    (document,) = new["objects"]
    assert document.endswith(".cdx.json"), "the record was written over"


def test_a_record_that_its_image_contradicts_is_neither_reused_nor_removed(baked: World) -> None:
    ec2, before = baked.aws.client("ec2"), baked.listing()
    said = baked.run("web")
    (image,) = set(re.findall(r"web: reused (ami-[0-9a-f]+)", said))
    tag = {"Key": "kiln:digest", "Value": "sha256:other"}
    right = [one for one in ec2.describe_images(ImageIds=[image])["Images"][0]["Tags"] if one["Key"] == tag["Key"]]
    ec2.create_tags(Resources=[image], Tags=[tag])
    try:
        said = baked.run("web", code=1)
    finally:
        ec2.create_tags(Resources=[image], Tags=right)
    assert "contradict each other: its tag kiln:digest is 'sha256:other'" in said
    assert "nothing was baked, reused or removed" in said
    assert "find out who changed which" in said
    assert baked.listing() == before


def test_an_image_that_goes_between_the_plan_and_its_use_is_told_and_the_next_bake_makes_it(baked: World) -> None:
    before = baked.listing()

    def gone(call: Call) -> Answer | None:
        if call.operation == "DescribeImageAttribute":
            return refusal("ec2", "InvalidAMIID.NotFound", "The image id '[ami-…]' does not exist")
        return None

    baked.before = gone
    said = baked.run("web", code=1)
    baked.at_peace()
    assert "the image of web is gone since this was planned" in said
    assert "next step: python -m bake web plans anew, and bakes it" in said
    assert baked.listing() == before


def test_a_full_disk_in_the_builder_names_the_key_that_makes_it_larger(baked: World) -> None:
    before = baked.listing()
    said = baked.run("web", "--force", code=1, PLAYED_PACKER_FAILS="dpkg: error: No space left on device")
    assert "no image of web: the builder's disk is full" in said
    assert "a larger root_volume_gib in packer/web/recipe.toml, variables" in said
    assert "phase 'provision'" in said
    assert "removed instance i-" in said
    assert baked.listing() == before
