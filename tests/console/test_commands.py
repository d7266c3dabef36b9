"""Every command of every room explains itself."""

import importlib
from collections.abc import Iterator

import click
import pytest

ROOMS = ("bake", "bench", "infra", "rehearsal", "toolchain")


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and, of a group, all below it that people are shown."""
    if command.hidden:
        return
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(f"{path} {name}", child)


ALL = {
    path: command
    for room in ROOMS
    for path, command in commands(room, getattr(importlib.import_module(f"{room}.cli"), room))
}


@pytest.mark.parametrize("path", ALL)
def test_its_help_has_an_example_and_the_exit_codes(path: str) -> None:
    context = click.Context(ALL[path], info_name=path)
    text = ALL[path].get_help(context)
    assert "Example" in text
    assert "Exit codes: 0 done" in text
    assert ALL[path].help


@pytest.mark.parametrize("path", [path for path in ALL if not isinstance(ALL[path], click.Group)])
def test_it_answers_in_json_where_the_output_is_its_own(path: str) -> None:
    options = {option for parameter in ALL[path].params for option in parameter.opts}
    assert ("--json" in options) == (path != "rehearsal run")
