"""The real CLI over the assembly that app.py gives; no AWS behind it."""

import os
import subprocess
from pathlib import Path

import pytest

from infra import parameters
from infra.assembly import stacks_of

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
IMAGES_FILE = Path(__file__).parent / "images.toml"
NOWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.slow


@pytest.fixture
def cdk(tmp_path: Path) -> "Cdk":
    return Cdk(tmp_path)


class Cdk:
    """The CLI with an output folder of its own, without credentials, and with an endpoint where nobody answers."""

    def __init__(self, folder: Path) -> None:
        aws = {name for name in os.environ if name.startswith(("AWS_", "CDK_", "KILN_"))}
        self._variables = {name: value for name, value in os.environ.items() if name not in aws} | {
            "AWS_ENDPOINT_URL": NOWHERE,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "CDK_HOME": str(folder / "home"),
            "CI": "true",
        }
        self._output = ["--output", str(folder / "cdk.out"), "--no-notices"]

    def __call__(self, *arguments: str, images: Path | None = IMAGES_FILE) -> "subprocess.CompletedProcess[str]":
        variables = self._variables | ({"KILN_IMAGES": str(images)} if images else {})
        return subprocess.run(
            [CDK, *arguments, *self._output],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )


STACKS = {one.name: len(stacks_of(one)) + 1 for one in parameters.load_all()}
"""Environment → its shared stacks, and Parameters."""


def test_ls_shows_the_names_that_people_type_in_the_order_of_deployment(cdk: Cdk) -> None:
    lines = cdk("ls").stdout.splitlines()
    of_stage = [line for line in lines if line.startswith("Payroll-Stage")]
    in_this_order = ("/Parameters", "/Keys", "/Network", "/LoadBalancer", "/Web", "/Monitoring", "")
    positions = [of_stage.index(f"Payroll-Stage{name}") for name in in_this_order]
    assert positions == sorted(positions)
    assert len([line for line in lines if line.startswith("Payroll-")]) == sum(STACKS.values()) + 1


def test_a_pattern_takes_an_environment_with_all_its_stacks(cdk: Cdk) -> None:
    lines = cdk("ls", "Payroll-Stage{,/*}").stdout.splitlines()
    assert len([line for line in lines if line.startswith("Payroll-")]) == STACKS["Stage"]


def test_synth_prints_the_template_of_one_stack(cdk: Cdk) -> None:
    result = cdk("synth", "Payroll-Stage/Web")
    assert result.returncode == 0
    assert "AWS::AutoScaling::AutoScalingGroup" in result.stdout


def test_a_stack_is_refused_while_its_tier_has_no_image_and_the_message_says_what_to_do(
    cdk: Cdk, tmp_path: Path
) -> None:
    for stacks in (["Payroll-Stage"], ["Payroll-Stage/Web"], ["Payroll-Stage/Parameters", "--exclusively"]):
        result = cdk("deploy", *stacks, images=tmp_path / "none.toml")
        assert result.returncode != 0
        assert "the tier web has no image in eu-west-1" in result.stdout
        assert f"{tmp_path}/none.toml" in result.stdout
        assert "python -m bake web" in result.stdout


def test_tooling_is_not_refused_while_no_image_exists(cdk: Cdk, tmp_path: Path) -> None:
    none = tmp_path / "none.toml"
    assert cdk("synth", "--quiet", "Payroll-Tooling", images=none).returncode == 0
    deployed = cdk("deploy", "Payroll-Tooling", images=none)
    # It comes as far as asking for credentials, which is past everything that synthesis can refuse.
    assert "has no image" not in deployed.stdout
    assert "credentials" in deployed.stdout


def test_the_images_file_can_be_named_by_context(cdk: Cdk) -> None:
    result = cdk("synth", "--quiet", "Payroll-Stage/Parameters", "-c", f"kiln:images={IMAGES_FILE}", images=None)
    assert result.returncode == 0


def test_a_wrong_images_file_is_named_without_a_traceback(cdk: Cdk, tmp_path: Path) -> None:
    wrong = tmp_path / "images.toml"
    wrong.write_text("[web]\ndigest = 1\n")
    result = cdk("ls", images=wrong)
    assert result.returncode != 0
    assert f"{wrong}: web.digest" in result.stdout
    assert "Traceback" not in result.stdout
