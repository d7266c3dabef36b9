import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.errors import BadInput
from infra import synthesized
from infra.commands.cost import cost

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(application: Sequence[synthesized.Stack], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, in this process: the synthesis of the whole folder of tests is its synthesis."""
    monkeypatch.setattr(synthesized, "synthesize", lambda: tuple(application))
    return lambda *arguments: CliRunner().invoke(cost, arguments, standalone_mode=False)


def test_json_has_money_as_text_with_cents_and_the_total_is_that_of_the_lines(run: Callable[..., Result]) -> None:
    result = run("stage", "--json")
    [found] = json.loads(result.stdout)["environments"]
    assert found["environment"] == "Stage"
    lines = [Decimal(line["usd"]) for line in found["lines"]]
    assert all(value.as_tuple().exponent == -2 for value in lines)
    assert abs(sum(lines) - Decimal(found["usd"])) <= Decimal("0.005") * (len(lines) + 1)
    assert set(found["not_priced"][0]) == {"type", "count", "reason", "fixed"}


def test_the_table_names_stacks_tiers_what_is_saved_and_what_is_not_priced(run: Callable[..., Result]) -> None:
    said = run("Dev").stdout
    for part in ("Web (tier web)", "NAT gateway", "saved by night schedule: web", "not priced:", "as of", "total"):
        assert part in said


def test_the_maximum_costs_more_and_shows_what_spot_saves(run: Callable[..., Result]) -> None:
    least, most = (json.loads(run("Production", "--json", "--at", at).stdout) for at in ("minimum", "maximum"))
    assert Decimal(most["environments"][0]["usd"]) > Decimal(least["environments"][0]["usd"])
    assert [saving["what"] for saving in most["environments"][0]["savings"]] == ["Spot"]


def test_an_environment_that_is_not_there_is_refused_with_those_that_are(run: Callable[..., Result]) -> None:
    refused = run("Nowhere").exception
    assert isinstance(refused, BadInput)
    assert "Dev, InternalTest, Acceptance, Stage, Production, Backup" in str(refused)


def test_a_commit_that_is_not_there_ends_with_2() -> None:
    command = [sys.executable, "-m", "infra", "cost", "--against", "no-such-commit", "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 2
    assert json.loads(result.stdout)["error"]["found"] == "no-such-commit"
