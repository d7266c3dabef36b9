"""Recipes for Windows beside those for Linux: what each stands on, is made of, and does not touch of the other."""

import shutil
import zipfile
from pathlib import Path

import pytest

from bake import artifact, digest, recipe
from bake.digest import Closure
from bake.platforms import Platform
from bake.recipe import Recipe
from bake.toolchain import load_versions
from bake.workspace import Workspace, parse_tests
from console.errors import BadInput

BASE = 'layer = "base"\nplatform = "windows"\nparent = "/aws/service/ami-windows-latest/some"\n'
RUNTIME = 'layer = "runtime"\nplatform = "windows"\nparent = "win-base"\n'
SITE = 'layer = "tier"\nplatform = "windows"\nparent = "win-runtime"\n[artifact]\nsource = "app"\n'


def write(folder: Path, text: str) -> None:
    """A Windows recipe that is whole."""
    (folder / "tests").mkdir(parents=True, exist_ok=True)
    (folder / "tests" / "Image.Tests.ps1").touch()
    (folder / "provision.ps1").touch()
    (folder / "recipe.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def site(tier: Recipe) -> Recipe:
    """A tier for Windows with what it stands on, beside the recipes for Linux."""
    folder = tier.folder.parent
    for name, text in {"win-base": BASE, "win-runtime": RUNTIME, "site": SITE}.items():
        write(folder / name, text)
    (folder / "shared-windows").mkdir()
    (folder / "shared-windows" / "image.pkr.hcl").write_text("# a template\n", encoding="utf-8")
    return recipe.load("site", folder)


def closure_of(one: Recipe) -> Closure:
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(one).items()}
    return Closure(parent="ami-1", artifact="a", files=files, variables={}, tools={})


def test_a_recipe_is_for_linux_unless_it_says_otherwise(tier: Recipe, site: Recipe) -> None:
    assert (tier.platform, site.platform) == (Platform.LINUX, Platform.WINDOWS)
    names = [one.name for one in recipe.with_parents(["site"], site.folder.parent)]
    assert names == ["win-base", "win-runtime", "site"]


def test_the_tiers_of_a_platform_are_its_own(site: Recipe) -> None:
    folder = site.folder.parent
    assert recipe.tiers(folder) == ("web",)
    assert recipe.tiers(folder, Platform.WINDOWS) == ("site",)


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        (
            SITE.replace("win-runtime", "runtime"),
            "a recipe of the layer runtime for linux",
            "a recipe of the layer runtime for windows: win-runtime",
        ),
        (
            SITE.replace("windows", "linux"),
            "a recipe of the layer runtime for windows",
            "a recipe of the layer runtime: runtime",
        ),
    ],
    ids=["Windows on Linux", "Linux on Windows"],
)
def test_a_parent_of_another_platform_is_refused(site: Recipe, text: str, found: str, expected: str) -> None:
    folder = site.folder.parent
    write(folder / "new", text)
    for name in ("provision.sh", "tests/test_image.py"):
        (folder / "new" / name).touch()
    with pytest.raises(BadInput, match="new cannot stand on") as caught:
        recipe.with_parents(["new"], folder)
    assert (caught.value.found, caught.value.expected) == (found, expected)


@pytest.mark.parametrize("missing", ["provision.ps1", "tests/Image.Tests.ps1"])
def test_a_windows_recipe_needs_powershell(site: Recipe, missing: str) -> None:
    (site.folder / missing).unlink()
    with pytest.raises(BadInput, match="the recipe site is not whole") as caught:
        recipe.load("site", site.folder.parent)
    assert missing.partition("/")[0] in str(caught.value.found)


def test_an_unknown_platform_is_told_with_the_known_ones(site: Recipe) -> None:
    write(site.folder, SITE.replace("windows", "macos"))
    with pytest.raises(BadInput) as caught:
        recipe.load("site", site.folder.parent)
    assert "platform: input should be 'linux' or 'windows' ('macos')" in str(caught.value.found)


def test_python_packages_are_not_for_windows(site: Recipe) -> None:
    write(site.folder, SITE + 'requirements = "requirements.lock"\n')
    with pytest.raises(BadInput, match="the artifact of site has Python packages") as caught:
        recipe.load("site", site.folder.parent)
    assert str(caught.value.where).endswith("site/recipe.toml, artifact.requirements")


