"""ECS and Application Auto Scaling: made, read back, changed in place, rolled back, removed."""

from typing import Any

from tests.rehearsal.cloudformation.pieces import Json, broken
from tests.rehearsal.cloudformation.steps import changed, gone, made, of
from tests.rehearsal.cloudformation.test_resource_types import NETWORK

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


def task(image: str) -> Json:
    container = {
        "Name": "web",
        "Image": image,
        "Essential": True,
        "ReadonlyRootFilesystem": True,
        "PortMappings": [{"ContainerPort": 8080, "Protocol": "tcp"}],
        "Environment": [{"Name": "A", "Value": "1"}],
        "Secrets": [{"Name": "S", "ValueFrom": "arn:aws:ssm:eu-west-1:123400000001:parameter/s"}],
        "LinuxParameters": {"InitProcessEnabled": True},
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "g"}},
    }
    return of(
        "ECS::TaskDefinition",
        Family="web",
        Cpu="256",
        Memory="512",
        NetworkMode="awsvpc",
        RequiresCompatibilities=["FARGATE"],
        RuntimePlatform={"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
        ExecutionRoleArn={"Fn::GetAtt": ["R", "Arn"]},
        TaskRoleArn={"Fn::GetAtt": ["R", "Arn"]},
        ContainerDefinitions=[container],
    )


def deployment(minutes: int) -> Json:
    return {
        "Strategy": "BLUE_GREEN",
        "BakeTimeInMinutes": minutes,
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        "Alarms": {"AlarmNames": ["a"], "Enable": True, "Rollback": True},
    }


def resources(
    image: str = "i:1", minutes: int = 5, insights: str = "enhanced", least: int = 1, target: int = 50
) -> Any:
    balanced = {
        "ContainerName": "web",
        "ContainerPort": 8080,
        "TargetGroupArn": {"Ref": "Blue"},
        "AdvancedConfiguration": {
            "AlternateTargetGroupArn": {"Ref": "Green"},
            "ProductionListenerRule": "arn:aws:elasticloadbalancing:eu-west-1:123400000001:listener-rule/app/l/1/2/3",
            "RoleArn": {"Fn::GetAtt": ["R", "Arn"]},
        },
    }
    vpc = {
        "Subnets": [{"Ref": "S"}],
        "SecurityGroups": [{"Fn::GetAtt": ["G", "GroupId"]}],
        "AssignPublicIp": "DISABLED",
    }
    group = of("ElasticLoadBalancingV2::TargetGroup", VpcId={"Ref": "V"}, Port=8080, Protocol="HTTP", TargetType="ip")
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    name = {"Fn::Sub": "service/${C}/${W.Name}"}
    scaled = {"ResourceId": name, "ScalableDimension": "ecs:service:DesiredCount", "ServiceNamespace": "ecs"}
    return {
        **NETWORK,
        "R": of("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "G": of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}),
        "Blue": group,
        "Green": group,
        "C": of(
            "ECS::Cluster",
            ClusterSettings=[{"Name": "containerInsights", "Value": insights}],
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
            DefaultCapacityProviderStrategy=[{"CapacityProvider": "FARGATE", "Weight": 1}],
            Tags=[{"Key": "a", "Value": insights}],
        ),
        "T": task(image),
        "W": of(
            "ECS::Service",
            Cluster={"Ref": "C"},
            TaskDefinition={"Ref": "T"},
            LaunchType="FARGATE",
            DeploymentConfiguration=deployment(minutes),
            LoadBalancers=[balanced],
            NetworkConfiguration={"AwsvpcConfiguration": vpc},
            HealthCheckGracePeriodSeconds=60,
            EnableExecuteCommand=False,
            EnableECSManagedTags=True,
            PropagateTags="SERVICE",
            PlatformVersion="1.4.0",
        ),
        "ST": of(
            "ApplicationAutoScaling::ScalableTarget",
            **scaled,
            MinCapacity=least,
            MaxCapacity=4,
            Tags=[{"Key": "a", "Value": str(least)}],
            ScheduledActions=[
                {
                    "ScheduledActionName": "night",
                    "Schedule": "cron(0 22 * * ? *)",
                    "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": least},
                }
            ],
        ),
        "SP": of(
            "ApplicationAutoScaling::ScalingPolicy",
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            ScalingTargetId={"Ref": "ST"},
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": target,
                "PredefinedMetricSpecification": metric,
                "ScaleInCooldown": 60,
            },
        ),
    }


def service(embedded: Any, name: str) -> Json:
    cluster, arn = embedded.physical_id(name, "C"), embedded.physical_id(name, "W")
    found = embedded.client("ecs").describe_services(cluster=cluster, services=[arn])["services"]
    return dict(found[0])


