"""A tier of containers on Fargate: no machine to keep, and a deployment that keeps the old build at hand (blue/green).

The number of tasks belongs to Application Auto Scaling, as that of instances belongs to the groups of other tiers.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from kiln.network.opening import Opening, Peer
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import refuse, require_between
from kiln.tiers.blue_green import BlueGreen, ContainerRoute
from kiln.tiers.container_task import Container, ContainerTask

Service = ecs.CfnService

BAKE_MINUTES = 5
"""After all requests go to the new tasks: as long as going back is at once, because the old ones still run."""
CPU_PERCENT = 60
HEALTH_GRACE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Tasks:
    """How many tasks there are; both may be tokens."""

    minimum: float
    maximum: float


class ContainerTier(Construct):
    """One container in as many tasks as its load needs; `.security_group` and `.role` are for whoever lets them in.

    Args:
        name: of the tier, as a tag.
        container: see `Container`.
        tasks: see `Tasks`.
        route: see `ContainerRoute`.
        vpc: with its app subnets.
        records: how its log is kept.
        topics: who is told.
        cpu_percent: average use of the processors to which the service scales, 10 to 90; may be a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        container: Container,
        tasks: Tasks,
        route: ContainerRoute,
        vpc: ec2.IVpc,
        records: Records,
        topics: Topics,
        cpu_percent: float = CPU_PERCENT,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "cpu_percent", cpu_percent, 10, 90, "percent")
        bounds = (tasks.minimum, tasks.maximum)
        if not any(map(cdk.Token.is_unresolved, bounds)) and not 0 <= tasks.minimum <= tasks.maximum:
            raise refuse(self, "tasks", found=bounds, expected="a minimum that is not above the maximum")
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description=f"Tasks of {name}", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs over HTTPS")
        balancer = ec2.SecurityGroup.from_security_group_id(
            self, "LoadBalancerGroup", route.listener.security_group_id, allow_all_outbound=False
        )
        peer = Peer(name, self.security_group.security_group_id, container.port)
        Opening(self, "Requests", security_group=balancer, who="Load balancer", peer=peer)
        task = ContainerTask(self, "Task", container=container, records=records)
        self.role = task.role
        switch = BlueGreen(self, "Shift", name=name, vpc=vpc, port=container.port, route=route, topics=topics)
        self.rollback_alarms = switch.alarms
        cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enhanced")],
        )
        service = Service(
            self,
            "Service",
            cluster=cluster.ref,
            task_definition=task.arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            health_check_grace_period_seconds=HEALTH_GRACE_SECONDS,
            network_configuration=self._network(vpc),
            load_balancers=[switch.load_balancer],
            deployment_controller=Service.DeploymentControllerProperty(type="ECS"),
            deployment_configuration=_deployment([alarm.name for alarm in switch.alarms]),
        )
        service.node.add_dependency(switch.policy)
        self._scale(cluster.ref, service.attr_name, tasks, cpu_percent)
        cdk.Tags.of(self).add("kiln:tier", name)

    def _network(self, vpc: ec2.IVpc) -> ecs.CfnService.NetworkConfigurationProperty:
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids
        inside = Service.AwsVpcConfigurationProperty(
            subnets=subnets, security_groups=[self.security_group.security_group_id], assign_public_ip="DISABLED"
        )
        return Service.NetworkConfigurationProperty(awsvpc_configuration=inside)

    def _scale(self, cluster: str, service: str, tasks: Tasks, cpu_percent: float) -> None:
        target = scaling.CfnScalableTarget(
            self,
            "Scaling",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster}/{service}",
            min_capacity=tasks.minimum,
            max_capacity=tasks.maximum,
        )
        Policy = scaling.CfnScalingPolicy
        Policy(
            self,
            "Cpu",
            policy_name="cpu",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=Policy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=cpu_percent,
                predefined_metric_specification=Policy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="ECSServiceAverageCPUUtilization"
                ),
            ),
        )


def _deployment(alarm_names: list[str]) -> ecs.CfnService.DeploymentConfigurationProperty:
    """Goes back by itself when tasks do not start or an alarm goes off, at any time until the old tasks are gone."""
    return Service.DeploymentConfigurationProperty(
        strategy="BLUE_GREEN",
        bake_time_in_minutes=BAKE_MINUTES,
        minimum_healthy_percent=100,
        maximum_percent=200,
        deployment_circuit_breaker=Service.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
        alarms=Service.DeploymentAlarmsProperty(alarm_names=alarm_names, enable=True, rollback=True),
    )
