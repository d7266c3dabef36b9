"""What of the machine is missing is installed where we may, and named with the command where we may not."""

import subprocess
from pathlib import Path

import pytest

from console.progress import Progress
from toolchain.system import STOP_HAPROXY, Command, Installation, Machine, SystemPart, execute, missing_packages, plan


def machine(*missing: str, apt: bool = True, root: bool = False, sudo: bool = False) -> Machine:
    return Machine(missing, has_apt=apt, is_root=root, can_sudo=sudo)


def words(installation: Installation) -> list[tuple[str, ...]]:
    return [command.words for command in installation.commands]


def test_nothing_missing_is_nothing_to_do() -> None:
    assert plan(machine(root=True)) == Installation()


def test_root_installs_without_sudo() -> None:
    update, install = words(plan(machine("podman", "runc", root=True)))
    assert update == ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "update", "-qq")
    assert install[:3] == ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
    assert {"--yes", "--no-install-recommends", "podman", "runc"} <= set(install)


def test_whoever_may_use_sudo_installs_with_it() -> None:
    assert all(command[0] == "sudo" for command in words(plan(machine("podman", sudo=True))))


def test_a_haproxy_that_we_installed_does_not_stay_running() -> None:
    assert words(plan(machine("haproxy", root=True)))[-1] == ("sh", "-c", STOP_HAPROXY)


def test_a_haproxy_that_was_there_is_left_alone() -> None:
    assert not any(STOP_HAPROXY in command for command in words(plan(machine("podman", root=True))))


def test_without_rights_the_command_to_type_is_named_and_nothing_is_run() -> None:
    installation = plan(machine("podman", "haproxy"))
    assert installation.commands == ()
    assert installation.to_type == "sudo apt-get install --yes --no-install-recommends podman haproxy"


def test_without_apt_the_packages_are_named() -> None:
    installation = plan(machine("podman", root=True, apt=False))
    assert installation.commands == ()
    assert installation.to_type is not None
    assert "podman" in installation.to_type


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failing_command_is_named_and_the_ones_after_it_are_not_run(failing: int, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    scripts = [f"echo {number} >> {ran}; exit {int(number == failing)}" for number in range(3)]
    commands = [Command("a script", ("sh", "-c", each)) for each in scripts]
    said = execute(Installation(("x",), tuple(commands)), Progress())
    assert said is not None
    assert "failed" in said
    assert len(ran.read_text().splitlines()) == failing + 1


def test_what_a_person_has_to_type_is_handed_on() -> None:
    said = execute(Installation(("podman",), to_type="sudo apt-get install podman"), Progress())
    assert said is not None
    assert said.endswith("sudo apt-get install podman")


def test_a_program_outside_of_path_in_sbin_is_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert SystemPart("sh", "dash", "a shell").present()
    assert missing_packages([SystemPart("no-such-program", "no-such-package", "nothing")]) == ("no-such-package",)


def test_asking_what_is_missing_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    missing_packages()
