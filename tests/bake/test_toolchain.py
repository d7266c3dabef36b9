import os
from pathlib import Path

import pytest

from bake import toolchain
from bake.recipe import RECIPES
from bake.toolchain import PLUGINS_VARIABLE, Plugin, Versions
from console.errors import NotReady

PINNED = toolchain.load_versions()


def fake(folder: Path, version: str) -> None:
    """Something called packer that says which version it is."""
    folder.mkdir()
    program = folder / "packer"
    program.write_text(f"#!/bin/sh\necho '1,,version,{version}'\n", encoding="utf-8")
    program.chmod(0o755)


def test_the_pins_are_those_of_the_versions_file() -> None:
    assert PINNED.by_tool() == {"packer": "1.16.0", "plugin amazon": "1.8.2"}


def test_the_pins_are_nowhere_else() -> None:
    for file in RECIPES.rglob("*.hcl"):
        assert "required_plugins" not in file.read_text(encoding="utf-8"), file


def test_the_installed_toolchain_is_the_pinned_one() -> None:
    assert toolchain.find(PINNED).packer.version() == PINNED.packer


def test_a_missing_packer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReady, match="Packer is not there") as caught:
        toolchain.find(PINNED)
    assert "make setup" in str(caught.value.next_step)


def test_another_packer_is_refused_with_both_versions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(tmp_path / "bin", "1.9.5")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(NotReady) as caught:
        toolchain.find(PINNED)
    assert (caught.value.found, caught.value.expected) == ("1.9.5", PINNED.packer)


def test_the_same_packer_is_asked_for_its_version_once_and_a_changed_one_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake(tmp_path / "bin", PINNED.packer)
    program, asked = tmp_path / "bin" / "packer", tmp_path / "asked"
    program.write_text(f"{program.read_text()}echo once >> {asked}\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    toolchain.find(PINNED)
    toolchain.find(PINNED)
    assert asked.read_text() == "once\n"
    times = program.stat()
    program.write_text(program.read_text().replace(PINNED.packer, "9" * len(PINNED.packer)), encoding="utf-8")
    os.utime(program, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(NotReady, match="not the pinned Packer"):
        toolchain.find(PINNED)


def test_a_missing_plugin_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path))
    with pytest.raises(NotReady, match="plugin amazon is not there") as caught:
        toolchain.find(PINNED)
    assert caught.value.where == str(tmp_path)


def test_a_plugin_folder_of_the_users_own_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLUGINS_VARIABLE, "/somewhere")
    assert toolchain.plugin_folder() == "/somewhere"


def test_the_pins_are_a_block_that_packer_checks() -> None:
    versions = Versions(packer="1.2.3", plugins={"x": Plugin(source="github.com/o/x", version="4.5.6")})
    assert 'required_version = "= 1.2.3"' in versions.as_hcl()
    assert 'x = { source = "github.com/o/x", version = "= 4.5.6" }' in versions.as_hcl()
