"""What is missing on this machine to start guests, each with the command to type; quick, starts nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rehearsal.guests.base_image import cache_folder

# command → Debian's package of it
COMMANDS = {
    "podman": "podman",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "sysctl": "procps",
}
RUNTIMES = ("crun", "runc")
NETAVARK = ("/usr/lib/podman/netavark", "/usr/libexec/podman/netavark", "/usr/local/libexec/podman/netavark")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


def preflight() -> list[str]:
    """What is missing, in sentences; empty where guests can be started. Without root it asks whether sudo works."""
    if not sys.platform.startswith("linux"):
        return [f"guests are Linux containers, and this is {sys.platform}: use a Linux machine"]
    missing = [f"{command} is not installed: apt-get install {COMMANDS[command]}" for command in COMMANDS]
    missing = [line for command, line in zip(COMMANDS, missing, strict=True) if not found(command)]
    if not any(found(runtime) for runtime in RUNTIMES):
        missing.append("no container runtime is installed: apt-get install runc")
    if not any(Path(path).exists() for path in NETAVARK):
        missing.append("podman's network program netavark is not installed: apt-get install netavark")
    if not KEYRING.exists() and not any(cache_folder().glob("*.tar")):
        missing.append("Debian's signing keys are not installed: apt-get install debian-archive-keyring")
    return missing + rights()


def found(command: str) -> bool:
    """Whether a command is there; a user's PATH may lack the folders where root's are."""
    return shutil.which(command, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}") is not None


def rights() -> list[str]:
    """What the user or the machine does not allow."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and not _works([*root, "true"]):
        return ["guests need root: run it as root, or as a user who may use sudo (sudo -v)"]
    if not _works([*root, "unshare", "--net", "true"]):
        return ["this machine does not let root make network namespaces: use one that does, e.g. a virtual machine"]
    return []


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
