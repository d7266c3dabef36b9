"""Whatever breaks: a clear message, an exit code, and nothing left behind."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.progress import Progress
from rehearsal.load import Load
from rehearsal.pipeline import Pipeline
from rehearsal.up import down, up
from tests.pipeline.aftermath import (
    announced,
    begin,
    changed,
    end_lease,
    ended,
    leaves_nothing,
    packer_of,
    parent_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


def test_a_failing_provisioning_script_means_no_image(layers: Pipeline) -> None:
    script = layers.workspace / "packer" / "web" / "provision.sh"
    with leaves_nothing(layers), changed(script, "set -", "echo the provisioning breaks >&2; exit 7\nset -"):
        said = layers.run("python", "-m", "bake", "web", expect_failure=True)
    assert "the provisioning breaks" in said
    assert "Traceback" not in said


def test_a_failing_test_inside_the_bake_means_no_image(layers: Pipeline) -> None:
    tests = next((layers.workspace / "packer" / "web" / "tests").glob("test_*.py"))
    broken = tests.read_text() + "\n\ndef test_that_fails(host):\n    assert host.file('/no/such/file').exists\n"
    with leaves_nothing(layers), changed(tests, tests.read_text(), broken):
        said = layers.run("python", "-m", "bake", "web", expect_failure=True)
    assert "test_that_fails" in said
    assert "Traceback" not in said


def test_a_full_disk_in_the_builder_is_told_with_the_key_that_makes_it_larger(layers: Pipeline) -> None:
    script = layers.workspace / "packer" / "web" / "provision.sh"
    install = "bash install-service.sh"
    full = f"mount -t tmpfs -o size=64k tmpfs /mnt\ncp /bin/bash /mnt/\n{install}"  # a guest's own disk is the host's
    with leaves_nothing(layers), changed(script, install, full):
        said = layers.run("python", "-m", "bake", "web", expect_failure=True)
    assert "No space left on device" in said
    assert "no image of web: the builder's disk is full" in said
    assert "a larger root_volume_gib in packer/web/recipe.toml, variables" in said


KILLS = [
    *((phase, signal.SIGTERM) for phase in ("prepare", "launch", "connect", "provision", "stop", "image")),
    *((phase, signal.SIGKILL) for phase in ("prepare", "launch", "connect", "provision", "stop", "image", "cleanup")),
]
"""Not SIGTERM while Packer cleans up: the image is there, and the signal may come too late to change anything."""


def begun(phase: str, bake: "subprocess.Popen[str]", log: Path) -> bool:
    """Whether a bake is in this phase; the first begins with Packer's process, before it says anything."""
    return bool(packer_of(bake)) if phase == "prepare" else announced(phase, log)


@pytest.mark.parametrize(("phase", "number"), KILLS, ids=lambda value: getattr(value, "name", value))
def test_a_killed_packer_leaves_nothing(layers: Pipeline, tmp_path: Path, phase: str, number: int) -> None:
    log = tmp_path / "bake.log"
    with leaves_nothing(layers):
        bake = begin(layers, log)
        until(lambda: begun(phase, bake, log) or bake.poll() is not None, 90, phase)
        packer = packer_of(bake)
        assert packer, log.read_text()
        os.kill(packer, number)
        assert bake.wait(120) == 1, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert "error:" in said


@pytest.mark.parametrize("phase", ["prepare", "launch", "connect", "provision", "stop", "image", "cleanup"])
def test_a_killed_bake_leaves_nothing_that_packer_and_a_sweep_do_not_remove(
    layers: Pipeline, tmp_path: Path, phase: str
) -> None:
    """Packer is told by the kernel and cleans up; the lease would be dead a minute later."""
    log = tmp_path / "bake.log"
    with leaves_nothing(layers):
        bake = begin(layers, log)
        until(lambda: begun(phase, bake, log) or bake.poll() is not None, 90, phase)
        packer = packer_of(bake)
        assert packer, log.read_text()
        os.kill(parent_of(packer), signal.SIGKILL)
        assert bake.wait(120) != 0
        until(lambda: ended(packer), 120, "Packer ends with bake")
        build = end_lease(layers, "web")
        layers.run("python", "-m", "bake", "sweep", "--build", build, "--apply")
    assert "Traceback" not in log.read_text()


def test_ctrl_c_ends_the_bake_and_leaves_nothing(layers: Pipeline, tmp_path: Path) -> None:
    log = tmp_path / "bake.log"
    with leaves_nothing(layers):
        bake = begin(layers, log)
        until(lambda: announced("provision", log) or bake.poll() is not None, 90, "provision")
        os.killpg(bake.pid, signal.SIGINT)
        assert bake.wait(120) == 130, log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.fixture
def mortal() -> Iterator[Pipeline]:
    """A rehearsal of its own with the layers below tiers baked, because its process will be killed."""
    name = f"d{os.getpid()}"
    try:
        pipeline = Pipeline(up(name, 0, True, Progress()), Path(__file__).parents[2])
        pipeline.deploy("Payroll-Tooling")
        pipeline.bake("runtime")
        yield pipeline
    finally:
        down(name)


def test_an_endpoint_that_dies_ends_the_bake_and_down_removes_all_that_is_left(
    mortal: Pipeline, tmp_path: Path
) -> None:
    log, name, folder = tmp_path / "bake.log", mortal.state.name, mortal.state.identity.folder
    bake = begin(mortal, log)
    until(lambda: announced("provision", log) or bake.poll() is not None, 90, "provision")
    os.kill(mortal.state.pid, signal.SIGKILL)
    killed = time.monotonic()
    assert bake.wait(180) in (1, 3), log.read_text()
    assert time.monotonic() - killed < 75, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert "AWS cannot be reached" in said
    assert "python -m bake sweep --build web-" in said

    subprocess.run(["python", "-m", "rehearsal", "down", "--name", name], check=True, timeout=60)
    assert not folder.exists()
    left = "podman ps -a; podman network ls; podman images; ip netns; ip link; ip route; iptables-save; ps -eo args"
    listed = subprocess.run(["sh", "-c", left], capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if re.search(rf"k(i)?ln-{name}\b|{folder}", line)] == []


def test_instances_that_never_become_healthy_roll_the_stack_back_and_the_old_ones_serve(tooling: Pipeline) -> None:
    tooling.release_version("2.0.0")
    good = tooling.bake_tiers()["web"]
    tooling.deploy("Payroll-Stage/Web")
    service = tooling.workspace / "examples" / "payroll" / "web" / "payroll_web" / "server.py"
    sick = 'stopping = self.server.identity.current.environment != "unknown"'  # sick only where it is deployed
    at = tooling.endpoint("stage")
    with changed(service, "stopping = self.server.stopping.is_set()", sick):
        tooling.release_version("2.0.1")
        tooling.bake("web")
        with Load(at.address, at.host_name, tooling.state.identity.ca, enter=tooling.enter) as load:
            changed_stacks = ("Payroll-Stage/Parameters", "Payroll-Stage/Web")
            said = tooling.deploy("--exclusively", *changed_stacks, expect_failure=True)
    assert "503" in said or "unhealthy" in said.lower()
    (stack,) = tooling.client("cloudformation", "stage").describe_stacks(StackName="Payroll-Stage-Web")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    figures = load.figures()
    assert figures.failed == 0, figures
    page = tooling.page("stage")
    assert page.version == "2.0.0"
    assert page.image_id in good["image_ids"].values()