def test_a_blue_green_service_is_read_back_and_changes_in_place(embedded: Any, name: str) -> None:
    made(embedded, name, **resources())
    shown = service(embedded, name)
    assert shown["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert shown["deploymentConfiguration"]["bakeTimeInMinutes"] == 5
    assert shown["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    green = shown["loadBalancers"][0]["advancedConfiguration"]["alternateTargetGroupArn"]
    assert green == embedded.physical_id(name, "Green")
    assert shown["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert (shown["enableExecuteCommand"], shown["enableECSManagedTags"]) == (False, True)
    assert (shown["healthCheckGracePeriodSeconds"], shown["platformVersion"]) == (60, "1.4.0")
    assert (shown["desiredCount"], shown["runningCount"]) == (1, 0)
    identifier = embedded.physical_id(name, "W")
    bad = {**resources("i:2", 9), "B": broken(DependsOn="W")}
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", **bad)
    assert service(embedded, name)["deploymentConfiguration"]["bakeTimeInMinutes"] == 5
    changed(embedded, name, **resources("i:2", 9))
    shown = service(embedded, name)
    assert shown["deploymentConfiguration"]["bakeTimeInMinutes"] == 9
    assert shown["taskDefinition"] == embedded.physical_id(name, "T")
    assert embedded.physical_id(name, "W") == identifier
    cluster = embedded.physical_id(name, "C")
    gone(embedded, name)
    found = embedded.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
    assert [c["status"] for c in found if c["status"] == "ACTIVE"] == []


def test_a_task_definition_is_replaced_by_its_next_revision(embedded: Any, name: str) -> None:
    ecs = embedded.client("ecs")
    made(embedded, name, **resources())
    first = embedded.physical_id(name, "T")
    shown = ecs.describe_task_definition(taskDefinition=first)["taskDefinition"]
    container = shown["containerDefinitions"][0]
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"] == {"initProcessEnabled": True}
    assert container["secrets"][0]["name"] == "S"
    assert (shown["networkMode"], shown["cpu"], shown["memory"]) == ("awsvpc", "256", "512")
    assert shown["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    changed(embedded, name, **resources("i:2"))
    assert embedded.physical_id(name, "T") != first
    assert ecs.describe_task_definition(taskDefinition=first)["taskDefinition"]["status"] == "INACTIVE"
    gone(embedded, name)


def test_a_clusters_insights_and_tags_change_in_place(embedded: Any, name: str) -> None:
    made(embedded, name, C=resources()["C"])
    ecs, identifier = embedded.client("ecs"), embedded.physical_id(name, "C")

    def shown() -> tuple[Any, ...]:
        include = ["TAGS", "SETTINGS", "CONFIGURATIONS"]
        found = ecs.describe_clusters(clusters=[identifier], include=include)["clusters"][0]
        providers = found["capacityProviders"], found["defaultCapacityProviderStrategy"][0]["capacityProvider"]
        return found["settings"][0]["value"], found["tags"], *providers

    assert shown() == ("enhanced", [{"key": "a", "value": "enhanced"}], ["FARGATE", "FARGATE_SPOT"], "FARGATE")
    changed(embedded, name, C=resources(insights="disabled")["C"])
    assert shown()[:2] == ("disabled", [{"key": "a", "value": "disabled"}])
    spot = resources(insights="disabled")["C"]
    spot["Properties"]["DefaultCapacityProviderStrategy"] = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    changed(embedded, name, C=spot)
    assert shown()[3] == "FARGATE_SPOT"
    gone(embedded, name)


def test_a_scalable_target_and_its_policy_change_in_place(embedded: Any, name: str) -> None:
    made(embedded, name, **resources())
    scaling = embedded.client("application-autoscaling")

    def shown() -> tuple[Any, ...]:
        target = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
        policy = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"][0]
        action = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"][0]
        tags = scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
        value = policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        return target["MinCapacity"], value, action["ScalableTargetAction"]["MaxCapacity"], tags

    assert shown() == (1, 50.0, 1, {"a": "1"})
    physical = embedded.physical_id(name, "ST")
    assert physical.endswith("|ecs:service:DesiredCount|ecs")
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", **resources(least=2, target=70), B=broken(DependsOn="SP"))
    assert shown() == (1, 50.0, 1, {"a": "1"})
    changed(embedded, name, **resources(least=2, target=70))
    assert shown() == (2, 70.0, 2, {"a": "2"})
    assert embedded.physical_id(name, "ST") == physical
    gone(embedded, name)
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
