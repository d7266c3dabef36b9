from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.edge.listener_rule import Listener
from kiln.network.imported_network import imported_network
from kiln.network.opening import Peer
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty
from kiln.tiers.auto_scaling_group import (
    MAINTENANCE_MAX_PERCENT,
    MAINTENANCE_MIN_PERCENT,
    MAX_HEALTHY_PERCENT,
    MIN_HEALTHY_PERCENT,
)
from kiln.tiers.instance_role import Access, DatabaseLogin
from kiln.tiers.load_balanced_tier import LoadBalancedTier, Route
from kiln.tiers.scheduled_stop import Schedule
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.tier import INSTANCE_TYPE_SLOTS, Size, Startup

GROUP = "AWS::AutoScaling::AutoScalingGroup"
TEMPLATE = "AWS::EC2::LaunchTemplate"
ALARM = "AWS::CloudWatch::Alarm"
SCHEDULED = "AWS::AutoScaling::ScheduledAction"
TOPICS = Topics("arn:urgent", "arn:warning", "arn:info")

Build = Callable[..., Any]


def build(stack: cdk.Stack, *, access: Access | None = None, **changed: Any) -> None:
    def number(name: str) -> float:
        return float(cdk.Token.as_number(cdk.CfnParameter(stack, name).value))

    def text(name: str) -> str:
        return str(cdk.CfnParameter(stack, name).value_as_string)

    types = list(cdk.CfnParameter(stack, "Types", type="CommaDelimitedList").value_as_list)
    size = Size(types, number("Minimum"), number("Maximum"), number("Gib"), number("OnDemand"), text("Unlimited"))
    listener = Listener("arn:listener", "sg-balancer", "app/balancer/1")
    route = Route(listener, 1000, ["/*"], 8080, "/health", number("Delay"), number("Requests"))
    given: dict[str, Any] = {"size": size, "route": route} | changed
    LoadBalancedTier(
        stack,
        "Web",
        name="web",
        image_id=text("Image"),
        startup=Startup(number("Grace"), number("Warmup")),
        surroundings=Surroundings(
            vpc=imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=["subnet-1", "subnet-2"]),
            data_key_arn="arn:data-key",
            records=Records("arn:logs-key", 30),
            topics=TOPICS,
            protected=text("Protected"),
            schedule=Schedule(text("Stop"), text("Start"), text("TimeZone")),
            messages_key_arn="arn:messages-key",
        ),
        access=access or Access(parameters=["/kiln/test/environment"]),
        **given,
    )


@pytest.fixture
def tier(template: Build) -> Any:
    return template(build)


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def statements(template: Any) -> dict[str, Any]:
    found = properties(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def alarms_ending_in(tier: Any, *words: str) -> list[dict[str, str]]:
    """References to the alarms whose logical ids end in these words."""
    ids = sorted(tier.find_resources(ALARM))
    return [{"Ref": next(i for i in ids if f"{word}Alarm" in i and ("Log" in word) == ("Log" in i))} for word in words]


def test_instances_boot_from_the_image_without_user_data_or_key_pair(tier: Any) -> None:
    data = properties(tier, TEMPLATE)["LaunchTemplateData"]
    assert data["ImageId"] == {"Ref": "Image"}
    assert not data.keys() & {"UserData", "KeyName", "NetworkInterfaces"}
    assert data["Monitoring"] == {"Enabled": True}


def test_the_metadata_service_wants_a_token_and_answers_the_instance_only(tier: Any) -> None:
    options = properties(tier, TEMPLATE)["LaunchTemplateData"]["MetadataOptions"]
    assert options == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }


def test_the_root_volume_is_gp3_under_our_key_and_of_the_wanted_size(tier: Any) -> None:
    [device] = properties(tier, TEMPLATE)["LaunchTemplateData"]["BlockDeviceMappings"]
    assert device["DeviceName"] == "/dev/xvda"
    assert device["Ebs"] == {
        "Encrypted": True,
        "KmsKeyId": "arn:data-key",
        "VolumeSize": {"Ref": "Gib"},
        "VolumeType": "gp3",
        "DeleteOnTermination": True,
    }


