"""What the rehearsal needs of the machine itself: Debian packages, installed where we may, named where we may not.

`runc` is asked for although podman would bring crun: crun refuses hybrid cgroups, runc runs on both, and podman's
dependency is satisfied by either. Debian starts a HAProxy of its own when the package is installed; one that we
installed is stopped again, one that was there is left alone.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.progress import Progress

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class SystemPart:
    """A program or file of the machine, the Debian package that has it, and what it is for."""

    name: str
    package: str
    purpose: str
    path: Path | None = None

    def present(self) -> bool:
        """Whether it is there; also looked for in the sbin folders, which not every user has on PATH."""
        if self.path:
            return self.path.exists()
        return shutil.which(self.name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") is not None


PARTS = (
    SystemPart("podman", "podman", "an instance is a container"),
    SystemPart("runc", "runc", "the container runtime that works on all kinds of cgroups"),
    SystemPart("netavark", "netavark", "a VPC is a podman network", Path("/usr/lib/podman/netavark")),
    SystemPart("aardvark-dns", "aardvark-dns", "part of podman's networks", Path("/usr/lib/podman/aardvark-dns")),
    SystemPart("iptables", "iptables", "guests reach the outside"),
    SystemPart("ip", "iproute2", "each rehearsal has a network namespace"),
    SystemPart("mmdebstrap", "mmdebstrap", "makes the base image of the guests"),
    SystemPart(
        "debian-archive-keyring",
        "debian-archive-keyring",
        "mmdebstrap checks Debian's signatures",
        Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    ),
    SystemPart("haproxy", "haproxy", "a load balancer is a HAProxy"),
    SystemPart("ssh", "openssh-client", "to look into a guest by hand"),
    SystemPart("curl", "curl", "to look at the page by hand"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides whether packages can be installed."""

    missing: tuple[str, ...]
    has_apt: bool
    is_root: bool
    can_sudo: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One command to run, and what it is called in progress."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """What to do about missing packages: commands to run, or, where we may not, the command to type."""

    packages: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    to_type: str | None = None


def missing_packages(parts: Iterable[SystemPart] = PARTS) -> tuple[str, ...]:
    """The packages of all parts that are not there, each once, in order."""
    return tuple(dict.fromkeys(part.package for part in parts if not part.present()))


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def gather() -> Machine:
    """Look at the machine; changes nothing."""
    sudo = shutil.which("sudo")
    # A password can only be asked for on a terminal.
    asks = sudo is not None and sys.stdin.isatty()
    return Machine(
        missing=missing_packages(),
        has_apt=shutil.which("apt-get") is not None,
        is_root=os.geteuid() == 0,
        can_sudo=asks or (sudo is not None and _quiet([sudo, "-n", "true"])),
    )


def plan(machine: Machine) -> Installation:
    """What to do about the missing packages of a machine."""
    if not machine.missing:
        return Installation()
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *machine.missing)
    if not machine.has_apt:
        return Installation(machine.missing, to_type=f"with your package manager: {' '.join(machine.missing)}")
    if not (machine.is_root or machine.can_sudo):
        return Installation(machine.missing, to_type=f"sudo {' '.join(install)}")
    rights = () if machine.is_root else ("sudo",)
    quietly = (*rights, "env", "DEBIAN_FRONTEND=noninteractive")
    commands = [
        Command("apt-get update", (*quietly, "apt-get", "update", "-qq")),
        Command("apt-get install", (*quietly, *install, "-qq")),
    ]
    if "haproxy" in machine.missing:
        commands.append(Command("no HAProxy of the distribution's own", (*rights, "sh", "-c", STOP_HAPROXY)))
    return Installation(machine.missing, tuple(commands))


STOP_HAPROXY = "if [ -d /run/systemd/system ]; then systemctl disable --now --quiet haproxy; fi"


def execute(installation: Installation, progress: Progress) -> str | None:
    """Install; None, or what is still to be typed by a person and why."""
    if installation.to_type:
        return f"missing, and not ours to install: {installation.to_type}"
    for command in installation.commands:
        progress.phase(command.name)
        # standard input stays: sudo may have to ask for a password
        done = subprocess.run(command.words, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return f"`{' '.join(command.words)}` failed: {last}"
    return None
