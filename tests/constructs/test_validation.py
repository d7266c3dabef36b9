"""The plugin, in apps that use none of Kiln's constructs."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from kiln.exemption import exempt
from kiln.validation import Promises

ROOT = Path(__file__).resolve().parents[2]
REASON = "what it encrypts is thrown away each day"


def synthesize(folder: Path, plugin: Promises, *, rotation: bool = True, exempted: str = "") -> None:
    """An app with one key."""
    app = cdk.App(outdir=str(folder), analytics_reporting=False, builtin_cloud_formation_validation=False)
    cdk.Validations.of(app).add_plugins(plugin)
    key = kms.Key(cdk.Stack(app, "Shop"), "Key", enable_key_rotation=rotation)
    if exempted:
        exempt(key, exempted, REASON)
    app.synth()


def violations(folder: Path, plugin: Promises, *, rotation: bool = True, exempted: str = "") -> list[dict[str, Any]]:
    """What the CDK reports when it refuses the app."""
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        synthesize(folder, plugin, rotation=rotation, exempted=exempted)
    [report] = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    found: list[dict[str, Any]] = report["violations"]
    return found


def test_an_app_that_keeps_its_promises_is_synthesized(tmp_path: Path) -> None:
    synthesize(tmp_path, Promises())
    assert (tmp_path / "Shop.template.json").exists()


def test_a_broken_promise_fails_the_synthesis_with_what_where_why_and_the_way_out(tmp_path: Path) -> None:
    [violation] = violations(tmp_path, Promises(), rotation=False)
    said = json.dumps(violation, ensure_ascii=False)
    for part in (
        "key-rotates",
        "Keys rotate each year",
        "Properties.EnableKeyRotation is false; expected: true",
        "Why: What one version of a key has encrypted is bounded",
        "Shop/Key/Resource",
        "kiln.exemption.exempt(resource",
        "https://docs.aws.amazon.com/kms/",
    ):
        assert part in said


def test_an_exempted_resource_passes(tmp_path: Path) -> None:
    synthesize(tmp_path, Promises(), rotation=False, exempted="key-rotates")


def test_an_exemption_from_what_no_promise_is_called_fails(tmp_path: Path) -> None:
    [violation] = violations(tmp_path, Promises(), exempted="key-rotate")
    assert "No promise has the id 'key-rotate'" in violation["description"]


def test_what_a_whole_account_must_have_is_asked_of_a_whole_account_only(tmp_path: Path) -> None:
    said = [v["description"] for v in violations(tmp_path, Promises(whole=True))]
    assert any("GuardDuty is on and tells every fifteen minutes" in text for text in said)
    assert any("AWS::GuardDuty::Detector is none" in text for text in said)


def test_a_promise_can_be_left_out_by_its_id(tmp_path: Path) -> None:
    synthesize(tmp_path, Promises(without=["key-rotates"]), rotation=False)
    with pytest.raises(ValueError, match=r"no promise has the id key-rotate$"):
        Promises(without=["key-rotate"])


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "constructs" / "validation.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_docs_is_synthesized_and_without_its_exemption_says_what_is_shown() -> None:
    example = blocks("python")[0]
    exec(compile(example, "validation.md", "exec"), {})
    without = re.sub(r"^exempt\(.*\n", "", example, flags=re.MULTILINE)
    app: dict[str, Any] = {}
    with pytest.raises(RuntimeError):
        exec(compile(without, "validation.md", "exec"), app)
    [report] = json.loads((Path(app["app"].outdir) / "validation-report.json").read_text())["pluginReports"]
    said = [violation["description"] for violation in report["violations"]]
    shown = "\n".join(blocks("text")[0].splitlines()[:3]).removeprefix("ERROR ").removesuffix(" (Kiln)")
    assert [text.strip() for text in said] == [shown]


def test_the_example_of_an_own_promise_is_proven() -> None:
    exec(compile(blocks("py")[0], "validation.md", "exec"), {})
