"""What is asked of Packer: a template with its variables, which of its builds and how, and how long that may take."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bake.packer.process import GRACE
from bake.packer.redact import Secret

# Why not the others: https://developer.hashicorp.com/packer/docs/commands/build#on-error-cleanup
ON_ERROR = ("cleanup", "run-cleanup-provisioner")
REFUSED = {
    "abort": "it leaves the machine, its disk and its keys behind",
    "ask": "nobody is there to answer: Packer's standard input is empty",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template of anybody's.

    Args:
        path: a folder of HCL files, or one file (`.pkr.hcl`, `.pkr.json`, a legacy `.json`).
        variables: values of its input variables, of any type that JSON has; a `Secret` at any depth is a text that is
            never shown. They travel in a file that only this user can read, never as arguments.
        var_files: further files of variables, as `-var-file`; `variables` goes before them.
    """

    path: Path
    variables: Mapping[str, Any] = field(default_factory=dict)
    var_files: tuple[Path, ...] = ()

    def as_json(self) -> str:
        """The variables as a `.pkrvars.json`, secrets in clear, one variable per line."""
        return json.dumps(dict(self.variables), indent=0)

    def secrets(self) -> Iterator[str]:
        """The values of all `Secret`s among the variables."""
        yield from _secrets(self.variables)


@dataclass(frozen=True, slots=True)
class Options:
    """Which builds, and how. Defaults are Packer's own.

    Args:
        only: names of builds, `*` and the like allowed; without any, all.
        except_for: names of builds, and of post-processors, to leave out.
        parallel_builds: how many at a time; 0 is no limit, 1 one after the other.
        force: replace what is there, where the builder does that.
        on_error: `cleanup` or `run-cleanup-provisioner`, which both clean up; `abort` and `ask` are refused.
    """

    only: tuple[str, ...] = ()
    except_for: tuple[str, ...] = ()
    parallel_builds: int = 0
    force: bool = False
    on_error: str = "cleanup"

    def __post_init__(self) -> None:
        if self.on_error not in ON_ERROR:
            why = REFUSED.get(self.on_error, "Packer has no such way")
            raise ValueError(f"on_error {self.on_error!r} is refused: {why}. Use one of {', '.join(ON_ERROR)}")
        if self.parallel_builds < 0:
            raise ValueError(f"parallel_builds is {self.parallel_builds}; 0 (no limit) or more is possible")
        for name in (*self.only, *self.except_for):
            if not name or "," in name:
                raise ValueError(f"{name!r} is no name of a build: Packer separates names by commas")

    def selection(self) -> list[str]:
        """The arguments that choose builds, for `validate` and `build`."""
        return [f"-only={name}" for name in self.only] + [f"-except={name}" for name in self.except_for]

    def arguments(self) -> list[str]:
        """All arguments, for `build`."""
        return [
            *self.selection(),
            f"-on-error={self.on_error}",
            f"-parallel-builds={self.parallel_builds}",
            *(["-force"] if self.force else []),
        ]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a run may take: altogether, each build in a phase where one is given, and cleaning up when stopped."""

    overall: timedelta
    phases: Mapping[str, timedelta] = field(default_factory=dict)
    grace: timedelta = GRACE


def _secrets(value: Any) -> Iterator[str]:
    match value:
        case Secret():
            yield value.plain
        case Mapping():
            for inner in value.values():
                yield from _secrets(inner)
        case list() | tuple():
            for inner in value:
                yield from _secrets(inner)