def test_credits_are_unlimited_only_where_a_value_says_so(tier: Any) -> None:
    condition, used, unused = properties(tier, TEMPLATE)["LaunchTemplateData"]["CreditSpecification"]["Fn::If"]
    assert (used, unused) == ({"CpuCredits": "unlimited"}, {"Ref": "AWS::NoValue"})
    assert tier.to_json()["Conditions"][condition] == {"Fn::Equals": [{"Ref": "Unlimited"}, "true"]}


def test_the_group_names_a_numbered_version_of_the_launch_template(tier: Any) -> None:
    [name] = tier.find_resources(TEMPLATE)
    launch = properties(tier, GROUP)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert launch == {"LaunchTemplateId": {"Ref": name}, "Version": {"Fn::GetAtt": [name, "LatestVersionNumber"]}}


def test_the_desired_capacity_is_left_to_auto_scaling(tier: Any) -> None:
    [group] = tier.find_resources(GROUP).values()
    assert "DesiredCapacity" not in group["Properties"]
    assert (group["Properties"]["MinSize"], group["Properties"]["MaxSize"]) == ({"Ref": "Minimum"}, {"Ref": "Maximum"})
    assert group["UpdatePolicy"]["AutoScalingScheduledAction"] == {"IgnoreUnmodifiedGroupSizeProperties": True}


def test_an_update_launches_before_it_terminates_and_watches_the_alarms_of_the_tier(tier: Any) -> None:
    [group] = tier.find_resources(GROUP).values()
    refresh = group["UpdatePolicy"]["AutoScalingInstanceRefresh"]
    assert refresh["Strategy"] == "Rolling"
    assert refresh["Preferences"] == {
        "MinHealthyPercentage": MIN_HEALTHY_PERCENT,
        "MaxHealthyPercentage": MAX_HEALTHY_PERCENT,
        "InstanceWarmup": {"Ref": "Warmup"},
        "SkipMatching": True,
        "AlarmSpecification": {"Alarms": alarms_ending_in(tier, "Errors", "Unhealthy", "LogErrors")},
    }


def test_no_alarm_that_a_deployment_watches_waits_for_the_group(tier: Any) -> None:
    watched = {alarm["Ref"] for alarm in alarms_ending_in(tier, "Errors", "Unhealthy", "LogErrors")}
    [group] = tier.find_resources(GROUP)
    alarms = tier.find_resources(ALARM)
    assert not [name for name in watched if group in str(alarms[name])]
    assert len([name for name in alarms if group in str(alarms[name])]) == 3


def test_the_bounds_of_a_deployment_are_within_those_of_everything_else(tier: Any) -> None:
    policy = properties(tier, GROUP)["InstanceMaintenancePolicy"]
    assert policy == {
        "MinHealthyPercentage": MAINTENANCE_MIN_PERCENT,
        "MaxHealthyPercentage": MAINTENANCE_MAX_PERCENT,
    }
    assert MAINTENANCE_MIN_PERCENT <= MIN_HEALTHY_PERCENT < MAX_HEALTHY_PERCENT <= MAINTENANCE_MAX_PERCENT
    assert MAINTENANCE_MAX_PERCENT - MAINTENANCE_MIN_PERCENT <= 100


def test_the_load_balancer_and_the_volumes_decide_on_health_after_the_grace_period(tier: Any) -> None:
    group = properties(tier, GROUP)
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ("ELB,EBS", {"Ref": "Grace"})
    assert group["DefaultInstanceWarmup"] == {"Ref": "Warmup"}


def test_the_group_is_spread_leaves_impaired_zones_and_renews_itself_monthly(tier: Any) -> None:
    group = properties(tier, GROUP)
    assert group["VPCZoneIdentifier"] == ["subnet-1", "subnet-2"]
    assert group["AvailabilityZoneDistribution"] == {"CapacityDistributionStrategy": "balanced-best-effort"}
    assert group["AvailabilityZoneImpairmentPolicy"] == {
        "ZonalShiftEnabled": True,
        "ImpairedZoneHealthCheckBehavior": "IgnoreUnhealthy",
    }
    assert group["MaxInstanceLifetime"] == 2_592_000
    assert group["TerminationPolicies"] == ["OldestLaunchTemplate", "Default"]


def test_the_group_refuses_its_deletion_where_the_environment_is_protected(tier: Any) -> None:
    condition, protected, other = properties(tier, GROUP)["DeletionProtection"]["Fn::If"]
    assert (protected, other) == ("prevent-all-deletion", "none")
    assert tier.to_json()["Conditions"][condition] == {"Fn::Equals": [{"Ref": "Protected"}, "true"]}


