import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bake import artifact, build, digest, failed_build, recipe, sweep, toolchain
from bake.build import Build
from bake.digest import Closure
from bake.failure import BakeFailed
from bake.image import TestResult
from bake.log import KEPT, BuildLog
from bake.packer import BuildFailed, LimitReached, Phase
from bake.place import Home
from bake.recipe import Layer
from console.errors import BadInput

HOME = Home("Dev", "dev", "111111111111", "eu-west-1", ())
CALLER = "arn:aws:sts::111111111111:assumed-role/baker/me"
BUILD = Build("web-1", "web", Layer.TIER, "1.0.0", "abc", "sha256:d", "sha256:p", "ami-0", "eu-west-1", CALLER)
WEB = recipe.load("web")
LOG = Path("the.log")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_every_build_has_an_id_of_its_own_that_fits_into_names() -> None:
    web = WEB
    ids = {Build.of(web, closure_of(web), "ami-0", HOME.region, CALLER).id for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"web-\d{8}-\d{6}-[0-9a-f]{6}", one) for one in ids)


def test_all_that_a_build_makes_can_be_found_by_its_id() -> None:
    assert BUILD.tags[sweep.TAG] == BUILD.id
    assert BUILD.image_name == "payroll-web-1"
    wanted = {"application", "tier", "layer", "digest", "commit", "parent-digest", "version", "build", "built-by"}
    assert {*(f"kiln:{name}" for name in wanted), "Name"} == set(BUILD.tags)


def test_a_base_has_the_image_that_it_stands_on_among_its_tags_and_no_version() -> None:
    base = replace(BUILD, recipe="base", layer=Layer.BASE, parent="ami-0", version=None)
    assert base.tags["kiln:parent"] == "ami-0"
    assert not {"kiln:parent-digest", "kiln:version"} & set(base.tags)


def test_failed_tests_are_named() -> None:
    tests = (
        TestResult(name="test_port", outcome="failed", seconds=0),
        TestResult(name="test_user", outcome="passed", seconds=0),
    )
    failed = failed_build.failure(BUILD, WEB, BuildFailed("rc 1", messages=["1 failed"]), Phase.PROVISION, tests, LOG)
    assert failed.what == "no image of web: 1 of its 2 tests failed"
    assert failed.where == "build web-1, phase 'provision'"
    assert "test_port" in str(failed.found)
    assert "test_user" not in str(failed.found)


def test_a_limit_and_any_other_failure_are_told_apart() -> None:
    limit = failed_build.failure(BUILD, WEB, LimitReached("longer than 1 h"), Phase.IMAGE, (), LOG)
    other = failed_build.failure(BUILD, WEB, BuildFailed("exit status 7", messages=["alas"]), Phase.PROVISION, (), LOG)
    assert "a time limit was reached" in limit.what
    assert "Packer failed" in other.what
    assert "exit status 7" in str(other.found)
    assert "alas" in str(other.found)
    assert other.next_step == "read the log: the.log"


def test_the_error_says_what_became_of_what_was_made() -> None:
    failed = BakeFailed("no image")
    assert "swept" not in failed.details()
    failed.swept = build.in_words(BUILD, sweep.Outcome(removed=("instance i-1",)))
    assert failed.details()["swept"] == "removed instance i-1"
    assert build.in_words(BUILD, sweep.Outcome()) == "nothing was left"
    left = build.in_words(BUILD, sweep.Outcome(left=("instance i-1 (no)",)))
    assert left == "not removed: instance i-1 (no); again with: python -m bake sweep --build web-1 --apply"


def test_only_the_last_logs_are_kept(state: Path) -> None:
    for number in range(KEPT + 5):
        with BuildLog.of(f"build-{number}"):
            pass
    names = {file.name for file in (state / "kiln" / "bakes").iterdir()}
    assert len(names) == KEPT
    assert f"build-{KEPT + 4}.log" in names


def test_bakes_side_by_side_may_remove_old_logs_at_once() -> None:
    def write(worker: int) -> None:
        for number in range(40):
            with BuildLog.of(f"build-{worker}-{number}"):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))  # raises what a thread raised


def closure_of(tier: recipe.Recipe) -> Closure:
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(tier).items()}
    return Closure(parent="ami-00000000", artifact="a", files=files, variables={}, tools={})


def test_the_template_of_every_recipe_is_valid() -> None:
    versions = toolchain.load_versions()
    for one in recipe.recipes():
        build.validate(one, artifact.make(one), closure_of(one), HOME, toolchain.find(versions))


def test_quick_launches_can_be_switched_on_for_a_windows_tier(payroll: Path) -> None:
    file = payroll / "windows-web" / "recipe.toml"
    text = file.read_text(encoding="utf-8")
    assert "fast_launch = false" in text
    file.write_text(text.replace("fast_launch = false", "fast_launch = true"), encoding="utf-8")
    tier = recipe.load("windows-web", payroll)
    build.validate(tier, artifact.make(tier), closure_of(tier), HOME, toolchain.find(toolchain.load_versions()))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("shutdown_behavior ", "shutdown_behaviour ", "Unsupported argument"),
        ("sources = [", "sources [", "Argument or block definition required"),
    ],
)
def test_a_mistake_in_a_template_names_file_and_line_of_the_recipe(
    payroll: Path, right: str, wrong: str, told: str
) -> None:
    file = payroll / "shared" / "image.pkr.hcl"
    before, found, after = file.read_text(encoding="utf-8").partition(right)
    assert found
    file.write_text(before + wrong + after, encoding="utf-8")
    tier = recipe.load("web", payroll)
    tools = toolchain.find(toolchain.load_versions())
    with pytest.raises(BadInput, match="the template of web has a mistake") as caught:
        build.validate(tier, artifact.make(tier), closure_of(tier), HOME, tools)
    assert caught.value.where == f"{file}, line {before.count(chr(10)) + 1}"
    assert told in str(caught.value.found)


def test_the_commit_is_one_or_unknown() -> None:
    assert re.fullmatch(r"unknown|[0-9a-f]{40}(-dirty)?", build.commit())
