"""The console of an instance."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.front.service import AwsError, Caller
from rehearsal.guests.console_service import LONGEST_BYTES, ConsoleOutput, console_text

TIME = "2026-01-02T03:04:05.067622417+00:00"
DEV = Caller("111111111111", "eu-west-1")


def service(console: Callable[[str], str]) -> ConsoleOutput:
    return ConsoleOutput(lambda instance_id: DEV.account, console)


def test_lines_that_podman_has_split_are_one_again() -> None:
    raw = f"{TIME} stdout P half of a \n{TIME} stdout F line\n{TIME} stdout F \n{TIME} stdout F next\n"
    assert console_text(raw) == "half of a line\n\nnext\n"


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126))))
def test_every_line_comes_out_as_it_went_in(lines: list[str]) -> None:
    raw = "".join(f"{TIME} stdout F {line}\n" for line in lines)
    assert console_text(raw) == "".join(f"{line}\n" for line in lines)


def test_the_answer_is_base64_and_only_the_end_of_a_long_console() -> None:
    answer = service(lambda _: "x" * LONGEST_BYTES + "end").answer(DEV, "GetConsoleOutput", {"InstanceId": "i-1"})
    text = base64.b64decode(answer["Output"])
    assert len(text) == LONGEST_BYTES
    assert text.endswith(b"xend")


def test_another_accounts_console_is_not_shown() -> None:
    with pytest.raises(AwsError, match="'i-1' does not exist"):
        service(lambda _: "secret").answer(Caller("2" * 12, "eu-west-1"), "GetConsoleOutput", {"InstanceId": "i-1"})
