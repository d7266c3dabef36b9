"""The lock of Debian's packages: its file, what it does to the digest, what a builder says of it."""

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import digest, failed_build, pins, recipe, repin, toolchain
from bake.build import Build
from bake.digest import Closure
from bake.failure import BakeFailed
from bake.flow import Baker
from bake.log import BuildLog
from bake.packer import Message
from bake.pins import Unmet
from bake.plan import Action
from bake.platforms import Platform
from bake.recipe import Layer, Recipe
from bake.watcher import Watcher
from bake.workspace import Workspace
from console.errors import BadInput
from console.progress import Progress
from tests.bake.bakers import BUCKET, DEBIAN, bake_before
from tests.bake.impatient import AT_WORK, leases, sweep

LOCK = {"auditd": "1:3.0.9-1", "libstdc++6": "12.2.0-14+deb12u1", "chrony": "4.3-2+deb12u3"}
BUILD = Build("base-1", "base", Layer.BASE, None, "abc", "sha256:d", "ami-0", "ami-0", "eu-west-1", "me")
PREPARE = recipe.RECIPES / Platform.LINUX.shared / "prepare.sh"
LOCKED = recipe.RECIPES / Platform.LINUX.shared / "locked.sh"


# --- the file ---------------------------------------------------------------------------------------------------------
def test_what_is_recorded_is_read_again_and_other_entries_stay(tmp_path: Path) -> None:
    file = tmp_path / pins.NAME
    file.write_text('# reviewed\n[runtime]\npython3 = "3.11.2-1+b1"\n', encoding="utf-8")
    pins.record(file, "base", LOCK)
    assert pins.load(file) == {"runtime": {"python3": "3.11.2-1+b1"}, "base": LOCK}
    pins.record(file, "base", {"auditd": "1:3.0.9-2"})
    assert pins.load(file)["base"] == {"auditd": "1:3.0.9-2"}
    assert file.read_text(encoding="utf-8").startswith("# reviewed\n[runtime]")


def test_no_file_locks_nothing(tmp_path: Path) -> None:
    assert pins.load(tmp_path / pins.NAME) == {}


@pytest.mark.parametrize(
    "text", ["[base", "base = 1", '[base]\nauditd = ""', '[base]\n"a b" = "1"', '[base]\nauditd = "1;reboot"']
)
def test_an_entry_that_nothing_writes_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / pins.NAME
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="the lock of the packages"):
        pins.load(file)


names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,8}", fullmatch=True)
versions = st.from_regex(r"([0-9]:)?[0-9][0-9A-Za-z.+~-]{0,6}", fullmatch=True)


@given(st.dictionaries(names, versions), st.dictionaries(names, versions))
def test_what_is_locked_and_what_was_there_make_what_is_there(before: dict[str, str], after: dict[str, str]) -> None:
    locked = pins.changed(before, after)
    kept = {name: version for name, version in before.items() if name in after}
    assert {**kept, **locked} == after
    assert not locked.items() & before.items()


def test_an_update_says_what_changed(tmp_path: Path) -> None:
    new = {"auditd": "1:3.0.9-2", "chrony": "4.3-2+deb12u3"}
    assert list(pins.Update(tmp_path, "base", LOCK, new).lines())[1:] == [
        "  auditd 1:3.0.9-1 → 1:3.0.9-2",
        "  libstdc++6 12.2.0-14+deb12u1 → gone",
    ]
    assert len(list(pins.Update(tmp_path, "base", None, new).lines())) == 1


# --- the digest -------------------------------------------------------------------------------------------------------
def closure(packages: dict[str, str] | None) -> Closure:
    return Closure(parent="ami-1", artifact=None, files={}, variables={}, tools={}, packages=packages)


def test_the_lock_is_part_of_the_digest_and_none_leaves_it_as_it_was() -> None:
    plain = Closure(parent="ami-1", artifact=None, files={}, variables={}, tools={})
    assert closure(None).digest == plain.digest
    assert len({closure(each).digest for each in ({}, {"a1": "1"}, {"a1": "2"}, {"b1": "1"})}) == 4
    assert closure({"a1": "1", "b1": "2"}).digest == closure({"b1": "2", "a1": "1"}).digest


def test_a_changed_version_is_the_reason_of_a_bake() -> None:
    said = digest.changes(closure({"auditd": "1", "chrony": "4"}), closure({"auditd": "2", "libx": "1"}))
    assert said == ("package libx is new 1", "package chrony is gone", "package auditd changed: 1 → 2")


def test_the_lock_of_a_recipe_bakes_it_and_what_stands_on_it(baker: Baker) -> None:
    bake_before(baker)
    assert {step.action for step in baker.plan().steps.values()} == {Action.REUSE}
    steps = replace(baker, locked={"runtime": {"python3": "3.11"}}).plan().steps
    assert {name: step.action for name, step in steps.items()} == {
        "base": Action.REUSE,
        "runtime": Action.BAKE,
        "web": Action.WAIT,
    }


