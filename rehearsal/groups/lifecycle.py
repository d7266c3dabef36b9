"""The life of one member as a state machine: where it goes next, and what has to be done where it is.

Pending → [Pending:Wait → Pending:Proceed] → InService → Terminating → [Terminating:Wait] → Terminating:Proceed, with
side ways to Standby and Detached. A member that leaves service is first deregistered; it goes on only when no target
group knows it any more. Hooks come after that, as on AWS
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html).
"""

import uuid
from dataclasses import replace

from rehearsal.groups.model import (
    ENDING,
    MACHINE_GONE,
    Action,
    Deregister,
    Group,
    Hook,
    HookWait,
    Member,
    Phase,
    Register,
    Release,
    Terminate,
)


def advance(member: Member, group: Group, now: float, hurry: bool = False) -> Member:
    """The member in the phase in which it belongs now; `hurry` (a forced deletion) waits for no drain and no hook."""
    while True:
        moved = _move(member, group, now, hurry)
        if moved.phase is member.phase:
            return moved
        member = moved


def end(member: Member, cause: str) -> Member:
    """The member on its way out, for a reason."""
    if member.phase in ENDING:
        return member
    return replace(member, phase=Phase.TERMINATING, cause=cause, waits=())


def duties(member: Member, group: Group) -> tuple[Action, ...]:
    """What has to be done for a member in its phase."""
    wanted = frozenset(group.target_groups) if member.phase is Phase.IN_SERVICE else frozenset()
    leave = tuple(Deregister(member.id, arn) for arn in sorted(member.registered - wanted))
    if member.phase is Phase.IN_SERVICE and "AddToLoadBalancer" not in group.suspended and member.machine == "running":
        return leave + tuple(Register(member.id, arn) for arn in sorted(wanted - member.registered))
    if member.phase is Phase.TERMINATING_PROCEED and member.machine not in MACHINE_GONE:
        return (*leave, Terminate(member.id))
    if member.phase is Phase.DETACHED:
        return (*leave, Release(member.id))
    return leave


def complete(member: Member, hook: str, result: str) -> Member:
    """The member after somebody completed a hook with CONTINUE or ABANDON."""
    if result == "ABANDON" and member.phase is Phase.PENDING_WAIT:
        return end(member, f"the lifecycle hook {hook} was abandoned")
    left = () if result == "ABANDON" else tuple(w for w in member.waits if w.hook.name != hook)
    return replace(member, waits=left)


def target(phase: Phase) -> str:
    """Where a member in this phase is to go, in the words of the metadata service.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
    """
    if phase in ENDING:
        return "Terminated"
    if phase in (Phase.ENTERING_STANDBY, Phase.STANDBY):
        return "Standby"
    return "Detached" if phase in (Phase.DETACHING, Phase.DETACHED) else "InService"


def _move(member: Member, group: Group, now: float, hurry: bool) -> Member:
    drained = not member.registered and not member.draining
    gone = member.machine in MACHINE_GONE
    match member.phase:
        case Phase.PENDING if member.machine == "running":
            return _await(
                member,
                group.launching_hooks,
                Phase.PENDING_WAIT,
                Phase.PENDING_PROCEED,
                now,
            )
        case Phase.PENDING_WAIT:
            return _waiting(member, Phase.PENDING_PROCEED, now)
        case Phase.PENDING_PROCEED:
            return replace(member, phase=Phase.IN_SERVICE, in_service_since=now)
        case Phase.ENTERING_STANDBY | Phase.STANDBY if gone:
            return end(member, "its machine was terminated while it was on standby")
        case Phase.ENTERING_STANDBY if drained:
            return replace(member, phase=Phase.STANDBY)
        case Phase.DETACHING if drained:
            return replace(member, phase=Phase.DETACHED)
        case Phase.TERMINATING if hurry or gone:
            return replace(member, phase=Phase.TERMINATING_PROCEED)
        case Phase.TERMINATING if drained:
            return _await(
                member,
                group.terminating_hooks,
                Phase.TERMINATING_WAIT,
                Phase.TERMINATING_PROCEED,
                now,
            )
        case Phase.TERMINATING_WAIT:
            return (
                replace(member, phase=Phase.TERMINATING_PROCEED, waits=())
                if hurry or gone
                else _waiting(member, Phase.TERMINATING_PROCEED, now)
            )
        # One that died by itself is still registered: nobody else takes it out of its target groups.
        case Phase.TERMINATING_PROCEED if member.machine == "terminated" and not member.registered:
            return replace(member, phase=Phase.TERMINATED)
    return member


def _await(member: Member, hooks: tuple[Hook, ...], wait: Phase, proceed: Phase, now: float) -> Member:
    if not hooks:
        return replace(member, phase=proceed)
    waits = tuple(HookWait(h, _token(member, h, wait), now + h.heartbeat_seconds) for h in hooks)
    return replace(member, phase=wait, waits=waits)


def _waiting(member: Member, proceed: Phase, now: float) -> Member:
    for wait in member.waits:
        if now >= wait.deadline:
            member = complete(member, wait.hook.name, wait.hook.default_result)
    return member if member.waits or member.phase is Phase.TERMINATING else replace(member, phase=proceed)


def _token(member: Member, hook: Hook, phase: Phase) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{member.id}/{phase}/{hook.name}"))
