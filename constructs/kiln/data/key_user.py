"""Who may use a key beside the account that owns it: one statement of the key's policy each.

The principals of the account itself get their permissions from IAM, which the key's first statement leaves to the
account. What is here cannot be said in IAM: services, and accounts that are not ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk

ACTIONS_TO_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

ANYBODY = {"AWS": "*"}
"""Always with a condition that leaves one of this account."""

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeyUser:
    """A statement of a key's policy.

    Args:
        sid: letters and digits.
        principal: as in a policy: `{"Service": …}` or `{"AWS": …}`.
        actions: of KMS.
        condition: under which they are allowed.
        only_if: the condition of the template under which the statement is there at all.
    """

    sid: str
    principal: Json
    actions: Sequence[str]
    condition: Json = field(default_factory=dict)
    only_if: cdk.CfnCondition | None = None

    def statement(self) -> object:
        """The statement as a key's policy has it."""
        body = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": self.principal,
            "Action": list(self.actions),
            "Resource": "*",
        } | ({"Condition": self.condition} if self.condition else {})
        if self.only_if is None:
            return body
        return cdk.Fn.condition_if(self.only_if.logical_id, body, cdk.Aws.NO_VALUE)


def cloudwatch_logs() -> KeyUser:
    """Log groups of this account and region.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return KeyUser(
        "CloudWatchLogs",
        {"Service": f"logs.{cdk.Aws.REGION}.amazonaws.com"},
        ACTIONS_TO_USE,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{arn('logs', cdk.Aws.REGION)}:log-group:*"}},
    )


def cloudtrail() -> KeyUser:
    """Trails of this account.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    return KeyUser(
        "CloudTrail",
        {"Service": "cloudtrail.amazonaws.com"},
        ("kms:DescribeKey", "kms:GenerateDataKey*"),
        {"ArnLike": {"aws:SourceArn": f"{arn('cloudtrail', '*')}:trail/*"}},
    )


def service(sid: str, *principals: str) -> KeyUser:
    """Services that write something encrypted or read it again, on behalf of this account only.

    `service("Publishers", "cloudwatch.amazonaws.com", "budgets.amazonaws.com")`. EventBridge does not say for whom it
    publishes: it needs `eventbridge()`. See https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return KeyUser(
        sid,
        {"Service": list(principals)},
        ("kms:Decrypt", "kms:GenerateDataKey*"),
        {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    )


def eventbridge() -> KeyUser:
    """Rules that publish to encrypted topics and queues; the service passes neither source account nor source ARN.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return KeyUser("EventBridge", {"Service": "events.amazonaws.com"}, ("kms:Decrypt", "kms:GenerateDataKey*"))


def cloudfront() -> KeyUser:
    """Distributions of this account that read an encrypted bucket by origin access control.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    return KeyUser(
        "CloudFront",
        {"Service": "cloudfront.amazonaws.com"},
        ("kms:Decrypt",),
        {"ArnLike": {"aws:SourceArn": f"{arn('cloudfront', '')}:distribution/*"}},
    )


def auto_scaling_notices() -> KeyUser:
    """Auto Scaling's own role, which publishes to an encrypted topic: through SNS, and not otherwise.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html
    """
    return KeyUser("AutoScaling", ANYBODY, ("kms:Decrypt", "kms:GenerateDataKey*"), as_auto_scaling("sns"))


def arn(service_name: str, region: str) -> str:
    """The beginning of an ARN of this account."""
    return f"arn:{cdk.Aws.PARTITION}:{service_name}:{region}:{cdk.Aws.ACCOUNT_ID}"


def as_auto_scaling(through: str) -> dict[str, object]:
    """Who calls is Auto Scaling's role of this account, through another service.

    The role is named in a condition and not as principal: a policy that names a role which is not there yet is refused,
    and AWS makes this one with an account's first group.
    """
    role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"
    return {
        "StringEquals": {
            "kms:CallerAccount": cdk.Aws.ACCOUNT_ID,
            "kms:ViaService": f"{through}.{cdk.Aws.REGION}.amazonaws.com",
        },
        "ArnLike": {"aws:PrincipalArn": f"{arn('iam', '')}:{role}"},
    }
