"""One HAProxy process in its own folder: started, reloaded without a lost request, stopped, and swept when left over.

It ends with the server in every case: asked to, by the parent-death signal when the server is killed, and by the pid
file at the next start should both have failed.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from rehearsal.balancer.runtime import Runtime

log = logging.getLogger("rehearsal.balancer")

START_SECONDS = 5.0
STOP_SECONDS = 3.0
COMMAND = ("haproxy", "-W", "-S", "unix@master", "-f", "haproxy.cfg")


class HaproxyFault(Exception):
    """HAProxy refuses a configuration or does not start; the message is its own."""


class Haproxy:
    """The HAProxy of one load balancer. All paths are relative to `folder`, its working directory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.runtime = Runtime(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def load(self, text: str, files: Mapping[str, str]) -> None:
        """Start with this configuration or reload it; health and connections survive. Raises HaproxyFault, OSError.

        Args:
            files: the maps and certificates that the text names. A configuration that HAProxy refuses changes nothing.
        """
        for name, contents in files.items():
            _write(self.folder / name, contents)
        _write(self.folder / "draft.cfg", text)
        checked = subprocess.run(
            ["haproxy", "-c", "-f", "draft.cfg"],
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
        )
        if checked.returncode:
            raise HaproxyFault(_alerts(checked.stderr))
        (self.folder / "draft.cfg").replace(self.folder / "haproxy.cfg")
        if self.running:
            self._reload()
        else:
            self._start()

    def _start(self) -> None:
        _write(self.folder / "state", "1\n")
        with (self.folder / "log").open("ab") as errors:
            self._log_start = errors.tell()
            # The signal goes out when the thread that started HAProxy ends: it is the load balancer's own thread.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *COMMAND], cwd=self.folder, stderr=errors, stdout=errors
            )
        _write(self.folder / "pid", str(self._process.pid))
        self._wait_for_another(None)

    def _reload(self) -> None:
        assert self._process is not None
        _write(self.folder / "state", self.runtime.ask("show servers state"))
        before = self.runtime.pid()
        self._process.send_signal(signal.SIGUSR2)
        self._wait_for_another(before)

    def _wait_for_another(self, before: str | None) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.running:
            if self.runtime.pid() not in (None, before):
                self.runtime.reloaded()
                return
            time.sleep(0.01)
        said = (self.folder / "log").read_bytes()[self._log_start :].decode(errors="replace")
        raise HaproxyFault(f"HAProxy does not start: {_alerts(said)}")

    def stop(self) -> None:
        """End HAProxy with all its connections."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        (self.folder / "pid").unlink(missing_ok=True)
        self.runtime.close()


def sweep(folder: Path) -> list[int]:
    """End the HAProxy processes that a killed server has left in the folders below; returns their process ids."""
    left = [pid for file in folder.glob("*/pid") if (pid := _ours(file))]
    for pid in left:
        log.warning("HAProxy %d was left by an earlier server: ended", pid)
        os.kill(pid, signal.SIGTERM)
    return left


def _ours(file: Path) -> int | None:
    """The process id in the file, if that process is HAProxy in this very folder and not another one by now."""
    try:
        pid = int(file.read_text())
        process = Path(f"/proc/{pid}")
        command = (process / "cmdline").read_bytes().split(b"\0")
        here = (process / "cwd").resolve() == file.parent.resolve()
    except (OSError, ValueError):
        return None
    return pid if here and Path(os.fsdecode(command[0])).name == "haproxy" else None


def _write(path: Path, contents: str) -> None:
    """At once and whole; readable by the owner only, since some of it are private keys."""
    draft = path.with_name(path.name + ".new")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
        out.write(contents)
    draft.replace(path)


def _alerts(output: str) -> str:
    """What HAProxy complains about, without its notices."""
    alerts = [line.partition(" : ")[2] for line in output.splitlines() if line.startswith("[ALERT]")]
    return "; ".join(alerts) or output.strip()
