"""The life of a target, step by step, and what the API says of it meanwhile."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.balancer import target_health
from rehearsal.balancer.balancer import View
from rehearsal.balancer.model import HealthCheck, Target, TargetGroup
from rehearsal.balancer.runtime import old_workers, sessions, statistics
from rehearsal.balancer.targets import Phase, Registration, Seen, step

CHECK = HealthCheck("HTTP", "/health", None, interval=5, timeout=2, healthy=3, unhealthy=2, codes="200")
GROUP = TargetGroup("arn:x:targetgroup/web/1", "HTTP", CHECK, "round_robin", deregistration_delay=30, slow_start=0)
TARGET = Target("i-1", 8080, "10.0.0.4")
UP, DOWN = Seen(True, "L7OK", "200", 0), Seen(False, "L7STS", "503", 0)
UNCHECKED = Seen(False, "", "", 0)


def at(phase: Phase, **other: object) -> Registration:
    return replace(Registration(GROUP, TARGET, "i-1_8080_1", phase, since=100.0), **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "wanted", "seen", "listening", "now", "expected"),
    [
        (Phase.WAITING, TARGET, None, False, 104.9, None),
        (Phase.WAITING, TARGET, None, True, 100.1, Phase.CHECKING),
        (Phase.WAITING, TARGET, None, False, 105.0, Phase.CHECKING),
        (Phase.WAITING, None, None, False, 100.1, Phase.GONE),
        (Phase.WAITING, replace(TARGET, ended=True), None, True, 100.1, Phase.GONE),
        (Phase.CHECKING, TARGET, UNCHECKED, False, 100.1, None),
        (Phase.CHECKING, TARGET, UP, False, 100.1, Phase.SERVING),
        (Phase.CHECKING, TARGET, DOWN, False, 110.0, None),
        (Phase.CHECKING, TARGET, DOWN, False, 110.1, Phase.SERVING),
        (Phase.CHECKING, None, UP, False, 100.1, Phase.DRAINING),
        (Phase.SERVING, TARGET, UP, False, 999.0, None),
        (Phase.SERVING, TARGET, DOWN, False, 999.0, None),
        (Phase.SERVING, None, UP, False, 100.1, Phase.DRAINING),
        (Phase.DRAINING, None, replace(UP, in_flight=1), False, 129.9, None),
        (Phase.DRAINING, None, replace(UP, in_flight=0), False, 100.1, Phase.DRAINED),
        (Phase.DRAINING, None, replace(UP, in_flight=1), False, 130.0, Phase.DRAINED),
        (Phase.DRAINING, TARGET, replace(UP, in_flight=1), False, 100.1, None),
    ],
)
def test_steps(
    phase: Phase, wanted: Target | None, seen: Seen | None, listening: bool, now: float, expected: Phase | None
) -> None:
    taken = step(at(phase), wanted, seen, listening, now)
    assert (taken.phase if taken else None) == expected


@pytest.mark.parametrize(("enabled", "phase"), [(True, None), (False, Phase.SERVING)])
def test_a_function_that_is_not_checked_serves_at_once(enabled: bool, phase: Phase | None) -> None:
    group = replace(GROUP, functions=True, check=replace(CHECK, enabled=enabled))
    function = Registration(group, Target("arn", 0, "127.0.0.1"), "live_0_1", Phase.WAITING, 100.0)
    first = step(function, function.target, None, False, 100.0)
    assert first is not None
    assert first.phase is Phase.CHECKING, "there is no port to wait for"
    second = step(replace(function, phase=Phase.CHECKING), function.target, None, False, 100.1)
    assert (second.phase if second else None) is phase


def test_only_a_passed_check_makes_a_new_target_healthy() -> None:
    passed = step(at(Phase.CHECKING), TARGET, UP, False, 100.1)
    failed = step(at(Phase.CHECKING), TARGET, DOWN, False, 200.0)
    assert passed and failed
    assert (passed.healthy, failed.healthy) == (True, False)


def test_a_terminated_instance_stays_until_its_checks_fail_but_not_for_ever() -> None:
    ended = at(Phase.SERVING, ended=150.0)
    gone = replace(TARGET, ended=True, address=None)
    assert step(ended, gone, UP, False, 151.0) is None
    assert step(ended, gone, DOWN, False, 151.0) is not None
    assert step(ended, gone, UP, False, 150.0 + 3 * 7 + 0.1) is not None


@given(
    phase=st.sampled_from(Phase),
    wanted=st.sampled_from([None, TARGET, replace(TARGET, ended=True)]),
    seen=st.sampled_from([None, UP, DOWN, UNCHECKED, replace(UP, in_flight=3)]),
    listening=st.booleans(),
    later=st.floats(0, 1000),
)
def test_no_target_comes_back_or_skips_the_draining(
    phase: Phase, wanted: Target | None, seen: Seen | None, listening: bool, later: float
) -> None:
    order = list(Phase)
    taken = step(at(phase), wanted, seen, listening, 100 + later)
    if taken:
        assert order.index(taken.phase) == order.index(phase) + 1 or (
            (phase, taken.phase) in [(Phase.CHECKING, Phase.DRAINING), (Phase.WAITING, Phase.GONE)]
        )
        assert taken.reason


@pytest.mark.parametrize(
    ("phase", "seen", "state", "reason"),
    [
        (Phase.WAITING, None, "initial", "Elb.RegistrationInProgress"),
        (Phase.CHECKING, DOWN, "initial", "Elb.InitialHealthChecking"),
        (Phase.SERVING, UP, "healthy", None),
        (Phase.SERVING, DOWN, "unhealthy", "Target.ResponseCodeMismatch"),
        (Phase.SERVING, Seen(False, "L7TOUT", "", 0), "unhealthy", "Target.Timeout"),
        (Phase.SERVING, Seen(False, "L4TOUT", "", 0), "unhealthy", "Target.Timeout"),
        (Phase.SERVING, Seen(False, "L4CON", "", 0), "unhealthy", "Target.FailedHealthChecks"),
        (Phase.SERVING, Seen(False, "L7OK", "200", 0), "unhealthy", "Target.FailedHealthChecks"),
    ],
)
def test_states_and_reasons(phase: Phase, seen: Seen | None, state: str, reason: str | None) -> None:
    found = target_health.of_group([TARGET], [View(at(phase), seen)], in_use=True)
    assert [(health.state, health.reason) for health in found.values()] == [(state, reason)]


def test_a_failed_check_tells_its_status() -> None:
    assert target_health.unhealthy("L7STS", "503").description == "Health checks failed with these codes: [503]"


@pytest.mark.parametrize("phase", [Phase.CHECKING, Phase.SERVING, Phase.DRAINING])
def test_a_deregistered_target_drains_from_the_first_moment(phase: Phase) -> None:
    found = target_health.of_group([], [View(at(phase), UP)], in_use=True)
    assert [health.state for health in found.values()] == ["draining"]


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.DRAINED, Phase.GONE])
def test_a_target_without_anything_in_flight_does_not(phase: Phase) -> None:
    assert target_health.of_group([], [View(at(phase), UP)], in_use=True) == {}


def test_a_target_registered_again_while_it_drains_is_a_new_one() -> None:
    views = [View(at(Phase.SERVING), UP), View(at(Phase.DRAINING), UP)]
    for order in (views, views[::-1]):
        assert [h.state for h in target_health.of_group([TARGET], order, in_use=True).values()] == ["healthy"]
    alone = target_health.of_group([TARGET], views[1:], in_use=True)
    assert [health.reason for health in alone.values()] == ["Elb.RegistrationInProgress"]


def test_asked_for_by_port_only_that_one_is_told() -> None:
    health = {("i-1", 80): target_health.HEALTHY, ("i-1", 81): target_health.DRAINING}
    both = target_health.descriptions(health, [{"Id": "i-1"}], 80, "traffic-port")
    assert [(d["Target"]["Port"], d["HealthCheckPort"]) for d in both] == [(80, "80"), (81, "81")]
    one = target_health.descriptions(health, [{"Id": "i-1", "Port": 81}], 80, "9000")
    assert [(d["TargetHealth"]["State"], d["HealthCheckPort"]) for d in one] == [("draining", "9000")]


# What HAProxy 2.6.12 answered, shortened to the columns that are read.
SHOW_STAT = """\
# pxname,svname,scur,status,check_status,check_code,
web-1,i-1_8080_1,2,UP,* L7OK,200,
web-1,i-2_8080_2,0,DOWN 1/3,L7OK,200,
web-1,i-3_8080_3,1,MAINT,,,
web-1.open,i-1_8080_1,1,no check,,,
web-1.open,i-2_8080_2,0,no check,,,

