from pathlib import Path

import pytest

from bake.packer import Options, Template


@pytest.mark.parametrize(
    ("way", "why"), [("abort", "leaves the machine"), ("ask", "nobody is there"), ("x", "no such")]
)
def test_what_would_leave_something_behind_is_refused_with_the_reason(way: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Options(on_error=way)


def test_options_become_arguments() -> None:
    options = Options(only=("a.*", "b.c"), except_for=("p",), parallel_builds=2, force=True)
    assert options.selection() == ["-only=a.*", "-only=b.c", "-except=p"]
    assert options.arguments() == [*options.selection(), "-on-error=cleanup", "-parallel-builds=2", "-force"]
    assert Options().arguments() == ["-on-error=cleanup", "-parallel-builds=0"]


@pytest.mark.parametrize("name", ["", "a,b"])
def test_a_name_that_packer_would_take_for_none_or_two_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a build"):
        Options(only=(name,))


def test_a_negative_number_of_builds_is_refused() -> None:
    with pytest.raises(ValueError, match="parallel_builds is -1"):
        Options(parallel_builds=-1)


def test_each_variable_has_a_line_of_its_own_so_that_packer_quotes_no_other() -> None:
    assert Template(Path(), {"a": "1\n2", "b": {"c": 3}}).as_json().splitlines()[1:3] == ['"a": "1\\n2",', '"b": {']
