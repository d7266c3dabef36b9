"""One machine: follows the state machine of `states`, does with its guest what is due, and writes into the record."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from console.errors import KilnError
from rehearsal.guests.launch import Record
from rehearsal.guests.states import (
    INSTANCE_INITIATED,
    USER_INITIATED,
    Event,
    Reason,
    State,
    Step,
    after,
    due,
    failure,
    refused,
)

log = logging.getLogger("rehearsal.guests")

SETTLED = {State.RUNNING, State.STOPPED, State.TERMINATED}


class Body(Protocol):
    """What a machine does with its guest; each step may raise."""

    @property
    def alive(self) -> bool: ...
    def boot(self) -> None: ...
    def halt(self) -> None: ...
    def remove(self) -> None: ...
    def commit(self, image: str) -> None: ...
    def console(self) -> str: ...


class Machine:
    """The life of one instance.

    Orders are answered at once; the work is done by one thread of the pool at a time, step after step, until the state
    orders nothing more.

    Args:
        guest: makes the guest; it is given the function that the guest calls with True when it asks for a reboot and
            with False when it has ended, by itself in both cases.
        submit: runs a function in the pool.
    """

    def __init__(
        self,
        record: Record,
        guest: Callable[[Callable[[bool], None]], Body],
        submit: Callable[[Callable[[], None]], object],
    ) -> None:
        self.record = record
        self.id = record.launch.instance_id
        self.guest = guest(self._ended_by_itself)
        self._submit = submit
        self._changed = threading.Condition(threading.RLock())
        self._state = State.PENDING
        self._reason: Reason | None = None
        self._reboot_asked = False
        self._booted_before = False
        self._working = False

    @property
    def state(self) -> State:
        """EC2's state of the instance."""
        return self._state

    @property
    def reason(self) -> Reason | None:
        """Why it is in this state, where there is more to say than that it was ordered to."""
        return self._reason

    def launch(self) -> None:
        """Show the instance as pending and boot its guest in the background."""
        with self._changed:
            self._enter(State.PENDING, None)
            self._work_if_due()

    def ask(self, event: Event) -> State:
        """Take an order to start, stop or terminate; gives the state before.

        Raises AwsError where the state does not allow it.
        """
        return self._take(event, USER_INITIATED if event is not Event.START else None)

    def ask_reboot(self) -> None:
        """Take an order to reboot; the state stays "running". Raises AwsError where the machine does not run."""
        with self._changed:
            if self._state is not State.RUNNING:
                raise refused(self.id, "rebooted")
            self._reboot_asked = True
            self._work_if_due()

    def wait(self, seconds: float) -> State:
        """The state as soon as nothing is under way any more, or after `seconds`."""
        limit = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: not self._working and self._state in SETTLED, limit - time.monotonic())
            return self._state

    def _take(self, event: Event, reason: Reason | None) -> State:
        with self._changed:
            before = self._state
            now = after(before, event, self.id)
            if now is not before:
                self._enter(now, reason)
                self._work_if_due()
            return before

    def _enter(self, state: State, reason: Reason | None) -> None:
        self._state, self._reason = state, reason
        self.record.enter(state, reason)
        self._changed.notify_all()

    def _work_if_due(self) -> None:
        if not self._working and due(self._state, self._reboot_asked):
            self._working = True
            self._submit(self._work)

    def _work(self) -> None:
        while True:
            with self._changed:
                step = due(self._state, self._reboot_asked)
                if step is None:
                    self._working = False
                    self._changed.notify_all()
                    return
                self._reboot_asked = False
            self._tell(*self._do(step))

    def _tell(self, event: Event, reason: Reason | None) -> None:
        with self._changed:
            now = after(self._state, event, self.id)
            if now is not self._state:
                self._enter(now, reason or self._reason if now is not State.RUNNING else None)

    def _do(self, step: Step) -> tuple[Event, Reason | None]:
        """Do a step; whatever goes wrong is the reason of the state that follows, and never stops the machine."""
        started = time.monotonic()
        try:
            if step is Step.BOOT:
                self.guest.boot()
            elif step is Step.REBOOT:
                self.guest.halt()
                self.guest.boot()
            elif step is Step.HALT:
                self.guest.halt()
            else:
                self.guest.remove()
        except Exception as fault:
            # A KilnError says everything; anything else is a fault of ours, and the traceback helps.
            log.error("%s: %s failed: %s", self.id, step, fault, exc_info=not isinstance(fault, KilnError))
            if step in (Step.BOOT, Step.REBOOT):
                event = Event.LATER_BOOT_FAILED if self._booted_before else Event.FIRST_BOOT_FAILED
                return event, failure(" ".join(str(fault).split()))
        log.info("%s: %s took %.2f s", self.id, step, time.monotonic() - started)
        if step in (Step.BOOT, Step.REBOOT):
            self._booted_before = True
            return Event.BOOTED, None
        return (Event.HALTED if step is Step.HALT else Event.REMOVED), None

    def _ended_by_itself(self, reboot: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._working)
            if self._state is not State.RUNNING or self.guest.alive:
                return  # an order has ended it, or has brought it up again
            if reboot:
                self.ask_reboot()
            else:
                event = Event.TERMINATE if self.record.ends_on_shutdown() else Event.STOP
                self._take(event, INSTANCE_INITIATED)
