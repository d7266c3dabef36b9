"""`python -m rehearsal` as a user calls it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.accounts import declared

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which no other rehearsal is known."""
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path)}


def rehearsal(home: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rehearsal", *arguments]
    return subprocess.run(command, cwd=ROOT, env=home, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("command", ["up", "down", "status", "env", "run", "demo", "resources"])
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(home: dict[str, str], command: str) -> None:
    said = rehearsal(home, command, "--help").stdout
    assert "Example:" in said
    assert "Exit codes:" in said


def test_status_of_nothing_is_not_ready(home: dict[str, str]) -> None:
    done = rehearsal(home, "status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout) == {"name": "default", "up": False}


def test_env_of_nothing_names_the_next_step(home: dict[str, str]) -> None:
    done = rehearsal(home, "env")
    assert done.returncode == 3
    assert "python -m rehearsal up" in done.stderr
    assert done.stdout == ""


def test_down_of_nothing_is_done(home: dict[str, str]) -> None:
    done = rehearsal(home, "down", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"name": "default", "up": False, "was_up": False}


def test_a_taken_port_is_a_clear_refusal(home: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = rehearsal(home, "up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3
    assert "the port is taken" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def up(home: dict[str, str]) -> Iterator[dict[str, str]]:
    done = rehearsal(home, "up", "--name", "cmd", "--no-bootstrap", "--json")
    assert done.returncode == 0, done.stderr
    yield home
    rehearsal(home, "down", "--name", "cmd")


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.slow
def test_a_rehearsal_comes_up_serves_every_account_and_leaves_nothing(up: dict[str, str]) -> None:
    said = json.loads(rehearsal(up, "status", "--name", "cmd", "--json").stdout)
    assert [a["id"] for a in said["accounts"]] == [a.id for a in declared()[0]]
    assert "access_key" not in json.dumps(said)
    one = "boto3.Session(profile_name=p).client('sts').get_caller_identity()['Account']"
    ask = f"import boto3; print([{one} for p in %r])"
    profiles = [a["environment"] for a in said["accounts"]]
    done = rehearsal(up, "run", "--name", "cmd", "--no-bootstrap", "--", sys.executable, "-c", ask % profiles)
    assert done.stdout.strip() == str([a["id"] for a in said["accounts"]]), done.stderr
    assert Path(f"/proc/{said['pid']}").exists(), "a rehearsal that was up before `run` stays up"

    assert rehearsal(up, "down", "--name", "cmd").returncode == 0
    assert not is_running(said["pid"])
    assert not Path(said["folder"]).exists()
    assert not Path("/run/netns/kiln-cmd").exists()
    assert "kiln-cmd" not in subprocess.check_output(["podman", "ps", "-a"], text=True)


@pytest.mark.slow
def test_run_gives_the_exit_code_of_its_command_and_ends_the_rehearsal(home: dict[str, str]) -> None:
    done = rehearsal(home, "run", "--no-bootstrap", "--", "sh", "-c", 'test -n "$AWS_ENDPOINT_URL" && exit 42')
    assert done.returncode == 42, done.stderr
    assert list(Path(home["XDG_STATE_HOME"], "kiln", "rehearsals").iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_rehearsal_left_is_removed_by_down(up: dict[str, str]) -> None:
    pid = json.loads(rehearsal(up, "status", "--name", "cmd", "--json").stdout)["pid"]
    os.kill(pid, 9)
    done = rehearsal(up, "down", "--name", "cmd")
    assert done.returncode == 0, done.stderr
    assert not Path("/run/netns/kiln-cmd").exists()
    rules = subprocess.check_output(["iptables-save"], text=True)
    assert "kiln-cmd" not in rules and "kiln rehearsal cmd" not in rules
