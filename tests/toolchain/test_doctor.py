"""The doctor's judgement is a pure function of the facts; its exit code is that of `kiln doctor`."""

import dataclasses
import json
import subprocess
import sys

import pytest

from toolchain import system
from toolchain.doctor import Finding, as_json, examine
from toolchain.facts import Facts, Wanted, endpoint, version_in

WELL = Facts(
    wanted=Wanted(node="24.1.0", cdk="2.1.0", packer="1.16.0", plugins={"amazon": "1.8.2"}),
    python="3.11.7",
    packages_current=True,
    node="24.1.0",
    cdk="2.1.0",
    packer="1.16.0",
    plugins={"amazon": "1.8.2"},
    machine={part.name: "1.0" for part in system.PARTS},
    container="runc",
    rights="root",
    endpoint=("http://localhost:5000", True),
    credentials=("AWS_PROFILE",),
)


def finding(name: str, **changed: object) -> Finding:
    """What is found of one thing when some facts are different."""
    facts = dataclasses.replace(WELL, **changed)  # type: ignore[arg-type]
    return next(each for each in examine(facts) if each.name == name)


def test_a_machine_that_has_everything_needs_nothing() -> None:
    assert {each.state for each in examine(WELL)} == {"well"}
    assert as_json(examine(WELL))["well"] is True


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("node", {"node": None}),
        ("cdk", {"cdk": "3.0.0"}),
        ("packer", {"packer": "1.6.6"}),
        ("packer plugin amazon", {"plugins": {"amazon": "1.8.1"}}),
        ("packer plugin amazon", {"plugins": {}}),
        ("Python packages", {"packages_current": False}),
    ],
)
def test_a_pinned_tool_of_another_version_is_wrong_and_make_setup_mends_it(
    name: str, changed: dict[str, object]
) -> None:
    found = finding(name, **changed)
    assert found.state == "wrong"
    assert found.to_do == "make setup"


def test_a_missing_part_of_the_machine_names_the_package_to_install() -> None:
    found = finding("netavark", machine={**WELL.machine, "netavark": None})
    assert found.state == "wrong"
    assert found.to_do == "sudo apt-get install netavark"


def test_a_part_that_tells_no_version_is_present() -> None:
    assert finding("netavark", machine={**WELL.machine, "netavark": ""}).found == "present"


def test_containers_that_do_not_start_are_wrong() -> None:
    assert finding("containers", container=None).state == "wrong"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("endpoint", {"endpoint": None}),
        ("endpoint", {"endpoint": ("http://localhost:1", False)}),
        ("credentials", {"credentials": ()}),
        ("rights", {"rights": None}),
    ],
)
def test_what_only_a_rehearsal_needs_is_a_note_and_no_failure(name: str, changed: dict[str, object]) -> None:
    found = finding(name, **changed)
    assert found.state == "note"
    assert found.well
    assert found.to_do


def test_a_dead_endpoint_is_seen_within_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert endpoint() == ("http://127.0.0.1:1", False)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert endpoint() is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12"),
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14", "9.2"),
        ("2.1148.1 (build fcf5e34)", "2.1148.1"),
        ("no version at all", None),
        (None, None),
    ],
)
def test_versions_are_read_from_what_programs_print(text: str | None, version: str | None) -> None:
    assert version_in(text) == version


def test_the_command_answers_with_one_object_and_an_exit_code_that_agrees() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolchain", "doctor", "--json"], capture_output=True, text=True, timeout=60
    )
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["well"] else 1)
    assert {"python", "node", "cdk", "packer", "podman", "containers"} <= {each["name"] for each in said["tools"]}
