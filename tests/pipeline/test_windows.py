"""The real Packer with the real Windows recipe, as far as anybody gets without Windows: up to the login."""

import json
from pathlib import Path

import pytest

from rehearsal.pipeline import Pipeline
from tests.pipeline.aftermath import changed, leaves_nothing

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

LIMIT = 'winrm_timeout            = "15m"'


def test_a_bake_of_windows_gets_its_password_and_says_what_to_check_where_winrm_never_answers(
    tooling: Pipeline,
) -> None:
    template = tooling.workspace / "packer" / "shared-windows" / "image.pkr.hcl"
    with leaves_nothing(tooling), changed(template, LIMIT, 'winrm_timeout = "8s"'):
        said = tooling.run("python", "-m", "bake", "windows-base", "--json", expect_failure=True)
    error = json.loads(said[said.index("{") : said.rindex("}") + 1])["error"]
    assert error["what"] == "no image of windows-base: WinRM never answered on the builder"
    assert error["where"].endswith("phase 'connect'")
    assert "Timeout waiting for WinRM." in error["found"]
    for told in ("port 5986", "user-data.ps1", "winrm_timeout"):
        assert told in error["next step"], told
    assert "Password retrieved!" in error["found"]  # Packer has decrypted it with the key of this build
    log = Path(error["next step"].rpartition("the log: ")[2]).read_text(encoding="utf-8")
    assert "Waiting for auto-generated password for instance..." in log


def test_without_a_recipe_those_for_windows_are_listed_and_none_is_wanted_for_payroll(tooling: Pipeline) -> None:
    said = json.loads(tooling.run("python", "-m", "bake", "--json"))
    found = {one["recipe"]: one["action"] for one in said}
    assert found["windows-base"] == "bake"
    assert {found["windows-runtime"], found["windows-web"]} == {"wait"}
    tooling.run("python", "-m", "bake", "windows-web", "--dry-run")  # Packer reads the templates of all three
    tiers = tooling.run("python", "-c", "from bake.recipe import tiers; print(*tiers())").split()
    assert tiers == ["web", "worker", "worker-calculation", "worker-mq"]
