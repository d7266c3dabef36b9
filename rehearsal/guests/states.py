"""The life of a machine as one pure state machine, with EC2's names: what happens in which state, and what is due.

A transitional state is itself the order: in "pending" a boot is due, in "stopping" a halt, in "shutting-down" the
removal. So an instance that is terminated while it boots needs no bookkeeping: when the boot is over, its state says
what comes next. States and what may be asked in each:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from dataclasses import dataclass
from enum import StrEnum

from rehearsal.front.service import AwsError


class State(StrEnum):
    """EC2's names for the states of an instance."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"

    @property
    def code(self) -> int:
        """EC2's number for the state (API reference, type InstanceState)."""
        return CODES[self]


CODES = {
    State.PENDING: 0,
    State.RUNNING: 16,
    State.SHUTTING_DOWN: 32,
    State.TERMINATED: 48,
    State.STOPPING: 64,
    State.STOPPED: 80,
}


class Event(StrEnum):
    """What happens to a machine: asked by a caller, or told by its guest."""

    START = "started"
    STOP = "stopped"
    TERMINATE = "terminated"
    BOOTED = "booted"
    FIRST_BOOT_FAILED = "first boot failed"
    LATER_BOOT_FAILED = "later boot failed"
    HALTED = "halted"
    REMOVED = "removed"


class Step(StrEnum):
    """What has to be done with the guest."""

    BOOT = "boot"
    REBOOT = "reboot"
    HALT = "halt"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an instance is in its state, as DescribeInstances tells it."""

    code: str
    message: str


USER_INITIATED = Reason("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
INSTANCE_INITIATED = Reason(
    "Client.InstanceInitiatedShutdown", "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
)


def failure(message: str) -> Reason:
    """The reason of an instance whose guest did not come up or ended by itself."""
    return Reason("Server.InternalError", f"Server.InternalError: {message}")


DUE = {State.PENDING: Step.BOOT, State.STOPPING: Step.HALT, State.SHUTTING_DOWN: Step.REMOVE}

TRANSITIONS = {
    (State.PENDING, Event.BOOTED): State.RUNNING,
    (State.PENDING, Event.FIRST_BOOT_FAILED): State.SHUTTING_DOWN,
    (State.PENDING, Event.LATER_BOOT_FAILED): State.STOPPING,
    (State.RUNNING, Event.LATER_BOOT_FAILED): State.STOPPING,  # of a reboot
    (State.STOPPING, Event.HALTED): State.STOPPED,
    (State.SHUTTING_DOWN, Event.REMOVED): State.TERMINATED,
    (State.STOPPED, Event.START): State.PENDING,
    (State.PENDING, Event.START): State.PENDING,
    (State.RUNNING, Event.START): State.RUNNING,
    (State.RUNNING, Event.STOP): State.STOPPING,
    (State.STOPPING, Event.STOP): State.STOPPING,
    (State.STOPPED, Event.STOP): State.STOPPED,
    **{(state, Event.TERMINATE): State.SHUTTING_DOWN for state in State},
    (State.TERMINATED, Event.TERMINATE): State.TERMINATED,
}

ASKED = {Event.START, Event.STOP, Event.TERMINATE}


def after(state: State, event: Event, instance_id: str) -> State:
    """The state after an event.

    What a guest tells of a step that is overtaken by another order changes nothing: the state is already that order.
    Raises AwsError IncorrectInstanceState for what a caller may not ask in this state.
    """
    if event in ASKED and (state, event) not in TRANSITIONS:
        raise refused(instance_id, event)
    return TRANSITIONS.get((state, event), state)


def due(state: State, reboot_asked: bool) -> Step | None:
    """The step that the state orders, or None where the machine is settled."""
    if state is State.RUNNING and reboot_asked:
        return Step.REBOOT
    return DUE.get(state)


def refused(instance_id: str, what: str) -> AwsError:
    """EC2's answer to an order that does not fit the state."""
    message = f"The instance '{instance_id}' is not in a state from which it can be {what}."
    return AwsError("IncorrectInstanceState", message)
