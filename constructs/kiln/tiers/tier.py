"""A tier: instances from one image in an Auto Scaling group, with a role, a log and alarms of their own.

What it is made of has a file each: `instance_role`, `launch_template`, `auto_scaling_group`, `tier_log`, `tier_alarms`,
`scheduled_stop`. A tier by itself does not scale: that is said where it is known what its work is.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.network.opening import Opening
from kiln.operations.alarm import Alarm
from kiln.operations.tags import PATCH_GROUP
from kiln.tiers.auto_scaling_group import AutoScalingGroup, Startup
from kiln.tiers.instance_choice import INSTANCE_TYPE_SLOTS, NO_INSTANCE_TYPE, Size
from kiln.tiers.instance_role import Access, InstanceRole, OwnRecords
from kiln.tiers.launch_template import Disk, LaunchTemplate
from kiln.tiers.scheduled_stop import ScheduledStop
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.tier_alarms import TierAlarms
from kiln.tiers.tier_log import TierLog, namespace

__all__ = ["INSTANCE_TYPE_SLOTS", "NO_INSTANCE_TYPE", "Access", "Size", "Startup", "Tier"]

TAG = "kiln:tier"


class Tier(Construct):
    """Instances from one image in the app subnets.

    `.security_group` and `.role` are for whoever lets them in elsewhere; `.group` is the Auto Scaling group;
    `.group_name` and `.log_group_name` are tokens; `.rollback_alarms` end a deployment of the tier.

    Args:
        name: of the tier, as a tag: "web".
        image_id: may be a token.
        size: see `Size`.
        startup: see `Startup`.
        surroundings: see `Surroundings`.
        access: see `Access`; nothing but its own log and metrics by default.
        target_group_arns: where its instances are registered.
        rollback_alarms: what ends a deployment, beside errors in the log.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image_id: str,
        size: Size,
        startup: Startup,
        surroundings: Surroundings,
        access: Access | None = None,
        target_group_arns: Sequence[str] = (),
        rollback_alarms: Sequence[Alarm] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        access = access or Access()
        self.name = name
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=surroundings.vpc, description=f"Instances of {name}", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs over HTTPS")
        for peer in access.peers:
            Opening(self, f"To{peer.name.title()}", security_group=self.security_group, who=name, peer=peer)
        log = TierLog(self, "Log", tier=name, records=surroundings.records, topics=surroundings.topics)
        role = InstanceRole(
            self,
            "Role",
            access=access,
            records=OwnRecords(log.arn, namespace(name)),
            data_key_arn=surroundings.data_key_arn,
            messages_key_arn=surroundings.messages_key_arn,
        )
        template = LaunchTemplate(
            self,
            "LaunchTemplate",
            image_id=image_id,
            disk=Disk(size.root_volume_gib, surroundings.data_key_arn),
            profile_arn=role.profile_arn,
            security_group=self.security_group,
            tags={"Name": cdk.Aws.STACK_NAME, TAG: name, PATCH_GROUP: name},
            unlimited_credits=size.unlimited_credits,
        )
        self.rollback_alarms = [*rollback_alarms, log.alarm]
        self.group = AutoScalingGroup(
            self,
            "Group",
            template=template,
            size=size,
            startup=startup,
            surroundings=surroundings,
            target_group_arns=target_group_arns,
            rollback_alarms=self.rollback_alarms,
        )
        # An instance must not boot before its role may do anything.
        self.group.node.add_dependency(role)
        TierAlarms(self, "Alarms", tier=name, group_name=self.group.name, topics=surroundings.topics)
        if surroundings.schedule:
            ScheduledStop(
                self,
                "Schedule",
                group_name=self.group.name,
                minimum=size.minimum,
                maximum=size.maximum,
                schedule=surroundings.schedule,
            )
        self.role = role.role
        self.group_name: str = self.group.name
        self.log_group_name: str = log.name
        # Above a Name from elsewhere: the template's own tags of instances and volumes say the same.
        cdk.Tags.of(self).add("Name", cdk.Aws.STACK_NAME, priority=200)
        cdk.Tags.of(self).add(TAG, name)
        cdk.Tags.of(self).add(PATCH_GROUP, name)
