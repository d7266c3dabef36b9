from typing import Any

import pytest

from kiln.promises import policies
from kiln.promises.demands import Demand

DENY_HTTP = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ALLOW_ONE = {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "a"}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


HTTP = policies.denies_plain_http("P", "s3:GetObject", "s3:PutObject")


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}},
        {"Action": "s3:GetObject"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {}},
    ],
)
def test_only_a_deny_for_everybody_of_everything_keeps_plain_http_out(change: dict[str, Any]) -> None:
    assert HTTP.holds(document(ALLOW_ONE, DENY_HTTP))
    assert not HTTP.holds(document(ALLOW_ONE, DENY_HTTP | change))


def test_a_policy_of_one_statement_that_is_no_list_is_read() -> None:
    assert HTTP.holds({"Statement": DENY_HTTP})
    assert not HTTP.holds({})


@pytest.mark.parametrize(
    ("demand", "bad"),
    [
        (policies.refuses_anybody("P"), {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}),
        (policies.refuses_anybody("P"), {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}),
        (policies.refuses_everything("P"), {"Effect": "Allow", "Action": ["*"], "Resource": "a"}),
        (policies.refuses_whole_services("P"), {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}),
    ],
)
def test_a_bad_allow_is_found_among_good_ones_and_a_deny_is_none(demand: Demand, bad: dict[str, Any]) -> None:
    assert demand.holds(document(ALLOW_ONE, bad | {"Effect": "Deny"}))
    assert not demand.holds(document(ALLOW_ONE, bad))


def test_everybody_with_a_condition_is_somebody() -> None:
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Condition": {"StringEquals": {"a": "b"}}}
    assert policies.refuses_anybody("P").holds(document(everybody))


def test_a_service_on_one_resource_is_no_whole_service() -> None:
    assert policies.refuses_whole_services("P").holds(document({"Effect": "Allow", "Action": "s3:*", "Resource": "a"}))


@pytest.mark.parametrize(
    "demand",
    [HTTP, policies.refuses_anybody("P"), policies.refuses_everything("P"), policies.refuses_whole_services("P")],
)
def test_what_is_made_worse_is_worse(demand: Demand) -> None:
    right = document(ALLOW_ONE, DENY_HTTP)
    assert demand.holds(right)
    assert not any(demand.holds(worse) for worse in demand.worse(right))
