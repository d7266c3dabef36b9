"""Alarms that undo an operation, over HTTP; a minute of the monitoring time is a second."""

import json
import threading
import time
from typing import Any

import pytest

from tests.rehearsal.cloudformation.pieces import Json
from tests.rehearsal.cloudformation.test_auto_scaling import image, images, template
from tests.rehearsal.cloudformation.test_resource_types import of


def parameter(name: str, value: str) -> Json:
    return {"Resources": {"P": of("SSM::Parameter", Name=f"/{name}", Type="String", Value=value)}}


@pytest.fixture
def alarm(embedded: Any, name: str) -> Any:
    """An alarm that is OK until a test says otherwise: without data it stays as it is."""
    cloudwatch = embedded.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Test",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def triggers(alarm: Json, minutes: int = 0) -> Json:
    watched = [{"Arn": alarm["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"}]
    return {"RollbackTriggers": watched, "MonitoringTimeInMinutes": minutes}


def set_state(embedded: Any, alarm: Json, state: str) -> None:
    embedded.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test")


def in_progress(embedded: Any, name: str, seconds: float = 0.5) -> Json:
    time.sleep(seconds)
    found: Json = embedded.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return found


def change(embedded: Any, operation: str, name: str, template: Json, **more: Any) -> None:
    """Asks for a change in a thread of its own: the answer waits a moment for the change."""
    call = getattr(embedded.cloudformation, operation)
    request = {"StackName": name, "TemplateBody": json.dumps(template), **more}
    threading.Thread(target=lambda: call(**request), daemon=True).start()


def stack_reasons(embedded: Any, name: str, status: str) -> list[str]:
    return [
        e.get("ResourceStatusReason", "")
        for e in embedded.events(name)
        if e["LogicalResourceId"] == name and e["ResourceStatus"] == status
    ]


def test_an_update_stays_when_its_alarm_is_quiet(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))
    stack = embedded.update(name, parameter(name, "new"), RollbackConfiguration=triggers(alarm, 1))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["RollbackConfiguration"] == triggers(alarm, 1)
    assert embedded.parameter(f"/{name}") == "new"


def test_an_alarm_in_the_monitoring_time_undoes_an_update(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))
    change(embedded, "update_stack", name, parameter(name, "new"), RollbackConfiguration=triggers(alarm, 30))
    assert in_progress(embedded, name, 1)["StackStatus"] == "UPDATE_IN_PROGRESS"
    assert embedded.parameter(f"/{name}") == "new"
    embedded.client("cloudwatch").put_metric_data(
        Namespace="Test", MetricData=[{"MetricName": name, "Value": 1}]
    )  # nobody sets a state by hand: the alarm is evaluated
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}") == "old"
    (reason,) = stack_reasons(embedded, name, "UPDATE_ROLLBACK_IN_PROGRESS")
    assert reason == f"The following rollback trigger(s) are in ALARM state: [{alarm['AlarmArn']}]. "


def test_an_alarm_undoes_a_creation(embedded: Any, name: str, alarm: Json) -> None:
    template = {**parameter(name, "new"), "Outputs": {"O": {"Value": "x"}}}
    change(embedded, "create_stack", name, template, RollbackConfiguration=triggers(alarm, 30))
    assert in_progress(embedded, name, 1)["StackStatus"] == "CREATE_IN_PROGRESS"
    set_state(embedded, alarm, "ALARM")
    stack = embedded.settled(name)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert not stack.get("Outputs")
    with pytest.raises(Exception, match="ParameterNotFound"):
        embedded.parameter(f"/{name}")


def test_an_alarm_that_is_off_already_lets_nothing_begin(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))
    set_state(embedded, alarm, "ALARM")
    stack = embedded.update(name, parameter(name, "new"), RollbackConfiguration=triggers(alarm))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}") == "old"


def test_an_alarm_that_is_not_there_fails_the_operation(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))
    embedded.client("cloudwatch").delete_alarms(AlarmNames=[alarm["AlarmName"]])
    stack = embedded.update(name, parameter(name, "new"), RollbackConfiguration=triggers(alarm))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = stack_reasons(embedded, name, "UPDATE_ROLLBACK_IN_PROGRESS")
    assert "do not exist" in reason


