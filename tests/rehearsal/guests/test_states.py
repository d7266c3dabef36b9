"""The state machine of an instance."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.front.service import AwsError
from rehearsal.guests.states import ASKED, DUE, Event, State, Step, after, due

TOLD = [event for event in Event if event not in ASKED]


def follow(state: State, events: list[Event]) -> State:
    """The state after the events; those that are refused change nothing."""
    for event in events:
        with suppress(AwsError):
            state = after(state, event, "i-1")
    return state


def test_an_instance_is_launched_stopped_started_and_terminated() -> None:
    events = [Event.BOOTED, Event.STOP, Event.HALTED, Event.START, Event.BOOTED, Event.TERMINATE, Event.REMOVED]
    seen = [follow(State.PENDING, events[: n + 1]) for n in range(len(events))]
    assert [state.value for state in seen] == [
        *("running", "stopping", "stopped", "pending", "running", "shutting-down", "terminated")
    ]
    assert [state.code for state in seen] == [16, 64, 80, 0, 16, 32, 48]


def test_a_termination_during_the_boot_is_carried_out_when_the_boot_is_over() -> None:
    assert follow(State.PENDING, [Event.TERMINATE, Event.BOOTED]) is State.SHUTTING_DOWN
    assert due(State.SHUTTING_DOWN, reboot_asked=True) is Step.REMOVE


def test_a_first_boot_that_fails_ends_the_instance_and_a_later_one_stops_it() -> None:
    assert follow(State.PENDING, [Event.FIRST_BOOT_FAILED, Event.REMOVED]) is State.TERMINATED
    assert follow(State.PENDING, [Event.LATER_BOOT_FAILED, Event.HALTED]) is State.STOPPED
    assert follow(State.RUNNING, [Event.LATER_BOOT_FAILED, Event.HALTED]) is State.STOPPED


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.PENDING, Event.STOP),
        (State.STOPPING, Event.START),
        (State.SHUTTING_DOWN, Event.START),
        (State.SHUTTING_DOWN, Event.STOP),
        (State.TERMINATED, Event.START),
        (State.TERMINATED, Event.STOP),
    ],
)
def test_what_ec2_refuses_is_refused(state: State, event: Event) -> None:
    with pytest.raises(AwsError, match=f"'i-1' is not in a state from which it can be {event}"):
        after(state, event, "i-1")


@given(st.sampled_from(State), st.lists(st.sampled_from(Event)))
def test_a_terminated_instance_never_comes_back(state: State, events: list[Event]) -> None:
    state = follow(state, [*events, Event.TERMINATE, Event.REMOVED])
    assert state is State.TERMINATED
    assert follow(state, events) is State.TERMINATED


@given(st.sampled_from(State), st.sampled_from(TOLD))
def test_what_a_guest_tells_is_never_refused(state: State, event: Event) -> None:
    after(state, event, "i-1")


@given(st.sampled_from(State))
def test_the_step_that_a_state_orders_leads_out_of_the_state(state: State) -> None:
    done = {
        Step.BOOT: (Event.BOOTED, Event.FIRST_BOOT_FAILED, Event.LATER_BOOT_FAILED),
        Step.HALT: (Event.HALTED,),
        Step.REMOVE: (Event.REMOVED,),
    }
    step = due(state, reboot_asked=False)
    assert (step is None) == (state not in DUE)
    for event in done[step] if step else ():
        assert after(state, event, "i-1") is not state


def test_only_a_running_machine_is_rebooted() -> None:
    assert [state for state in State if due(state, reboot_asked=True) is Step.REBOOT] == [State.RUNNING]
