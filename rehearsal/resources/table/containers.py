"""AWS::ECS and AWS::ApplicationAutoScaling."""

from rehearsal.resources.kind import Call, Each, Kind, Name, Tagging, op
from rehearsal.resources.special import containers

NOT_BY_MOTO = "moto drops it"
TARGET = {name: f"${name}" for name in containers.TARGET}
ACTION = {**TARGET, "ScheduledActionName": "$item.ScheduledActionName"}


def tags_of(arn: str) -> Tagging:
    """ECS's tagging; `arn`: what names the resource."""
    return Tagging(op("tag_resource", resourceArn=arn), op("untag_resource", resourceArn=arn), "tags", "tagKeys")


TABLE = {
    "AWS::ECS::Cluster": Kind(
        service="ecs",
        create=op("create_cluster"),
        update=(op("update_cluster", cluster="{id}"),),
        delete=op("delete_cluster", cluster="{id}"),
        tagging=tags_of("{clusterArn}"),
        attributes={"Arn": "{clusterArn}"},
        name=Name("ClusterName", 255),
        rename={"ClusterSettings": "settings"},
        steps=(
            Call(
                op(
                    "put_cluster_capacity_providers",
                    cluster="{id}",
                    capacityProviders=containers.capacity_providers,
                    defaultCapacityProviderStrategy=containers.default_strategy,
                ),
                at_create=False,
                undo=op(
                    "put_cluster_capacity_providers",
                    cluster="{id}",
                    capacityProviders=[],
                    defaultCapacityProviderStrategy=[],
                ),
            ),
        ),
        remark="Kept and described; no task runs.",
    ),
    "AWS::ECS::TaskDefinition": Kind(
        service="ecs",
        create=op("register_task_definition"),
        delete=op("deregister_task_definition", taskDefinition="{id}"),
        tagging=tags_of("{id}"),
        ref="{taskDefinitionArn}",
        name=Name("Family", 255, unique=False),
        refused={"EnableFaultInjection": NOT_BY_MOTO},
        remark="Kept and described; no task runs.",
    ),
    "AWS::ECS::Service": Kind(
        service="ecs",
        create=op("create_service"),
        update=(op("update_service", service="{id}", cluster="$Cluster"),),
        delete=op("delete_service", service="{id}", cluster="$Cluster", force=True),
        tagging=tags_of("{id}"),
        ref="{serviceArn}",
        attributes={"Name": "{serviceName}", "ServiceArn": "{id}"},
        name=Name("ServiceName", 255),
        refused=dict.fromkeys(("GatewayConnectors", "Monitoring"), NOT_BY_MOTO),
        skipped={"ForceNewDeployment": "nothing runs that would be deployed anew"},
        prepare=containers.service,
        remark="Kept and described, the settings of blue/green deployments among them; no task runs, so that a service "
        "is complete at once and has no running task.",
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": Kind(
        service="application-autoscaling",
        create=op("register_scalable_target"),
        put=True,
        delete=op("deregister_scalable_target", **TARGET),
        tagging=Tagging(
            op("tag_resource", ResourceARN="{ScalableTargetARN}"),
            op("untag_resource", ResourceARN="{ScalableTargetARN}"),
        ),
        ref="{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
        attributes={"Id": "{id}"},
        prepare=containers.scalable_target,
        steps=(
            containers.first_tags,
            Each(
                "ScheduledActions",
                op(
                    "put_scheduled_action",
                    **ACTION,
                    Schedule="$item.Schedule",
                    Timezone="$item.Timezone",
                    StartTime="$item.StartTime",
                    EndTime="$item.EndTime",
                    ScalableTargetAction="$item.ScalableTargetAction",
                ),
                op("delete_scheduled_action", **ACTION),
            ),
        ),
        remark="Kept and described; nothing scales it.",
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Kind(
        service="application-autoscaling",
        create=op("put_scaling_policy"),
        put=True,
        delete=op("delete_scaling_policy", PolicyName="$PolicyName", **containers.OF_TARGET),
        ref="{PolicyARN}",
        attributes={"Arn": "{id}"},
        prepare=containers.scaling_policy,
        remark="Kept and described; nothing scales by it.",
    ),
}
