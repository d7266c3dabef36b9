"""Packer's plugins, as `packer plugins` and `packer init` tell them. Pure: their lines in, typed values out."""

import re
from dataclasses import dataclass
from pathlib import Path

# https://developer.hashicorp.com/packer/docs/plugins/install#plugin-loading-workflow
BINARY = re.compile(
    r"packer-plugin-(?P<name>.+?)_v(?P<version>\d[^_]*)_x(?P<api>\d+\.\d+)_(?P<system>[^_.]+)_(?P<machine>[^_.]+)(\.exe)?"
)
REQUIRED = re.compile(r'(?P<name>\S+) (?P<source>\S+/\S+) "(?P<constraint>[^"]*)"(?P<installed>.*)')
INSTALLED = re.compile(r'Installed plugin \S+ \S+ in "(?P<path>.+)"')
FROM_BINARY = re.compile(r"Successfully installed plugin \S+ from .+ to (?P<path>.+)")


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin: `source` as in required_plugins (`github.com/hashicorp/amazon`), `version` as `1.8.2`."""

    source: str
    version: str
    path: Path

    @classmethod
    def at(cls, path: Path) -> "Plugin | None":
        """The plugin of a binary, by Packer's rule for its path, or None where it does not follow that rule."""
        binary = BINARY.fullmatch(path.name)
        if not binary:
            return None
        # …/plugins/HOST/NAMESPACE…/NAME/packer-plugin-NAME_v…: the host is the last folder with a dot in its name
        folders = path.parent.parts
        hosts = [n for n, part in enumerate(folders) if "." in part.strip(".") and n <= len(folders) - 3]
        source = folders[hosts[-1] :] if hosts else folders[-3:]
        return cls("/".join(source), binary["version"], path)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A plugin that a template requires; `installed` are the binaries that satisfy it, the one that is used first."""

    name: str
    source: str
    constraint: str
    installed: tuple[Path, ...]


def requirement(line: str) -> Requirement | None:
    """The requirement of a line of `packer plugins required`."""
    found = REQUIRED.fullmatch(line)
    if not found:
        return None
    paths = re.split(r" (?=/|[A-Za-z]:\\)", found["installed"])
    return Requirement(found["name"], found["source"], found["constraint"], tuple(Path(p) for p in paths if p))


def just_installed(line: str) -> Plugin | None:
    """The plugin that a line of `packer init` or `packer plugins install` says it has installed."""
    found = INSTALLED.fullmatch(line) or FROM_BINARY.fullmatch(line)
    return Plugin.at(Path(found["path"])) if found else None
