from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.budget import Budget
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")


@pytest.fixture
def budget(template: Callable[..., Any]) -> dict[str, Any]:
    def build(stack: cdk.Stack) -> None:
        Budget(stack, "Budget", monthly_usd=cdk.Token.as_number(cdk.CfnParameter(stack, "Usd").value), topics=TOPICS)

    [found] = template(build).find_resources("AWS::Budgets::Budget").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_it_is_over_all_costs_of_a_month_and_its_amount_may_be_a_token(budget: dict[str, Any]) -> None:
    assert budget["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": {"Ref": "Usd"}, "Unit": "USD"},
    }


def test_it_tells_before_the_money_is_spent_and_when_it_is(budget: dict[str, Any]) -> None:
    told = {
        (n["Notification"]["NotificationType"], n["Notification"]["Threshold"]): n["Subscribers"]
        for n in budget["NotificationsWithSubscribers"]
    }
    assert told == {
        ("ACTUAL", 50): [{"SubscriptionType": "SNS", "Address": "arn:info"}],
        ("FORECASTED", 80): [{"SubscriptionType": "SNS", "Address": "arn:warning"}],
        ("ACTUAL", 100): [{"SubscriptionType": "SNS", "Address": "arn:urgent"}],
    }
    for notification in budget["NotificationsWithSubscribers"]:
        assert notification["Notification"]["ThresholdType"] == "PERCENTAGE"
        assert notification["Notification"]["ComparisonOperator"] == "GREATER_THAN"


def test_a_budget_of_nothing_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Budget: monthly_usd is 0; expected 1 to 1000000000 US dollars"):
        template(lambda stack: Budget(stack, "Budget", monthly_usd=0, topics=TOPICS))
