"""A file that a tool writes and people review in git: one writer at a time, and never half a file."""

import fcntl
import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from console.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)


def text_of(path: Path, what: str) -> str:
    """The text of a file; empty where there is none yet. Raises BadInput: it is a folder."""
    if path.is_dir():
        raise BadInput(f"{what} is a folder", where=str(path), expected="a TOML file")
    return path.read_text("utf-8") if path.exists() else ""


def load(path: Path, model: type[Model], what: str, *, writer: str, next_step: str) -> Model:
    """Read and check a file; `writer` is what alone writes such entries.

    Raises BadInput: the file is not TOML, or an entry is not what is written there.
    """
    try:
        return model.model_validate(tomllib.loads(text_of(path, what)))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{what} is not TOML", where=str(path), found=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            f"{what} has an entry that {writer} writes",
            where=f"{path}: {'.'.join(str(part) for part in first['loc'])}",
            found=repr(first["input"]),
            expected=first["msg"],
            next_step=next_step,
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes into the folder of `path` meanwhile. The lock is on the folder: no file of it is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace(path: Path, text: str) -> None:
    """Put a new text into the place of the old one, in one step; the mode stays."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    os.chmod(new.name, mode)
    os.replace(new.name, path)
