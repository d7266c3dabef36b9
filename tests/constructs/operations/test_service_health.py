from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.service_health import ServiceHealth
from kiln.refusal import WrongProperty

DESCRIPTION = "The shop is unhealthy: open its dashboard, and roll back the latest deployment."


def health(template: Callable[..., Any], alarm_arns: list[list[str]], description: str = DESCRIPTION) -> dict[str, Any]:
    found = template(
        lambda stack: ServiceHealth(
            stack, "Health", alarm_arns=alarm_arns, topic_arn="arn:urgent", description=description
        )
    )
    [resource] = found.find_resources("AWS::CloudWatch::CompositeAlarm").values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def test_it_goes_off_when_any_of_the_alarms_does(template: Callable[..., Any]) -> None:
    found = health(template, [["arn:1", "arn:2"], ["arn:3"]])
    assert found["AlarmRule"] == 'ALARM("arn:1") OR ALARM("arn:2") OR ALARM("arn:3")'


def test_it_tells_the_topic_when_it_begins_and_when_it_ends(template: Callable[..., Any]) -> None:
    found = health(template, [["arn:1"]])
    assert found["ActionsEnabled"] is True
    assert found["AlarmActions"] == found["OKActions"] == ["arn:urgent"]
    assert found["AlarmDescription"] == DESCRIPTION


def test_the_alarms_of_other_stacks_may_be_lists_of_unknown_length(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        arns = [cdk.CfnParameter(stack, name, type="CommaDelimitedList").value_as_list for name in ("Web", "Worker")]
        ServiceHealth(stack, "Health", alarm_arns=arns, topic_arn="arn:urgent", description=DESCRIPTION)

    [resource] = template(build).find_resources("AWS::CloudWatch::CompositeAlarm").values()
    between = '") OR ALARM("'
    assert resource["Properties"]["AlarmRule"]["Fn::Join"][1] == [
        'ALARM("',
        {"Fn::Join": [between, {"Ref": "Web"}]},
        between,
        {"Fn::Join": [between, {"Ref": "Worker"}]},
        '")',
    ]


@pytest.mark.parametrize("alarm_arns", [[], [["arn:1"], []]])
def test_health_without_anything_that_shows_it_is_refused(
    template: Callable[..., Any], alarm_arns: list[list[str]]
) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/Health: alarm_arns is .* expected lists with at least one ARN"):
        health(template, alarm_arns)


def test_a_description_that_helps_nobody_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Health: description is 'sick'"):
        health(template, [["arn:1"]], description="sick")
