"""A finished image on its way: booted once more, copied to a region whose key a stack makes, seen by every account."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline import Pipeline
from rehearsal.up import inside
from tests.pipeline.aftermath import changed, leaves_nothing, until

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def web(tooling: Pipeline) -> dict[str, Any]:
    """The image of Web, just baked."""
    return tooling.bake("web")


def said(pipeline: Pipeline, *arguments: str, expect_failure: bool = False) -> dict[str, Any]:
    """`python -m bake … --json`: its object."""
    text = pipeline.run("python", "-m", "bake", *arguments, "--json", expect_failure=expect_failure)
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]  # of a failure standard error follows
    return found


def boot_test(pipeline: Pipeline) -> dict[str, Any] | None:
    """The boot test in Web's record."""
    found: dict[str, Any] | None = said(pipeline, "show", "web")["record"]["boot_test"]
    return found


@pytest.mark.parametrize("recipe", ["web", "base"])
def test_an_image_boots_and_passes_its_tests_again(tooling: Pipeline, web: dict[str, Any], recipe: str) -> None:
    with leaves_nothing(tooling):
        found = said(tooling, "verify", recipe)
    assert (found["passed"], found["failed"]) == (True, [])
    names = {one["name"] for one in found["tests"]}
    assert "test_the_host_keys_are_younger_than_the_boot" in names
    assert ("test_health_answers_ok_inside_the_guest" in names) == (recipe == "web")
    skipped = {one["name"] for one in found["tests"] if one["outcome"] == "skipped"}
    assert skipped <= {
        "test_cloud_init_is_done",
        "test_the_kernel_settings_are_in_force",
        "test_the_audit_rules_are_in_force_and_cannot_be_changed",
        "test_the_clock_is_kept_by_chrony",
    }
    record = said(tooling, "show", recipe)["record"]
    assert record["boot_test"]["at"] == found["at"] and record["boot_test"]["passed"]


def test_a_machine_that_does_not_become_healthy_fails_in_its_record_too(tooling: Pipeline, web: dict[str, Any]) -> None:
    recipe = tooling.workspace / "packer" / "web" / "recipe.toml"
    with changed(recipe, "8080/health", "9/health"), changed(recipe, "overall = 30", "overall = 30\nboot = 0.3"):
        with leaves_nothing(tooling):
            found = said(tooling, "verify", "web", expect_failure=True)
    assert not found["passed"]
    assert "http://127.0.0.1:9/health says" in found["problem"]
    recorded = boot_test(tooling)
    assert recorded and recorded["problem"] == found["problem"]
    assert said(tooling, "verify", "web")["passed"], "the newest counts"


def test_a_test_that_fails_fails_the_boot_test_and_says_why(tooling: Pipeline, web: dict[str, Any]) -> None:
    tests = tooling.workspace / "packer" / "booted" / "test_booted.py"
    with changed(tests, 'list-units --failed --no-legend --plain") == ""', 'list-units --no-legend --plain") == ""'):
        with leaves_nothing(tooling):
            found = said(tooling, "verify", "web", expect_failure=True)
    assert found["failed"] == ["test_no_unit_has_failed"]
    assert "FAILED booted/test_booted.py::test_no_unit_has_failed" in found["said"]


def test_ctrl_c_removes_everything_and_leaves_the_record_as_it_is(
    tooling: Pipeline, web: dict[str, Any], tmp_path: Path
) -> None:
    before, log = boot_test(tooling), tmp_path / "verify.log"
    with leaves_nothing(tooling):
        process = subprocess.Popen(
            inside(tooling.state.name, ["python", "-m", "bake", "verify", "web"]),
            cwd=tooling.workspace,
            env=tooling.environment,
            stdin=subprocess.DEVNULL,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: "its tests" in log.read_text() or process.poll() is not None, 120, "the tests")
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
    assert "removing what the boot test made" in log.read_text()
    assert boot_test(tooling) == before


def test_a_region_has_its_key_from_a_stack_and_every_account_sees_the_copy_there_and_an_organization_may(
    tooling: Pipeline, web: dict[str, Any]
) -> None:
    home = next(one for one in tooling.state.accounts if one.environment == "dev")
    refused = said(tooling, "copy", "web", "--to", REGION, expect_failure=True)["error"]
    assert f"cdk deploy Payroll-ImageCopies-{REGION}" in refused["next step"]
    file = tooling.workspace / "infra" / "environments" / "dev.toml"
    organization = "arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"
    refused = said(tooling, "share", "web", "--organization", organization, expect_failure=True)["error"]
    assert '"o-a1b2c3d4e5" in [tooling] organizations' in refused["next step"]
    table = f'[tooling]\ncopy_regions = ["{REGION}"]\norganizations = ["o-a1b2c3d4e5"]\n'
    with changed(file, "[tooling]\n", table):
        tooling.run("cdk", "bootstrap", f"aws://{home.id}/{REGION}")
        tooling.deploy("Payroll-Tooling")
        tooling.deploy(f"Payroll-ImageCopies-{REGION}")
    found = said(tooling, "copy", "web", "--to", REGION)
    (copied,) = found["regions"]
    assert copied["action"] == "copied"
    others = {one.id for one in tooling.state.accounts} - {home.id}
    assert {(one["account"], one["sight"]) for one in found["accounts"]} == {(one, "sees it") for one in others}
    again = said(tooling, "copy", "web", "--to", REGION)
    assert [(one["action"], one["image"]) for one in again["regions"]] == [("kept", copied["image"])]
    reused = tooling.bake("web")
    assert (reused["action"], reused["image_ids"].get(REGION)) == ("reused", copied["image"])
    assert said(tooling, "share", "web")["shared"] == []
    shared = said(tooling, "share", "web", "--organization", organization)["shared"]
    assert {(one["region"], one["kind"], one["principal"]) for one in shared} == {
        (region, "image", organization) for region in reused["image_ids"]
    }
