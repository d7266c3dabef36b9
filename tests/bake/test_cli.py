import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bake import recipe
from bake.cli import bake
from bake.recipe import ROOT
from console.aws import Aws


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bake", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_help_shows_examples_and_exit_codes() -> None:
    text = CliRunner().invoke(bake, ["--help"]).output
    assert "python -m bake web --dry-run" in text
    assert all(f"{code} " in text for code in (0, 1, 2, 3, 130))


def test_an_unknown_recipe_is_bad_input() -> None:
    done = run("wbe", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["expected"] == f"one of: {', '.join(recipe.names())}"
    assert "there is no recipe 'wbe'" in done.stderr


@pytest.mark.parametrize("arguments", [("web",), ()], ids=["web", "overview"])
def test_an_unreachable_endpoint_is_not_ready_and_no_traceback(aws: Aws, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "AWS cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_of_another_account_are_not_ready(aws: Aws) -> None:
    done = run("web", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["found"] == "123456789012"


def test_bake_starts_without_the_cdk_and_without_the_sdk() -> None:
    program = (
        "import sys, bake.cli, bake.flow; print([m for m in ('aws_cdk', 'boto3', 'botocore') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "option", ["--json", "--dry-run", "--explain", "--force", "--update-parents", "--jobs", "--images"]
)
def test_every_option_is_explained(option: str) -> None:
    assert option in CliRunner().invoke(bake, ["--help"]).output


def test_an_images_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert run("web", "--images", str(tmp_path)).returncode == 2
