"""The promises themselves: each says what it should, and no two say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kiln.promises import FAMILIES, PROMISES, Environment, Promise, Standard, by_id, findings
from kiln.promises.rendering import as_data, as_markdown

ROOT = Path(__file__).resolve().parents[3]
SHAPES = {
    Standard.FSBP: r"[A-Z][A-Za-z0-9]+\.\d+",
    Standard.HUB: r"[A-Z][A-Za-z0-9]+\.\d+",
    Standard.CIS: r"\d+(\.\d+)+",
    Standard.NIST: r"[A-Z]{2}-\d+(\(\d+\))?",
    Standard.PCI: r"\d+(\.\d+)+",
}


def test_there_are_at_least_seventy_and_no_two_with_one_id() -> None:
    assert len(by_id(PROMISES)) == len(PROMISES) >= 70


def test_two_with_one_id_are_an_error() -> None:
    with pytest.raises(ValueError, match=PROMISES[0].id):
        by_id([PROMISES[0], PROMISES[0]])


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.id)
def test_a_promise_says_what_why_and_where_it_is_written(promise: Promise) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", promise.id)
    assert len(promise.title) > 15
    assert len(promise.reason) > 15
    assert promise.reason.endswith(".")
    assert promise.source.startswith("https://docs.aws.amazon.com/")
    assert len(set(promise.controls)) == len(promise.controls)
    for control in promise.controls:
        assert re.fullmatch(SHAPES[control.standard], control.id), control


def test_an_empty_app_breaks_nothing_and_an_empty_account_misses_what_every_account_has() -> None:
    assert not list(findings(Environment.of("App", {"Shop": {"Resources": {}}}), PROMISES))
    missed = {
        f.promise.id for f in findings(Environment.of("Account", {"Shop": {"Resources": {}}}, whole=True), PROMISES)
    }
    assert missed >= {"trail-is-everywhere", "threats-are-detected", "configuration-is-recorded", "sharing-is-noticed"}


def test_the_promises_do_not_start_the_cdk_and_know_no_application() -> None:
    program = "import sys, kiln.promises; sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 0
    for file in (ROOT / "constructs" / "kiln" / "promises").glob("*.py"):
        assert "payroll" not in file.read_text("utf-8").lower()


def test_the_page_is_the_one_in_the_docs() -> None:
    assert (ROOT / "docs" / "promises.md").read_text("utf-8") == as_markdown(FAMILIES), (
        "run: python -m infra promises --markdown > docs/promises.md"
    )


def test_a_promise_as_data_has_everything_but_the_check() -> None:
    data = as_data(by_id(PROMISES)["alb-drops-invalid-headers"])
    assert data["controls"] == [
        {"standard": "FSBP", "id": "ELB.4"},
        {"standard": "NIST 800-53 r5", "id": "SC-7(4)"},
        {"standard": "NIST 800-53 r5", "id": "SC-8(2)"},
        {"standard": "PCI DSS v4.0.1", "id": "6.2.4"},
    ]
