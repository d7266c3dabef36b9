"""Alarms over HTTP: judged from metric data, with their actions; a minute of AWS's is a second."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

INITIAL = "Unchecked: Initial alarm creation"


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_an_alarm_goes_off_tells_its_topic_and_calms_down(cloud: Any) -> None:
    topic, received = cloud.queue("errors-topic")
    cloud.put("errors", AlarmActions=[topic], OKActions=[topic], AlarmDescription="Too many", TreatMissingData="ignore")
    assert cloud.alarm("errors")["StateValue"] == "INSUFFICIENT_DATA"
    assert cloud.alarm("errors")["StateReason"] == INITIAL
    cloud.data("errors", 4, 4)
    alarm = cloud.entered("errors", "ALARM")
    assert "8.0" in alarm["StateReason"]
    assert "greater than the threshold (5.0)" in alarm["StateReason"]
    assert json.loads(alarm["StateReasonData"])["threshold"] == 5.0
    cloud.data("errors", 1)
    cloud.entered("errors", "OK")
    told = [json.loads(json.loads(m)["Message"]) for m in cloud.until(lambda: len(received()) == 2 and received())]
    assert [t["NewStateValue"] for t in told] == ["ALARM", "OK"]
    assert told[0]["OldStateValue"] == "INSUFFICIENT_DATA"
    assert told[0]["AlarmDescription"] == "Too many"
    assert told[0]["Trigger"]["MetricName"] == "errors"
    history = cloud.cloudwatch.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    kinds = [h["HistoryItemType"] for h in reversed(history)]
    assert kinds == ["ConfigurationUpdate", "StateUpdate", "Action", "StateUpdate", "Action"]


def test_an_alarm_on_metric_math_watches_the_ratio(cloud: Any) -> None:
    def metric(id_: str) -> Any:
        return {
            "Id": id_,
            "MetricStat": {"Metric": {"Namespace": "Test", "MetricName": id_}, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }

    ratio = {"Id": "e1", "Expression": "IF(mrequests > 0, 100 * e2 / mrequests, 0)", "ReturnData": True}
    bad = {"Id": "e2", "Expression": "FILL(mfaults, 0)", "ReturnData": False}
    cloud.cloudwatch.put_metric_alarm(
        AlarmName="ratio",
        Metrics=[metric("mfaults"), metric("mrequests"), bad, ratio],
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="ignore",
    )
    assert [m["Id"] for m in cloud.alarm("ratio")["Metrics"]] == ["mfaults", "mrequests", "e2", "e1"]
    cloud.data("mrequests", 50)
    assert "0.0 (" in cloud.entered("ratio", "OK")["StateReason"]
    cloud.data("mrequests", 50)
    cloud.data("mfaults", 10)
    cloud.entered("ratio", "ALARM")


def test_the_length_of_a_queue_is_measured(cloud: Any) -> None:
    url = cloud.client("sqs").create_queue(QueueName="work")["QueueUrl"]
    for n in range(7):
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=str(n))
    dimensions = [{"Name": "QueueName", "Value": "work"}]
    watched = {"Namespace": "AWS/SQS", "Dimensions": dimensions, "Statistic": "Maximum"}
    cloud.put("backlog", MetricName="ApproximateNumberOfMessagesVisible", Threshold=6, **watched)
    cloud.put("age", MetricName="ApproximateAgeOfOldestMessage", Threshold=1, **watched)
    assert "[7.0 (" in cloud.entered("backlog", "ALARM")["StateReason"]
    cloud.entered("age", "ALARM")
    cloud.client("sqs").purge_queue(QueueUrl=url)
    cloud.entered("backlog", "OK")
    now = datetime.now(UTC)
    found = cloud.cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=dimensions,
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )
    assert 7 in [d["Maximum"] for d in found["Datapoints"]]
    listed = cloud.cloudwatch.list_metrics(Namespace="AWS/SQS", Dimensions=dimensions)["Metrics"]
    assert "ApproximateNumberOfMessagesVisible" in {m["MetricName"] for m in listed}


def test_a_state_set_by_hand_acts_and_lasts_until_the_next_evaluation(cloud: Any) -> None:
    topic, received = cloud.queue("hand-topic")
    cloud.put("hand", AlarmActions=[topic])
    cloud.cloudwatch.set_alarm_state(AlarmName="hand", StateValue="ALARM", StateReason="a test")
    (message,) = cloud.until(received)
    assert json.loads(json.loads(message)["Message"])["NewStateReason"] == "a test"
    assert cloud.entered("hand", "INSUFFICIENT_DATA")["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_disabled_actions_are_not_done(cloud: Any) -> None:
    topic, received = cloud.queue("mute-topic")
    actions = {"AlarmActions": [topic], "OKActions": [topic]}
    cloud.put("mute", **actions, TreatMissingData="notBreaching", ActionsEnabled=False)
    cloud.entered("mute", "OK")
    assert cloud.alarm("mute")["ActionsEnabled"] is False
    cloud.cloudwatch.enable_alarm_actions(AlarmNames=["mute"])
    cloud.cloudwatch.set_alarm_state(AlarmName="mute", StateValue="ALARM", StateReason="heard")
    told = [json.loads(json.loads(m)["Message"]) for m in cloud.until(received)]
    assert told[0]["NewStateReason"] == "heard"


def test_a_composite_alarm_follows_its_alarms_and_is_held_back_by_its_suppressor(cloud: Any) -> None:
    topic, received = cloud.queue("composite-topic")
    for name in ("left", "right", "maintenance"):
        cloud.put(name, TreatMissingData="ignore")
    cloud.cloudwatch.put_composite_alarm(
        AlarmName="both",
        AlarmRule='ALARM("left") AND ALARM("right")',
        AlarmActions=[topic],
        ActionsSuppressor="maintenance",
        ActionsSuppressorWaitPeriod=1,
        ActionsSuppressorExtensionPeriod=1,
    )
    cloud.entered("both", "OK")
    set_state = cloud.cloudwatch.set_alarm_state
    set_state(AlarmName="left", StateValue="ALARM", StateReason="a test")
    assert cloud.entered("both", "OK")
    set_state(AlarmName="maintenance", StateValue="ALARM", StateReason="a test")
    set_state(AlarmName="right", StateValue="ALARM", StateReason="a test")
    assert ":alarm:right transitioned to ALARM" in cloud.entered("both", "ALARM")["StateReason"]
    cloud.until(lambda: cloud.alarm("both").get("ActionsSuppressedBy") == "Alarm")
    assert received() == []
    set_state(AlarmName="maintenance", StateValue="OK", StateReason="done")
    cloud.until(received)
    assert "needs it" in refusal(cloud.cloudwatch.delete_alarms, AlarmNames=["left"])
    cloud.cloudwatch.delete_alarms(AlarmNames=["left", "right", "both"])
    left = cloud.cloudwatch.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])
    assert left["CompositeAlarms"] == []


def test_tags_of_an_alarm_are_kept(cloud: Any) -> None:
    cloud.put("tagged", Tags=[{"Key": "tier", "Value": "Web"}])
    arn, tags = cloud.alarm("tagged")["AlarmArn"], cloud.cloudwatch
    tags.tag_resource(ResourceARN=arn, Tags=[{"Key": "owner", "Value": "ops"}])
    tags.untag_resource(ResourceARN=arn, TagKeys=["tier"])
    assert tags.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "owner", "Value": "ops"}]


def test_what_nobody_would_honour_is_refused(cloud: Any) -> None:
    put = cloud.cloudwatch.put_metric_alarm
    asked = {
        "AlarmName": "refused",
        "Namespace": "Test",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }

    def said(**changes: Any) -> str:
        return refusal(put, **{k: v for k, v in (asked | changes).items() if v is not None})

    assert "arn:aws:automate" in said(AlarmActions=["arn:aws:automate:eu-west-1:ec2:recover"])
    assert "DatapointsToAlarm 3" in said(DatapointsToAlarm=3)
    assert "period 45" in said(Period=45)
    assert "tm99" in said(Statistic=None, ExtendedStatistic="tm99")
    assert "LessThanLowerThreshold" in said(ComparisonOperator="LessThanLowerThreshold")
    simple = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    queries = [{"Id": "e1", "Expression": "RATE(m1)", "Period": 60}]
    assert "RATE" in said(**simple, Metrics=queries)
    assert "'m1'" in said(**simple, Metrics=[{"Id": "e1", "Expression": "m1 + 1", "Period": 60}])
    composite = cloud.cloudwatch.put_composite_alarm
    assert "do not exist" in refusal(composite, AlarmName="c", AlarmRule="ALARM(nobody)")
    assert "'BROKEN'" in refusal(composite, AlarmName="c", AlarmRule="BROKEN(x)")
    assert "ResourceNotFound" in refusal(
        cloud.cloudwatch.set_alarm_state, AlarmName="nobody", StateValue="OK", StateReason="a test"
    )
