"""docs/constructs/README.md names every construct, where it is, and a page that is there."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "constructs" / "kiln"
DOCS = ROOT / "docs" / "constructs"
INDEX = (DOCS / "README.md").read_text("utf-8")
NAME = re.compile(r"`(\w+)`")
ROWS = [
    (name, row[1].strip(" `"))
    for row in (line.strip("|").split("|") for line in INDEX.splitlines() if line.count("|") == 4 and "`kiln." in line)
    for name in NAME.findall(row[0])
]


def constructs() -> set[str]:
    """Every class of the library that derives from Construct."""
    trees = [ast.parse(file.read_text("utf-8")) for file in LIBRARY.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {c.name for c in classes if any(isinstance(base, ast.Name) and base.id == "Construct" for base in c.bases)}


def test_every_construct_is_named_once() -> None:
    parts = re.findall(r"^Parts that these make: (.*?)\.$", INDEX, re.MULTILINE | re.DOTALL)
    named = [name for name, _ in ROWS] + [name for part in parts for name in NAME.findall(part)]
    assert sorted(named) == sorted(set(named))
    assert constructs() <= set(named)


@pytest.mark.parametrize(("name", "module"), ROWS, ids=lambda value: value)
def test_what_is_named_is_in_the_file_that_is_named(name: str, module: str) -> None:
    assert importlib.import_module(module).__dict__[name].__module__ == module


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", INDEX))))
def test_a_link_leads_to_a_heading(link: str) -> None:
    file, _, anchor = link.partition("#")
    headings = [line.lstrip("# ") for line in (DOCS / file).read_text("utf-8").splitlines() if line.startswith("#")]
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert not anchor or anchor in anchors
