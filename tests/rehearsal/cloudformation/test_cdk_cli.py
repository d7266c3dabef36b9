"""The real CDK CLI against the engine: bootstrap, deploy, failure, mended deploy, destroy."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cloudformation.conftest import ACCOUNT, REGION
from tests.rehearsal.cloudformation.pieces import Json, broken, parameter

LIMIT_SECONDS = 180


@pytest.fixture
def cdk(embedded: Any, tmp_path: Path) -> Any:
    """Runs the CLI in an empty folder; gives exit code and output."""
    program = shutil.which("cdk")
    assert program, "make setup && source .venv/bin/activate"
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": embedded.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester",
        "CDK_HOME": str(tmp_path / "home"),
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
    }
    environment.pop("AWS_PROFILE", None)

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def assembly(folder: Path, stack: str, template: Json) -> str:
    """A cloud assembly of one stack without assets."""
    folder.mkdir(exist_ok=True)
    (folder / "stack.template.json").write_text(json.dumps(template))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{ACCOUNT}/{REGION}",
        "properties": {"templateFile": "stack.template.json", "stackName": stack},
        "displayName": stack,
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {stack: artifact}}))
    return str(folder)


@pytest.mark.slow
def test_bootstrap_deploy_failure_and_destroy(embedded: Any, cdk: Any, tmp_path: Path, name: str) -> None:
    code, output = cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    assert code == 0, output
    assert embedded.parameter("/cdk-bootstrap/hnb659fds/version").isdecimal()

    app = tmp_path / "app"
    template: Json = {"Resources": {"P": parameter(f"/{name}", "one")}}
    code, output = cdk("deploy", "--app", assembly(app, name, template), "--all", "--require-approval", "never")
    assert code == 0, output
    code, output = cdk("deploy", "--app", str(app), "--all", "--require-approval", "never")
    assert (code, "(no changes)" in output) == (0, True), output

    template["Resources"] = {"P": parameter(f"/{name}", "two"), "S": broken(DependsOn="P")}
    code, output = cdk("deploy", "--app", assembly(app, name, template), "--all", "--require-approval", "never")
    assert (code, "vpc-0" in output) == (1, True), output
    assert embedded.parameter(f"/{name}") == "one"
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    code, output = cdk("destroy", "--app", str(app), "--all", "--force")
    assert code == 0, output
    assert "does not exist" in embedded.refusal("describe_stacks", StackName=name)
