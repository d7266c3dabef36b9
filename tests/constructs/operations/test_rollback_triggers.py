from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.rollback_triggers import rollback_alarm_arns
from kiln.operations.topics import Severity, Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")


def build(stack: cdk.Stack, count: int) -> None:
    alarms = [
        Alarm(
            stack,
            f"Alarm{number}",
            metric=Metric("Shop", "Errors", statistic="Sum"),
            threshold=1,
            severity=Severity.URGENT,
            topics=TOPICS,
            description="The shop answers with errors. Look at its log first.",
        )
        for number in range(count)
    ]
    cdk.CfnOutput(stack, "Arns", value=cdk.Fn.join(",", rollback_alarm_arns(stack, alarms)))


def test_the_arns_are_those_of_the_alarms_in_their_order(template: Callable[..., Any]) -> None:
    found = template(lambda stack: build(stack, 2))
    alarms = list(found.find_resources("AWS::CloudWatch::Alarm"))
    assert found.find_outputs("*")["Arns"]["Value"] == {
        "Fn::Join": [",", [{"Fn::GetAtt": [alarm, "Arn"]} for alarm in alarms]]
    }


@pytest.mark.parametrize("count", [0, 6])
def test_more_than_cloudformation_takes_or_none_at_all_is_refused(template: Callable[..., Any], count: int) -> None:
    with pytest.raises(WrongProperty, match=f"Stack: rollback alarms is {count}; expected 1 to 5 alarms"):
        template(lambda stack: build(stack, count))
