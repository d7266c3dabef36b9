from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.edge.listener_rule import Listener
from kiln.network.imported_network import imported_network
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty
from kiln.tiers.blue_green import ContainerRoute
from kiln.tiers.container_task import Container
from kiln.tiers.container_tier import ContainerTier, Tasks

IMAGE = f"registry.example/app@sha256:{'0' * 64}"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
TARGETS = "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENER = Listener("arn:listener", "sg-balancer", "app/balancer/1")


def build(stack: cdk.Stack, **changed: Any) -> None:
    given: dict[str, Any] = {
        "name": "reports",
        "container": Container(IMAGE, 8443, 256, 512),
        "tasks": Tasks(1, 4),
        "route": ContainerRoute(LISTENER, 200, 190, ["/reports/*"], "/health"),
        "vpc": imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=["subnet-1", "subnet-2"]),
        "records": Records("arn:logs-key", 30),
        "topics": Topics("arn:urgent", "arn:warning", "arn:info"),
    }
    ContainerTier(stack, "Reports", **given | changed)


@pytest.fixture
def tier(template: Callable[..., Any]) -> Any:
    return template(build)


def only(template: Any, kind: str) -> dict[str, Any]:
    [resource] = template.find_resources(kind).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def ids(template: Any, kind: str, word: str) -> str:
    [found] = [name for name in template.find_resources(kind) if word in name]
    return str(found)


def test_a_container_can_change_nothing_but_its_scratch_folder(tier: Any) -> None:
    task = only(tier, "AWS::ECS::TaskDefinition")
    [container] = task["ContainerDefinitions"]
    assert (container["Image"], container["User"], container["Privileged"]) == (IMAGE, "10001:10001", False)
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]
    assert (task["NetworkMode"], task["RequiresCompatibilities"]) == ("awsvpc", ["FARGATE"])


def test_its_log_is_encrypted_and_the_roles_may_almost_nothing(tier: Any) -> None:
    [log] = tier.find_resources("AWS::Logs::LogGroup")
    assert only(tier, "AWS::Logs::LogGroup") == {"KmsKeyId": "arn:logs-key", "RetentionInDays": 30} | {
        "Tags": [{"Key": "kiln:tier", "Value": "reports"}]
    }
    policies = tier.find_resources("AWS::IAM::Policy")
    allowed = {
        statement["Sid"]: statement
        for policy in policies.values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert allowed.keys() == {"OwnLog", "Look", "Shift", "Register"}
    assert allowed["OwnLog"]["Resource"] == {"Fn::GetAtt": [log, "Arn"]}


def test_an_image_of_ones_own_registry_may_be_pulled_and_no_other(template: Callable[..., Any]) -> None:
    container = Container(IMAGE, 8443, 256, 512, repository_arns=["arn:repository"])
    policies = template(lambda stack: build(stack, container=container)).find_resources("AWS::IAM::Policy").values()
    [images] = [s for p in policies for s in p["Properties"]["PolicyDocument"]["Statement"] if s["Sid"] == "Images"]
    assert images["Resource"] == "arn:repository"


def test_tasks_are_inside_and_reached_by_the_load_balancer_only(tier: Any) -> None:
    network = only(tier, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    into = only(tier, "AWS::EC2::SecurityGroupIngress")
    assert (network["AssignPublicIp"], network["Subnets"]) == ("DISABLED", ["subnet-1", "subnet-2"])
    assert [into["GroupId"]] == network["SecurityGroups"]
    assert (into["SourceSecurityGroupId"], into["FromPort"], into["ToPort"]) == ("sg-balancer", 8443, 8443)


def test_a_deployment_is_blue_green_and_goes_back_by_itself(tier: Any) -> None:
    deployment = only(tier, "AWS::ECS::Service")["DeploymentConfiguration"]
    alarms = deployment.pop("Alarms")
    assert deployment == {
        "Strategy": "BLUE_GREEN",
        "BakeTimeInMinutes": 5,
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    assert (alarms["Enable"], alarms["Rollback"]) == (True, True)
    assert {alarm["Ref"] for alarm in alarms["AlarmNames"]} == set(tier.find_resources("AWS::CloudWatch::Alarm"))


def test_requests_go_to_blue_and_test_requests_are_told_by_their_header(tier: Any) -> None:
    blue, green = (ids(tier, TARGETS, colour) for colour in ("ShiftBlue", "ShiftGreen"))
    rules = {rule["Properties"]["Priority"]: rule["Properties"] for rule in tier.find_resources(RULE).values()}
    forwards = [{"TargetGroupArn": {"Ref": blue}, "Weight": 100}, {"TargetGroupArn": {"Ref": green}, "Weight": 0}]
    for rule in rules.values():
        assert rule["Actions"] == [{"Type": "forward", "ForwardConfig": {"TargetGroups": forwards}}]
    header = {"HttpHeaderName": "x-kiln-test", "Values": ["true"]}
    assert [c["Field"] for c in rules[200]["Conditions"]] == ["path-pattern"]
    assert rules[190]["Conditions"][1] == {"Field": "http-header", "HttpHeaderConfig": header}


def test_ecs_may_shift_the_two_rules_and_fill_the_two_target_groups(tier: Any) -> None:
    [balancer] = only(tier, "AWS::ECS::Service")["LoadBalancers"]
    advanced = balancer["AdvancedConfiguration"]
    rules = set(tier.find_resources(RULE))
    assert {advanced["ProductionListenerRule"]["Ref"], advanced["TestListenerRule"]["Ref"]} == rules
    groups = {balancer["TargetGroupArn"]["Ref"], advanced["AlternateTargetGroupArn"]["Ref"]}
    assert groups == set(tier.find_resources(TARGETS))
    policy = tier.find_resources("AWS::IAM::Policy")[ids(tier, "AWS::IAM::Policy", "ShiftRole")]
    statements = {s["Sid"]: s for s in policy["Properties"]["PolicyDocument"]["Statement"]}
    assert {r["Ref"] for r in statements["Shift"]["Resource"]} == rules
    assert {r["Ref"] for r in statements["Register"]["Resource"]} == groups


def test_the_number_of_tasks_is_left_to_auto_scaling(tier: Any) -> None:
    assert "DesiredCount" not in only(tier, "AWS::ECS::Service")
    target = only(tier, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    policy = only(tier, "AWS::ApplicationAutoScaling::ScalingPolicy")["TargetTrackingScalingPolicyConfiguration"]
    assert policy["TargetValue"] == 60


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"container": Container("app:latest", 8443, 256, 512)},
            "container.image is 'app:latest'; expected an image by",
        ),
        ({"container": Container(IMAGE, 8443, 300, 512)}, "container.cpu_units is 300; expected one of 256, 512"),
        ({"tasks": Tasks(3, 2)}, r"tasks is \(3, 2\); expected a minimum that is not above"),
        ({"cpu_percent": 5}, "cpu_percent is 5; expected 10 to 90"),
        (
            {"route": ContainerRoute(LISTENER, 200, 210, ["/reports/*"], "/health")},
            "route.test_priority is 210; expected below 200",
        ),
    ],
)
def test_nonsense_is_refused(template: Callable[..., Any], changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(WrongProperty, match=expected):
        template(lambda stack: build(stack, **changed))