def test_the_builder_gets_the_lock_that_the_digest_holds(tier: Recipe) -> None:
    runtime = recipe.load("runtime", tier.folder.parent)
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(runtime).items()}
    locked = closure(LOCK).model_copy(update={"files": files})
    with Workspace.of(runtime, None, locked, toolchain.load_versions()) as workspace:
        text = (workspace.upload / recipe.LOCK).read_text(encoding="utf-8")
    assert text == "auditd 1:3.0.9-1\nchrony 4.3-2+deb12u3\nlibstdc++6 12.2.0-14+deb12u1\n"


def test_a_lock_of_nothing_is_a_lock_too(tier: Recipe, baker: Baker) -> None:
    assert closure({}).digest != closure(None).digest
    assert digest.changes(closure(None), closure({})) == ("its packages are locked",)
    assert digest.changes(closure({}), closure(None)) == ("its packages are locked no more",)
    runtime = recipe.load("runtime", tier.folder.parent)
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(runtime).items()}
    with Workspace.of(
        runtime, None, closure({}).model_copy(update={"files": files}), toolchain.load_versions()
    ) as workspace:
        assert (workspace.upload / recipe.LOCK).read_text(encoding="utf-8") == ""


def test_a_lock_of_what_is_no_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / pins.NAME
    pins.record(path, "runtimes", {"python3": "3.11"})
    with pytest.raises(BadInput, match="locks what is no recipe") as caught:
        pins.load(path, ["base", "runtime"])
    assert str(caught.value.where).endswith("runtimes")


# --- what a builder says ----------------------------------------------------------------------------------------------
def test_a_version_that_is_gone_is_told_with_what_to_do_and_without_apts_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with BuildLog.of("base-1") as log:
        watch = Watcher("base", Progress(), log)
        for text in ("==> amazon-ebs.image: kiln-lock: auditd 1:3.0.8-1 1:3.0.9-1", "kiln-lock: chrony 4.3-1 none"):
            watch.event(Message(0, "amazon-ebs.image", "error", text))
        watch.event(Message(0, "amazon-ebs.image", "error", "E: Unable to locate package"))
    assert watch.unmet == [Unmet("auditd", "1:3.0.8-1", "1:3.0.9-1"), Unmet("chrony", "4.3-1", None)]
    failed = failed_build.not_as_locked(BUILD, watch.unmet, Path("the.log"))
    assert failed.what == "no image of base: 2 of its locked packages cannot be installed"
    assert failed.found == "auditd 1:3.0.8-1 (there is 1:3.0.9-1), chrony 4.3-1 (there is none)"
    assert "packages.toml beside the images file, [base]" in str(failed.where)
    assert "python -m bake base --update-packages" in str(failed.next_step)


