"""Every ```python block in docs/constructs is a whole application: it is run, synthesized, and keeps the promises."""

import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.assembly import CONTEXT
from kiln.promises import PROMISES, Environment, by_id, findings
from kiln.promises.template import unknown_exemptions

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "constructs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LONGEST_LINES = 55
RealApp = cdk.App


@dataclass(frozen=True, slots=True)
class Example:
    """A block: where it begins, and its text."""

    file: Path
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.file.stem}:{self.line}"


def examples() -> list[Example]:
    found = []
    for file in sorted(DOCS.glob("*.md")):
        text = file.read_text("utf-8")
        found += [Example(file, text.count("\n", 0, m.start()) + 2, m[1]) for m in BLOCK.finditer(text)]
    return found


EXAMPLES = examples()


@cache
def templates(example: Example) -> dict[str, Any]:
    """Stack → template of what the block makes, with Kiln's feature flags instead of a cdk.json."""
    apps: list[cdk.App] = []

    def app(**given: Any) -> cdk.App:
        apps.append(
            RealApp(
                outdir=tempfile.mkdtemp(prefix="kiln-example-"),
                post_cli_context=CONTEXT,
                analytics_reporting=False,
                builtin_cloud_formation_validation=False,
                **given,
            )
        )
        return apps[-1]

    # The line numbers of an error are then those of the page.
    code = compile("\n" * (example.line - 1) + example.code, str(example.file), "exec")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", app)
        exec(code, {"__name__": "example"})
    [made] = apps
    return {stack.stack_name: stack.template for stack in made.synth().stacks}


def test_every_family_has_its_page_with_examples() -> None:
    pages = {example.file.stem for example in EXAMPLES}
    assert pages >= {"network", "compute", "data", "audit", "operations", "edge"}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_a_whole_application_that_makes_something(example: Example) -> None:
    assert len(example.code.splitlines()) <= LONGEST_LINES
    assert all(template.get("Resources") for template in templates(example).values())


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_keeps_the_promises_or_says_why_not(example: Example) -> None:
    environment = Environment.of(str(example), templates(example))
    # A finding without a resource misses one that may be in another stack: an example shows one construct.
    broken = [found for found in findings(environment, PROMISES) if found.logical_id and not found.exempted]
    assert [f"{f.promise.id}: {f.place} is {f.found}, expected {f.expected}" for f in broken] == []
    assert list(unknown_exemptions(environment, by_id(PROMISES))) == []
