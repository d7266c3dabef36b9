"""Brings a rehearsal up and down: starts its process, waits for its state, bootstraps its accounts."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from console.command import ENDING_SIGNALS
from console.errors import BadInput, KilnError, NotReady
from console.progress import Progress
from rehearsal import accounts, identity
from rehearsal.bootstrap import bootstrap
from rehearsal.identity import State
from rehearsal.pace import Pace

START_LIMIT_SECONDS = 1000  # the first start ever builds the base image of the guests (base_image.BUILD_SECONDS)
FIRST_PORT = 1024
PORTS_OF_GUESTS = frozenset({8080})  # the endpoint is on each guest's own loopback too
STOP_LIMIT_SECONDS = 120


def up(name: str, port: int, with_bootstrap: bool, progress: Progress) -> State:
    """Start the rehearsal, or give the one that is up already.

    Raises NotReady where guests cannot be started here or the port is taken, KilnError where the process ends early.
    """
    if state := identity.load(name):
        progress.phase(f"the rehearsal {name!r} is up already")
        return state
    refuse_where_guests_cannot_run()
    refuse_taken_port(port)
    Pace.of_environment()
    folder = identity.folder_of(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with progress.step("embedded AWS") as step:
        try:
            state = start(name, port, folder)
        except KeyboardInterrupt:
            down(name)
            raise
        step.result = f"{state.identity.url}, {len(state.accounts)} accounts"
    if with_bootstrap:
        with progress.step("cdk bootstrap") as step:
            try:
                targets = bootstrap(state.accounts, state.default_profile, environment_of(state), folder / "bootstrap")
            except BaseException:
                down(name)
                raise
            step.result = f"{len(targets)} accounts"
    return state


def refuse_where_guests_cannot_run() -> None:
    """Raises NotReady with everything that is missing and the command for each."""
    from rehearsal.guests import preflight

    if missing := preflight():
        raise NotReady("guests cannot be started on this machine", found="; ".join(missing), next_step="make setup")


def refuse_taken_port(port: int) -> None:
    """Raises NotReady where something else listens on the port, BadInput for one that cannot be; 0: any free one."""
    if port and (port < FIRST_PORT or port in PORTS_OF_GUESTS):
        raise BadInput(
            "the endpoint cannot have this port: programs in the guests listen there",
            where="--port",
            found=str(port),
            expected=f"{FIRST_PORT} to 65535 and not {', '.join(map(str, PORTS_OF_GUESTS))}, or 0 for any free one",
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NotReady(
                "the port is taken", where=f"127.0.0.1:{port}", found=str(error), next_step="choose another --port"
            ) from None


def start(name: str, port: int, folder: Path) -> State:
    """Start the server process and wait until it has written its state."""
    command = [sys.executable, "-m", "rehearsal", "serve", "--name", name, "--port", str(port)]
    if os.geteuid() != 0:
        command = ["sudo", "--preserve-env", *command]
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**without_aws(), "PYTHONUNBUFFERED": "1"},
        )
    limit = time.monotonic() + START_LIMIT_SECONDS
    try:
        while process.poll() is None and time.monotonic() < limit:
            if state := identity.load(name):
                return state
            time.sleep(0.05)
    except KeyboardInterrupt:
        with undisturbed():
            end_started(process)
        raise
    end_started(process)
    tail = "\n".join(log.read_text().strip().splitlines()[-8:])
    raise KilnError(
        "the embedded AWS did not start", found=tail, where=str(log), next_step="python -m toolchain doctor"
    )


def end_started(process: subprocess.Popen[bytes]) -> None:
    """End a server that has not written its state; it removes what it has made until then."""
    if process.poll() is None:
        terminate(process.pid)
        process.wait(STOP_LIMIT_SECONDS)


def down(name: str) -> bool:
    """End a rehearsal and everything that belongs to it; False where there was none.

    Raises KilnError where the process does not end in time; then its folder is kept.
    """
    with undisturbed():
        folder = identity.folder_of(name)
        state = identity.load(name)
        if state:
            end_process(state.pid, name)
        elif folder.exists():
            sweep(name)  # its process was killed
        existed = folder.exists()
        shutil.rmtree(folder, ignore_errors=True)
        return existed


@contextmanager
def undisturbed() -> Iterator[None]:
    """Finish the block whatever is pressed meanwhile: a second Ctrl-C would leave half of the rehearsal behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return

    def ask_for_patience(*_: object) -> None:
        print("still taking the rehearsal down, a moment please", file=sys.stderr)

    before = {number: signal.signal(number, ask_for_patience) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def terminate(pid: int) -> None:
    """SIGTERM for a process of root's."""
    if os.geteuid() == 0:
        os.kill(pid, signal.SIGTERM)
    else:
        subprocess.run(["sudo", "kill", "-TERM", str(pid)], check=True)


def end_process(pid: int, name: str) -> None:
    """SIGTERM, then wait until the process is gone."""
    terminate(pid)
    limit = time.monotonic() + STOP_LIMIT_SECONDS
    while identity.is_server(pid, name):
        if time.monotonic() > limit:
            raise KilnError("the rehearsal does not end", where=f"process {pid}", next_step=f"kill -9 {pid}")
        time.sleep(0.05)


def sweep(name: str) -> None:
    """Remove what a killed rehearsal left: guests, networks, images, processes, the network namespace."""
    if os.geteuid() != 0:
        subprocess.run(
            ["sudo", "--preserve-env", sys.executable, "-m", "rehearsal", "down", "--name", name], check=True
        )
        return
    from rehearsal.sweep import sweep_all

    sweep_all(name, identity.folder_of(name))


def without_aws() -> dict[str, str]:
    """This process's environment without what leads AWS's tools elsewhere, another rehearsal's settings among it."""
    return {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}


def environment_of(state: State) -> dict[str, str]:
    """The whole environment in which a command finds the rehearsal."""
    changes = accounts.variables(state.identity, state.accounts, state.default_profile)
    inherited = {k: v for k, v in without_aws().items() if k not in changes}
    tools = str(Path(sys.executable).parent)
    path = inherited.get("PATH", os.defpath)
    if tools not in path.split(os.pathsep):
        inherited["PATH"] = f"{tools}{os.pathsep}{path}"
    return inherited | {k: v for k, v in changes.items() if v is not None}


def inside(name: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in the rehearsal's network; without root, in the machine's."""
    if os.geteuid() != 0:
        return list(command)
    return ["nsenter", f"--net=/run/netns/kiln-{name}", "--", *command]
