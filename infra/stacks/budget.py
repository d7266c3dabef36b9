"""What the environment may cost."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.operations.budget import Budget as MonthlyBudget


class Budget(cdk.Stack):
    """One budget over the account, which has nothing but this environment in it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        MonthlyBudget(
            self, "Budget", monthly_usd=PAYROLL.read_number(self, "budget/monthly-usd"), topics=read_topics(self)
        )