def test_all_events_are_written_down_and_failures_are_looked_at(tier: Any) -> None:
    group = properties(tier, GROUP)
    told = {c["TopicARN"]: set(c["NotificationTypes"]) for c in group["NotificationConfigurations"]}
    events = {f"autoscaling:EC2_INSTANCE_{e}" for e in ("LAUNCH", "LAUNCH_ERROR", "TERMINATE", "TERMINATE_ERROR")}
    assert told == {"arn:info": events, "arn:warning": {event for event in events if event.endswith("ERROR")}}
    assert group["MetricsCollection"] == [{"Granularity": "1Minute"}]


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


def test_the_minimum_is_on_demand_and_spot_instances_are_replaced_before_they_go(tier: Any) -> None:
    group = properties(tier, GROUP)
    assert group["MixedInstancesPolicy"]["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "prioritized",
        "OnDemandBaseCapacity": {"Ref": "Minimum"},
        "OnDemandPercentageAboveBaseCapacity": {"Ref": "OnDemand"},
        "SpotAllocationStrategy": "price-capacity-optimized",
    }
    condition, with_spot, without = group["CapacityRebalance"]["Fn::If"]
    assert (with_spot, without) == (True, False)
    assert tier.to_json()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "OnDemand"}, "100"]}]}


def test_sizes_may_be_numbers_as_well_as_tokens(template: Build) -> None:
    size = Size(["m7i.large", "m6i.large"], 2, 4, 8, on_demand_percent=50)
    group = properties(template(lambda stack: build(stack, size=size)), GROUP)
    overrides = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert (group["MinSize"], group["MaxSize"], group["CapacityRebalance"]) == ("2", "4", True)
    assert overrides == [{"InstanceType": "m7i.large"}, {"InstanceType": "m6i.large"}]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(["m7i.large"], 1, 2, 8, on_demand_percent=50), r"size.instance_types is \['m7i.large'\]; expected two"),
        (Size(["m7i.large", "none"], 1, 2, 8, on_demand_percent=0), "two types at least where there is Spot"),
        (Size(["none"], 1, 2, 8), "1 to 4 types"),
        (Size(["t3.small"], 3, 2, 8), r"size is \(3, 2\); expected a minimum that is not above the maximum"),
        (
            Size(["t3.small"], 1, 2, 8, on_demand_percent=101),
            "size.on_demand_percent is 101; expected 0 to 100 percent",
        ),
    ],
)
def test_a_size_that_no_group_can_have_is_refused(template: Build, size: Size, expected: str) -> None:
    with pytest.raises(WrongProperty, match=f"^Stack/Web/Tier/Group: .*{expected}"):
        template(lambda stack: build(stack, size=size))


def test_a_schedule_moves_the_bounds_and_never_the_desired_capacity(tier: Any) -> None:
    actions = {a["Properties"]["Recurrence"]["Ref"]: a for a in tier.find_resources(SCHEDULED).values()}
    bounds = {
        name: (action["Properties"]["MinSize"], action["Properties"]["MaxSize"]) for name, action in actions.items()
    }
    assert bounds == {"Stop": (0, 0), "Start": ({"Ref": "Minimum"}, {"Ref": "Maximum"})}
    for action in actions.values():
        assert "DesiredCapacity" not in action["Properties"]
        assert action["Properties"]["TimeZone"] == {"Ref": "TimeZone"}
        condition = tier.to_json()["Conditions"][action["Condition"]]
        assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stop"}, "none"]}]}


def test_the_role_may_be_managed_write_its_own_records_and_read_what_is_named(tier: Any) -> None:
    found = statements(tier)
    [log] = tier.find_resources("AWS::Logs::LogGroup")
    assert "ManagedPolicyArns" not in properties(tier, "AWS::IAM::Role")
    assert found.keys() == {"Sessions", "Commands", "Managed", "OwnLog", "OwnMetrics", "Parameters"}
    assert found["OwnLog"]["Resource"] == {"Fn::GetAtt": [log, "Arn"]}
    assert found["OwnMetrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Kiln/web"}}
    assert found["Parameters"]["Action"] == "ssm:GetParameter"
    assert found["Parameters"]["Resource"]["Fn::Join"][1][-1] == ":parameter/kiln/test/environment"
    assert {sid for sid, s in found.items() if s["Resource"] == "*"} == {
        "Sessions",
        "Commands",
        "Managed",
        "OwnMetrics",
    }
    assert not [s for s in found.values() if "ssm:GetParameters" in s["Action"]]