def test_triggers_are_kept_for_later_updates_until_they_are_taken_away(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "1"), RollbackConfiguration=triggers(alarm))
    found = embedded.change_set(name, parameter(name, "2"))
    assert found["RollbackConfiguration"] == triggers(alarm)
    set_state(embedded, alarm, "ALARM")
    assert embedded.update(name, parameter(name, "2"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    none: Json = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    stack = embedded.update(name, parameter(name, "2"), RollbackConfiguration=none)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert not stack.get("RollbackConfiguration")


def test_an_update_can_be_cancelled(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))
    assert "CREATE_COMPLETE" in embedded.refusal("cancel_update_stack", StackName=name)
    waiting = {"MonitoringTimeInMinutes": 60}
    change(embedded, "update_stack", name, parameter(name, "new"), RollbackConfiguration=waiting)
    assert in_progress(embedded, name)["StackStatus"] == "UPDATE_IN_PROGRESS"
    embedded.cloudformation.cancel_update_stack(StackName=name)
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}") == "old"
    assert stack_reasons(embedded, name, "UPDATE_ROLLBACK_IN_PROGRESS") == ["User Initiated"]


def test_what_was_added_replaced_and_taken_away_is_as_it_was_before(embedded: Any, name: str, alarm: Json) -> None:
    def made(**values: str) -> Json:
        return {k: of("SSM::Parameter", Name=f"/{name}/{k}/{v}", Type="String", Value=v) for k, v in values.items()}

    def there() -> list[str]:
        found = embedded.client("ssm").get_parameters_by_path(Path=f"/{name}", Recursive=True)["Parameters"]
        return sorted(p["Name"].removeprefix(f"/{name}/") for p in found)

    embedded.create(name, {"Resources": made(Stays="1", Replaced="old", Gone="1")})
    changed = {"Resources": made(Stays="1", Replaced="new", Added="1")}
    change(embedded, "update_stack", name, changed, RollbackConfiguration=triggers(alarm, 30))
    in_progress(embedded, name, 1)
    assert there() == ["Added/1", "Gone/1", "Replaced/new", "Replaced/old", "Stays/1"]
    set_state(embedded, alarm, "ALARM")
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert there() == ["Gone/1", "Replaced/old", "Stays/1"]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    assert there() == []


def test_an_alarm_cuts_an_instance_refresh_short(embedded: Any, name: str, alarm: Json) -> None:
    old, new = image(embedded, "good"), image(embedded, "good")
    embedded.create(name, template(old))
    changed = template(new)
    policy = changed["Resources"]["A"]["UpdatePolicy"]["AutoScalingInstanceRefresh"]
    policy["Preferences"]["BakeTime"] = 600
    change(embedded, "update_stack", name, changed, RollbackConfiguration=triggers(alarm))
    group = embedded.physical_id(name, "A")

    def newest() -> str:
        api = embedded.client("autoscaling")
        found = api.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"]
        return str(found[0]["Status"]) if found else ""

    end = time.monotonic() + 30
    while newest() != "Baking":
        assert time.monotonic() < end
        time.sleep(0.1)
    set_state(embedded, alarm, "ALARM")
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert images(embedded, name) == [old, old]
    assert "Resource update cancelled" in embedded.reasons(name)


def test_nonsense_is_refused_before_anything_begins(embedded: Any, name: str, alarm: Json) -> None:
    embedded.create(name, parameter(name, "old"))

    def said(**configuration: Any) -> str:
        template = json.dumps(parameter(name, "new"))
        asked = {"StackName": name, "TemplateBody": template, "RollbackConfiguration": configuration}
        return str(embedded.refusal("update_stack", **asked))

    assert "180" in said(MonitoringTimeInMinutes=181)
    (trigger,) = triggers(alarm)["RollbackTriggers"]
    assert "at most 5" in said(RollbackTriggers=[trigger] * 6)
    assert "AWS::SNS::Topic" in said(RollbackTriggers=[{"Arn": alarm["AlarmArn"], "Type": "AWS::SNS::Topic"}])
