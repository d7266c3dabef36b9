"""Mistakes of people, as the commands answer them: what, which file and key, what to do; nothing is half-done."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.pipeline import Pipeline, copy_project
from tests.pipeline.aftermath import changed, leaves_nothing

PROJECT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"
SECONDS_NOT_MINUTES = 30
IMAGES = "".join(
    f"[{tier}]\ndigest = 'sha256:{'0' * 64}'\n[{tier}.image_ids]\neu-west-1 = 'ami-00000000000000000'\n"
    for tier in ("web", "worker", "worker-mq", "worker-calculation")
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project whose files may be broken, and an environment without AWS."""

    folder: Path
    environment: Mapping[str, str]

    def file(self, slug: str) -> Path:
        return self.folder / "infra" / "environments" / f"{slug}.toml"

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command; its standard error is put behind its standard output."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One copy for the whole file; tests put back what they break."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_project(PROJECT, folder)
    images = folder / "the-images.toml"
    images.write_text(IMAGES)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "KILN_"))}
    tools = os.pathsep.join([str(Path(sys.executable).parent), str(PROJECT / "node_modules" / ".bin"), kept["PATH"]])
    nobody = {
        "PATH": tools,
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "KILN_IMAGES": str(images),
        "CI": "true",
    }
    return Checkout(folder, {**kept, **nobody})


MISTAKES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown key": ("protected = false", "protectd = false", ("stage.toml", "protect", "True or False|true or false")),
    "wrong type": (
        "nat_gateways = 1",
        'nat_gateways = "one"',
        ("stage.toml: network.nat_gateways", "'one'", "1, 2 or 3"),
    ),
    "overlapping CIDR": ("10.94.0.0/16", "10.95.0.0/16", ("network.cidr", "10.95.0.0/16", "stage|production")),
    "instance type": ("m7i.large", "m7i_large", ("stage.toml: web.instance_types", "m7i_large")),
    "duplicate account": ("444444444444", "555555555555", ("account", "555555555555", "stage|production")),
    "not TOML": ("[network]", "[network", ("stage.toml", "line")),
}
"""Mistake → what is replaced by what in stage.toml, and what every message about it must hold (`a|b`: one of them)."""


def is_a_clear_refusal(said: str, parts: tuple[str, ...]) -> None:
    assert "Traceback" not in said
    for part in (*parts, "next step: python -m infra check"):
        assert any(one in said for one in part.split("|")), f"{part!r} is not in:\n{said}"


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    ("command", "code"),
    [(("python", "-m", "bake", "web"), 2), (("cdk", "deploy", "Payroll-Stage", "--no-notices"), 1)],
    ids=["bake", "cdk"],
)
def test_a_mistake_in_a_parameter_file_stops_every_command_with_the_same_message(
    project: Checkout, command: tuple[str, ...], code: int, mistake: str
) -> None:
    old, new, parts = MISTAKES[mistake]
    with changed(project.file("stage"), old, new):
        done = project.run(*command)
    assert done.returncode == code, done.stdout
    is_a_clear_refusal(done.stdout, parts)


def test_a_missing_parameter_file_is_named(project: Checkout) -> None:
    kept = project.file("stage").read_text()
    project.file("stage").unlink()
    try:
        for command in (("python", "-m", "bake", "web"), ("cdk", "deploy", "Payroll-Stage", "--no-notices")):
            done = project.run(*command)
            assert done.returncode in (1, 2)
            is_a_clear_refusal(done.stdout, ("environments/stage.toml", "no such file"))
    finally:
        project.file("stage").write_text(kept)


def test_an_artifact_that_is_missing_is_named_with_the_key_of_the_recipe(project: Checkout) -> None:
    source = project.folder / "examples" / "payroll" / "web"
    source.rename(source.with_name("elsewhere"))
    try:
        done = project.run("python", "-m", "bake", "web")
    finally:
        source.with_name("elsewhere").rename(source)
    assert done.returncode == 2
    assert "packer/web/recipe.toml, artifact.source" in done.stdout
    assert "no folder examples/payroll/web" in done.stdout
    assert "Traceback" not in done.stdout


