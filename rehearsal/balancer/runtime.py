"""HAProxy's runtime API over its two sockets: targets, weights and statistics, without a reload.

Orders go to the current worker only. Those that reloads have left behind take none; they are asked, through the
master's socket, what they still have in flight.
"""

import contextlib
import csv
import io
import os
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from rehearsal.balancer.config import TWIN
from rehearsal.balancer.targets import Seen
from rehearsal.balancer.traffic import Traffic

ANSWER_SECONDS = 5.0
SERVERS_ONLY = "show stat -1 4 -1"  # all proxies, servers only, all of them
WITH_FRONTENDS = "show stat -1 5 -1"
OLD_WORKERS = re.compile(r"# old workers\n(.*?)(?:^# |\Z)", re.MULTILINE | re.DOTALL)


class RuntimeRefusal(Exception):
    """HAProxy did not do what it was asked."""


class Runtime:
    """The runtime API of the HAProxy that runs in `folder`."""

    def __init__(self, folder: Path) -> None:
        # Through the descriptor the sockets' paths stay below the 108 characters that a socket address may have.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._old: tuple[str, ...] = ()
        self.traffic = Traffic()

    def close(self) -> None:
        os.close(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, command: str, worker: str | None = None) -> str:
        """The answer of the current worker, or of an old one by its pid. Raises OSError."""
        if worker:
            return self._ask("master", f"@!{worker} {command}")
        return self._ask("sock", command)

    def _ask(self, name: str, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(f"/proc/self/fd/{self._folder}/{name}")
            connection.sendall(command.encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)  # the master goes on talking otherwise
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def do(self, command: str, expected: str = "") -> None:
        """Have the current worker do something. Raises RuntimeRefusal, OSError.

        Args:
            expected: a part of the answer that means "done"; HAProxy says nothing after most commands.
        """
        answer = self.ask(command).strip()
        if expected not in answer or (answer and not expected):
            raise RuntimeRefusal(f"HAProxy answered {answer!r} to {command!r}")

    def pid(self) -> str | None:
        """The current worker's process id; None while it cannot be asked."""
        try:
            found = re.search(r"^Pid: (\d+)", self.ask("show info"), re.MULTILINE)
        except OSError:
            return None
        return found.group(1) if found else None

    def old_workers(self) -> tuple[str, ...]:
        """The workers that reloads have left behind; asks the master only while there are any."""
        if self._old:
            # It refuses for an instant during a reload; what was known stays true then.
            with contextlib.suppress(ConnectionRefusedError):
                self._old = old_workers(self._ask("master", "show proc"))
        return self._old

    def reloaded(self, seconds: float = ANSWER_SECONDS) -> None:
        """A reload is over: learn from the master which workers it left behind. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._old = old_workers(self._ask("master", "show proc"))
                return
            except OSError:
                time.sleep(0.01)
        raise TimeoutError("HAProxy's master does not answer")

    def servers(self, everywhere: bool) -> dict[str, Seen]:
        """What HAProxy sees of each server, by the server's name, which is unique over all backends.

        Args:
            everywhere: count requests in flight at old workers too.
        """
        counters = self.ask(WITH_FRONTENDS)
        self.traffic.read(counters)
        seen = statistics(counters)
        for pid in self.old_workers() if everywhere else ():
            for name, old in statistics(self.ask(SERVERS_ONLY, pid)).items():
                if name in seen:
                    now = seen[name]
                    seen[name] = Seen(now.up, now.check, now.code, now.in_flight + old.in_flight)
        return seen

    def add(self, backend: str, line: str, twin: str) -> None:
        """Add a server that is checked but gets no requests yet, and its unchecked twin.

        Put straight to ready it would be up, and get requests, before any check. A line that is its twin has no check.
        """
        name = line.split(" ", 1)[0]
        self.do(f"add server {backend}/{line}", "New server registered")
        self.do(f"add server {backend}{TWIN}/{twin}", "New server registered")
        self.do(f"set server {backend}/{name} state drain")
        if line != twin:
            self.do(f"enable health {backend}/{name}")

    def serve(self, backend: str, name: str, healthy: bool) -> None:
        """Let a server have requests: at once if it is healthy, else as soon as its checks pass."""
        if healthy:
            self.do(f"set server {backend}/{name} health up")
        for proxy in (backend, backend + TWIN):
            self.do(f"set server {proxy}/{name} state ready")

    def stop(self, backend: str, name: str) -> None:
        """No new requests from now on; those in flight go on."""
        for proxy in (backend, backend + TWIN):
            self.do(f"set server {proxy}/{name} state maint")

    def cut(self, backend: str, name: str) -> None:
        """End the requests in flight."""
        for proxy in (backend, backend + TWIN):
            self.do(f"shutdown sessions server {proxy}/{name}")
        for pid in self.old_workers():
            for session in sessions(self.ask("show sess", pid), name):
                self.ask(f"shutdown session {session}", pid)

    def remove(self, backend: str, name: str) -> bool:
        """Whether the server is gone now; idle connections hold it back for some seconds."""
        gone = [self.ask(f"del server {proxy}/{name}") for proxy in (backend, backend + TWIN)]
        return all("deleted" in answer or "No such server" in answer for answer in gone)

    def set_map(self, file: str, lines: Mapping[str, str]) -> None:
        """Replace a map: every request sees the old lines or the new ones. Raises RuntimeRefusal."""
        prepared = re.search(r"version created: (\d+)", self.ask(f"prepare map {file}"))
        if prepared is None:
            raise RuntimeRefusal(f"HAProxy does not know the map {file}")
        version = prepared.group(1)
        for key, value in lines.items():
            self.do(f"add map @{version} {file} {key} {value}")
        self.do(f"commit map @{version} {file}")


def old_workers(show_proc: str) -> tuple[str, ...]:
    """The process ids under "old workers" in the master's answer to `show proc`."""
    found = OLD_WORKERS.search(show_proc)
    return tuple(re.findall(r"^(\d+)", found.group(1), re.MULTILINE)) if found else ()


def sessions(show_sess: str, server: str) -> tuple[str, ...]:
    """The requests in flight at a server, by their addresses in the answer to `show sess`."""
    return tuple(re.findall(rf"^(0x[0-9a-f]+):.* srv={re.escape(server)} ", show_sess, re.MULTILINE))


def statistics(show_stat: str) -> dict[str, Seen]:
    """`show stat` as values: a server and its twin are one."""
    rows = [row for row in csv.DictReader(io.StringIO(show_stat.lstrip("# "))) if row["svname"] != "FRONTEND"]
    in_flight: dict[str, int] = {}
    for row in rows:
        in_flight[row["svname"]] = in_flight.get(row["svname"], 0) + int(row["scur"])
    return {
        row["svname"]: Seen(
            up=row["status"].startswith(("UP", "no check")),
            check=row["check_status"].removeprefix("* "),  # the star: a check is under way
            code=row["check_code"],
            in_flight=in_flight[row["svname"]],
        )
        for row in rows
        if not row["pxname"].endswith(TWIN)
    }
