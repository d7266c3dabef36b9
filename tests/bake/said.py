"""`python -m bake` with arguments, in the process of a test, and what it said."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bake.cli import bake
from console.command import run


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """What the command says now, to no terminal: neither a traceback nor a colour, whatever it is asked."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(bake, arguments, program="python -m bake")
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert "\x1b" not in out + err
    return Said(int(str(ended.value.code or 0)), out, err)
