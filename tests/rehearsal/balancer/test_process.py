"""HAProxy ends with the server, whatever ends the server."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.balancer.process import Haproxy, HaproxyFault, sweep

CONFIGURATION = """\
global
  stats socket unix@sock mode 600 level admin expose-fd listeners
  server-state-file state
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen here
  bind unix@here
"""
SERVER = """\
import sys, time, pathlib
from rehearsal.balancer.process import Haproxy
haproxy = Haproxy(pathlib.Path(sys.argv[1]))
haproxy.load(sys.argv[2], {})
print(haproxy.runtime.pid(), haproxy._process.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(test: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if test():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Haproxy]:
    made = Haproxy(tmp_path / "one")
    made.load(CONFIGURATION, {})
    yield made
    made.stop()


def test_a_server_that_is_killed_takes_haproxy_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "one"), CONFIGURATION]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        pids = [int(pid) for pid in server.stdout.readline().split()]
        assert all(alive(pid) for pid in pids)
        server.kill()
        assert until(lambda: not any(alive(pid) for pid in pids))


def test_a_left_over_haproxy_is_swept_by_the_next_start(haproxy: Haproxy, tmp_path: Path) -> None:
    assert haproxy.running
    assert sweep(tmp_path) == [int((tmp_path / "one" / "pid").read_text())]
    assert until(lambda: not haproxy.running)


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with subprocess.Popen(["sleep", "30"], cwd=tmp_path / "other") as sleeping:
        (tmp_path / "other" / "pid").write_text(str(sleeping.pid))
        assert sweep(tmp_path) == []
        assert alive(sleeping.pid)
        sleeping.kill()


@pytest.mark.parametrize("contents", ["", "nonsense", "999999999"])
def test_a_pid_file_without_a_process_does_no_harm(tmp_path: Path, contents: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pid").write_text(contents)
    assert sweep(tmp_path) == []


def test_a_refused_configuration_changes_nothing(haproxy: Haproxy) -> None:
    worker = haproxy.runtime.pid()
    with pytest.raises(HaproxyFault, match="unknown keyword 'nonsense'"):
        haproxy.load(CONFIGURATION + "  nonsense\n", {})
    assert haproxy.runtime.pid() == worker
    assert "nonsense" not in (haproxy.folder / "haproxy.cfg").read_text()


def test_a_reload_is_another_worker_of_the_same_process(haproxy: Haproxy) -> None:
    master, worker = int((haproxy.folder / "pid").read_text()), haproxy.runtime.pid()
    haproxy.load(CONFIGURATION + "  maxconn 10\n", {})
    assert haproxy.runtime.pid() != worker
    assert alive(master)


def test_nobody_else_may_read_what_haproxy_reads(haproxy: Haproxy) -> None:
    haproxy.load(CONFIGURATION, {"key.pem": "secret"})
    assert oct((haproxy.folder / "key.pem").stat().st_mode & 0o777) == "0o600"


def test_a_haproxy_that_cannot_start_says_why(tmp_path: Path) -> None:
    other = Haproxy(tmp_path / "two")
    foreign = CONFIGURATION + "  bind 192.0.2.1:80\n"  # an address that this machine does not have
    try:
        with pytest.raises(HaproxyFault, match=r"192\.0\.2\.1:80"):
            other.load(foreign, {})
    finally:
        other.stop()


def test_stopping_ends_master_and_worker(tmp_path: Path) -> None:
    made = Haproxy(tmp_path / "one")
    made.load(CONFIGURATION, {})
    pids = [int((tmp_path / "one" / "pid").read_text()), int(str(made.runtime.pid()))]
    made.stop()
    assert until(lambda: not any(alive(pid) for pid in pids))
    assert not (tmp_path / "one" / "pid").exists()
