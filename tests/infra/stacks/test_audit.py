"""Notifications, Trail, Config, ThreatDetection, Budget: in every environment, and each told by its own values."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from infra import parameters
from infra.assembly import ALWAYS, SHARED_STACKS
from infra.parameters.values import values
from infra.stacks.budget import Budget
from infra.stacks.config import Config
from infra.stacks.notifications import Notifications
from infra.stacks.threat_detection import ThreatDetection
from infra.stacks.trail import Trail
from kiln.operations.notifications import ADDRESSES

Alone = Callable[[type[cdk.Stack]], Any]

AUDIT = (Notifications, Trail, Config, ThreatDetection, Budget)
TOPICS = {f"/kiln/payroll/notifications/{severity}-topic-arn" for severity in ("urgent", "warning", "info")}


def read(template: Any) -> set[str]:
    return {p["Default"] for p in template.find_parameters("*").values() if p["Default"].startswith("/kiln/")}


def written(template: Any) -> set[str]:
    return {r["Properties"]["Name"] for r in template.find_resources("AWS::SSM::Parameter").values()}


@pytest.mark.parametrize("stack", AUDIT, ids=lambda stack: stack.__name__)
def test_it_is_in_every_environment(stack: type[cdk.Stack]) -> None:
    assert SHARED_STACKS[stack] == ALWAYS


def test_notifications_write_the_three_topics_that_all_others_read(alone: Alone) -> None:
    found = alone(Notifications)
    assert read(found) == {"/kiln/payroll/keys/messages-arn", "/kiln/payroll/alarms/addresses"}
    assert written(found) == TOPICS
    for stack in (Trail, ThreatDetection, Budget):
        assert read(alone(stack)) >= TOPICS


def test_a_parameter_file_has_as_many_places_for_addresses_as_the_template() -> None:
    for environment in parameters.load_all():
        assert len(values(environment)["alarms/addresses"]) == ADDRESSES


@pytest.mark.parametrize("stack", [Trail, Config])
def test_the_environment_says_how_long_a_record_is_kept(alone: Alone, stack: type[cdk.Stack]) -> None:
    assert {"/kiln/payroll/retention/audit-days", "/kiln/payroll/keys/logs-arn"} <= read(alone(stack))


def test_the_lock_of_the_trail_is_as_long_as_the_environment_says(alone: Alone) -> None:
    buckets = alone(Trail).find_resources("AWS::S3::Bucket").values()
    [lock] = [
        b["Properties"]["ObjectLockConfiguration"] for b in buckets if "ObjectLockConfiguration" in b["Properties"]
    ]
    assert lock["Rule"]["DefaultRetention"]["Days"] == {"Ref": "RetentionAuditDays"}


def test_a_broken_rule_is_a_warning(alone: Alone) -> None:
    [rule] = alone(Config).find_resources("AWS::Events::Rule").values()
    assert rule["Properties"]["Targets"][0]["Arn"] == {"Ref": "NotificationsWarningTopicArn"}


def test_the_budget_is_that_of_the_environment(alone: Alone) -> None:
    [budget] = alone(Budget).find_resources("AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "BudgetMonthlyUsd"}


@pytest.mark.parametrize("stack", AUDIT, ids=lambda stack: stack.__name__)
def test_nothing_that_stays_behind_has_a_name_that_would_be_in_the_way(alone: Alone, stack: type[cdk.Stack]) -> None:
    names = ("BucketName", "LogGroupName", "TopicName", "TrailName")
    for resource in alone(stack).to_json()["Resources"].values():
        if resource.get("DeletionPolicy") == "Retain":
            assert not [name for name in names if name in resource["Properties"]]
