"""The way in for people, without a way in: an instance with no open port that Session Manager alone reaches.

Who may start a session says IAM; from the bastion they reach what a security group names, and nothing else. There is
always one; an instance that hangs, a zone that fails and a new image replace it.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.operations.tags import PATCH_GROUP
from kiln.tiers import session_manager
from kiln.tiers.auto_scaling_group import AutoScalingGroup, Startup
from kiln.tiers.instance_choice import Size
from kiln.tiers.launch_template import Disk, LaunchTemplate
from kiln.tiers.session_document import SessionDocument
from kiln.tiers.surroundings import Surroundings

ROOT_GIB = 8
STARTUP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Machine:
    """What the instance is; both may be tokens.

    Args:
        image_id: with the Systems Manager agent in it.
        instance_type: such as `t3.micro`.
    """

    image_id: str
    instance_type: str


class Bastion(Construct):
    """One instance in the app subnets: `.security_group`, and `.sessions`, which says how to come in.

    Args:
        machine: see `Machine`.
        surroundings: see `Surroundings`; the bastion has no schedule, whoever repairs something at night needs it.
        root_volume_gib: at least the size of the image's snapshot.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: Machine,
        surroundings: Surroundings,
        root_volume_gib: float = ROOT_GIB,
    ) -> None:
        super().__init__(scope, construct_id)
        key_arn = surroundings.data_key_arn
        self.sessions = SessionDocument(self, "Sessions", key_arn=key_arn, records=surroundings.records)
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), description="The bastion: sessions only"
        )
        for statement in (*session_manager.statements(), *self.sessions.instance_statements()):
            role.add_to_policy(statement)
        profile = iam.CfnInstanceProfile(self, "Profile", roles=[role.role_name])
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=surroundings.vpc, description="Bastion: nothing in", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs over HTTPS")
        template = LaunchTemplate(
            self,
            "LaunchTemplate",
            image_id=machine.image_id,
            disk=Disk(gib=root_volume_gib, key_arn=key_arn),
            profile_arn=profile.attr_arn,
            security_group=self.security_group,
            tags={"Name": cdk.Aws.STACK_NAME, "kiln:tier": "bastion", PATCH_GROUP: "bastion"},
        )
        AutoScalingGroup(
            self,
            "Group",
            template=template,
            size=Size([machine.instance_type], minimum=1, maximum=1, root_volume_gib=root_volume_gib),
            startup=Startup(health_check_grace_seconds=STARTUP_SECONDS, warmup_seconds=STARTUP_SECONDS),
            surroundings=surroundings,
        )
