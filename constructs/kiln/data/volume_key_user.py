"""Who may use the key of volumes and snapshots: Auto Scaling, and who starts from them or keeps copies."""

from collections.abc import Sequence

import aws_cdk as cdk

from kiln.data.key_user import ACTIONS_TO_USE, ANYBODY, KeyUser, as_auto_scaling

ACTIONS_TO_LAUNCH = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-cmk.html (as few as launching needs)"""
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def auto_scaling_volumes() -> tuple[KeyUser, KeyUser]:
    """Auto Scaling's own role, which starts instances with encrypted volumes: through EC2, and not otherwise.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    through_ec2 = as_auto_scaling("ec2")
    granting = through_ec2 | FOR_AWS
    return (
        KeyUser("AutoScaling", ANYBODY, ACTIONS_TO_USE, through_ec2),
        KeyUser("AutoScalingGrants", ANYBODY, ("kms:CreateGrant",), granting),
    )


def copies_to(account: str, only_if: cdk.CfnCondition) -> tuple[KeyUser, KeyUser]:
    """The account that takes copies of snapshots under this key: AWS Backup reads them there with the source's key.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
    """
    principal = {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"}
    return (
        KeyUser("CopyBackups", principal, ACTIONS_TO_USE, only_if=only_if),
        KeyUser("CopyBackupsGrants", principal, ("kms:CreateGrant",), FOR_AWS, only_if),
    )


def launching_accounts(account_ids: Sequence[str]) -> tuple[KeyUser, ...]:
    """Accounts that start instances from images under this key; none with an empty list.

    Granting has no condition on AWS resources: the account itself grants the key to its Auto Scaling role, once. See
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    if not account_ids:
        return ()
    principal = {"AWS": [f"arn:{cdk.Aws.PARTITION}:iam::{account}:root" for account in account_ids]}
    return (
        KeyUser("LaunchFromImages", principal, ACTIONS_TO_LAUNCH),
        KeyUser("GrantToAutoScaling", principal, ("kms:CreateGrant",)),
    )


def launching_organizations(organizations: Sequence[str]) -> tuple[KeyUser, ...]:
    """All accounts of organizations, and of units and what is below them, as `launching_accounts`; none with none.

    Args:
        organizations: ids, such as `o-a1b2c3d4e5`, or of a unit with its organization: `o-a1b2c3d4e5/ou-ab12-11111111`.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/allow-org-ou-to-use-key.html
    """
    whole = [one for one in organizations if "/" not in one]
    units = ["{}/*/{}/*".format(*one.split("/")) for one in organizations if "/" in one]
    actions = (*ACTIONS_TO_LAUNCH, "kms:CreateGrant")
    in_one = {"StringEquals": {"aws:PrincipalOrgID": whole}}
    in_a_unit = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": units}}
    return (
        *([KeyUser("LaunchFromImagesInOrganizations", ANYBODY, actions, in_one)] if whole else ()),
        *([KeyUser("LaunchFromImagesInUnits", ANYBODY, actions, in_a_unit)] if units else ()),
    )
