"""The ASP.NET site, as far as it can be read without ASP.NET: its settings name what there is."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bake.recipe import ROOT

SITE = ROOT / "examples" / "payroll" / "windows-web"
SETTINGS = ElementTree.parse(SITE / "web.config").getroot()
SOURCES = sorted((SITE / "App_Code").glob("*.cs"))


def test_every_handler_is_a_class_of_the_site() -> None:
    classes = set()
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        space, name = re.search(r"^namespace (\w+)", text, re.M), re.search(r"class (\w+) : IHttpHandler", text)
        assert space
        assert name
        classes.add(f"{space[1]}.{name[1]}")
    handlers = {one.get("path"): one.get("type") for one in SETTINGS.iter("add") if one.get("type")}
    assert handlers == {"health": "Payroll.Health", "identity": "Payroll.Identity"}
    assert set(handlers.values()) == classes


def test_the_site_is_written_for_the_framework_of_the_reference_system() -> None:
    wanted = {one.get("targetFramework") for one in SETTINGS.iter() if one.get("targetFramework")}
    assert wanted == {"4.7.1"}


def test_its_version_is_not_served_and_its_answers_tell_nothing_of_the_server() -> None:
    assert {one.get("segment") for one in SETTINGS.iter("add") if one.get("segment")} == {"VERSION"}
    filtering, runtime = SETTINGS.find(".//requestFiltering"), SETTINGS.find(".//httpRuntime")
    assert filtering is not None
    assert runtime is not None
    assert (filtering.get("removeServerHeader"), runtime.get("enableVersionHeader")) == ("true", "false")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.name))
def test_braces_are_balanced_and_the_compiler_of_the_framework_knows_the_syntax(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert not re.search(r'=>|\$"|\?\.|nameof\(', text)  # newer than C# 5, which ASP.NET compiles by itself
