from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.imported_network import imported_network
from kiln.load_balanced_tier import LoadBalancedTier, Route
from kiln.tier import INSTANCE_TYPE_SLOTS, Size, Startup

GROUP = "AWS::AutoScaling::AutoScalingGroup"


@pytest.fixture
def tier(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        def number(name: str) -> float:
            return float(cdk.Token.as_number(cdk.CfnParameter(stack, name).value))

        types = list(cdk.CfnParameter(stack, "Types", type="CommaDelimitedList").value_as_list)
        LoadBalancedTier(
            stack,
            "Web",
            name="web",
            vpc=imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=["subnet-1", "subnet-2"]),
            image_id=cdk.CfnParameter(stack, "Image").value_as_string,
            size=Size(types, number("Minimum"), number("Maximum"), number("Gib")),
            readable_parameters=["/kiln/test/environment"],
            startup=Startup(number("Grace"), number("Warmup")),
            route=Route("arn:listener", "sg-balancer", 1000, ["/*"], 8080, "/health", number("Delay")),
        )

    return template(build)


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def test_instances_boot_from_the_image_without_user_data(tier: Any) -> None:
    data = properties(tier, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["ImageId"] == {"Ref": "Image"}
    assert "UserData" not in data
    assert "KeyName" not in data


def test_the_metadata_service_wants_a_token_and_answers_the_instance_only(tier: Any) -> None:
    options = properties(tier, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["MetadataOptions"]
    assert options == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }


def test_the_root_volume_is_encrypted_gp3_of_the_wanted_size(tier: Any) -> None:
    [device] = properties(tier, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["BlockDeviceMappings"]
    assert device["DeviceName"] == "/dev/xvda"
    assert device["Ebs"] == {"Encrypted": True, "VolumeSize": {"Ref": "Gib"}, "VolumeType": "gp3"}


def test_the_group_names_a_numbered_version_of_the_launch_template(tier: Any) -> None:
    [name] = tier.find_resources("AWS::EC2::LaunchTemplate")
    launch = properties(tier, GROUP)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert launch == {"LaunchTemplateId": {"Ref": name}, "Version": {"Fn::GetAtt": [name, "LatestVersionNumber"]}}


def test_the_desired_capacity_is_left_to_auto_scaling(tier: Any) -> None:
    group = properties(tier, GROUP)
    assert "DesiredCapacity" not in group
    assert (group["MinSize"], group["MaxSize"]) == ({"Ref": "Minimum"}, {"Ref": "Maximum"})


def test_an_update_launches_before_it_terminates(tier: Any) -> None:
    [group] = tier.find_resources(GROUP).values()
    refresh = group["UpdatePolicy"]["AutoScalingInstanceRefresh"]
    preferences = refresh["Preferences"]
    assert refresh["Strategy"] == "Rolling"
    assert preferences["MinHealthyPercentage"] == 100
    assert 100 < preferences["MaxHealthyPercentage"] <= 200
    assert preferences["InstanceWarmup"] == {"Ref": "Warmup"}


def test_the_load_balancers_health_checks_decide_after_the_grace_period(tier: Any) -> None:
    group = properties(tier, GROUP)
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ("ELB", {"Ref": "Grace"})


def test_every_place_for_an_instance_type_is_left_out_where_it_is_unused(tier: Any) -> None:
    overrides = properties(tier, GROUP)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    conditions = tier.to_json()["Conditions"]
    assert len(overrides) == INSTANCE_TYPE_SLOTS
    for number, override in enumerate(overrides):
        condition, used, unused = override["Fn::If"]
        chosen = {"Fn::Select": [number, {"Ref": "Types"}]}
        assert used == {"InstanceType": chosen}
        assert unused == {"Ref": "AWS::NoValue"}
        assert conditions[condition] == {"Fn::Not": [{"Fn::Equals": [chosen, "none"]}]}


def test_the_role_reads_the_named_parameter_and_nothing_else(tier: Any) -> None:
    role, policy = properties(tier, "AWS::IAM::Role"), properties(tier, "AWS::IAM::Policy")
    [statement] = policy["PolicyDocument"]["Statement"]
    assert "ManagedPolicyArns" not in role
    assert (statement["Action"], statement["Effect"]) == ("ssm:GetParameter", "Allow")
    assert statement["Resource"]["Fn::Join"][1][-1] == ":parameter/kiln/test/environment"


def test_only_the_load_balancer_reaches_the_instances_and_it_reaches_nothing_else(tier: Any) -> None:
    inside = properties(tier, "AWS::EC2::SecurityGroup")
    into = properties(tier, "AWS::EC2::SecurityGroupIngress")
    out_of = properties(tier, "AWS::EC2::SecurityGroupEgress")
    assert "SecurityGroupIngress" not in inside
    assert [(rule["CidrIp"], rule["FromPort"]) for rule in inside["SecurityGroupEgress"]] == [("0.0.0.0/0", 443)]
    assert (into["SourceSecurityGroupId"], into["FromPort"], into["ToPort"]) == ("sg-balancer", 8080, 8080)
    assert (out_of["GroupId"], out_of["FromPort"], out_of["ToPort"]) == ("sg-balancer", 8080, 8080)
    assert out_of["DestinationSecurityGroupId"] == into["GroupId"]


def test_the_target_group_asks_for_health_and_lets_requests_end(tier: Any) -> None:
    tier.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            "Port": 8080,
            "Protocol": "HTTP",
            "HealthCheckPath": "/health",
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": Match.array_with(
                [{"Key": "deregistration_delay.timeout_seconds", "Value": {"Ref": "Delay"}}]
            ),
        },
    )


def test_the_group_is_made_after_the_rule_that_gives_its_targets_a_health(tier: Any) -> None:
    [rule] = tier.find_resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    [targets] = tier.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    tier.has_resource(GROUP, {"DependsOn": [rule], "Properties": {"TargetGroupARNs": [{"Ref": targets}]}})


def test_instances_volumes_and_group_have_the_stacks_name_and_the_tier(tier: Any) -> None:
    expected = {"Name": {"Ref": "AWS::StackName"}, "kiln:tier": "web"}
    launch = properties(tier, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["TagSpecifications"]
    assert {spec["ResourceType"] for spec in launch} == {"instance", "volume"}
    for tags in [*(spec["Tags"] for spec in launch), properties(tier, GROUP)["Tags"]]:
        assert {tag["Key"]: tag["Value"] for tag in tags} == expected
