"""A key of our own: rotated every year, kept when its stack goes, used by nobody who is not named.

There is no alias: a name that exists once in an account would be in the way when a stack is made anew beside a key that
was kept. The ARN goes from stack to stack as every other value does.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from kiln.data.key_user import KeyUser
from kiln.refusal import refuse, require_between

SHORTEST_ROTATION_DAYS, LONGEST_ROTATION_DAYS = 90, 2560
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"""
PENDING_DAYS = 30
"""The longest that a deleted key can still be saved."""


class Key(Construct):
    """A symmetric KMS key; `.arn` is a token.

    Args:
        description: what is encrypted with it.
        users: see `kiln.data.key_user` and `kiln.data.volume_key_user`; the account's own principals get their rights
            from IAM.
        rotation_days: 90 to 2560.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        users: Sequence[KeyUser] = (),
        rotation_days: int = 365,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(
            self,
            "rotation_days",
            rotation_days,
            SHORTEST_ROTATION_DAYS,
            LONGEST_ROTATION_DAYS,
            "days between rotations",
        )
        sids = [user.sid for user in users]
        if len(set(sids)) < len(sids):
            raise refuse(self, "users", found=", ".join(sids), expected="each user once")
        owner = {
            "Sid": "Owner",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        key = kms.CfnKey(
            self,
            "Resource",
            description=description,
            enable_key_rotation=True,
            rotation_period_in_days=rotation_days,
            pending_window_in_days=PENDING_DAYS,
            key_policy={"Version": "2012-10-17", "Statement": [owner, *(user.statement() for user in users)]},
        )
        key.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.arn: str = key.attr_arn
