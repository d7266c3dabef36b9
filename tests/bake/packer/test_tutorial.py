"""docs/packer-wrapper.md: its blocks are run from top to bottom, and print what the page says."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import bake.packer

PAGE = Path(__file__).resolve().parents[3] / "docs" / "packer-wrapper.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```$\n\n^```text\n(?P<said>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^`(?P<name>[\w./]+)`:\n\n```hcl\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[int, str, str]]:
    """The line, the code and what it says, of each block."""
    for found in BLOCK.finditer(TEXT):
        yield TEXT.count("\n", 0, found.start()) + 2, found["code"], found["said"]


def test_every_python_block_says_what_it_prints() -> None:
    assert len(list(blocks())) == TEXT.count("```python\n") == TEXT.count("```text\n")


@pytest.mark.slow
def test_the_blocks_print_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for file in FILE.finditer(TEXT):
        Path(file["name"]).parent.mkdir(parents=True, exist_ok=True)
        Path(file["name"]).write_text(file["content"], encoding="utf-8")
    names: dict[str, Any] = {}
    for line, code, said in blocks():
        with redirect_stdout(io.StringIO()) as printed:
            # a traceback names the line of the page
            exec(compile("\n" * (line - 1) + code, str(PAGE), "exec"), names)
        assert printed.getvalue() == said, f"{PAGE.name}:{line}"


def test_every_error_and_event_is_on_the_page() -> None:
    for name in bake.packer.__all__:
        thing = getattr(bake.packer, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert f"`{name}`" in TEXT, name
    for event in ("Message", "BuildError", "ArtifactField", "PhaseBegan", "BuildEnded", "Other"):
        assert f"`{event}`" in TEXT
    for method in vars(bake.packer.Packer):
        if not method.startswith("_") and method not in ("executable", "environment"):
            assert f"packer.{method}(" in TEXT, method


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (PAGE.parent / link).exists(), link