def test_access_becomes_statements_that_name_what_they_are_about(template: Build) -> None:
    access = Access(
        logins=[DatabaseLogin("cluster-1", "shop")],
        send_to=["arn:out"],
        take_from=["arn:in"],
        secrets=["arn:secret"],
        tables=["arn:table"],
    )
    found = statements(template(lambda stack: build(stack, access=access)))
    database = found["Databases"]
    assert (database["Action"], database["Resource"]["Fn::Join"][1][-1]) == ("rds-db:connect", ":dbuser:cluster-1/shop")
    assert found["Send"] == {
        "Sid": "Send",
        "Effect": "Allow",
        "Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
        "Resource": "arn:out",
    }
    assert ("sqs:SendMessage" in found["Take"]["Action"], found["Take"]["Resource"]) == (False, "arn:in")
    assert found["QueuesKey"]["Resource"] == "arn:messages-key"
    assert (found["SecretsKey"]["Action"], found["SecretsKey"]["Resource"]) == ("kms:Decrypt", "arn:data-key")
    assert found["Tables"] == {
        "Sid": "Tables",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "Resource": "arn:table",
    }
    through = found["TablesKey"]["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1]
    assert (found["TablesKey"]["Resource"], through[0]) == ("arn:data-key", "dynamodb.")
    assert "Parameters" not in found


def test_instances_wait_for_what_their_role_may_do(tier: Any) -> None:
    [policy] = tier.find_resources("AWS::IAM::Policy")
    [group] = tier.find_resources(GROUP).values()
    assert policy in group["DependsOn"]


def test_only_the_load_balancer_reaches_the_instances_and_it_reaches_nothing_else(tier: Any) -> None:
    inside = properties(tier, "AWS::EC2::SecurityGroup")
    into = properties(tier, "AWS::EC2::SecurityGroupIngress")
    out_of = properties(tier, "AWS::EC2::SecurityGroupEgress")
    assert "SecurityGroupIngress" not in inside
    assert [(rule["CidrIp"], rule["FromPort"]) for rule in inside["SecurityGroupEgress"]] == [("0.0.0.0/0", 443)]
    assert (into["SourceSecurityGroupId"], into["FromPort"], into["ToPort"]) == ("sg-balancer", 8080, 8080)
    assert (out_of["GroupId"], out_of["FromPort"], out_of["ToPort"]) == ("sg-balancer", 8080, 8080)
    assert out_of["DestinationSecurityGroupId"] == into["GroupId"]


def test_a_peer_is_opened_at_both_ends(template: Build) -> None:
    def with_peer(stack: cdk.Stack) -> None:
        port = cdk.Token.as_number(cdk.CfnParameter(stack, "Port").value)
        build(stack, access=Access(peers=[Peer("database", "sg-database", port)]))

    found = template(with_peer)
    [group] = found.find_resources("AWS::EC2::SecurityGroup")
    instances = {"Fn::GetAtt": [group, "GroupId"]}
    ways = {"IpProtocol": "tcp", "FromPort": {"Ref": "Port"}, "ToPort": {"Ref": "Port"}}
    found.has_resource_properties(
        "AWS::EC2::SecurityGroupEgress", ways | {"GroupId": instances, "DestinationSecurityGroupId": "sg-database"}
    )
    found.has_resource_properties(
        "AWS::EC2::SecurityGroupIngress", ways | {"GroupId": "sg-database", "SourceSecurityGroupId": instances}
    )


def test_the_target_group_speaks_https_asks_for_health_and_lets_requests_end(tier: Any) -> None:
    tier.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            "Port": 8080,
            "Protocol": "HTTPS",
            "HealthCheckPath": "/health",
            "HealthCheckProtocol": "HTTPS",
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": Match.array_with(
                [{"Key": "deregistration_delay.timeout_seconds", "Value": {"Ref": "Delay"}}]
            ),
        },
    )