def test_without_credentials_a_bake_says_how_to_sign_in(project: Checkout) -> None:
    done = project.run("python", "-m", "bake", "web")
    assert done.returncode == 3
    assert "there are no AWS credentials" in done.stdout
    assert "export AWS_PROFILE=dev" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("python", "-m", "bake", "web"), "AWS cannot be reached"),
        (
            ("cdk", "deploy", "Payroll-Tooling", "--no-notices", "--require-approval", "never"),
            "Need to perform AWS calls for account 111111111111",
        ),  # so says the CLI
    ],
    ids=["bake", "cdk"],
)
def test_an_endpoint_that_cannot_be_reached_is_told_in_seconds(
    project: Checkout, command: tuple[str, ...], said: str
) -> None:
    began = time.monotonic()
    done = project.run(*command, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="eu-west-1")
    assert time.monotonic() - began < SECONDS_NOT_MINUTES
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_without_podman_no_rehearsal_starts_and_the_message_says_what_to_do(project: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in project.environment["PATH"].split(os.pathsep):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if program.name != "podman" and not link.is_symlink():
                link.symlink_to(program)
    done = project.run(
        sys.executable, "-m", "rehearsal", "up", "--name", "nopodman", PATH=str(folder), XDG_STATE_HOME=str(tmp_path)
    )
    assert done.returncode == 3, done.stdout
    assert "podman" in done.stdout
    assert "make setup" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "kiln").exists()
    assert not Path("/run/netns/kiln-nopodman").exists()


# --- with six accounts behind the endpoint --------------------------------------------------------------------------


def refused(pipeline: Pipeline, *command: str, code: int = 2, **variables: str) -> str:
    """Run a command that must be refused with this exit code and no traceback; gives all it said."""
    before = dict(pipeline.environment)
    pipeline.environment.update(variables)
    try:
        said = pipeline.run(*command, expect_failure=True)
    finally:
        pipeline.environment.clear()
        pipeline.environment.update(before)
    log = (pipeline.state.identity.folder / "commands.log").read_text()
    assert log.rstrip().endswith(f"[exit code {code}]"), said
    assert "Traceback" not in said
    return said


def test_a_bake_before_tooling_is_deployed_names_the_command_that_deploys_it(pipeline: Pipeline) -> None:
    with leaves_nothing(pipeline):
        said = refused(pipeline, "python", "-m", "bake", "web", code=3)
    assert "Payroll-Tooling is not deployed" in said
    assert "cdk deploy Payroll-Tooling" in said
    assert not pipeline.state.identity.images.exists()


def test_credentials_of_another_account_name_both_accounts_and_the_file(pipeline: Pipeline) -> None:
    said = refused(pipeline, "python", "-m", "bake", "web", code=3, AWS_PROFILE="stage")
    assert "infra/environments/dev.toml, account" in said
    assert "444444444444" in said and "111111111111" in said
    assert "export AWS_PROFILE=dev" in said


def test_a_mistake_in_a_template_has_the_file_and_the_line_that_the_user_knows(tooling: Pipeline) -> None:
    template = tooling.workspace / "packer" / "shared" / "image.pkr.hcl"
    lines = template.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "ami_description" in line)
    with leaves_nothing(tooling), changed(template, "ami_description", "ami_descripton"):
        for options in ([], ["--dry-run"]):
            said = refused(tooling, "python", "-m", "bake", "web", *options)
            assert f"packer/shared/image.pkr.hcl, line {number}" in said
            assert "ami_descripton" in said
    assert not tooling.state.identity.images.exists()


@pytest.mark.long
def test_an_image_that_was_deregistered_stops_the_deployment_and_is_baked_again(tooling: Pipeline) -> None:
    protection = tooling.workspace / "bake" / "protection.py"
    # What is protected with a cool-down, nobody could deregister here before tomorrow.
    with changed(protection, "WithCooldown=True", "WithCooldown=False"):
        (first,) = tooling.bake_tiers()["web"]["image_ids"].values()
        ec2 = tooling.client("ec2", "dev")
        ec2.disable_image_deregistration_protection(ImageId=first)
        ec2.deregister_image(ImageId=first)
        said = tooling.deploy("Payroll-Stage/Web", expect_failure=True)
        assert first in said
        assert "Traceback" not in said
        assert "Payroll-Stage-Web" not in tooling.stack_updates("stage")

        again = tooling.bake("web")
    (second,) = again["image_ids"].values()
    assert again["action"] == "baked"
    assert again["reason"] == f"its image {first} in eu-west-1 is gone (deregistered since)"
    assert second != first
    tooling.deploy("Payroll-Stage/Web")
    assert tooling.page("stage").image_id == second
