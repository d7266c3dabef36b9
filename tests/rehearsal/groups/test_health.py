"""When a member counts as healthy, by example."""

import pytest

from rehearsal.groups.health import Health, ready, verdict
from rehearsal.groups.model import Group, GroupKey, Member, Phase, Source, Subnet, TargetHealth

ARN = "arn:target-group"
GROUP = Group(
    GroupKey("444444444444", "eu-west-1", "web"),
    desired=1,
    minimum=1,
    maximum=2,
    subnets=(Subnet("subnet-1", "a"),),
    source=Source("lt-1", "1"),
    target_groups=(ARN,),
    elb_health=True,
    grace_seconds=30,
)


def member(state: str = "healthy", *, machine: str = "running", reason: str = "", declared: str = "") -> Member:
    return Member(
        "i-1",
        "a",
        "old",
        launched=0,
        phase=Phase.IN_SERVICE,
        machine=machine,
        in_service_since=100,
        declared_unhealthy=declared,
        targets={ARN: TargetHealth(state, reason)} if state else {},
    )


@pytest.mark.parametrize(
    ("seen", "now", "expected"),
    [
        (member("healthy"), 101, Health.HEALTHY),
        (member("initial"), 900, Health.UNKNOWN),
        (member(""), 900, Health.UNKNOWN),
        (member("unhealthy"), 129, Health.UNKNOWN),
        (member("unhealthy"), 130, Health.UNHEALTHY),
        (member("unused", reason="Target.NotInUse"), 101, Health.HEALTHY),
        (member("unused", reason="Target.NotRegistered"), 900, Health.UNKNOWN),
        (member("healthy", machine="stopped"), 101, Health.UNHEALTHY),
        (member("healthy", machine="shutting-down"), 101, Health.UNHEALTHY),
        (member("healthy", machine="pending"), 101, Health.UNKNOWN),
        (member("healthy", declared="a user health check"), 101, Health.UNHEALTHY),
    ],
)
def test_machine_and_target_group_decide_after_the_grace_period(seen: Member, now: float, expected: Health) -> None:
    assert verdict(seen, GROUP, now).health is expected


def test_without_elb_health_checks_a_running_machine_is_healthy() -> None:
    from dataclasses import replace

    assert verdict(member("unhealthy"), replace(GROUP, elb_health=False), 900).health is Health.HEALTHY


def test_the_reason_names_what_the_target_group_says() -> None:
    assert (
        "Target.ResponseCodeMismatch"
        in verdict(member("unhealthy", reason="Target.ResponseCodeMismatch"), GROUP, 900).reason
    )


def test_a_new_member_is_ready_after_its_warmup() -> None:
    assert not ready(member(), GROUP, 20, 119)
    assert ready(member(), GROUP, 20, 120)
    assert not ready(member("initial"), GROUP, 20, 900)
