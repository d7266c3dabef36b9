"""Which resource policies let load balancers invoke a function."""

from typing import Any

import pytest

from rehearsal.balancer.permission import may_invoke

FUNCTION = "arn:aws:lambda:eu-west-1:444444444444:function:greeter"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:444444444444:targetgroup/greeter/0123456789abcdef"
ALLOWED: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "lambda:InvokeFunction",
    "Resource": FUNCTION,
    "Principal": {"Service": "elasticloadbalancing.amazonaws.com"},
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Condition": {"ArnLike": {"AWS:SourceArn": GROUP}, "StringEquals": {"AWS:SourceAccount": "444444444444"}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:elasticloadbalancing:*:444444444444:targetgroup/*"}}},
        {"Action": "lambda:*"},
        {"Principal": "*"},
    ],
)
def test_allowed(more: dict[str, Any]) -> None:
    assert may_invoke([{}, {**ALLOWED, **more}], FUNCTION, GROUP)


@pytest.mark.parametrize(
    "more",
    [
        {"Effect": "Deny"},
        {"Action": "lambda:GetFunction"},
        {"Resource": f"{FUNCTION}:live"},
        {"Principal": {"Service": "events.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::444444444444:root"}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": f"{GROUP}0"}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "555555555555"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    ],
)
def test_not_allowed(more: dict[str, Any]) -> None:
    assert not may_invoke([{**ALLOWED, **more}], FUNCTION, GROUP)


def test_a_permission_of_the_function_is_none_of_its_alias() -> None:
    assert not may_invoke([ALLOWED], f"{FUNCTION}:live", GROUP)
