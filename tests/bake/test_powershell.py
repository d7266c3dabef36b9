"""The PowerShell of the Windows recipes. Nothing here can run it: what a parser and a reader can see is checked.

The grammar is tree-sitter's, an independent one; it is stricter than PowerShell in places, and knows no cmdlets.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from bake import recipe
from bake.platforms import Platform
from bake.recipe import RECIPES, Layer

SCRIPTS = sorted(RECIPES.rglob("*.ps1"))
PARSER = Parser(Language(tree_sitter_powershell.language()))


def name(script: Path) -> str:
    return script.relative_to(RECIPES).as_posix()


def mistakes(node: Node) -> Iterator[tuple[int, str]]:
    """Line and text of each place that the grammar does not understand."""
    if node.is_error or node.is_missing:
        yield node.start_point[0] + 1, (node.text or b"").decode()
    for child in node.children:
        yield from mistakes(child)


def parsed(text: str) -> list[tuple[int, str]]:
    code = text.replace("<powershell>", "#").replace("</powershell>", "#")  # EC2Launch's tags around user data
    return list(mistakes(PARSER.parse(code.encode()).root_node))


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) > 10


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_parses(script: Path) -> None:
    assert parsed(script.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("wrong", ["if ($a) {\n", "Get-Item -Path 'a\n", "foreach ($a) { }\n", "$a = @(1, 2\n"])
def test_what_does_not_parse_is_found(wrong: str) -> None:
    assert parsed(wrong)


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_is_ascii_and_stops_at_the_first_error(script: Path) -> None:
    text = script.read_bytes().decode("ascii")  # Windows PowerShell reads anything else in the machine's code page
    assert "\r" not in text
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "<powershell>"))]
    assert lines[:2] == ["Set-StrictMode -Version Latest", "$ErrorActionPreference = 'Stop'"]


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_no_script_fetches_anything_or_evaluates_text(script: Path) -> None:
    text = script.read_text(encoding="ascii").lower()
    for word in ("invoke-expression", "downloadfile", "downloadstring", "install-module", "iex ", "-encodedcommand"):
        assert word not in text
    if "tests" not in script.parts:
        assert "invoke-webrequest" not in text


@pytest.mark.parametrize("script", [one for one in SCRIPTS if "tests" not in one.parts], ids=name)
def test_the_end_of_every_program_is_looked_at(script: Path) -> None:
    """A program does not throw: after `&` comes a look at $LASTEXITCODE. After the last one nobody is left to look."""
    text = script.read_text(encoding="ascii")
    calls = [line for line in text.splitlines() if line.lstrip().startswith("& ") and "EC2Launch.exe" not in line]
    assert text.count("$LASTEXITCODE -ne 0") == len(calls)


def test_the_settings_of_the_registry_are_numbers_at_known_roots_each_once() -> None:
    settings = json.loads((RECIPES / "windows-base" / "files" / "registry.json").read_text(encoding="utf-8"))
    places = [(one["path"], one["name"]) for one in settings]
    assert len(set(places)) == len(places)
    for one in settings:
        assert set(one) == {"path", "name", "value"}
        assert one["path"].startswith(("HKLM:\\SOFTWARE\\", "HKLM:\\SYSTEM\\"))
        assert type(one["value"]) is int


def test_every_windows_recipe_ends_before_its_builder_ends_itself() -> None:
    prepare = (RECIPES / Platform.WINDOWS.shared / "prepare.ps1").read_text(encoding="ascii")
    hours = int(prepare.partition("$hours = ")[2].split()[0])
    windows = [one for one in recipe.recipes() if one.platform is Platform.WINDOWS]
    assert {one.layer for one in windows} == set(Layer)
    assert all(one.contents.limits_minutes.overall < hours * 60 for one in windows)


def test_packers_own_limits_come_before_those_of_the_recipe() -> None:
    """So that the error says what Packer waited for."""
    template = (RECIPES / Platform.WINDOWS.shared / "image.pkr.hcl").read_text(encoding="utf-8")
    minutes = [
        int(line.split('"')[1].removesuffix("m"))
        for line in template.splitlines()
        if line.strip().startswith(("windows_password_timeout", "winrm_timeout"))
    ]
    windows = [one for one in recipe.recipes() if one.platform is Platform.WINDOWS]
    assert all(sum(minutes) < one.contents.limits_minutes.connect for one in windows)
