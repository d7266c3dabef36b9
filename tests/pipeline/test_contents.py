"""What is in an image, for real: locked packages, a download, the bill of materials; with the real Packer and apt."""

import hashlib
import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bake import artifact, downloads
from rehearsal.pipeline import Pipeline
from tests.pipeline.aftermath import changed, leaves_nothing

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(1200)]

AGENT = "amazon-ssm-agent"  # a package of that name is made here: the real one cannot be had everywhere


def lock_of(pipeline: Pipeline) -> Path:
    return pipeline.state.identity.images.parent / "packages.toml"


def record_of(pipeline: Pipeline, recipe: str) -> dict[str, Any]:
    return dict(json.loads(pipeline.run("python", "-m", "bake", "show", recipe, "--packages", "--json"))["record"])


def bill_of(pipeline: Pipeline, recipe: str) -> str:
    return pipeline.run("python", "-m", "bake", "show", recipe, "--sbom")


@pytest.fixture(scope="module")
def locked(tooling: Pipeline) -> dict[str, Any]:
    """A base whose packages were locked just before."""
    return tooling.bake("base", "--update-packages")


@pytest.fixture
def agent(tooling: Pipeline, tmp_path: Path) -> Iterator[str]:
    """A package with a service among the downloads of runtime, put into the cache by hand; its SHA-256."""
    files = {
        "DEBIAN/control": f"Package: {AGENT}\nVersion: 0.1\nArchitecture: all\n"
        "Maintainer: us <us@example.com>\nDescription: x\n",
        f"lib/systemd/system/{AGENT}.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n"
        "[Install]\nWantedBy=multi-user.target\n",
    }
    for name, text in files.items():
        file = tmp_path / "package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    built = tmp_path / f"{AGENT}.deb"
    command = ["dpkg-deb", "--build", "--root-owner-group", str(tmp_path / "package"), str(built)]
    subprocess.run(command, check=True, capture_output=True)
    sha256 = hashlib.sha256(built.read_bytes()).hexdigest()
    kept = downloads.path(sha256, artifact.cache())
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, kept)
    table = f'[downloads."{AGENT}.deb"]\nurl = "http://127.0.0.1:9/{AGENT}.deb"\nsha256 = "{sha256}"\n\n'
    try:
        with changed(tooling.workspace / "packer/runtime/recipe.toml", "[variables]", f"{table}[variables]"):
            yield sha256
    finally:
        kept.unlink()


def test_the_lock_names_what_the_recipe_changes_and_the_image_holds_it(
    tooling: Pipeline, locked: dict[str, Any]
) -> None:
    packages = tomllib.loads(lock_of(tooling).read_text(encoding="utf-8"))["base"]
    record = record_of(tooling, "base")
    assert locked["action"] == "baked"
    assert {"auditd", "chrony"} <= packages.keys()
    assert record["closure"]["packages"] == packages
    assert record["packages"] == {**record["packages_before"], **packages}
    assert not tomllib.loads((tooling.workspace / "infra" / "packages.toml").read_text(encoding="utf-8"))


def test_two_bakes_with_one_lock_hold_the_same_to_the_last_byte_of_the_bill(
    tooling: Pipeline, locked: dict[str, Any]
) -> None:
    before, bill = record_of(tooling, "base"), bill_of(tooling, "base")
    again = tooling.bake("base", "--force")
    assert again["digest"] == locked["digest"]
    assert again["image_ids"] != locked["image_ids"]
    after = record_of(tooling, "base")
    assert after["packages"] == before["packages"]
    assert after["contents"] != before["contents"], "each bake has its document"
    assert bill_of(tooling, "base") == bill
    assert {f"pkg:deb/debian/{name}" for name in after["packages"]} == {
        one["purl"].partition("@")[0].replace("%2B", "+")
        for one in json.loads(bill)["components"]
        if one.get("purl", "").startswith("pkg:deb")
    }


def test_a_version_that_the_source_has_no_more_ends_the_bake_in_plain_words(
    tooling: Pipeline, locked: dict[str, Any]
) -> None:
    with leaves_nothing(tooling), changed(lock_of(tooling), 'chrony = "', 'chrony = "0.'):
        said = tooling.run("python", "-m", "bake", "base", expect_failure=True)
    assert "no image of base: 1 of its locked packages cannot be installed" in said
    assert "python -m bake base --update-packages" in said
    assert "E: " not in said


def test_a_download_is_installed_enabled_and_in_the_bill(tooling: Pipeline, locked: dict[str, Any], agent: str) -> None:
    tooling.bake("runtime")
    record = record_of(tooling, "runtime")
    assert record["closure"]["downloads"] == {f"{AGENT}.deb": agent}
    assert record["packages"][AGENT] == "0.1"
    outcomes = {one["name"]: one["outcome"] for one in record["tests"] if AGENT in one["name"]}
    assert set(outcomes.values()) == {"passed"}
    assert len(outcomes) == 2
    assert f"pkg:deb/debian/{AGENT}@0.1" in bill_of(tooling, "runtime")
