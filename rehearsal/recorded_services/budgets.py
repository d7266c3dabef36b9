"""Budgets: kept with their notifications; nothing is spent in a rehearsal, and nobody is told.

moto (5.2.5) can neither change a budget nor say whom its notifications go to: nothing is left to it.
"""

from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    change,
    constant,
    default,
    get,
    listed,
    make,
    now,
    remove,
    tag,
    tags_of,
    untag,
)

# What a budget counts unless it says otherwise (API_budgets_CostTypes).
COST_TYPES = {
    **dict.fromkeys(
        (
            "IncludeTax",
            "IncludeSubscription",
            "IncludeRefund",
            "IncludeCredit",
            "IncludeUpfront",
            "IncludeRecurring",
            "IncludeOtherSubscription",
            "IncludeSupport",
            "IncludeDiscount",
        ),
        True,
    ),
    "UseBlended": False,
    "UseAmortized": False,
}
ADDED = {
    "CostTypes": lambda ask, members: {**COST_TYPES, **members.get("CostTypes", {})},
    "CostFilters": default("CostFilters", {}),
    "LastUpdatedTime": now,
    "CalculatedSpend": constant({"ActualSpend": {"Amount": "0", "Unit": "USD"}}),
    "BudgetArn": "arn:aws:budgets::{Account}:budget/{BudgetName}",
}
BUDGET = Noun(
    name="budget",
    key=("BudgetName",),
    born=ADDED,
    touched=ADDED,
    bodies=("Budget", "NewBudget"),
    tags="ResourceTags",
    arn="BudgetArn",
    missing="NotFoundException",
    taken="DuplicateRecordException",
)


def _with_state(notification: dict[str, Any]) -> dict[str, Any]:
    return {"ThresholdType": "PERCENTAGE", **notification, "NotificationState": "OK"}


def _notifications(ask: Ask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask.thing(BUDGET).members.get("NotificationsWithSubscribers", [])
    return found


def _subscribers(ask: Ask) -> dict[str, Any]:
    asked = {**_with_state(ask.request["Notification"])}
    for entry in _notifications(ask):
        if _with_state(entry["Notification"]) == asked:
            return {"Subscribers": entry.get("Subscribers", [])}
    raise AwsError("NotFoundException", f"The budget {ask.request['BudgetName']} has no such notification")


def _update(ask: Ask) -> dict[str, Any]:
    """The budget anew; its notifications are changed by calls of their own."""
    kept = ask.thing(BUDGET)
    notifications = kept.members.get("NotificationsWithSubscribers", [])
    change(BUDGET, replaces=True)(ask)
    kept.members["NotificationsWithSubscribers"] = notifications
    return {}


TABLE = {
    "CreateBudget": make(BUDGET),
    "UpdateBudget": _update,
    "DescribeBudget": get(BUDGET, "Budget"),
    "DescribeBudgets": listed(BUDGET, "Budgets"),
    "DeleteBudget": remove(BUDGET),
    "DescribeNotificationsForBudget": lambda ask: {
        "Notifications": [_with_state(entry["Notification"]) for entry in _notifications(ask)]
    },
    "DescribeSubscribersForNotification": _subscribers,
    "TagResource": tag("ResourceARN", "ResourceTags"),
    "UntagResource": untag("ResourceARN", "ResourceTagKeys"),
    "ListTagsForResource": tags_of("ResourceARN", "ResourceTags"),
}


def service() -> RecordedService:
    return RecordedService("budgets", TABLE, everywhere=True)
