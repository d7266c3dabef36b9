"""A tier: a launch template and an Auto Scaling group that replaces its instances one build after another.

Instances boot ready from a baked image, so there is no user data. A changed image makes a new numbered version of the
launch template, and CloudFormation replaces the instances by an instance refresh that launches before it terminates.
The group's desired capacity belongs to Auto Scaling and is never in a template: a deployment must not undo a scaling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.imported_image import ImportedImage

INSTANCE_TYPE_SLOTS = 4
"""How many instance types a tier can offer; the template has a fixed number of places for them."""
NO_INSTANCE_TYPE = "none"
ROOT_DEVICE = "/dev/xvda"
"""Of Debian's official images: https://wiki.debian.org/Cloud/AmazonEC2Image"""
MIN_HEALTHY_PERCENT = 100
MAX_HEALTHY_PERCENT = 150
"""With 100 as minimum, instances are launched before others end; half of the group at a time.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a tier is; every field may be a token.

    Args:
        instance_types: exactly `INSTANCE_TYPE_SLOTS`, filled up with `NO_INSTANCE_TYPE`; the first ones are preferred.
        minimum: instances.
        maximum: instances.
        root_volume_gib: at least the size of the image's snapshot.
    """

    instance_types: list[str]
    minimum: float
    maximum: float
    root_volume_gib: float


@dataclass(frozen=True, slots=True)
class Startup:
    """How long a new instance may take; every field may be a token.

    Args:
        health_check_grace_seconds: until it must be healthy; an instance that is not by then is replaced.
        warmup_seconds: until a deployment counts it as ready and goes on with the next one: from running to healthy.
    """

    health_check_grace_seconds: float
    warmup_seconds: float


class Tier(Construct):
    """Instances from one image in the app subnets, with a role that may read only what it is told.

    Args:
        name: of the tier, as a tag: "web".
        vpc: with its app subnets.
        image_id: may be a token.
        size: see `Size`.
        readable_parameters: SSM names, with a leading slash, that the instances may read.
        startup: see `Startup`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        image_id: str,
        size: Size,
        readable_parameters: Sequence[str],
        startup: Startup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description=f"Instances of {name}", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs over HTTPS")
        self.role = _role(self, readable_parameters)
        launch_template = ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            machine_image=ImportedImage(image_id),
            role=self.role,
            security_group=self.security_group,
            require_imdsv2=True,
            http_endpoint=True,
            http_put_response_hop_limit=1,
            instance_metadata_tags=False,
            detailed_monitoring=True,
            block_devices=[ec2.BlockDevice(device_name=ROOT_DEVICE, volume=_root_volume(size.root_volume_gib))],
        )
        # The CDK would write empty user data, and the image needs none.
        launch_template.node.default_child.add_property_deletion_override("LaunchTemplateData.UserData")
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(launch_template=launch_template),
            min_capacity=size.minimum,
            max_capacity=size.maximum,
            health_checks=autoscaling.HealthChecks.with_additional_checks(
                additional_types=[autoscaling.AdditionalHealthCheckType.ELB],
                grace_period=cdk.Duration.seconds(startup.health_check_grace_seconds),
            ),
            update_policy=autoscaling.UpdatePolicy.instance_refresh(
                strategy=autoscaling.InstanceRefreshStrategy.ROLLING,
                min_healthy_percentage=MIN_HEALTHY_PERCENT,
                max_healthy_percentage=MAX_HEALTHY_PERCENT,
                instance_warmup=cdk.Duration.seconds(startup.warmup_seconds),
            ),
        )
        resource = self.group.node.default_child
        resource.add_property_override(
            "MixedInstancesPolicy.LaunchTemplate.Overrides",
            [self._slot(number, size.instance_types) for number in range(INSTANCE_TYPE_SLOTS)],
        )
        # Above the names that the launch template gives to itself and its instances: its path in the code.
        cdk.Tags.of(self).add("Name", cdk.Aws.STACK_NAME, priority=200)
        cdk.Tags.of(self).add("kiln:tier", name)

    def _slot(self, number: int, instance_types: list[str]) -> cdk.IResolvable:
        """The instance type at this place of the list, or nothing."""
        instance_type = cdk.Fn.select(number, instance_types)
        unused = cdk.Fn.condition_equals(instance_type, NO_INSTANCE_TYPE)
        used = cdk.CfnCondition(self, f"InstanceType{number + 1}", expression=cdk.Fn.condition_not(unused))
        return cdk.Fn.condition_if(used.logical_id, {"InstanceType": instance_type}, cdk.Aws.NO_VALUE)


def _role(scope: Construct, readable_parameters: Sequence[str]) -> iam.Role:
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    resources = [
        cdk.Stack.of(scope).format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
        for name in readable_parameters
    ]
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=resources))
    return role


def _root_volume(gib: float) -> ec2.BlockDeviceVolume:
    return ec2.BlockDeviceVolume.ebs(gib, volume_type=ec2.EbsDeviceVolumeType.GP3, encrypted=True)
