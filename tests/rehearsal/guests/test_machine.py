"""A machine with a guest that only notes what is done with it, and a record that only notes what is written."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.front.service import AwsError
from rehearsal.guests.launch import Launch
from rehearsal.guests.machine import Machine
from rehearsal.guests.metadata import Facts
from rehearsal.guests.states import Event, Reason, State


class Record:
    launch = Launch("i-1", "111111111111", "eu-west-1", "ami-1", "vpc-1", "10.97.0.0/16", "10.97.1.4")

    def __init__(self, ends_on_shutdown: bool = False) -> None:
        self.seen: list[tuple[State, Reason | None]] = []
        self._ends = ends_on_shutdown

    def facts(self) -> Facts:
        raise NotImplementedError

    def ends_on_shutdown(self) -> bool:
        return self._ends

    def enter(self, state: State, reason: Reason | None) -> None:
        self.seen.append((state, reason))

    @property
    def states(self) -> list[str]:
        return [state.value for state, _ in self.seen]


class Body:
    """A guest; `fails` names the steps that fail, `gate` holds up each boot."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails: set[str] = set()
        self.booting = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.alive = False
        self._busy = threading.Lock()

    def _step(self, name: str, alive: bool) -> None:
        assert self._busy.acquire(blocking=False), "two steps at once"
        try:
            self.done.append(name)
            if name in self.fails:
                raise OSError(f"{name} is impossible")
            self.alive = alive
        finally:
            self._busy.release()

    def boot(self) -> None:
        self.booting.set()
        assert self.gate.wait(5)
        self._step("boot", True)

    def halt(self) -> None:
        self._step("halt", False)

    def remove(self) -> None:
        self._step("remove", False)

    def commit(self, image: str) -> None:
        self._step("commit", self.alive)

    def console(self) -> str:
        return ""


class Bench:
    """A machine, its guest, its record, and a pool."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record or Record()
        self.body = Body()
        self.pool = ThreadPoolExecutor(2)
        self.ended: Callable[[bool], None] = lambda _: None
        self.machine = Machine(self.record, self._make, self.pool.submit)

    def _make(self, ended: Callable[[bool], None]) -> Body:
        self.ended = ended
        return self.body

    def settle(self) -> State:
        return self.machine.wait(5)


def test_a_launch_is_pending_until_the_guest_has_booted() -> None:
    bench = Bench()
    bench.body.gate.clear()
    bench.machine.launch()
    assert bench.record.states == ["pending"]
    bench.body.gate.set()
    assert bench.settle() is State.RUNNING
    assert bench.record.states == ["pending", "running"]


def test_a_machine_terminated_while_it_boots_is_removed_and_was_never_running() -> None:
    bench = Bench()
    bench.body.gate.clear()
    bench.machine.launch()
    assert bench.body.booting.wait(5)
    assert bench.machine.ask(Event.TERMINATE) is State.PENDING
    bench.body.gate.set()
    assert bench.settle() is State.TERMINATED
    assert bench.record.states == ["pending", "shutting-down", "terminated"]
    assert bench.body.done == ["boot", "remove"]


def test_a_first_boot_that_fails_terminates_with_the_reason() -> None:
    bench = Bench()
    bench.body.fails = {"boot"}
    bench.machine.launch()
    assert bench.settle() is State.TERMINATED
    reason = bench.record.seen[-1][1]
    assert reason
    assert (reason.code, reason.message) == ("Server.InternalError", "Server.InternalError: boot is impossible")
    assert bench.body.done == ["boot", "remove"]


def test_a_start_that_fails_leaves_the_machine_stopped_with_the_reason() -> None:
    bench = Bench()
    bench.machine.launch()
    bench.settle()
    bench.machine.ask(Event.STOP)
    assert bench.settle() is State.STOPPED
    bench.body.fails = {"boot"}
    bench.machine.ask(Event.START)
    assert bench.settle() is State.STOPPED
    assert bench.machine.reason
    assert "boot is impossible" in bench.machine.reason.message


def test_a_reboot_keeps_the_state_and_is_refused_unless_it_runs() -> None:
    bench = Bench()
    bench.machine.launch()
    bench.settle()
    bench.machine.ask_reboot()
    assert bench.settle() is State.RUNNING
    assert bench.body.done == ["boot", "halt", "boot"]
    assert bench.record.states == ["pending", "running"]
    bench.machine.ask(Event.STOP)
    bench.settle()
    with pytest.raises(AwsError, match="rebooted"):
        bench.machine.ask_reboot()


@pytest.mark.parametrize(("ends", "state"), [(False, State.STOPPED), (True, State.TERMINATED)])
def test_a_guest_that_powers_off_stops_or_ends_the_instance(ends: bool, state: State) -> None:
    bench = Bench(Record(ends_on_shutdown=ends))
    bench.machine.launch()
    bench.settle()
    bench.body.alive = False
    bench.ended(False)
    assert bench.settle() is state
    assert bench.machine.reason
    assert bench.machine.reason.code == "Client.InstanceInitiatedShutdown"


def test_the_end_of_a_guest_that_runs_again_already_is_no_news() -> None:
    bench = Bench()
    bench.machine.launch()
    bench.settle()
    bench.ended(False)
    assert bench.settle() is State.RUNNING
    assert bench.body.done == ["boot"]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["start", "stop", "reboot", "settle", "power off"]), max_size=8))
def test_whatever_is_asked_one_step_is_done_at_a_time_and_the_end_is_the_end(orders: list[str]) -> None:
    bench = Bench()
    bench.machine.launch()
    for order in orders:
        with suppress(AwsError):
            if order == "reboot":
                bench.machine.ask_reboot()
            elif order == "settle":
                bench.settle()
            elif order == "power off":
                bench.settle()
                bench.body.alive = False
                bench.ended(False)
            else:
                bench.machine.ask(Event.START if order == "start" else Event.STOP)
    assert bench.settle() in (State.RUNNING, State.STOPPED)
    assert bench.body.alive == (bench.machine.state is State.RUNNING)
    bench.machine.ask(Event.TERMINATE)
    assert bench.settle() is State.TERMINATED
    assert bench.body.done[-1] == "remove"
    bench.pool.shutdown()
