"""Who did what: every call to an AWS API of the account, in all regions, where nobody can change or delete it.

The records go to a bucket with Object Lock, signed by CloudTrail, and to a log group in which `TrailAlarms` looks for
what somebody should know of. Both are encrypted. Reading and writing of objects in S3 is recorded too.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from kiln.data.bucket import Bucket, Encryption
from kiln.operations.log_group import LogGroup

INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")
Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
CLOUDTRAIL = iam.ServicePrincipal("cloudtrail.amazonaws.com")


class Trail(Construct):
    """A trail over all regions; `.log_group_name` is a token.

    Args:
        key_arn: of the key of the logs; its policy must let CloudTrail and CloudWatch Logs use it. May be a token.
        audit_days: for which nobody can delete a record; afterwards it expires. May be a token.
        log_days: for which the log group has the records as well, as CloudWatch offers them. May be a token.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key_arn: str, audit_days: float, log_days: float
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = self._bucket(key_arn, audit_days)
        log_group = LogGroup(self, "Log", key_arn=key_arn, days=log_days)
        self.log_group_name = log_group.name
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=key_arn,
            s3_bucket_name=bucket.name,
            cloud_watch_logs_log_group_arn=log_group.arn,
            cloud_watch_logs_role_arn=self._role(log_group).role_arn,
            insight_selectors=[
                cloudtrail.CfnTrail.InsightSelectorProperty(insight_type=insight) for insight in INSIGHTS
            ],
            advanced_event_selectors=[
                _selector("Every call that manages something", Field(field="eventCategory", equal_to=["Management"])),
                _selector(
                    "Every object that is read or written",
                    Field(field="eventCategory", equal_to=["Data"]),
                    Field(field="resources.type", equal_to=["AWS::S3::Object"]),
                    # Without the records themselves: each would cause the next one.
                    Field(field="resources.ARN", not_starts_with=[f"{bucket.arn}/"]),
                ),
            ],
        )
        # CloudTrail tries to write when it is made.
        for policy in filter(s3.CfnBucketPolicy.is_cfn_bucket_policy, bucket.node.find_all()):
            trail.add_resource_dependency(policy)

    def _bucket(self, key_arn: str, audit_days: float) -> Bucket:
        readers = Bucket(
            self,
            "AccessLogs",
            encryption=Encryption.without_key(reason="S3 writes access logs only to buckets that it encrypts itself"),
            keep_days=audit_days,
        )
        bucket = Bucket(
            self,
            "Records",
            encryption=Encryption.with_key(key_arn),
            keep_days=audit_days,
            lock_days=audit_days,
            access_logs=readers,
        )
        # The trail's name is made by CloudFormation, and begins with that of the stack.
        arn = f"arn:{cdk.Aws.PARTITION}:cloudtrail:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:trail/{cdk.Aws.STACK_NAME}-*"
        own = {"ArnLike": {"aws:SourceArn": arn}}
        bucket.allow("TrailLooks", principal=CLOUDTRAIL, actions=["s3:GetBucketAcl"], conditions=own)
        bucket.allow(
            "TrailWrites",
            principal=CLOUDTRAIL,
            actions=["s3:PutObject"],
            objects=f"AWSLogs/{cdk.Aws.ACCOUNT_ID}/*",
            conditions=own,
        )
        return bucket

    def _role(self, log_group: LogGroup) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=CLOUDTRAIL, description="CloudTrail writes into its log group")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[
                    f"arn:{cdk.Aws.PARTITION}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:log-group:{log_group.name}"
                    f":log-stream:{cdk.Aws.ACCOUNT_ID}_CloudTrail_*"
                ],
            )
        )
        return role


def _selector(name: str, *fields: object) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(name=name, field_selectors=list(fields))
