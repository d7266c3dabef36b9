"""Runs podman for one rehearsal: everything it makes carries the rehearsal's label, so that a sweep finds it.

How a guest is run (measured): not `--privileged`, which would give it the host's disks and
let its systemd-sysctl change the host's kernel, but with all capabilities and without the seccomp filter, which
systemd and the sandboxing of its units need.
"""

import logging
import shlex
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from console.errors import KilnError, NotReady

LABEL = "kiln.rehearsal"
LIMIT_SECONDS = 120
# Where the process may not raise its limits (no CAP_SYS_RESOURCE), podman's own default limits cannot be set.
ULIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")

log = logging.getLogger("rehearsal.guests")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A container runtime that works here, and the options that it needs; "" is podman's default."""

    name: str
    options: tuple[str, ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("--runtime", self.name) if self.name else ()


CANDIDATES = (Runtime("", ()), Runtime("", ULIMITS), Runtime("runc", ()), Runtime("runc", ULIMITS))


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a guest, not yet made."""

    name: str
    image: str
    network: str
    address: str
    console: Path
    pid_file: Path
    settings: Path  # a folder that systemd reads as system.conf.d; in /run, so that no image ever holds it


def mac_of(address: str) -> str:
    """The hardware address of a guest: the same for the same IPv4 address.

    A neighbour keeps the old hardware address of a reused IPv4 address for 11 to 25 s otherwise (measured).
    """
    return "02:4b:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def create_arguments(container: Container, label: str, runtime: Runtime) -> list[str]:
    """The arguments of `podman create` for a guest."""
    return [
        *("create", "--name", container.name, "--label", f"{LABEL}={label}", "--pull", "never"),
        *("--hostname", "ip-" + container.address.replace(".", "-")),
        *("--network", container.network, "--ip", container.address, "--mac-address", mac_of(container.address)),
        *("--systemd", "always", "--cap-add", "all"),
        *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
        *("--security-opt", "label=disable"),
        *runtime.options,
        *("--tty", "--log-driver", "k8s-file", "--log-opt", f"path={container.console}"),
        *("--pidfile", str(container.pid_file)),
        *("--volume", f"{container.settings}:/run/systemd/system.conf.d:ro"),
        *(container.image, "/sbin/init"),
    ]


@dataclass(frozen=True, slots=True)
class Podman:
    """podman with the networks and the label of one rehearsal.

    Args:
        label: the rehearsal's name, the value of the label kiln.rehearsal.
        networks: the folder where podman keeps the rehearsal's networks.
        namespace: the network namespace to run in; None: the caller's.
    """

    label: str
    networks: Path
    namespace: Path | None = None
    _trial: "_Trial" = field(default_factory=lambda: _Trial())

    def run(self, *arguments: str, runtime: Runtime | None = None, seconds: float = LIMIT_SECONDS) -> str:
        """Run podman; gives its output. Raises KilnError with its last words when it fails."""
        enter = ("nsenter", f"--net={self.namespace}", "--") if self.namespace else ()
        command = (*enter, "podman", *(runtime.arguments if runtime else ()))
        command += ("--network-config-dir", str(self.networks), *arguments)
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds
            )
        except subprocess.TimeoutExpired:
            raise KilnError("podman does not answer", where=shlex.join(command), found=f"{seconds} s") from None
        if done.returncode:
            raise KilnError("podman failed", where=f"podman {shlex.join(arguments)}", found=done.stderr.strip()[-500:])
        return done.stdout.strip()

    def runtime(self, image: str) -> Runtime:
        """The first runtime with which a container really runs here, found by trying once.

        Raises NotReady where none does.
        """
        with self._trial.lock:
            if self._trial.found is None:
                self._trial.found = self._try_runtimes(image)
            return self._trial.found

    def _try_runtimes(self, image: str) -> Runtime:
        complaints = []
        for runtime in CANDIDATES:
            trial = ("run", "--rm", "--pull", "never", "--network", "none", "--cap-add", "all", *runtime.options)
            try:
                self.run(*trial, "--label", f"{LABEL}={self.label}", image, "/bin/true", runtime=runtime)
                log.info("container runtime: %s %s", runtime.name or "podman's default", " ".join(runtime.options))
                return runtime
            except KilnError as error:
                complaints.append(str(error.found))
        raise NotReady(
            "no container can be started here",
            found=complaints[-1],
            expected="a container runtime that podman can use: crun or runc",
            next_step="apt-get install runc",
        )

    # --- containers ---------------------------------------------------------------------------------------------------
    def create(self, container: Container) -> None:
        """Make the container of a guest."""
        runtime = self.runtime(container.image)
        self.run(*create_arguments(container, self.label, runtime), runtime=runtime)

    def init(self, name: str) -> None:
        """Bring a container up to the moment before its first program starts: its namespaces and mounts are there."""
        self.run("init", name)

    def start(self, name: str) -> None:
        """Start what `init` has prepared."""
        self.run("start", name)

    def stop(self, name: str, seconds: int) -> None:
        """Let systemd stop its units; after `seconds` the plug is pulled."""
        self.run("stop", "--ignore", "--time", str(seconds), name, seconds=seconds + 30)

    def exit_code(self, name: str) -> int:
        """How a container ended; waits until it has."""
        return int(self.run("wait", name, seconds=30).splitlines()[-1])

    def remove(self, *names: str) -> None:
        """Remove containers, running or not; those that do not exist are none."""
        self.run("rm", "--force", "--ignore", "--time", "0", *names)

    # --- images -------------------------------------------------------------------------------------------------------
    def commit(self, container: str, image: str) -> None:
        """Make an image of a container's file system; processes are paused meanwhile."""
        self.run("commit", "--quiet", "--pause", "--change", f"LABEL {LABEL}={self.label}", container, image)

    def tag(self, image: str, name: str) -> None:
        """Give an image another name."""
        self.run("tag", image, name)

    def has_image(self, image: str) -> bool:
        """Whether podman holds an image of this name."""
        return bool(self.run("images", "--quiet", image))

    def remove_image(self, image: str) -> None:
        """Take this one name from an image (`podman untag` would take all); an image that a guest uses stays."""
        try:
            self.run("rmi", image)
        except KilnError as error:
            log.info("image kept until the end: %s", error.found)

    # --- everything of this rehearsal ---------------------------------------------------------------------------------
    def sweep(self) -> dict[str, int]:
        """Remove every container, network and image that carries the rehearsal's label; how many there were."""
        ours = ("--filter", f"label={LABEL}={self.label}")
        containers = self.run("ps", "--all", "--quiet", *ours).split()
        if containers:
            self.remove(*containers)
        networks = self.run("network", "ls", "--quiet", *ours).split()
        if networks:
            self.run("network", "rm", "--force", *networks)
        images = list(dict.fromkeys(self.run("images", "--all", "--quiet", "--no-trunc", *ours).split()))
        if images:
            self.run("rmi", "--force", *images)
        return {"containers": len(containers), "networks": len(networks), "images": len(images)}


class _Trial:
    """What trying the runtimes has found."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: Runtime | None = None
