"""The two programs that no package registry has, Packer and its plugin: what each is, and what it says it is."""

import json
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.errors import NotReady
from toolchain.layout import ROOT
from toolchain.pins import PackerVersions

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def host_platform() -> str:
    """This machine as Go and HashiCorp's releases name it, e.g. `linux_amd64`.

    Errors: NotReady on a processor that neither is made for.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise NotReady("Packer is not released for this processor", found=machine, expected=", ".join(ARCHITECTURES))
    return f"{platform.system().lower()}_{ARCHITECTURES[machine]}"


def answer_of(command: list[str | Path], seconds: float = 20) -> str | None:
    """Standard output of a short command; None if it is not there, fails or does not end in time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None


def packer_says(path: Path) -> str | None:
    """The version that a Packer binary reports (`Packer v1.16.0`)."""
    answer = answer_of([path, "version"])
    words = answer.split() if answer else []
    return words[1].removeprefix("v") if words[:1] == ["Packer"] and len(words) > 1 else None


def plugin_says(path: Path) -> str | None:
    """The version that a plugin binary reports (`describe` prints one JSON object)."""
    try:
        return str(json.loads(answer_of([path, "describe"]) or "")["version"])
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Program:
    """One program, at one version, and the ways to get it.

    Args:
        name: also the name of the binary and of its releases.
        version: without a leading v.
        package: what `go build` is asked for.
        module: the folder with the go.mod and go.sum that it is built from.
        says: asks a binary for its version.
        on_path: whether people install it themselves, so that it may be found on PATH.
    """

    name: str
    version: str
    package: str
    module: Path
    says: Callable[[Path], str | None]
    on_path: bool = False


def programs(pins: PackerVersions) -> tuple[Program, ...]:
    """Packer first, then its plugins, as packer/versions.toml pins them."""
    modules = ROOT / "toolchain" / "go"
    packer = Program(
        name="packer",
        version=pins.packer,
        package="github.com/hashicorp/packer",
        module=modules / "packer",
        says=packer_says,
        on_path=True,
    )
    plugins = tuple(
        Program(
            name=f"packer-plugin-{name}",
            version=pin.version,
            package=f"{pin.source.rpartition('/')[0]}/packer-plugin-{pin.source.rpartition('/')[2]}",
            module=modules / f"plugin-{name}",
            says=plugin_says,
        )
        for name, pin in pins.plugins.items()
    )
    return (packer, *plugins)
