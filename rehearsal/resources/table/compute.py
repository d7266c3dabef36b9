"""AWS::AutoScaling, AWS::ElasticLoadBalancingV2, AWS::ECR."""

from rehearsal.resources.kind import Call, Computed, Each, Kind, Name, Tagging, op, whole
from rehearsal.resources.special import auto_scaling, balancing, messages
from rehearsal.resources.special.instance_refresh import POLICY, refresh

ELB_TAGS = Tagging(op("add_tags", ResourceArns=["{id}"]), op("remove_tags", ResourceArns=["{id}"]))
TARGET_GROUP = {"AutoScalingGroupName": "{id}", "TargetGroupARNs": ["$item"]}

TABLE = {
    "AWS::AutoScaling::AutoScalingGroup": Kind(
        service="autoscaling",
        create=op("create_auto_scaling_group"),
        # moto forgets what is not sent again.
        update=(whole(op("update_auto_scaling_group")),),
        delete=op("delete_auto_scaling_group", ForceDelete=True),
        attributes={"AutoScalingGroupARN": Computed(auto_scaling.arn)},
        name=Name("AutoScalingGroupName", 255),
        prepare=auto_scaling.group,
        steps=(
            Each(
                "TargetGroupARNs",
                op("attach_load_balancer_target_groups", **TARGET_GROUP),
                op("detach_load_balancer_target_groups", **TARGET_GROUP),
                at_create=False,
            ),
            Each(
                "MetricsCollection",
                op(
                    "enable_metrics_collection",
                    AutoScalingGroupName="{id}",
                    Granularity="$item.Granularity",
                    Metrics="$item.Metrics",
                ),
                op(
                    "disable_metrics_collection",
                    AutoScalingGroupName="{id}",
                    Metrics="$item.Metrics",
                ),
            ),
            Each(
                "NotificationConfigurations",
                op(
                    "put_notification_configuration",
                    AutoScalingGroupName="{id}",
                    TopicARN="$item.TopicARN",
                    NotificationTypes="$item.NotificationTypes",
                ),
                op("delete_notification_configuration", AutoScalingGroupName="{id}", TopicARN="$item.TopicARN"),
            ),
            auto_scaling.retag,
            refresh,
        ),
        stabilize=auto_scaling.settled,
        before_delete=auto_scaling.empty,
        update_policies=frozenset({POLICY, "AutoScalingScheduledAction"}),
        remark="Complete when its instances are in service, and healthy where HealthCheckType has ELB.",
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Kind(
        service="elbv2",
        create=op("create_load_balancer"),
        update=(
            op("set_security_groups", LoadBalancerArn="{id}"),
            op("set_subnets", LoadBalancerArn="{id}"),
            op("set_ip_address_type", LoadBalancerArn="{id}"),
        ),
        delete=op("delete_load_balancer"),
        tagging=ELB_TAGS,
        attributes={
            "LoadBalancerFullName": Computed(lambda resource, _: resource.physical_id.split(":loadbalancer/")[1]),
            "CanonicalHostedZoneID": "{CanonicalHostedZoneId}",
            "SecurityGroups": "{SecurityGroups}",
        },
        name=Name("Name", 32),
        steps=(
            balancing.attributes(
                "LoadBalancerAttributes",
                "modify_load_balancer_attributes",
                "LoadBalancerArn",
            ),
        ),
        stabilize=balancing.load_balancer_active,
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Kind(
        service="elbv2",
        create=op("create_target_group"),
        update=(op("modify_target_group"),),
        delete=op("delete_target_group"),
        tagging=ELB_TAGS,
        attributes={"TargetGroupFullName": Computed(lambda resource, _: resource.physical_id.split(":")[-1])},
        name=Name("Name", 32),
        steps=(
            balancing.attributes(
                "TargetGroupAttributes",
                "modify_target_group_attributes",
                "TargetGroupArn",
            ),
            Each(
                "Targets",
                op("register_targets", TargetGroupArn="{id}", Targets=["$item"]),
                op("deregister_targets", TargetGroupArn="{id}", Targets=["$item"]),
            ),
        ),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": Kind(
        service="elbv2",
        create=op("create_listener"),
        update=(op("modify_listener"),),
        delete=op("delete_listener"),
        tagging=ELB_TAGS,
        steps=(balancing.attributes("ListenerAttributes", "modify_listener_attributes", "ListenerArn"),),
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": Kind(
        service="elbv2",
        create=op("create_rule"),
        update=(op("modify_rule"),),
        delete=op("delete_rule"),
        tagging=ELB_TAGS,
    ),
    "AWS::ECR::Repository": Kind(
        service="ecr",
        create=op("create_repository"),
        update=(
            op("put_image_tag_mutability", repositoryName="{id}"),
            op("put_image_scanning_configuration", repositoryName="{id}"),
        ),
        delete=op("delete_repository", force="$EmptyOnDelete"),
        tagging=Tagging(
            op("tag_resource", resourceArn="{Arn}"),
            op("untag_resource", resourceArn="{Arn}"),
            "tags",
            "tagKeys",
        ),
        attributes={"Arn": "{repositoryArn}", "RepositoryUri": "{repositoryUri}"},
        name=Name("RepositoryName", 256, lower=True),
        skipped={"EmptyOnDelete": "honoured when the repository is deleted"},
        steps=(
            Call(
                op(
                    "put_lifecycle_policy",
                    repositoryName="{id}",
                    lifecyclePolicyText=messages.lifecycle_text,
                ),
                undo=op("delete_lifecycle_policy", repositoryName="{id}"),
            ),
            Call(
                op(
                    "set_repository_policy",
                    repositoryName="{id}",
                    policyText="$RepositoryPolicyText",
                ),
                undo=op("delete_repository_policy", repositoryName="{id}"),
            ),
        ),
    ),
}
