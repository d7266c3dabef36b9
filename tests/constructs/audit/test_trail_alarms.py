import re
from collections.abc import Callable
from typing import Any

import pytest

from kiln.audit.cis_patterns import PATTERNS
from kiln.audit.trail_alarms import WATCHES, TrailAlarms
from kiln.operations.topics import Severity, Topics

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")
LONGEST_PATTERN = 1024  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html


@pytest.fixture
def alarms(template: Callable[..., Any]) -> Any:
    return template(lambda stack: TrailAlarms(stack, "Alarms", log_group_name="trail", topics=TOPICS))


def test_everything_that_the_benchmark_wants_is_watched() -> None:
    assert [watch.cis for watch in WATCHES] == [f"4.{number}" for number in range(1, 16)]
    assert [watch.name for watch in WATCHES] == list(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_one_that_cloudwatch_takes(name: str) -> None:
    pattern = PATTERNS[name]
    assert len(pattern) <= LONGEST_PATTERN
    assert pattern.startswith("{")
    assert pattern.endswith("}")
    assert pattern.count("(") == pattern.count(")")
    assert len(re.findall(r"\$\.eventName=(\w+)", pattern)) == len(set(re.findall(r"\$\.eventName=(\w+)", pattern)))


def test_a_pattern_of_calls_names_the_service_where_several_have_a_call_of_that_name() -> None:
    assert PATTERNS["KeyRemovals"] == (
        "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}"
    )
    assert PATTERNS["TrailChanges"].startswith("{($.eventName=CreateTrail) || ")


def test_what_a_filter_finds_is_what_its_alarm_counts(alarms: Any) -> None:
    filters = alarms.find_resources("AWS::Logs::MetricFilter").values()
    found = {f["Properties"]["MetricTransformations"][0]["MetricName"]: f["Properties"] for f in filters}
    counted = [a["Properties"] for a in alarms.find_resources("AWS::CloudWatch::Alarm").values()]
    assert {name: f["FilterPattern"] for name, f in found.items()} == PATTERNS
    assert {f["LogGroupName"] for f in found.values()} == {"trail"}
    assert sorted(a["MetricName"] for a in counted) == sorted(found)
    for alarm in counted:
        [transformation] = found[alarm["MetricName"]]["MetricTransformations"]
        assert alarm["Namespace"] == transformation["MetricNamespace"]
        assert transformation["MetricValue"] == "1"
        assert (alarm["Statistic"], alarm["Period"], alarm["TreatMissingData"]) == ("Sum", 300, "notBreaching")


def test_every_watch_tells_the_topic_of_its_severity(alarms: Any) -> None:
    told = {
        a["Properties"]["MetricName"]: a["Properties"]["AlarmActions"]
        for a in alarms.find_resources("AWS::CloudWatch::Alarm").values()
    }
    assert told == {watch.name: [f"arn:{watch.severity}"] for watch in WATCHES}


def test_what_no_deployment_does_wakes_somebody_up() -> None:
    urgent = {watch.name for watch in WATCHES if watch.severity is Severity.URGENT}
    assert urgent == {"SignInWithoutMfa", "RootUse", "TrailChanges", "KeyRemovals"}


def test_fewer_things_can_be_watched(template: Callable[..., Any]) -> None:
    found = template(
        lambda stack: TrailAlarms(stack, "Alarms", log_group_name="trail", topics=TOPICS, watches=WATCHES[:2])
    )
    found.resource_count_is("AWS::CloudWatch::Alarm", 2)
