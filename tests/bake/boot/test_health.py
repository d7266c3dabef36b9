"""The script that a machine is asked with, run by a real bash against a real server; systemd's word is a file's."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bake.boot import health
from bake.boot.health import NotHealthy, question, wait
from bake.boot.instance import Instance

INSTANCE = Instance("i-1", "127.0.0.1", "no key")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health?deep=1" else 503)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def answer(folder: Path, script: str, systemd: str = "running", cloud_init: str | None = None) -> tuple[int, str]:
    """What a machine with this state says."""
    programs = {"systemctl": f'[ "$1" = is-system-running ] && echo {systemd} || echo "bad.service loaded failed"'}
    if cloud_init:
        programs["cloud-init"] = f"echo 'status: {cloud_init}'"
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-s"], input=script, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def test_a_machine_whose_systemd_is_running_is_healthy(tmp_path: Path) -> None:
    assert answer(tmp_path, question(None)) == (0, "")


def test_a_failed_unit_is_named(tmp_path: Path) -> None:
    assert answer(tmp_path, question(None), systemd="degraded") == (1, "systemd says degraded; failed: bad.service")


def test_cloud_init_has_to_be_done_where_there_is_one(tmp_path: Path) -> None:
    assert answer(tmp_path, question(None), cloud_init="running") == (1, "cloud-init says status: running")
    assert answer(tmp_path, question(None), cloud_init="done") == (0, "")


def test_health_has_to_answer_200(tmp_path: Path, port: int) -> None:
    assert answer(tmp_path, question(f"http://127.0.0.1:{port}/health?deep=1")) == (0, "")
    code, said = answer(tmp_path, question(f"http://127.0.0.1:{port}/other"))
    assert code == 1 and "503" in said


def test_a_service_that_does_not_listen_is_said(tmp_path: Path) -> None:
    code, said = answer(tmp_path, question("http://127.0.0.1:1/health"))
    assert code == 1 and said.startswith("http://127.0.0.1:1/health says: ") and "refused" in said


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What a machine answers to each question; then that it is still starting."""
    answers: list[str | None] = []
    monkeypatch.setattr(health, "ask", lambda *_: answers.pop(0) if answers else "systemd says starting")
    monkeypatch.setattr(health, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(health, "GONE_EVERY_SECONDS", 0.0)
    return answers


def test_it_is_asked_until_nothing_is_in_the_way(told: list[str | None]) -> None:
    told += ["SSH does not answer", "systemd says starting", None]
    shown: list[str] = []
    assert wait(INSTANCE, None, limit_seconds=60, ended=lambda: None, shows=shown.append) < 60
    assert shown == ["SSH does not answer", "systemd says starting"]


def test_after_the_limit_it_says_what_was_in_the_way(told: list[str | None]) -> None:
    with pytest.raises(NotHealthy) as caught:
        wait(INSTANCE, None, limit_seconds=0.1, ended=lambda: None, shows=lambda _: None)
    assert "systemd says starting" in (caught.value.found or "")


def test_a_machine_that_ended_is_not_waited_for(told: list[str | None]) -> None:
    with pytest.raises(NotHealthy) as caught:
        wait(INSTANCE, None, limit_seconds=60, ended=lambda: "it is terminated: full disk", shows=lambda _: None)
    assert caught.value.found == "it is terminated: full disk"


def test_a_port_that_nobody_listens_on_is_no_traceback() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    said = health.ask(Instance("i-1", "127.0.0.250", text), "true")
    assert said is not None and said.startswith("SSH does not answer")
