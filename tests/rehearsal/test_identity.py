"""What a rehearsal is called, and how its commands find it again."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput, NotReady
from rehearsal import identity
from rehearsal.identity import Account, State


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def state(pid: int, name: str = "default") -> State:
    accounts = (Account("stage", "444444444444", "eu-west-1", "AKIA", "secret"),)
    identity.folder_of(name).mkdir(parents=True, exist_ok=True)
    return State(name, 5000, pid, "2026-01-01T00:00:00+00:00", "dev", accounts)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True))
def test_every_name_makes_a_network_interface_name_that_fits(name: str) -> None:
    assert identity.NAME.fullmatch(name) and len(f"kn-{name}h") <= 15


@pytest.mark.parametrize("name", ["", "Upper", "1first", "a/b", "..", "far-too-long-a-name"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        identity.folder_of(name)


def test_a_state_whose_process_is_gone_is_no_rehearsal() -> None:
    identity.save(state(pid=2**22 - 1))
    assert identity.load("default") is None


def test_a_state_whose_process_number_is_now_another_program_is_no_rehearsal() -> None:
    identity.save(state(pid=os.getpid()))
    assert identity.load("default") is None


def test_what_needs_a_rehearsal_names_the_command_that_starts_one() -> None:
    with pytest.raises(NotReady) as refused:
        identity.require("other")
    assert refused.value.next_step == "python -m rehearsal up --name other"


def test_the_keys_in_the_state_are_readable_by_their_owner_only() -> None:
    identity.save(state(pid=1))
    mode = (identity.folder_of("default") / "state.json").stat().st_mode
    assert mode & 0o077 == 0
