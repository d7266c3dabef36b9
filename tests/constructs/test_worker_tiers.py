"""Tiers that nobody calls: they take jobs from a queue, finish calculations, or listen to a broker."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.network.imported_network import imported_network
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty
from kiln.tiers.calculation_tier import CalculationTier
from kiln.tiers.instance_role import Access
from kiln.tiers.mq_worker_tier import BrokerClient, MqWorkerTier
from kiln.tiers.queue import Queue
from kiln.tiers.queue_worker_tier import QueueWorkerTier, backlog
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.tier import Size, Startup

GROUP = "AWS::AutoScaling::AutoScalingGroup"
QUEUE = "AWS::SQS::Queue"
TOPICS = Topics("arn:urgent", "arn:warning", "arn:info")
TIER: dict[str, Any] = {
    "name": "worker",
    "image_id": "ami-0123456789abcdef0",
    "size": Size(["m7i.large"], 0, 4, 8),
    "startup": Startup(60, 5),
}


def surroundings(stack: cdk.Stack, **changed: Any) -> Surroundings:
    given: dict[str, Any] = {
        "vpc": imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=["subnet-1", "subnet-2"]),
        "data_key_arn": "arn:data-key",
        "records": Records("arn:logs-key", 30),
        "topics": TOPICS,
        "protected": "false",
        "messages_key_arn": "arn:messages-key",
    }
    return Surroundings(**given | changed)


def jobs(stack: cdk.Stack, **changed: Any) -> Queue:
    given: dict[str, Any] = {
        "job_seconds": 60,
        "waiting_seconds": 3600,
        "key_arn": "arn:messages-key",
        "topics": TOPICS,
    }
    return Queue(stack, "Queue", **given | changed)


def worker(stack: cdk.Stack, **changed: Any) -> None:
    given: dict[str, Any] = TIER | {"queue": jobs(stack), "backlog_per_instance": 20} | changed
    QueueWorkerTier(stack, "Worker", surroundings=surroundings(stack), **given)


def calculation(stack: cdk.Stack, **changed: Any) -> None:
    given: dict[str, Any] = TIER | {"queue": jobs(stack), "backlog_per_instance": 5, "job_seconds": 900} | changed
    CalculationTier(stack, "Calculation", surroundings=surroundings(stack), **given)


def listener(stack: cdk.Stack, **changed: Any) -> None:
    given: dict[str, Any] = TIER | {"broker": BrokerClient("sg-broker", "arn:secret"), "cpu_percent": 60} | changed
    MqWorkerTier(stack, "Listener", surroundings=surroundings(stack, messages_key_arn=None), **given)


def only(template: Any, kind: str) -> dict[str, Any]:
    [resource] = template.find_resources(kind).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def queues(template: Any) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """Logical id and resource of the queue of jobs, and of that for what was set aside."""
    found = template.find_resources(QUEUE)
    [(main, of_jobs)] = [(n, q) for n, q in found.items() if "RedrivePolicy" in q["Properties"]]
    [(aside, of_failed)] = [(n, q) for n, q in found.items() if n != main]
    return main, of_jobs, aside, of_failed


def test_a_queue_is_encrypted_and_stays_when_its_stack_goes(template: Callable[..., Any]) -> None:
    for queue in template(jobs).find_resources(QUEUE).values():
        assert queue["Properties"]["KmsMasterKeyId"] == "arn:messages-key"
        assert (queue["DeletionPolicy"], queue["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_queue_refuses_requests_without_tls_and_so_does_the_one_aside(template: Callable[..., Any]) -> None:
    found = template(jobs)
    policies = [p["Properties"] for p in found.find_resources("AWS::SQS::QueuePolicy").values()]
    assert sorted(p["Queues"][0]["Ref"] for p in policies) == sorted(found.find_resources(QUEUE))
    for policy in policies:
        [statement] = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert statement["Resource"]["Fn::GetAtt"] == [policy["Queues"][0]["Ref"], "Arn"]


def test_a_job_that_fails_three_times_is_set_aside_for_two_weeks(template: Callable[..., Any]) -> None:
    _, queue, aside, failed = queues(template(jobs))
    redrive = queue["Properties"]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": [aside, "Arn"]}, "maxReceiveCount": 3}
    assert failed["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["Properties"]["RedriveAllowPolicy"] == {"redrivePermission": "denyAll"}


def test_a_job_is_given_to_nobody_else_while_somebody_may_work_on_it(template: Callable[..., Any]) -> None:
    def with_token(stack: cdk.Stack) -> None:
        jobs(stack, job_seconds=cdk.Token.as_number(cdk.CfnParameter(stack, "Seconds").value))

    _, queue, _, _ = queues(template(with_token))
    assert queue["Properties"]["VisibilityTimeout"] == {"Ref": "Seconds"}
    assert queue["Properties"]["ReceiveMessageWaitTimeSeconds"] == 20


def test_jobs_that_wait_are_a_warning_and_those_that_were_set_aside_wake_somebody_up(
    template: Callable[..., Any],
) -> None:
    found = template(jobs)
    main, _, aside, _ = queues(found)
    alarms = [a["Properties"] for a in found.find_resources("AWS::CloudWatch::Alarm").values()]
    told = {
        (a["MetricName"], a["Dimensions"][0]["Value"]["Fn::GetAtt"][0], a["Threshold"]): a["AlarmActions"]
        for a in alarms
    }
    assert told == {
        ("ApproximateAgeOfOldestMessage", main, 3600): ["arn:warning"],
        ("ApproximateNumberOfMessagesVisible", aside, 1): ["arn:urgent"],
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"job_seconds": 0}, "job_seconds is 0; expected 1 to 43200 seconds"),
        ({"job_seconds": 43_201}, "job_seconds is 43201"),
        ({"attempts": 0}, "attempts is 0; expected 1 to 1000 times"),
    ],
)
def test_a_queue_that_sqs_does_not_have_is_refused(
    template: Callable[..., Any], changed: dict[str, Any], expected: str
) -> None:
    with pytest.raises(WrongProperty, match=f"^Stack/Queue: {expected}"):
        template(lambda stack: jobs(stack, **changed))


def test_a_worker_grows_with_the_jobs_that_wait_per_instance(template: Callable[..., Any]) -> None:
    found = template(worker)
    main, _, _, _ = queues(found)
    [group] = found.find_resources(GROUP)
    tracking = only(found, "AWS::AutoScaling::ScalingPolicy")["TargetTrackingConfiguration"]
    waiting, working, result = tracking["CustomizedMetricSpecification"]["Metrics"]
    assert tracking["TargetValue"] == 20
    assert (result["Expression"], result["ReturnData"]) == ("waiting / IF(working > 0, working, 1)", True)
    assert (waiting["Id"], waiting["ReturnData"], working["Id"]) == ("waiting", False, "working")
    assert waiting["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "QueueName", "Value": {"Fn::GetAtt": [main, "QueueName"]}}
    ]
    assert working["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": {"Ref": group}}]


def test_the_backlog_names_in_its_expression_what_it_measures() -> None:
    formula = backlog("jobs", "group")
    assert all(name in formula.expression for name in formula.inputs)


def test_a_worker_may_take_jobs_from_its_own_queue_and_keeps_what_else_it_may(template: Callable[..., Any]) -> None:
    found = template(lambda stack: worker(stack, access=Access(send_to=["arn:other"])))
    main, _, _, _ = queues(found)
    policy = only(found, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    statements = {statement["Sid"]: statement for statement in policy}
    assert statements["Take"]["Resource"] == {"Fn::GetAtt": [main, "Arn"]}
    assert statements["Send"]["Resource"] == "arn:other"
    assert set(statements["QueuesKey"]["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_who_only_takes_jobs_may_only_decrypt(template: Callable[..., Any]) -> None:
    policy = only(template(worker), "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    [key] = [statement for statement in policy if statement["Sid"] == "QueuesKey"]
    assert key["Action"] == "kms:Decrypt"


def test_a_tier_with_a_queue_and_without_its_key_is_refused(template: Callable[..., Any]) -> None:
    def without_key(stack: cdk.Stack) -> None:
        around = surroundings(stack, messages_key_arn=None)
        QueueWorkerTier(stack, "W", surroundings=around, queue=jobs(stack), backlog_per_instance=1, **TIER)

    with pytest.raises(WrongProperty, match="messages_key_arn is None; expected the key of the queues"):
        template(without_key)


def test_a_worker_has_no_load_balancer_and_still_watches_its_volumes(template: Callable[..., Any]) -> None:
    found = template(worker)
    group = only(found, GROUP)
    assert (group["HealthCheckType"], "TargetGroupARNs" in group) == ("EBS", False)
    assert group["DeletionProtection"] == "none"
    assert not found.find_resources("AWS::AutoScaling::ScheduledAction")


def test_an_instance_may_finish_its_calculation_and_no_longer(template: Callable[..., Any]) -> None:
    found = template(calculation)
    [group] = found.find_resources(GROUP)
    assert only(found, "AWS::AutoScaling::LifecycleHook") == {
        "AutoScalingGroupName": {"Ref": group},
        "LifecycleHookName": "finish",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "HeartbeatTimeout": 900,
        "DefaultResult": "CONTINUE",
    }
    policies = found.find_resources("AWS::IAM::Policy").values()
    [[finish]] = [
        [s for s in p["Properties"]["PolicyDocument"]["Statement"] if s["Sid"] == "FinishBeforeTheEnd"]
        for p in policies
        if "FinishBeforeTheEnd" in str(p)
    ]
    assert finish["Action"] == ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
    assert finish["Resource"]["Fn::Join"][1][-2:] == [":autoScalingGroup:*:autoScalingGroupName/", {"Ref": group}]


@pytest.mark.parametrize("seconds", [29, 7201])
def test_a_calculation_that_no_hook_can_wait_for_is_refused(template: Callable[..., Any], seconds: int) -> None:
    with pytest.raises(WrongProperty, match=f"^Stack/Calculation: job_seconds is {seconds}; expected 30 to 7200"):
        template(lambda stack: calculation(stack, job_seconds=seconds))


@pytest.mark.parametrize(("said", "expected"), [("true", {"CpuCredits": "unlimited"}), ("false", None)])
def test_unlimited_credits_are_said_and_never_left_to_a_default(
    template: Callable[..., Any], said: str, expected: object
) -> None:
    size = Size(["t2.2xlarge"], 1, 2, 8, unlimited_credits=said)
    found = template(lambda stack: calculation(stack, size=size))
    data = only(found, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data.get("CreditSpecification") == expected


def test_a_listener_reaches_its_broker_over_tls_and_reads_its_secret(template: Callable[..., Any]) -> None:
    found = template(listener)
    out_of = only(found, "AWS::EC2::SecurityGroupEgress")
    into = only(found, "AWS::EC2::SecurityGroupIngress")
    assert (out_of["DestinationSecurityGroupId"], out_of["FromPort"], out_of["ToPort"]) == ("sg-broker", 5671, 5671)
    assert (into["GroupId"], into["SourceSecurityGroupId"]) == ("sg-broker", out_of["GroupId"])
    policy = only(found, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    [secrets] = [statement for statement in policy if statement["Sid"] == "Secrets"]
    assert secrets["Resource"] == "arn:secret"


def test_a_listener_grows_with_how_busy_it_is(template: Callable[..., Any]) -> None:
    tracking = only(template(listener), "AWS::AutoScaling::ScalingPolicy")["TargetTrackingConfiguration"]
    predefined = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    assert tracking == {"TargetValue": 60, "PredefinedMetricSpecification": predefined}


def test_a_listener_that_would_never_or_always_grow_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="cpu_percent is 95; expected 10 to 90 percent"):
        template(lambda stack: listener(stack, cpu_percent=95))
