"""The pinned Packer and plugins: packer/versions.toml says which, this module refuses others before anything starts."""

import os
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bake.artifact import cache
from bake.packer import Packer, PackerNotFound
from bake.recipe import RECIPES
from console.errors import NotReady

SET_UP = "make setup, then source .venv/bin/activate"
# Packer looks for plugins here beside its own folder:
# https://developer.hashicorp.com/packer/docs/configure#packer-s-plugin-directory
PLUGINS_VARIABLE = "PACKER_PLUGIN_PATH"


class Plugin(BaseModel):
    """A pinned plugin: `source` as in required_plugins."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    version: str


class Versions(BaseModel):
    """The format of packer/versions.toml."""

    # whoever installs the toolchain may keep more there (checksums, mirrors): none of it changes an image
    model_config = ConfigDict(frozen=True, extra="ignore")
    packer: str
    plugins: dict[str, Plugin]

    def by_tool(self) -> dict[str, str]:
        """Tool → version, as it goes into the digest."""
        plugins = {f"plugin {name}": plugin.version for name, plugin in sorted(self.plugins.items())}
        return {"packer": self.packer, **plugins}

    def as_hcl(self) -> str:
        """The block with which Packer itself checks the pins."""
        plugins = "".join(
            f'    {name} = {{ source = "{plugin.source}", version = "= {plugin.version}" }}\n'
            for name, plugin in sorted(self.plugins.items())
        )
        return f'packer {{\n  required_version = "= {self.packer}"\n  required_plugins {{\n{plugins}  }}\n}}\n'


@dataclass(frozen=True, slots=True)
class Toolchain:
    """An installed toolchain that is the pinned one."""

    packer: Packer
    versions: Versions


def load_versions(recipes: Path = RECIPES) -> Versions:
    return Versions.model_validate(tomllib.loads((recipes / "versions.toml").read_text(encoding="utf-8")))


def plugin_folder() -> str | None:
    """What PACKER_PLUGIN_PATH must be: the user's own setting, else the folder in which `make setup` puts plugins."""
    own = Path(sys.prefix) / "share" / "kiln" / "packer-plugins"
    return os.environ.get(PLUGINS_VARIABLE) or (str(own) if own.is_dir() else None)


def find(versions: Versions) -> Toolchain:
    """The toolchain on PATH. Raises NotReady where Packer or a plugin is missing or is not the pinned version."""
    environment: dict[str, str | None] = {}
    if folder := plugin_folder():
        environment[PLUGINS_VARIABLE] = folder
    executable = shutil.which("packer")
    packer = Packer(executable or "packer", environment)
    check_version(packer, executable, versions.packer)
    for name, plugin in versions.plugins.items():
        pattern = f"{plugin.source}/packer-plugin-{name}_v{plugin.version}_*"
        if folder and not any(Path(folder).glob(pattern)):
            raise NotReady(
                f"Packer's plugin {name} is not there",
                where=folder,
                expected=f"{plugin.source} {plugin.version}",
                next_step=SET_UP,
            )
    return Toolchain(packer, versions)


def check_version(packer: Packer, executable: str | None, wanted: str) -> None:
    """Raises NotReady where Packer is missing or has another version.

    Packer takes 0.1 s to say its version, so the same file is asked once. That it is remembered cannot let another
    version through: the pins are in the template too, and Packer refuses a template of another version.
    """
    answer = f"{_identity(executable)} is {wanted}"
    remembered = cache() / "packer-version"
    if executable and remembered.is_file() and remembered.read_text(encoding="utf-8") == answer:
        return
    try:
        found = packer.version()
    except PackerNotFound as problem:
        raise NotReady(
            "Packer is not there", where="PATH", found=str(problem), expected=wanted, next_step=SET_UP
        ) from problem
    if found != wanted:
        raise NotReady(
            "this is not the pinned Packer", where=executable, found=found, expected=wanted, next_step=SET_UP
        )
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(answer, encoding="utf-8")


def _identity(executable: str | None) -> str:
    """Which file it is, and in which state: another one, or a changed one, gives another text."""
    if not executable:
        return "nothing"
    file = Path(executable).resolve()
    state = file.stat()
    return f"{file}, {state.st_size} bytes, inode {state.st_ino}, changed {state.st_mtime_ns} and {state.st_ctime_ns}"
