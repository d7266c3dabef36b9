"""The container behind a machine: made, brought up, halted, removed. It knows nothing of states."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.guests import cloud_init
from rehearsal.guests.launch import Launch, Record
from rehearsal.guests.loopback import Attachment, Loopback
from rehearsal.guests.metadata import Credentials, Metadata
from rehearsal.guests.network import Networks
from rehearsal.guests.podman import Container, Podman

ORDERLY_SECONDS = 20  # how long systemd may take to stop its units
FIRST_MOMENTS_SECONDS = 5  # until systemd expects signals; it takes a fraction of a second
SHUTDOWN_SIGNAL = signal.SIGRTMIN + 3  # systemd(1): halts the machine; what podman sends to a container with systemd
REBOOT_EXIT_CODE = 129  # the kernel ends the first process of a container that asks for a reboot by SIGHUP (reboot(2))
ROLE_SECONDS = 3600

if TYPE_CHECKING:
    from rehearsal.front.clients import Clients

log = logging.getLogger("rehearsal.guests")


@dataclass(frozen=True, slots=True)
class Host:
    """What all guests of a rehearsal share.

    Args:
        folder: where the guests' consoles and process numbers are kept.
        settings: the folder with the machine-wide settings that the platform gives a guest.
    """

    podman: Podman
    networks: Networks
    loopback: Loopback
    clients: "Clients"
    folder: Path
    settings: Path


def expects(pid: int, number: int) -> bool:
    """Whether a process catches a signal or reads it from a descriptor (then it is blocked); True where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigBlk:", "SigCgt:"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


class Guest:
    """The container of one machine.

    Args:
        image: the podman image that it boots.
        ended: called with True if the guest asks for a reboot, with False if it has ended, by itself in both cases.
    """

    def __init__(self, host: Host, record: Record, image: str, ended: Callable[[bool], None]) -> None:
        self._host = host
        self._launch: Launch = record.launch
        self._image = image
        self._ended = ended
        self._metadata = Metadata(record.facts, self._assume)
        self._attachment: Attachment | None = None
        self._made = False

    @property
    def name(self) -> str:
        """The container's name."""
        return f"kiln-{self._host.podman.label}-{self._launch.instance_id}"

    @property
    def _console(self) -> Path:
        return self._host.folder / "consoles" / self._launch.instance_id

    def console(self) -> str:
        """What podman has written of the guest's console, in podman's own format k8s-file."""
        return self._console.read_text(errors="replace") if self._console.exists() else ""

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""
        return self._attachment is not None and self._attachment.process is not None

    def boot(self) -> None:
        """Start the guest; the first time it is made from its image. Raises KilnError, OSError."""
        first = not self._made
        if first:
            self._make()
        self._host.podman.init(self.name)
        pid = int(self._pid_file.read_text())
        if first:
            cloud_init.prepare(Path(f"/proc/{pid}/root"), self._launch.public_keys, self._launch.user_data)
        self._attachment = self._host.loopback.attach(pid, self._metadata, self._process_ended)
        self._host.podman.start(self.name)

    def _make(self) -> None:
        network = self._host.networks.ensure(self._launch.vpc_id, self._launch.vpc_block)
        for file in (self._console, self._pid_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        self._host.podman.create(
            Container(
                name=self.name,
                image=self._image,
                network=network,
                address=self._launch.address,
                console=self._console,
                pid_file=self._pid_file,
                settings=self._host.settings,
            )
        )
        self._made = True

    @property
    def _pid_file(self) -> Path:
        return self._host.folder / "processes" / self._launch.instance_id

    def halt(self) -> None:
        """Stop the guest in order; its file system stays."""
        self._detach()
        if self._made:
            self._wait_for_systemd()
            self._host.podman.stop(self.name, ORDERLY_SECONDS)

    def _wait_for_systemd(self) -> None:
        """The kernel drops a signal to a first process that does not expect it yet, and the guest would never stop."""
        limit = time.monotonic() + FIRST_MOMENTS_SECONDS
        while self._pid_file.exists() and not expects(int(self._pid_file.read_text()), SHUTDOWN_SIGNAL):
            if time.monotonic() > limit:
                return
            time.sleep(0.02)

    def remove(self) -> None:
        """Stop the guest in order and remove it."""
        try:
            self.halt()
        finally:
            self._host.podman.remove(self.name)
            self._made = False

    def commit(self, image: str) -> None:
        """Make an image of the guest's file system, running or stopped."""
        self._host.podman.commit(self.name, image)

    def _detach(self) -> None:
        if self._attachment:
            self._host.loopback.detach(self._attachment)
            self._attachment = None

    def _process_ended(self) -> None:
        """In a thread of its own, because it waits for podman, and the caller is the event loop."""
        threading.Thread(target=self._tell_end, name=f"end of {self.name}", daemon=True).start()

    def _tell_end(self) -> None:
        code = self._host.podman.exit_code(self.name)
        log.info("%s has ended by itself, exit code %s", self.name, code)
        self._ended(code == REBOOT_EXIT_CODE)

    def _assume(self, role_arn: str) -> Credentials:
        sts = self._host.clients.get("sts", self._launch.account, self._launch.region)
        session = {"RoleArn": role_arn, "RoleSessionName": self._launch.instance_id, "DurationSeconds": ROLE_SECONDS}
        keys = sts.assume_role(**session)["Credentials"]
        expires: datetime = keys["Expiration"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], expires)
