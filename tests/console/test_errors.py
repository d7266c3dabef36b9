"""The one kind of error that a user sees."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from console.command import run
from console.errors import BadInput, ExitCode, KilnError, NotReady


def test_an_error_says_what_where_found_expected_and_next_step_in_this_order() -> None:
    error = BadInput(
        "unknown key", where="stage.toml: [network] cdir", found="cdir", expected="cidr", next_step="fix it"
    )
    assert str(error).splitlines() == [
        "unknown key",
        "  where: stage.toml: [network] cdir",
        "  found: cdir",
        "  expected: cidr",
        "  next step: fix it",
    ]


def test_an_error_does_not_mention_what_it_was_not_given() -> None:
    assert str(KilnError("no")) == "no"


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.argument("outcome")
def command(outcome: str, as_json: bool) -> int:
    """A command with every outcome there is."""
    if outcome == "bad":
        raise BadInput("bad", where="here")
    if outcome == "unready":
        raise NotReady("not yet")
    if outcome == "interrupted":
        raise KeyboardInterrupt
    return int(outcome)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("0", ExitCode.DONE),
        ("1", ExitCode.FAILED),
        ("bad", ExitCode.BAD_INPUT),
        ("unready", ExitCode.NOT_READY),
        ("interrupted", ExitCode.INTERRUPTED),
    ],
)
def test_each_outcome_has_its_exit_code(outcome: str, code: int) -> None:
    with pytest.raises(SystemExit) as end:
        run(command, [outcome])
    assert end.value.code == code


def test_an_unknown_option_is_bad_input() -> None:
    with pytest.raises(SystemExit) as end:
        run(command, ["--nonsense"])
    assert end.value.code == ExitCode.BAD_INPUT


def test_with_json_the_error_is_also_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(command, ["bad", "--json"])
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"what": "bad", "where": "here"}}
    assert "error: bad" in err


def test_with_json_a_mistake_in_the_command_line_is_one_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(command, ["--json", "--nonsense", "0"])
    out, err = capsys.readouterr()
    assert "--nonsense" in json.loads(out)["error"]["what"]
    assert "--nonsense" in err


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_an_error_is_coloured_on_a_terminal_unless_no_color_is_set(variable: dict[str, str], coloured: bool) -> None:
    terminal, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | variable
    program = f"import runpy; m = runpy.run_path({__file__!r}); m['run'](m['command'], ['bad'])"
    done = subprocess.run([sys.executable, "-c", program], env=environment, stderr=theirs, timeout=60)
    os.close(theirs)
    said = os.read(terminal, 4096).decode()
    os.close(terminal)
    assert done.returncode == ExitCode.BAD_INPUT
    assert ("\x1b[" in said) is coloured
    assert "error:" in said


def kiln(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "console", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)


def test_kiln_without_a_command_lists_its_commands() -> None:
    done = kiln()
    assert done.returncode == 0
    assert "rehearsal" in done.stdout and "example:" in done.stdout


def test_kiln_refuses_an_unknown_command() -> None:
    done = kiln("bakery")
    assert done.returncode == 2
    assert "no command 'bakery'" in done.stderr


def test_kiln_offers_the_same_commands_as_the_modules() -> None:
    done = kiln("rehearsal", "--help")
    assert done.returncode == 0
    assert "kiln rehearsal" in done.stdout or "python -m rehearsal" in done.stdout
