from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from kiln.operations.alarm import Alarm, Comparison, Missing
from kiln.operations.metric import Formula, Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")
DESCRIPTION = "The shop answers with errors. Look at its log first, then at the database."
ERRORS = Metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", {"TargetGroup": "tg"}, statistic="Sum")
USE = Metric("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": "group"})


def alarm(template: Callable[..., Any], **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "metric": ERRORS,
        "threshold": 5,
        "severity": Severity.URGENT,
        "topics": TOPICS,
        "description": DESCRIPTION,
    } | changed
    found: Template = template(lambda stack: Alarm(stack, "Alarm", **given))
    [resource] = found.find_resources("AWS::CloudWatch::Alarm").values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def test_it_tells_the_topic_of_its_severity_when_it_begins_and_when_it_ends(template: Callable[..., Any]) -> None:
    for severity in Severity:
        found = alarm(template, severity=severity)
        assert found["ActionsEnabled"] is True
        assert found["AlarmActions"] == found["OKActions"] == [f"arn:{severity}"]


def test_it_measures_what_it_is_told(template: Callable[..., Any]) -> None:
    found = alarm(template)
    assert found["Namespace"] == "AWS/ApplicationELB"
    assert found["MetricName"] == "HTTPCode_Target_5XX_Count"
    assert found["Dimensions"] == [{"Name": "TargetGroup", "Value": "tg"}]
    assert (found["Statistic"], found["Period"], found["Threshold"]) == ("Sum", 60, 5)
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert found["AlarmDescription"] == DESCRIPTION


def test_a_percentile_has_a_property_of_its_own(template: Callable[..., Any]) -> None:
    found = alarm(template, metric=Metric("AWS/ApplicationELB", "TargetResponseTime", statistic="p99"))
    assert found["ExtendedStatistic"] == "p99"
    assert "Statistic" not in found


def test_a_formula_is_computed_from_metrics_that_are_not_compared_themselves(template: Callable[..., Any]) -> None:
    requests = Metric("AWS/ApplicationELB", "RequestCount", statistic="Sum")
    share = Formula("100 * errors / requests", {"errors": ERRORS, "requests": requests}, label="Errors in percent")
    found = alarm(template, metric=share)
    assert {m["Id"]: m["ReturnData"] for m in found["Metrics"]} == {"errors": False, "requests": False, "result": True}
    assert found["Metrics"][-1]["Expression"] == "100 * errors / requests"
    assert found["Metrics"][0]["MetricStat"]["Stat"] == "Sum"
    assert "MetricName" not in found


@pytest.mark.parametrize(
    ("metric", "meaning"), [(ERRORS, "notBreaching"), (USE, "missing"), (Formula("e", {"e": ERRORS}), "notBreaching")]
)
def test_no_value_is_good_where_events_are_counted_and_unknown_otherwise(
    template: Callable[..., Any], metric: Metric | Formula, meaning: str
) -> None:
    assert alarm(template, metric=metric)["TreatMissingData"] == meaning


def test_no_value_is_bad_for_what_must_always_be_there(template: Callable[..., Any]) -> None:
    assert alarm(template, missing=Missing.IS_BAD)["TreatMissingData"] == "breaching"


def test_some_of_the_latest_periods_may_be_good(template: Callable[..., Any]) -> None:
    found = alarm(template, periods=3, of_periods=5, comparison=Comparison.BELOW)
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (3, 5)
    assert found["ComparisonOperator"] == "LessThanThreshold"
    assert alarm(template, periods=3)["EvaluationPeriods"] == 3


def test_values_may_be_tokens(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        given = cdk.CfnParameter(stack, "Given")
        number = cdk.Token.as_number(given.value)
        metric = Metric("AWS/EC2", "CPUUtilization", {"Group": given.value_as_string}, period_seconds=number)
        topics = Topics(given.value_as_string, "arn:warning", "arn:info")
        Alarm(
            stack,
            "Alarm",
            metric=metric,
            threshold=number,
            severity=Severity.URGENT,
            topics=topics,
            description=DESCRIPTION,
        )

    [resource] = template(build).find_resources("AWS::CloudWatch::Alarm").values()
    found = resource["Properties"]
    assert found["Threshold"] == found["Period"] == {"Ref": "Given"}
    assert found["AlarmActions"] == [{"Ref": "Given"}]


def test_a_description_that_helps_nobody_at_night_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Alarm: description is 'errors'; expected what the alarm means"):
        alarm(template, description="errors")


def test_more_bad_periods_than_are_looked_at_are_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Alarm: periods is 4; expected 1 to 3 of the periods"):
        alarm(template, periods=4, of_periods=3)
