"""The base guest: Debian 12 as its official AMIs have it, as far as a container can be one. One for all rehearsals.

mmdebstrap makes it once (about half a minute); the archive is kept in the cache folder and as a podman image that
carries the digest of the recipe, so that a changed recipe is a new image. Python is not in it, nor on Debian's AMIs in
a form that recipes may rely on; provisioning installs what it needs by apt, from the mirrors that the host uses.
"""

import fcntl
import hashlib
import logging
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import KilnError, NotReady
from rehearsal.guests.podman import Podman

SUITE = "bookworm"
OWNER = "136693071363"  # Debian's account, https://wiki.debian.org/Cloud/AmazonEC2Image
NAME = "debian-12-amd64-kiln"
PARAMETER = "/aws/service/debian/release/12/latest/amd64"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "openssh-server", "iproute2", "ca-certificates", "sudo")
# What of the host's apt settings also decides whether apt works in a guest.
APT_SETTINGS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http", "Acquire::Retries")
BUILD_SECONDS = 900

HOST_KEYS_UNIT = """[Unit]
Description=SSH host keys of this machine
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
ExecStart=/usr/bin/ssh-keygen -q -t ecdsa -N "" -f /etc/ssh/ssh_host_ecdsa_key

[Install]
WantedBy=multi-user.target
"""
SUDOERS = "admin ALL=(ALL) NOPASSWD:ALL\n"

log = logging.getLogger("rehearsal.guests")


def customization() -> tuple[str, ...]:
    """The shell commands that finish the file system in "$1"."""
    unit = "/etc/systemd/system/ssh-host-keys.service"
    return (
        'chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 admin',
        # No password at all, but not locked either: sshd lets a locked account in under no circumstances.
        "chroot \"$1\" usermod -p '*' admin",
        f'printf %s {shlex.quote(SUDOERS)} > "$1/etc/sudoers.d/90-cloud-init-users"',
        'chmod 440 "$1/etc/sudoers.d/90-cloud-init-users"',
        f'printf %s {shlex.quote(HOST_KEYS_UNIT)} > "$1{unit}"',
        f'chroot "$1" systemctl enable {Path(unit).name}',
        # A login prompt on the console is of no use to GetConsoleOutput.
        'chroot "$1" systemctl mask console-getty.service getty.target',
        'rm -f "$1"/etc/ssh/ssh_host_* "$1/var/lib/dbus/machine-id"',
        ': > "$1/etc/machine-id"',
        'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
    )


def recipe_digest() -> str:
    """What the base image is made of, without the host's part of it; hexadecimal SHA-256."""
    return hashlib.sha256("\n".join((SUITE, *PACKAGES, *customization())).encode()).hexdigest()


def image_id(region: str) -> str:
    """The id of the base image in a region: the same on every machine, another one in each region as on AWS."""
    return "ami-" + hashlib.sha256(f"{recipe_digest()} {region}".encode()).hexdigest()[:17]


def cache_folder() -> Path:
    """Where the archive is kept: $XDG_CACHE_HOME/kiln/guests."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kiln" / "guests"


def ensure(podman: Podman) -> str:
    """The podman name of the base image, built if it is nowhere. Raises NotReady, KilnError."""
    settings, mirrors = host_apt_settings(), host_mirrors()
    local = hashlib.sha256("\n".join((recipe_digest(), settings, *mirrors)).encode()).hexdigest()[:16]
    name = f"kiln/base:{local}"
    if podman.has_image(name):
        return name
    with _lock():
        if not podman.has_image(name):
            archive = cache_folder() / f"{SUITE}-{local}.tar"
            if not archive.exists():
                _build(archive, settings, mirrors)
            podman.run("import", "--quiet", str(archive), name)
    return name


def _build(archive: Path, settings: str, mirrors: tuple[str, ...]) -> None:
    log.info("building the base image of the guests, once on this machine: %s", archive)
    draft = archive.with_suffix(".new.tar")
    hooks = list(customization())
    if settings:
        hooks.append(f'printf %s {shlex.quote(settings)} > "$1/etc/apt/apt.conf.d/90kiln-host"')
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--format=tar"]
    command += [f"--aptopt={line}" for line in settings.splitlines()]
    command += [f"--customize-hook={hook}" for hook in hooks]
    try:
        done = subprocess.run(
            [*command, SUITE, str(draft), *mirrors],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
        if done.returncode:
            raise KilnError("mmdebstrap failed", where="base image", found=done.stderr.strip()[-800:])
        draft.replace(archive)
    except FileNotFoundError:
        raise NotReady("mmdebstrap is not installed", next_step="apt-get install mmdebstrap") from None
    except subprocess.TimeoutExpired:
        raise KilnError("mmdebstrap does not end", found=f"{BUILD_SECONDS} s", where="base image") from None
    finally:
        draft.unlink(missing_ok=True)


def host_mirrors() -> tuple[str, ...]:
    """The host's own mirrors where it is the same Debian; () elsewhere: mmdebstrap then takes Debian's."""
    form = "$(ORIGIN) $(RELEASE) $(REPO_URI)"
    listed = _output("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    return mirrors_of(listed)


def mirrors_of(listing: str) -> tuple[str, ...]:
    """apt's source lines for the suites of this Debian in a list of `ORIGIN SUITE ADDRESS`; () if one is missing."""
    found = {}
    for line in listing.splitlines():
        match line.split():
            case ["Debian", suite, address]:
                found[suite] = f"deb {address.rstrip('/')} {suite} main"
    suites = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
    return tuple(found[suite] for suite in suites) if all(suite in found for suite in suites) else ()


def host_apt_settings() -> str:
    """The lines of the host's apt settings that apt in a guest needs too."""
    lines = _output("apt-config", "dump").splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(APT_SETTINGS) and not line.endswith(' "";'))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    except FileNotFoundError:
        return ""  # a host without apt: Debian's own mirrors and settings


@contextmanager
def _lock() -> Iterator[None]:
    """Two rehearsals that start at once build it once."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
