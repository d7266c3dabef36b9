import os
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from bake import artifact, recipe, wheels
from bake.recipe import Recipe
from console.errors import BadInput, NotReady


def make(tier: Recipe, folder: Path | None = None) -> artifact.Artifact:
    made = artifact.make(tier, folder)
    assert made
    return made


def source(tier: Recipe) -> Path:
    assert tier.source
    return tier.source


def members(made: artifact.Artifact) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(made.path) as archive:
        return {entry.name: entry for entry in archive.getmembers()}


def wheel(folder: Path, name: str, *files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file in files:
            archive.writestr(file, file)


def test_the_archive_holds_the_application_and_nothing_of_this_machine(tier: Recipe, tmp_path: Path) -> None:
    (source(tier) / "service" / "__pycache__").mkdir()
    (source(tier) / "service" / "__pycache__" / "main.pyc").write_bytes(b"x")
    (source(tier) / ".main.py.swp").write_bytes(b"x")
    found = members(make(tier, tmp_path / "cache"))
    assert list(found) == ["VERSION", "service/main.py"]
    for entry in found.values():
        assert (entry.uid, entry.gid, entry.uname, entry.mtime, entry.mode) == (0, 0, "root", 0, 0o644)


def test_the_same_source_gives_the_same_bytes_anywhere(tier: Recipe, tmp_path: Path) -> None:
    one = make(tier, tmp_path / "one")
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "packer", copy / "packer")
    shutil.copytree(tmp_path / "app", copy / "app", copy_function=shutil.copyfile)
    for file in (copy / "app").rglob("*"):
        os.utime(file, (1, 1))
    other = make(recipe.load("web", copy / "packer"), tmp_path / "two")
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.sha256 == other.sha256


def with_shared(tier: Recipe, *folders: str) -> Recipe:
    """The tier with files that it shares with others."""
    file = tier.folder / "recipe.toml"
    text = file.read_text().replace('source = "app"', f'source = "app"\nshared = {list(folders)}')
    file.write_text(text)
    (source(tier).parent / "common" / "library").mkdir(parents=True, exist_ok=True)
    (source(tier).parent / "common" / "library" / "log.py").write_text("print()\n")
    return recipe.load("web", tier.folder.parent)


def test_what_is_shared_lies_beside_the_application_and_is_part_of_the_artifact(tier: Recipe, tmp_path: Path) -> None:
    tier = with_shared(tier, "common")
    before = make(tier, tmp_path / "cache")
    assert list(members(before)) == ["VERSION", "library/log.py", "service/main.py"]
    (source(tier).parent / "common" / "library" / "log.py").write_text("print(1)\n")
    assert make(tier, tmp_path / "cache").sha256 != before.sha256


def test_two_files_of_one_name_are_refused(tier: Recipe, tmp_path: Path) -> None:
    tier = with_shared(tier, "common")
    (source(tier).parent / "common" / "VERSION").write_text("2.0.0\n")
    with pytest.raises(BadInput, match="two files of the artifact have one name") as caught:
        make(tier, tmp_path / "cache")
    assert str(caught.value.where).endswith("artifact.shared")


def test_a_shared_folder_that_is_not_there_is_named(tier: Recipe) -> None:
    (source(tier).parent / "common").mkdir()
    with pytest.raises(BadInput) as caught:
        with_shared(tier, "commno")
    assert caught.value.found == "no folder commno"


@pytest.mark.parametrize("name", ["VERSION", "service/main.py"])
def test_a_changed_byte_of_the_source_changes_the_artifact(tier: Recipe, tmp_path: Path, name: str) -> None:
    before = make(tier, tmp_path / "cache").sha256
    file = source(tier) / name
    file.write_bytes(file.read_bytes() + b"\n")
    assert make(tier, tmp_path / "cache").sha256 != before


