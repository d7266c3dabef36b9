"""Whatever breaks: a clear message, an exit code, and nothing left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal.load import Load
from rehearsal.pipeline import Pipeline
from rehearsal.up import inside

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def in_account(pipeline: Pipeline) -> dict[str, set[str]]:
    """Everything in the account of the images that a bake makes."""
    ec2 = pipeline.client("ec2", "dev")
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    reservations = ec2.describe_instances(Filters=alive)["Reservations"]
    return {
        "instances": {i["InstanceId"] for r in reservations for i in r["Instances"]},
        "volumes": {v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]},
        "key pairs": {k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]},
        "groups": {g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]},
        "images": {i["ImageId"] for i in ec2.describe_images(Owners=["self"])["Images"]},
        "snapshots": {s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]},
    }


def containers(pipeline: Pipeline) -> set[str]:
    """The names of the rehearsal's containers."""
    label = f"label=kiln.rehearsal={pipeline.state.name}"
    listed = subprocess.run(
        ["podman", "ps", "-a", "--filter", label, "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


@contextmanager
def leaves_nothing(pipeline: Pipeline) -> Iterator[None]:
    """What is in the account and on the machine afterwards is what was there before."""
    before = in_account(pipeline), containers(pipeline)
    yield
    limit = time.monotonic() + 30  # a container ends a moment after its instance
    while (containers(pipeline)) != before[1] and time.monotonic() < limit:
        time.sleep(0.2)
    assert (in_account(pipeline), containers(pipeline)) == before


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """A file of the workspace with a piece of it replaced, while the block runs."""
    text = path.read_text()
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


def test_a_failing_provisioning_script_means_no_image(tooling: Pipeline) -> None:
    script = tooling.workspace / "packer" / "web" / "provision.sh"
    with leaves_nothing(tooling), changed(script, "set -", "echo the provisioning breaks >&2; exit 7\nset -"):
        said = tooling.run("python", "-m", "bake", "web", expect_failure=True)
    assert "the provisioning breaks" in said
    assert "Traceback" not in said


def test_a_failing_test_inside_the_bake_means_no_image(tooling: Pipeline) -> None:
    tests = next((tooling.workspace / "packer" / "web" / "tests").glob("test_*.py"))
    broken = tests.read_text() + "\n\ndef test_that_fails(host):\n    assert host.file('/no/such/file').exists\n"
    with leaves_nothing(tooling), changed(tests, tests.read_text(), broken):
        said = tooling.run("python", "-m", "bake", "web", expect_failure=True)
    assert "test_that_fails" in said
    assert "Traceback" not in said


PHASES = ("launch", "connect", "provision", "stop", "image")


def announced(phase: str, log: Path) -> bool:
    """Whether a bake has said that it is in this phase."""
    return f"web: {phase}" in log.read_text()


def packer_of(bake: subprocess.Popen[str]) -> int | None:
    """The process id of the Packer that a bake started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    family = {bake.pid}
    for pid, parent, arguments in rows:
        if int(parent) in family:
            family.add(int(pid))
            if "packer build" in arguments and "plugin" not in arguments:
                return int(pid)
    return None


def begin(pipeline: Pipeline, log: Path) -> subprocess.Popen[str]:
    """`python -m bake web --force` in the background, in a process group of its own as a shell starts it."""
    return subprocess.Popen(
        inside(pipeline.state.name, ["python", "-m", "bake", "web", "--force"]),
        cwd=pipeline.workspace,
        env=pipeline.environment,
        stdin=subprocess.DEVNULL,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_killed_packer_leaves_nothing(tooling: Pipeline, tmp_path: Path, phase: str, number: int) -> None:
    log = tmp_path / "bake.log"
    with leaves_nothing(tooling):
        bake = begin(tooling, log)
        until(lambda: announced(phase, log) or bake.poll() is not None, 90, phase)
        packer = packer_of(bake)
        assert packer, log.read_text()
        os.kill(packer, number)
        assert bake.wait(120) == 1, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert "error:" in said


def test_ctrl_c_ends_the_bake_and_leaves_nothing(tooling: Pipeline, tmp_path: Path) -> None:
    log = tmp_path / "bake.log"
    with leaves_nothing(tooling):
        bake = begin(tooling, log)
        until(lambda: announced("provision", log) or bake.poll() is not None, 90, "provision")
        os.killpg(bake.pid, signal.SIGINT)
        assert bake.wait(120) == 130, log.read_text()
    assert "Traceback" not in log.read_text()


def test_instances_that_never_become_healthy_roll_the_stack_back_and_the_old_ones_serve(tooling: Pipeline) -> None:
    tooling.release_version("2.0.0")
    good = tooling.bake("web")
    tooling.deploy("Payroll-Stage")
    service = tooling.workspace / "examples" / "payroll" / "web" / "payroll_web" / "server.py"
    sick = 'stopping = self.server.identity.current.environment != "unknown"'  # sick only where it is deployed
    at = tooling.endpoint("stage")
    with changed(service, "stopping = self.server.stopping.is_set()", sick):
        tooling.release_version("2.0.1")
        tooling.bake("web")
        with Load(at.address, at.host_name, tooling.state.identity.ca, enter=tooling.enter) as load:
            said = tooling.deploy("Payroll-Stage", expect_failure=True)
    assert "503" in said or "unhealthy" in said.lower()
    (stack,) = tooling.client("cloudformation", "stage").describe_stacks(StackName="Payroll-Stage-Web")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    figures = load.figures()
    assert figures.failed == 0, figures
    page = tooling.page("stage")
    assert page.version == "2.0.0"
    assert page.image_id in good["image_ids"].values()
