"""One alarm that says whether the service as a whole is well, over alarms that may be in other stacks."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from kiln.operations.alarm import require_description
from kiln.refusal import refuse


class ServiceHealth(Construct):
    """A composite alarm that goes off when any of the others does; `.arn` is a token.

    Args:
        alarm_arns: lists of ARNs, each of which may be a list token; a composite alarm takes 100 in all.
        topic_arn: is told of the beginning and the end; may be a token.
        description: what it means and what to do first, 40 to 1024 characters.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alarm_arns: Sequence[list[str]],
        topic_arn: str,
        description: str,
    ) -> None:
        super().__init__(scope, construct_id)
        require_description(self, description)
        if not alarm_arns or not all(alarm_arns):
            raise refuse(self, "alarm_arns", found=alarm_arns, expected="lists with at least one ARN each")
        alarm = cloudwatch.CfnCompositeAlarm(
            self,
            "Alarm",
            alarm_description=description,
            alarm_rule=" OR ".join(map(_any_of, alarm_arns)),
            actions_enabled=True,
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
        )
        self.arn: str = alarm.attr_arn


def _any_of(arns: list[str]) -> str:
    """`ALARM("a") OR ALARM("b")`, for a list whose length is not known yet as well."""
    between = '") OR ALARM("'
    return f'ALARM("{cdk.Fn.join(between, arns)}")'