def test_plain_http_to_instances_needs_a_reason_that_stays_in_the_template(template: Build) -> None:
    reason = "The sample image speaks plain HTTP only"
    listener = Listener("arn:listener", "sg-balancer", "app/balancer/1")
    route = Route(listener, 1, ["/*"], 8080, "/health", 5, 100, plain_http_reason=reason)
    found = template(lambda stack: build(stack, route=route))
    [targets] = found.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert (targets["Properties"]["Protocol"], targets["Properties"]["HealthCheckProtocol"]) == ("HTTP", "HTTP")
    assert targets["Metadata"]["kiln:exceptions"] == [{"promise": "targets-speak-https", "reason": reason}]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"priority": 0}, "priority is 0; expected 1 to 50000"),
        ({"path_patterns": []}, r"path_patterns is \[\]; expected 1 to 5"),
        ({"path_patterns": ["shop/*"]}, "paths that begin with /"),
        ({"health_path": "health"}, "health_path is 'health'; expected a path that begins with /"),
        ({"deregistration_delay_seconds": 3601}, "expected 0 to 3600 seconds"),
        ({"requests_per_instance": 0}, "target is 0; expected more than 0"),
        ({"plain_http_reason": "no TLS"}, "at least 15 characters"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(template: Build, changed: dict[str, Any], expected: str) -> None:
    given: dict[str, Any] = {
        "listener": Listener("arn:listener", "sg-balancer", "app/balancer/1"),
        "priority": 1,
        "path_patterns": ["/*"],
        "port": 8080,
        "health_path": "/health",
        "deregistration_delay_seconds": 5,
        "requests_per_instance": 100,
    }
    with pytest.raises(WrongProperty, match=expected):
        template(lambda stack: build(stack, route=Route(**given | changed)))


def test_the_group_grows_with_the_requests_of_its_own_target_group(tier: Any) -> None:
    [targets] = tier.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    [rule] = tier.find_resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    [policy] = tier.find_resources("AWS::AutoScaling::ScalingPolicy").values()
    tracking = policy["Properties"]["TargetTrackingConfiguration"]
    label = {"Fn::Join": ["", ["app/balancer/1/", {"Fn::GetAtt": [targets, "TargetGroupFullName"]}]]}
    assert tracking == {
        "TargetValue": {"Ref": "Requests"},
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": label,
        },
    }
    assert policy["DependsOn"] == [rule]


def test_the_group_is_made_after_the_rule_that_gives_its_targets_a_health(tier: Any) -> None:
    [rule] = tier.find_resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    [targets] = tier.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    tier.has_resource(
        GROUP, {"DependsOn": Match.array_with([rule]), "Properties": {"TargetGroupARNs": [{"Ref": targets}]}}
    )


def test_errors_in_the_log_are_counted_and_told(tier: Any) -> None:
    [log] = tier.find_resources("AWS::Logs::LogGroup")
    tier.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": "arn:logs-key", "RetentionInDays": 30})
    counted = properties(tier, "AWS::Logs::MetricFilter")
    [transformation] = counted["MetricTransformations"]
    assert counted["LogGroupName"] == {"Ref": log}
    tier.has_resource_properties(
        ALARM,
        {
            "Namespace": transformation["MetricNamespace"],
            "MetricName": transformation["MetricName"],
            "TreatMissingData": "notBreaching",
            "AlarmActions": ["arn:warning"],
        },
    )


def test_fewer_instances_than_the_minimum_of_the_moment_wake_somebody_up(tier: Any) -> None:
    tier.has_resource_properties(
        ALARM,
        {
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 0,
            "AlarmActions": ["arn:urgent"],
            "Metrics": Match.array_with(
                [
                    Match.object_like({"Expression": "in_service - minimum"}),
                ]
            ),
        },
    )


def test_instances_volumes_and_group_have_the_stacks_name_and_the_tier(tier: Any) -> None:
    expected = {"Name": {"Ref": "AWS::StackName"}, "kiln:tier": "web"}
    launch = properties(tier, TEMPLATE)["LaunchTemplateData"]["TagSpecifications"]
    assert {spec["ResourceType"] for spec in launch} == {"instance", "volume", "network-interface"}
    for tags in [*(spec["Tags"] for spec in launch), properties(tier, GROUP)["Tags"]]:
        assert {tag["Key"]: tag["Value"] for tag in tags}.items() >= expected.items()