def test_an_unchanged_artifact_comes_from_the_cache(tier: Recipe, tmp_path: Path) -> None:
    first = make(tier, tmp_path / "cache")
    made_at = first.path.stat().st_mtime_ns
    assert make(tier, tmp_path / "cache") == first
    assert first.path.stat().st_mtime_ns == made_at
    assert [file.name for file in first.path.parent.iterdir()] == [first.path.name], "nothing half-written is left"


def test_a_damaged_cache_does_not_pass_for_the_artifact(tier: Recipe, tmp_path: Path) -> None:
    first = make(tier, tmp_path / "cache")
    first.path.write_bytes(first.path.read_bytes()[:-1])
    assert make(tier, tmp_path / "cache").sha256 != first.sha256


def with_requirements(tier: Recipe, text: str) -> Recipe:
    (source(tier) / "requirements.lock").write_text(text, encoding="utf-8")
    file = tier.folder / "recipe.toml"
    added = 'requirements = "requirements.lock"\nsdk_services = ["ssm"]\n[variables]'
    file.write_text(file.read_text(encoding="utf-8").replace("[variables]", added), encoding="utf-8")
    return recipe.load("web", tier.folder.parent)


def test_vendored_packages_keep_only_the_services_that_are_used(tier: Recipe, tmp_path: Path) -> None:
    tier = with_requirements(tier, "# pins\n")
    folder = wheels.folder_of(source(tier) / "requirements.lock", tmp_path / "cache")
    services = ("botocore/data/ssm/a.json", "botocore/data/ec2/a.json", "boto3/data/ec2/r.json")
    wheel(folder, "botocore-1-py3-none-any.whl", "botocore/client.py", "botocore/data/endpoints.json", *services)
    wheel(folder, "six-1-py3-none-any.whl", "six.py")
    vendored = [name for name in members(make(tier, tmp_path / "cache")) if name.startswith("vendor/")]
    assert vendored == [
        "vendor/botocore/client.py",
        "vendor/botocore/data/endpoints.json",
        "vendor/botocore/data/ssm/a.json",
        "vendor/six.py",
    ]


def test_what_is_no_tier_has_none(tier: Recipe) -> None:
    assert artifact.make(recipe.load("runtime", tier.folder.parent)) is None


def test_packages_that_cannot_be_fetched_leave_nothing_half_done(
    tier: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    tier = with_requirements(tier, f"no-such-package-of-kiln==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(NotReady, match="cannot be fetched") as caught:
        make(tier, tmp_path / "cache")
    assert "no-such-package-of-kiln" in str(caught.value.found)
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []


def test_a_package_with_another_checksum_than_the_pinned_one_is_refused(
    tier: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive"
    metadata = "Metadata-Version: 2.1\nName: small\nVersion: 1\n"
    archive.mkdir()
    with zipfile.ZipFile(archive / "small-1-py3-none-any.whl", "w") as file:
        file.writestr("small-1.dist-info/METADATA", metadata)
        file.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("small-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(archive))
    tier = with_requirements(tier, f"small==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BadInput, match="not the one whose checksum is pinned") as caught:
        make(tier, tmp_path / "cache")
    assert f"Expected sha256 {'0' * 64}" in str(caught.value.found)
    assert re.search(r"^small==1 from .* Got [0-9a-f]{64}$", str(caught.value.found)), caught.value.found
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []


def test_a_missing_requirements_file_names_the_key(tier: Recipe, tmp_path: Path) -> None:
    tier = with_requirements(tier, "")
    (source(tier) / "requirements.lock").unlink()
    with pytest.raises(BadInput) as caught:
        make(tier, tmp_path / "cache")
    assert str(caught.value.where).endswith("artifact.requirements")


@pytest.mark.slow
def test_the_artifact_of_web_has_a_working_aws_sdk(tmp_path: Path) -> None:
    import subprocess
    import sys

    made = make(recipe.load("web"))
    with tarfile.open(made.path) as archive:
        archive.extractall(tmp_path, filter="data")
    program = "import boto3; print(boto3.__file__); boto3.client('ssm', region_name='eu-west-1')"
    command = [sys.executable, "-S", "-B", "-c", program]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(tmp_path / "vendor")}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(tmp_path))
