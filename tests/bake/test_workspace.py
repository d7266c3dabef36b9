import subprocess
import sys
from pathlib import Path

import pytest

from bake import artifact, digest, recipe, toolchain
from bake.artifact import Artifact
from bake.contents.listing import Listing, OperatingSystem
from bake.digest import Closure
from bake.recipe import Recipe
from bake.workspace import Workspace, parse_tests
from console.errors import KilnError

VERSIONS = toolchain.load_versions()


@pytest.fixture
def made(tier: Recipe, tmp_path: Path) -> Artifact:
    made = artifact.make(tier, tmp_path / "cache")
    assert made
    return made


def closure_of(tier: Recipe) -> Closure:
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(tier).items()}
    return Closure(parent="ami-1", artifact="a", files=files, variables={}, tools={})


def test_it_holds_what_the_digest_covers_and_the_pins(tier: Recipe, made: Artifact) -> None:
    (tier.folder.parent / "shared" / "clean.sh").chmod(0o700)
    with Workspace.of(tier, made, closure_of(tier), VERSIONS) as workspace:
        packer = workspace.folder / "packer"
        found = sorted(file.relative_to(packer).as_posix() for file in packer.rglob("*") if file.is_file())
        assert found == [
            "shared/clean.sh",
            "shared/image.pkr.hcl",
            "shared/versions.pkr.hcl",
            "web/files/unit.conf",
            "web/provision.sh",
            "web/tests/test_image.py",
        ]
        modes = {file.name: file.stat().st_mode & 0o777 for file in packer.rglob("*.*") if file.is_file()}
        assert (modes["clean.sh"], modes["provision.sh"]) == (0o755, 0o644)
        assert sorted(file.name for file in workspace.upload.iterdir()) == ["artifact.tar", "unit.conf"]
        assert (workspace.upload / "artifact.tar").read_bytes() == made.path.read_bytes()
        assert workspace.results.is_dir()
    assert not workspace.folder.exists()


def test_what_has_no_artifact_and_no_files_uploads_an_empty_folder(tier: Recipe) -> None:
    runtime = recipe.load("runtime", tier.folder.parent)
    with Workspace.of(runtime, None, closure_of(runtime), VERSIONS) as workspace:
        assert list(workspace.upload.iterdir()) == []


def test_what_all_recipes_share_is_uploaded_too_and_the_recipes_own_wins(tier: Recipe, made: Artifact) -> None:
    shared = tier.folder.parent / "shared" / "files"
    shared.mkdir()
    for name in ("install.sh", "unit.conf"):
        (shared / name).write_text("shared\n", encoding="utf-8")
    own = (tier.folder / "files" / "unit.conf").read_text(encoding="utf-8")
    with Workspace.of(tier, made, closure_of(tier), VERSIONS) as workspace:
        contents = {
            file.name: file.read_text(encoding="utf-8")
            for file in workspace.upload.glob("*.*")
            if file.suffix != ".tar"
        }
        assert contents == {"install.sh": "shared\n", "unit.conf": own}


def test_hcl_of_its_own_takes_the_place_of_the_shared_template(tier: Recipe, made: Artifact) -> None:
    (tier.folder / "web.pkr.hcl").write_text("# another template\n", encoding="utf-8")
    with Workspace.of(tier, made, closure_of(tier), VERSIONS) as workspace:
        assert workspace.template == workspace.own
        assert (workspace.own / "versions.pkr.hcl").is_file()
        assert workspace.as_the_user_knows_it("web.pkr.hcl") == str(tier.folder / "web.pkr.hcl")


def test_a_file_that_changes_between_digest_and_copy_stops_the_bake(tier: Recipe, made: Artifact) -> None:
    closure = closure_of(tier)
    (tier.folder / "provision.sh").write_text("# edited\n", encoding="utf-8")
    with (
        pytest.raises(KilnError, match="changed while the bake was starting") as caught,
        Workspace.of(tier, made, closure, VERSIONS),
    ):
        pass
    assert str(caught.value.where).endswith("web/provision.sh")


def test_a_file_that_packer_names_is_shown_where_the_user_has_it(tier: Recipe, made: Artifact) -> None:
    with Workspace.of(tier, made, closure_of(tier), VERSIONS) as workspace:
        assert workspace.as_the_user_knows_it("image.pkr.hcl") == str(tier.folder.parent / "shared/image.pkr.hcl")
        assert workspace.as_the_user_knows_it("./../web/provision.sh") == str(tier.folder / "provision.sh")
        assert workspace.as_the_user_knows_it("/etc/passwd") == "/etc/passwd"


def test_results_of_the_tests_and_packages_are_read(tier: Recipe, made: Artifact) -> None:
    with Workspace.of(tier, made, closure_of(tier), VERSIONS) as workspace:
        assert (workspace.tests(), workspace.listing(), workspace.packages_before()) == ((), Listing(), None)
        (workspace.results / "packages-before.txt").write_text("sudo 1.9.13p3\n", encoding="utf-8")
        assert workspace.packages_before() == {"sudo": "1.9.13p3"}
        (workspace.results / "packages.txt").write_text("python3 3.11.2-1+b1\nsudo 1.9.13p3\n", encoding="utf-8")
        (workspace.results / "os-release.txt").write_text("ID=debian\n", encoding="utf-8")
        assert workspace.listing().versions == {"python3": "3.11.2-1+b1", "sudo": "1.9.13p3"}
        assert workspace.listing().system == OperatingSystem("debian")


def test_outcomes_of_tests_are_those_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "def test_later(): pytest.skip('later')\n"
        "def test_broken(nothing): pass\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=tests.xml"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    results = parse_tests((tmp_path / "tests.xml").read_text(encoding="utf-8"))
    assert {one.name: one.outcome for one in results} == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_later": "skipped",
        "test_broken": "failed",
    }


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("test_port[paramiko://admin@10.90.1.4:22]", "test_port"),
        ("test_agent[paramiko://admin@10.90.1.4:22-amazon-ssm-agent]", "test_agent[amazon-ssm-agent]"),
        ("test_agent[amazon-ssm-agent-paramiko://admin@10.90.1.4:22]", "test_agent[amazon-ssm-agent]"),
        ("test_plain", "test_plain"),
    ],
)
def test_a_result_names_no_host_and_keeps_what_it_is_about(said: str, name: str) -> None:
    (found,) = parse_tests(f'<testsuite><testcase name="{said}" time="0.1"/></testsuite>')
    assert found.name == name