"""
SHOW_PROC = """\
#<PID>          <type>          <reloads>       <uptime>        <version>
23329           master          2 [failed: 0]   0d00h00m04s     2.6.12-1+deb12u4
# workers
23660           worker          0               0d00h00m01s     2.6.12-1+deb12u4
# old workers
23331           worker          1               0d00h00m04s     2.6.12-1+deb12u4
23111           worker          2               0d00h00m09s     2.6.12-1+deb12u4
# programs

"""
SHOW_SESS = """\
0x55d0c0a0: proto=tcpv4 src=127.0.0.1:4 fe=listener-80 be=web-1 srv=i-1_8080_1 ts=00 epoch=0 age=1s calls=3
0x55d0c0b0: proto=tcpv4 src=127.0.0.1:5 fe=listener-80 be=web-1 srv=i-1_8080_12 ts=00 epoch=0 age=1s calls=3
0x55d0c0c0: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=1
"""


def test_statistics_are_read_by_server_and_twins_are_one() -> None:
    assert statistics(SHOW_STAT) == {
        "i-1_8080_1": Seen(True, "L7OK", "200", 3),
        "i-2_8080_2": Seen(False, "L7OK", "200", 0),
        "i-3_8080_3": Seen(False, "", "", 1),
    }


def test_old_workers_and_their_requests_are_found() -> None:
    assert old_workers(SHOW_PROC) == ("23331", "23111")
    assert old_workers(SHOW_PROC.partition("# old")[0]) == ()
    assert sessions(SHOW_SESS, "i-1_8080_1") == ("0x55d0c0a0",)
