"""The life of one member, by example."""

from dataclasses import replace

import pytest

from rehearsal.groups.lifecycle import advance, complete, duties, end, target
from rehearsal.groups.model import (
    Deregister,
    Group,
    GroupKey,
    Hook,
    Member,
    Phase,
    Register,
    Release,
    Source,
    Subnet,
    Terminate,
)

ARN, OTHER = "arn:1", "arn:2"
GROUP = Group(
    GroupKey("444444444444", "eu-west-1", "web"),
    desired=1,
    minimum=1,
    maximum=2,
    subnets=(Subnet("subnet-1", "a"),),
    source=Source("lt-1", "1"),
    target_groups=(ARN,),
)
HOOK = Hook("ready", heartbeat_seconds=60, default_result="ABANDON")
HOOKED = replace(GROUP, launching_hooks=(HOOK,), terminating_hooks=(replace(HOOK, name="last"),))
NEW = Member("i-1", "a", "data", launched=0)
SERVING = replace(NEW, phase=Phase.IN_SERVICE, machine="running", in_service_since=1, registered=frozenset({ARN}))


def test_a_member_is_in_service_and_registered_once_its_machine_runs() -> None:
    assert advance(NEW, GROUP, 5) is NEW
    assert duties(NEW, GROUP) == ()
    running = advance(replace(NEW, machine="running"), GROUP, 5)
    assert (running.phase, running.in_service_since) == (Phase.IN_SERVICE, 5)
    assert duties(running, GROUP) == (Register("i-1", ARN),)
    assert duties(running, replace(GROUP, suspended=frozenset({"AddToLoadBalancer"}))) == ()


def test_a_member_follows_the_target_groups_of_its_group() -> None:
    moved = replace(GROUP, target_groups=(OTHER,))
    assert duties(SERVING, moved) == (Deregister("i-1", ARN), Register("i-1", OTHER))
    assert duties(SERVING, GROUP) == ()


def test_a_member_ends_only_when_it_has_drained() -> None:
    going = advance(end(SERVING, "a scale-in"), GROUP, 10)
    assert (going.phase, duties(going, GROUP)) == (Phase.TERMINATING, (Deregister("i-1", ARN),))
    draining = replace(going, registered=frozenset(), draining=frozenset({ARN}))
    assert advance(draining, GROUP, 11).phase is Phase.TERMINATING
    drained = advance(replace(draining, draining=frozenset()), GROUP, 12)
    assert (drained.phase, duties(drained, GROUP)) == (Phase.TERMINATING_PROCEED, (Terminate("i-1"),))
    shutting_down = replace(drained, machine="shutting-down")
    assert advance(shutting_down, GROUP, 13).phase is Phase.TERMINATING_PROCEED
    assert duties(shutting_down, GROUP) == ()
    assert advance(replace(drained, machine="terminated"), GROUP, 14).phase is Phase.TERMINATED


def test_a_machine_that_is_gone_is_deregistered_and_its_drain_is_not_waited_for() -> None:
    gone = advance(replace(end(SERVING, "an EC2 health check"), machine="terminated"), GROUP, 10)
    assert (gone.phase, duties(gone, GROUP)) == (Phase.TERMINATING_PROCEED, (Deregister("i-1", ARN),))
    draining = replace(gone, registered=frozenset(), draining=frozenset({ARN}))
    assert advance(draining, GROUP, 10).phase is Phase.TERMINATED


def test_a_forced_deletion_waits_for_no_drain_and_no_hook() -> None:
    assert advance(end(SERVING, "deletion"), HOOKED, 10, hurry=True).phase is Phase.TERMINATING_PROCEED


def test_a_launching_hook_holds_a_member_until_it_is_completed() -> None:
    waiting = advance(replace(NEW, machine="running"), HOOKED, 10)
    assert waiting.phase is Phase.PENDING_WAIT
    assert len(waiting.waits[0].token) == 36
    assert advance(waiting, HOOKED, 69) is waiting
    assert advance(complete(waiting, "ready", "CONTINUE"), HOOKED, 20).phase is Phase.IN_SERVICE


@pytest.mark.parametrize(("result", "expected"), [("ABANDON", Phase.TERMINATING), ("CONTINUE", Phase.IN_SERVICE)])
def test_a_hook_that_nobody_completes_ends_with_its_default_result(result: str, expected: Phase) -> None:
    hook = replace(HOOK, default_result=result)
    group = replace(GROUP, launching_hooks=(hook,))
    waiting = advance(replace(NEW, machine="running"), group, 10)
    after = advance(waiting, group, 70)
    assert after.phase in (expected, Phase.TERMINATING_PROCEED if expected is Phase.TERMINATING else expected)


def test_a_terminating_hook_comes_after_the_drain_and_never_saves_the_member() -> None:
    going = replace(end(SERVING, "a scale-in"), registered=frozenset())
    waiting = advance(going, HOOKED, 10)
    assert waiting.phase is Phase.TERMINATING_WAIT
    assert advance(waiting, HOOKED, 11) is waiting
    for result in ("CONTINUE", "ABANDON"):
        assert advance(complete(waiting, "last", result), HOOKED, 12).phase is Phase.TERMINATING_PROCEED
    assert advance(waiting, HOOKED, 70).phase is Phase.TERMINATING_PROCEED


def test_standby_and_detachment_wait_for_the_drain() -> None:
    for phase, after in ((Phase.ENTERING_STANDBY, Phase.STANDBY), (Phase.DETACHING, Phase.DETACHED)):
        leaving = replace(SERVING, phase=phase)
        assert duties(leaving, GROUP) == (Deregister("i-1", ARN),)
        assert advance(leaving, GROUP, 10).phase is phase
        assert advance(replace(leaving, registered=frozenset()), GROUP, 10).phase is after
    detached = replace(SERVING, phase=Phase.DETACHED, registered=frozenset())
    assert duties(detached, GROUP) == (Release("i-1"),)


def test_a_member_terminated_on_standby_leaves_the_group() -> None:
    standby = replace(SERVING, phase=Phase.STANDBY, registered=frozenset(), machine="terminated")
    assert advance(standby, GROUP, 10).phase is Phase.TERMINATED


def test_a_member_is_told_where_it_is_to_go() -> None:
    told = {phase: target(phase) for phase in Phase}
    assert {phase for phase, where in told.items() if where == "Terminated"} == {
        Phase.TERMINATING,
        Phase.TERMINATING_WAIT,
        Phase.TERMINATING_PROCEED,
        Phase.TERMINATED,
    }
    assert (told[Phase.ENTERING_STANDBY], told[Phase.STANDBY]) == ("Standby", "Standby")
    assert (told[Phase.DETACHING], told[Phase.DETACHED]) == ("Detached", "Detached")
    assert {told[phase] for phase in (Phase.PENDING, Phase.PENDING_WAIT, Phase.IN_SERVICE)} == {"InService"}
