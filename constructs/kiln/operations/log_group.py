"""A log group: encrypted with a key of ours, for as many days as is said, and still there when its stack is gone."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct


@dataclass(frozen=True, slots=True)
class Records:
    """How logs are kept; every field may be a token.

    Args:
        key_arn: its policy must let CloudWatch Logs use it (`kiln.data.key_user.cloudwatch_logs`).
        days: one of those that CloudWatch offers.
    """

    key_arn: str
    days: float


class LogGroup(Construct):
    """A log group; `.name` and `.arn` are tokens, `.arn` with the `:*` that policies want.

    Args:
        key_arn: its policy must let CloudWatch Logs use it (`kiln.data.key_user.cloudwatch_logs`). May be a token.
        days: one of those that CloudWatch offers; may be a token.
        name: only where a service wants a certain one, and then one of `kiln.stack_unique`; CloudFormation gives one
            otherwise.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key_arn: str, days: float, name: str | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        group = logs.CfnLogGroup(self, "Resource", kms_key_id=key_arn, retention_in_days=days, log_group_name=name)
        group.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.name: str = group.ref
        self.arn: str = group.attr_arn