def run(script: Path, folder: Path, commands: dict[str, str]) -> tuple[int, list[str], Path]:
    """A script of the builder's in `folder`, with commands of a machine that it is not run on, and / below `folder`."""
    programs, root = folder / "bin", folder / "root"
    (root / "run").mkdir(parents=True)
    (root / "etc/apt/preferences.d").mkdir(parents=True)
    programs.mkdir()
    for name, text in commands.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    text = script.read_text(encoding="utf-8").replace("/run/", f"{root}/run/").replace("/etc/apt", f"{root}/etc/apt")
    done = subprocess.run(
        ["bash", "-c", f"PATH={shlex.quote(str(programs))}:$PATH\n{text}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines(), root


MACHINE = {
    "systemd-run": "true",
    "apt-get": "true",
    "dpkg-query": r"printf 'installed bash 5.2.15-2+b9\ndeinstall nano 7\n'",
    "apt-cache": r"printf '    auditd | 1:3.0.9-1 | http://x y\n libstdc++6 | 12.2.0-14+deb12u1 | http://x y\n'",
}


def test_a_builder_may_install_what_is_locked_and_nothing_else(tmp_path: Path) -> None:
    lock = {"auditd": "1:3.0.9-1", "libstdc++6": "12.2.0-14+deb12u1"}
    (tmp_path / "packages.lock").write_text(pins.rendered(lock), encoding="utf-8")
    code, said, root = run(PREPARE, tmp_path, MACHINE)
    assert (code, said) == (0, [])
    assert (root / "run/packages-before.txt").read_text(encoding="utf-8") == "bash 5.2.15-2+b9\n"
    written = (root / "etc/apt/preferences.d/00kiln-lock").read_text(encoding="utf-8").split("\n\n")
    assert written[0] == "Package: *\nPin: release *\nPin-Priority: -10"
    pins_of_each = {**lock, "bash": "5.2.15-2+b9"}  # what is there already is kept, also if it is asked for
    assert [one.strip() for one in written[1:]] == [
        f"Package: {name}\nPin: version {version}\nPin-Priority: 1001" for name, version in pins_of_each.items()
    ]


def test_a_builder_says_all_that_it_cannot_get_before_it_installs_anything(tmp_path: Path) -> None:
    lock = {"auditd": "1:3.0.8-1", "libstdc++6": "12.2.0-14+deb12u1", "chrony": "4"}
    (tmp_path / "packages.lock").write_text(pins.rendered(lock), encoding="utf-8")
    code, said, root = run(PREPARE, tmp_path, MACHINE)
    assert code == 1
    assert [pins.unmet(line) for line in said] == [
        Unmet("auditd", "1:3.0.8-1", "1:3.0.9-1"),
        Unmet("chrony", "4", None),
    ]
    assert not (root / "etc/apt/preferences.d/00kiln-lock").exists()


def test_without_a_lock_a_builder_takes_what_there_is(tmp_path: Path) -> None:
    code, said, root = run(PREPARE, tmp_path, MACHINE)
    assert (code, said) == (0, [])
    assert not (root / "etc/apt/preferences.d/00kiln-lock").exists()
    (tmp_path / "other").mkdir()
    assert run(LOCKED, tmp_path / "other", {})[0] == 0


def test_what_is_locked_and_was_not_installed_ends_the_bake(tmp_path: Path) -> None:
    (tmp_path / "packages.lock").write_text("auditd 1:3.0.9-1\nchrony 4\n", encoding="utf-8")
    query = 'for last; do :; done; [ "$last" = auditd ] && printf 1:3.0.9-1'
    code, said, _ = run(LOCKED, tmp_path, {"dpkg-query": query})
    assert (code, said) == (1, ["kiln-lock: chrony 4 none"])


# --- the command ------------------------------------------------------------------------------------------------------
def test_windows_has_no_packages_to_update() -> None:
    with pytest.raises(BadInput, match="windows-base has no packages to update") as caught:
        repin.check(recipe.load("windows-base"))
    assert "no apt" in (caught.value.found or "")


def test_a_tier_has_no_packages_to_update() -> None:
    with pytest.raises(BadInput, match="web has no packages to update"):
        repin.check(recipe.load("web"))
    repin.check(recipe.load("base"))


def test_a_runtime_is_tried_on_the_base_that_is_there(baker: Baker) -> None:
    runtime = baker.recipes["runtime"]
    with pytest.raises(BadInput, match="stands on an image that is not there yet") as caught:
        repin.parent_image(baker, baker.plan(), runtime)
    assert "python -m bake base" in str(caught.value.next_step)
    records: Any = bake_before(baker)
    assert repin.parent_image(baker, baker.plan(), runtime) == records["base"].image_ids[baker.home.region]
    assert repin.parent_image(baker, baker.plan(), baker.recipes["base"]) == "ami-00000000"


@pytest.fixture
def builder(baker: Baker, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """In the place of Packer a machine with the build's tags, and what a test does while it runs, given its id."""
    ec2 = baker.aws.client("ec2")

    def plays(meanwhile: Callable[[str], None]) -> None:
        def without_image(build: Build, *_: object) -> dict[str, str]:
            tags = [{"Key": name, "Value": value} for name, value in build.tags.items()]
            asked = [{"ResourceType": "instance", "Tags": tags}]
            made = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1, TagSpecifications=asked)
            meanwhile(build.id)
            ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
            return LOCK

        monkeypatch.setattr(Build, "without_image", without_image)

    monkeypatch.setattr(toolchain, "find", lambda _: SimpleNamespace(packer=None))
    monkeypatch.setattr("bake.sweep.PAUSE_SECONDS", 0)
    return plays


def running(baker: Baker) -> int:
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    return len(baker.aws.client("ec2").describe_instances(Filters=filters)["Reservations"])


def test_a_sweep_that_spares_nothing_young_leaves_the_builder_of_an_update_alone(
    baker: Baker, builder: Callable[[Callable[[str], None]], None]
) -> None:
    seen: list[tuple[str, dict[tuple[str, str], str], int]] = []
    builder(lambda build: seen.append((build, sweep(baker.aws, BUCKET), running(baker))))
    assert repin.update(baker, "base").after == LOCK
    ((build, told, machines),) = seen
    assert (told, machines) == ({(build, baker.aws.region): AT_WORK}, 1)
    assert (leases(baker.aws, BUCKET), running(baker)) == ([], 0)


@pytest.mark.parametrize("ended_by", [KeyboardInterrupt(), BakeFailed("no tests")], ids=lambda one: type(one).__name__)
def test_whatever_ends_an_update_its_builder_goes_and_then_its_lease(
    baker: Baker, builder: Callable[[Callable[[str], None]], None], ended_by: BaseException
) -> None:
    def ends(_: str) -> None:
        assert len(leases(baker.aws, BUCKET)) == 1
        raise ended_by

    builder(ends)
    with pytest.raises(type(ended_by)):
        repin.update(baker, "base")
    assert (leases(baker.aws, BUCKET), running(baker)) == ([], 0)
