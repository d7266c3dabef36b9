"""How the instances of a tier are made: from one image, with an encrypted disk, one role and no way in.

Instances boot ready from a baked image, so there is no user data and no key pair. A changed image makes a new numbered
version of the launch template, which is what a group deploys.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.optional import is_true, value_if

Template = ec2.CfnLaunchTemplate

ROOT_DEVICE = "/dev/xvda"
"""Of Debian's official images: https://wiki.debian.org/Cloud/AmazonEC2Image"""


@dataclass(frozen=True, slots=True)
class Disk:
    """The root volume; every field may be a token.

    Args:
        gib: at least the size of the image's snapshot.
        key_arn: with which it is encrypted.
    """

    gib: float
    key_arn: str


class LaunchTemplate(Construct):
    """IMDSv2 that stays on the instance, gp3 under a key of ours, metrics each minute; `.id` and `.version` are tokens.

    Args:
        image_id: may be a token.
        disk: see `Disk`.
        profile_arn: of the instance profile.
        security_group: of the instances.
        tags: of instances, volumes and network interfaces.
        unlimited_credits: "true" or "false" as text; may be a token. "true" only for burstable types: they then never
            slow down, and cost more when busy. Of them, t2 would slow down and t3 would not, by AWS's defaults.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        image_id: str,
        disk: Disk,
        profile_arn: str,
        security_group: ec2.ISecurityGroup,
        tags: dict[str, str],
        unlimited_credits: str = "false",
    ) -> None:
        super().__init__(scope, construct_id)
        volume = Template.EbsProperty(
            volume_type="gp3",
            volume_size=disk.gib,
            encrypted=True,
            kms_key_id=disk.key_arn,
            delete_on_termination=True,
        )
        metadata = Template.MetadataOptionsProperty(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=1,
            instance_metadata_tags="disabled",
        )
        data = Template.LaunchTemplateDataProperty(
            image_id=image_id,
            iam_instance_profile=Template.IamInstanceProfileProperty(arn=profile_arn),
            security_group_ids=[security_group.security_group_id],
            block_device_mappings=[Template.BlockDeviceMappingProperty(device_name=ROOT_DEVICE, ebs=volume)],
            metadata_options=metadata,
            monitoring=Template.MonitoringProperty(enabled=True),
            credit_specification=self._credits(unlimited_credits),
            tag_specifications=[
                Template.TagSpecificationProperty(
                    resource_type=kind, tags=[cdk.CfnTag(key=key, value=value) for key, value in tags.items()]
                )
                for kind in ("instance", "volume", "network-interface")
            ],
        )
        template = Template(self, "Resource", launch_template_data=data)
        self.id: str = template.ref
        self.version: str = template.attr_latest_version_number

    def _credits(self, unlimited: str) -> cdk.IResolvable | ec2.CfnLaunchTemplate.CreditSpecificationProperty | None:
        if cdk.Token.is_unresolved(unlimited):
            return value_if(is_true(self, "Unlimited", unlimited), {"CpuCredits": "unlimited"})
        return Template.CreditSpecificationProperty(cpu_credits="unlimited") if unlimited == "true" else None
