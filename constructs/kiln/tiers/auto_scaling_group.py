"""A group that keeps itself whole and is replaced one build after another, always launching before it ends anything.

Its desired capacity belongs to Auto Scaling and is in no template: a deployment must not undo a scaling. CloudFormation
replaces instances by an instance refresh, which the alarms of the tier can end; the group then goes back by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.number_text import number_text
from kiln.operations.alarm import Alarm
from kiln.operations.topics import Topics
from kiln.optional import is_true, value_if
from kiln.tiers.instance_choice import Size, capacity_rebalance, mixed_instances, require_sense
from kiln.tiers.launch_template import LaunchTemplate
from kiln.tiers.surroundings import Surroundings

Group = autoscaling.CfnAutoScalingGroup

MIN_HEALTHY_PERCENT = 100
MAX_HEALTHY_PERCENT = 150
"""Of a deployment: with 100 as minimum, instances are launched before others end; half of the group at a time.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html"""
MAINTENANCE_MIN_PERCENT, MAINTENANCE_MAX_PERCENT = 100, 200
"""Of everything else that replaces instances (health, age, zones); the most that the service allows.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy-overview-and-considerations.html"""
LONGEST_LIFE_SECONDS = 30 * 24 * 60 * 60
LAUNCHES = ("autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE")
FAILURES = tuple(f"{event}_ERROR" for event in LAUNCHES)


@dataclass(frozen=True, slots=True)
class Startup:
    """How long a new instance may take; every field may be a token.

    Args:
        health_check_grace_seconds: until it must be healthy; an instance that is not by then is replaced.
        warmup_seconds: until a deployment counts it as ready and goes on with the next one, and scaling counts its
            load: from running to healthy.
    """

    health_check_grace_seconds: float
    warmup_seconds: float


class AutoScalingGroup(Construct):
    """A group in the app subnets; `.name` is a token, `.resource` the group for whoever must wait for it.

    Args:
        template: what its instances are made from.
        size: see `Size`.
        startup: see `Startup`.
        surroundings: see `Surroundings`.
        target_group_arns: where the instances are registered; their health then counts.
        rollback_alarms: each of which ends a deployment and takes it back. None may measure this group by its name:
            the group cannot wait for an alarm that waits for the group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        template: LaunchTemplate,
        size: Size,
        startup: Startup,
        surroundings: Surroundings,
        target_group_arns: Sequence[str] = (),
        rollback_alarms: Sequence[Alarm] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        require_sense(self, size)
        self.resource = Group(
            self,
            "Resource",
            min_size=number_text(size.minimum),
            max_size=number_text(size.maximum),
            mixed_instances_policy=mixed_instances(self, template, size),
            capacity_rebalance=capacity_rebalance(self, size),
            vpc_zone_identifier=surroundings.vpc.select_subnets(
                subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
            ).subnet_ids,
            target_group_arns=list(target_group_arns) or None,
            health_check_type="ELB,EBS" if target_group_arns else "EBS",
            health_check_grace_period=startup.health_check_grace_seconds,
            default_instance_warmup=startup.warmup_seconds,
            availability_zone_distribution=Group.AvailabilityZoneDistributionProperty(
                capacity_distribution_strategy="balanced-best-effort"
            ),
            availability_zone_impairment_policy=Group.AvailabilityZoneImpairmentPolicyProperty(
                zonal_shift_enabled=True, impaired_zone_health_check_behavior="IgnoreUnhealthy"
            ),
            instance_maintenance_policy=Group.InstanceMaintenancePolicyProperty(
                min_healthy_percentage=MAINTENANCE_MIN_PERCENT, max_healthy_percentage=MAINTENANCE_MAX_PERCENT
            ),
            max_instance_lifetime=LONGEST_LIFE_SECONDS,
            termination_policies=["OldestLaunchTemplate", "Default"],
            deletion_protection=_protection(self, surroundings.protected),
            metrics_collection=[Group.MetricsCollectionProperty(granularity="1Minute")],
            notification_configurations=_notices(surroundings.topics),
        )
        self.resource.cfn_options.update_policy = cdk.CfnUpdatePolicy(
            auto_scaling_instance_refresh=_refresh(startup, rollback_alarms),
            auto_scaling_scheduled_action=cdk.CfnAutoScalingScheduledAction(
                ignore_unmodified_group_size_properties=True
            ),
        )
        self.name: str = self.resource.ref


def _refresh(startup: Startup, alarms: Sequence[Alarm]) -> cdk.CfnAutoScalingInstanceRefresh:
    watched = cdk.CfnAutoScalingInstanceRefreshAlarmSpecification(alarms=[alarm.name for alarm in alarms])
    return cdk.CfnAutoScalingInstanceRefresh(
        strategy="Rolling",
        preferences=cdk.CfnAutoScalingInstanceRefreshPreferences(
            min_healthy_percentage=MIN_HEALTHY_PERCENT,
            max_healthy_percentage=MAX_HEALTHY_PERCENT,
            instance_warmup=startup.warmup_seconds,
            skip_matching=True,
            alarm_specification=watched if alarms else None,
        ),
    )


def _protection(scope: Construct, protected: str) -> str:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-deletion-protection.html"""
    if not cdk.Token.is_unresolved(protected):
        return "prevent-all-deletion" if protected == "true" else "none"
    return str(value_if(is_true(scope, "IsProtected", protected), "prevent-all-deletion", "none").to_string())


def _notices(topics: Topics) -> list[autoscaling.CfnAutoScalingGroup.NotificationConfigurationProperty]:
    """Everything is written down; what fails is also looked at."""
    notice = Group.NotificationConfigurationProperty
    return [
        notice(topic_arn=topics.info_arn, notification_types=[*LAUNCHES, *FAILURES]),
        notice(topic_arn=topics.warning_arn, notification_types=list(FAILURES)),
    ]
