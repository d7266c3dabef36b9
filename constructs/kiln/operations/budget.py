"""What an account may cost in a month, and who is told before it is spent and when it is.

https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from kiln.operations.topics import Topics
from kiln.refusal import require_between

EARLY_PERCENT = 50
FORECAST_PERCENT = 80
ACTUAL_PERCENT = 100
LARGEST_USD = 1_000_000_000


class Budget(Construct):
    """A budget over all costs of the account, in US dollars per month.

    Half of it spent is for the record, a forecast above 80 percent is a warning, the whole of it spent is urgent.

    Args:
        monthly_usd: may be a token.
        topics: see `Topics`; their policy must let AWS Budgets publish.
    """

    def __init__(self, scope: Construct, construct_id: str, *, monthly_usd: float, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "monthly_usd", monthly_usd, 1, LARGEST_USD, "US dollars per month")
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                _notification("ACTUAL", EARLY_PERCENT, topics.info_arn),
                _notification("FORECASTED", FORECAST_PERCENT, topics.warning_arn),
                _notification("ACTUAL", ACTUAL_PERCENT, topics.urgent_arn),
            ],
        )


def _notification(kind: str, percent: int, topic_arn: str) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind,
            comparison_operator="GREATER_THAN",
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic_arn)],
    )