def test_what_one_platform_shares_is_in_no_digest_of_the_other(tier: Recipe, site: Recipe) -> None:
    folder = site.folder.parent
    before = closure_of(tier).digest, closure_of(site).digest
    (folder / "shared-windows" / "image.pkr.hcl").write_text("# changed\n", encoding="utf-8")
    assert closure_of(tier).digest == before[0]
    assert closure_of(site).digest != before[1]
    (folder / "shared" / "clean.sh").write_text("sync # changed\n", encoding="utf-8")
    changed = closure_of(site).digest
    (folder / "shared" / "clean.sh").write_text("sync\n", encoding="utf-8")
    assert closure_of(site).digest == changed


def test_the_artifact_is_a_zip_file_of_the_same_bytes_anywhere(site: Recipe, tmp_path: Path) -> None:
    made = artifact.make(site, tmp_path / "one")
    copy = tmp_path / "copy"
    for name in ("packer", "app"):
        shutil.copytree(tmp_path / name, copy / name)
    for file in (copy / "app").rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o600)
    again = artifact.make(recipe.load("site", copy / "packer"), tmp_path / "two")
    assert made
    assert again
    assert made.path.read_bytes() == again.path.read_bytes()
    with zipfile.ZipFile(made.path) as archive:
        assert archive.namelist() == ["VERSION", "service/main.py"]
        assert archive.read("VERSION") == b"1.2.3\n"


def test_an_artifact_with_another_checksum_than_expected_is_refused(site: Recipe, tmp_path: Path) -> None:
    made = artifact.make(site, tmp_path / "cache")
    assert made
    write(site.folder, SITE + f'sha256 = "{made.sha256}"\n')
    pinned = recipe.load("site", site.folder.parent)
    assert artifact.make(pinned, tmp_path / "cache") is not None
    assert site.source
    (site.source / "VERSION").write_text("1.2.4\n", encoding="utf-8")
    with pytest.raises(BadInput, match="the artifact of site is not the expected one") as caught:
        artifact.make(pinned, tmp_path / "cache")
    assert caught.value.expected == made.sha256
    assert str(caught.value.where).endswith("site/recipe.toml, artifact.sha256")


def test_packer_runs_in_what_the_platform_shares_and_uploads_the_zip_file(site: Recipe, tmp_path: Path) -> None:
    made = artifact.make(site, tmp_path / "cache")
    with Workspace.of(site, made, closure_of(site), load_versions()) as workspace:
        assert workspace.template.name == "shared-windows"
        assert not (workspace.folder / "packer" / "shared").exists()
        assert [file.name for file in workspace.upload.iterdir()] == ["artifact.zip"]


# As Pester 3.4 writes it (Functions/TestResults.ps1 of its source): a mark at the beginning, nested suites.
NUNIT = """\ufeff<?xml version="1.0" encoding="utf-8" standalone="no"?>
<test-results name="Pester" total="3" errors="0" failures="1" not-run="0" inconclusive="0" ignored="0" skipped="1">
  <test-suite type="TestFixture" name="Pester" executed="True" result="Failure"><results>
    <test-suite type="TestFixture" name="Firewall" executed="True" result="Failure"><results>
      <test-case name="Firewall.blocks" time="0.0412" asserts="0" result="Success" success="True" executed="True" />
      <test-case name="Firewall.lets nobody in" time="0.2" result="Failure" success="False" executed="True">
        <failure><message>Expected: value to be empty</message><stack-trace>at line 7</stack-trace></failure>
      </test-case>
      <test-case name="Firewall.later" time="0" result="Skipped" executed="False" />
    </results></test-suite>
  </results></test-suite>
</test-results>
"""


def test_the_results_of_pester_are_read(site: Recipe) -> None:
    with Workspace.of(site, None, closure_of(site), load_versions()) as workspace:
        (workspace.results / "tests.xml").write_text(NUNIT, encoding="utf-8")
        (workspace.results / "packages.txt").write_bytes(b"hotfix/KB5012170 installed\r\nwindows 10.0.17763.1\r\n")
        found = [(test.name, test.outcome, test.seconds) for test in workspace.tests()]
        assert workspace.listing().versions == {"hotfix/KB5012170": "installed", "windows": "10.0.17763.1"}
    assert found == [
        ("Firewall.blocks", "passed", 0.0412),
        ("Firewall.lets nobody in", "failed", 0.2),
        ("Firewall.later", "skipped", 0.0),
    ]


def test_a_result_that_nobody_knows_is_a_failure() -> None:
    (found,) = parse_tests('<test-results><test-case name="a" result="Error" time="1" /></test-results>')
    assert found.outcome == "failed"
