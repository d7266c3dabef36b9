"""What the account is made of, recorded at each change, and held against rules.

The recorder works as Config's own service-linked role, which Security Hub expects (FSBP Config.1) and which needs no
permissions from us. An account has that role once: where somebody else has made it, it is removed before the first
deployment (`aws iam delete-service-linked-role --role-name AWSServiceRoleForConfig`) or imported into the stack.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_config as config
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.audit.config_rules import RULES
from kiln.data.bucket import Bucket, Encryption
from kiln.operations.event_notice import EventNotice, Events
from kiln.refusal import refuse

CONFIG = iam.ServicePrincipal("config.amazonaws.com")


class ConfigRecorder(Construct):
    """Recorder, delivery channel, bucket and managed rules; a resource that breaks a rule is told to a topic.

    Args:
        key_arn: of the key of the logs; its policy must let Config use it. May be a token.
        audit_days: after which a record expires. May be a token.
        topic_arn: is told of what breaks a rule; may be a token.
        rules: identifier of a managed rule → its parameters; see `kiln.audit.config_rules`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key_arn: str,
        audit_days: float,
        topic_arn: str,
        rules: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        wanted = RULES if rules is None else rules
        if not wanted:
            raise refuse(self, "rules", found={}, expected="at least one managed rule")
        role = iam.CfnServiceLinkedRole(self, "Role", aws_service_name="config.amazonaws.com")
        recorder = config.CfnConfigurationRecorder(
            self,
            "Recorder",
            role_arn=_service_linked_role_arn(),
            recording_group=config.CfnConfigurationRecorder.RecordingGroupProperty(
                all_supported=True, include_global_resource_types=True
            ),
            recording_mode=config.CfnConfigurationRecorder.RecordingModeProperty(recording_frequency="CONTINUOUS"),
        )
        recorder.add_resource_dependency(role)
        # Without a dependency between recorder and channel: CloudFormation waits in each of them for the other one.
        # https://github.com/aws/aws-cdk/issues/3577
        config.CfnDeliveryChannel(
            self,
            "Channel",
            s3_bucket_name=self._bucket(key_arn, audit_days),
            s3_kms_key_arn=key_arn,
            config_snapshot_delivery_properties=config.CfnDeliveryChannel.ConfigSnapshotDeliveryPropertiesProperty(
                delivery_frequency="TwentyFour_Hours"
            ),
        )
        for identifier, parameters in wanted.items():
            rule = config.CfnConfigRule(
                self,
                identifier.title().replace("_", ""),
                source=config.CfnConfigRule.SourceProperty(owner="AWS", source_identifier=identifier),
                input_parameters=dict(parameters) or None,
            )
            rule.add_resource_dependency(recorder)
        _tell(self, topic_arn)

    def _bucket(self, key_arn: str, audit_days: float) -> str:
        # Config writes to no bucket with a default lock.
        # https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
        bucket = Bucket(self, "Records", encryption=Encryption.with_key(key_arn), keep_days=audit_days)
        own = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        looks = ["s3:GetBucketAcl", "s3:ListBucket"]
        bucket.allow("ConfigLooks", principal=CONFIG, actions=looks, conditions=own)
        bucket.allow(
            "ConfigWrites",
            principal=CONFIG,
            actions=["s3:PutObject"],
            objects=f"AWSLogs/{cdk.Aws.ACCOUNT_ID}/Config/*",
            conditions=own,
        )
        return bucket.name


def _service_linked_role_arn() -> str:
    role = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    return f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:{role}"


def _tell(scope: Construct, topic_arn: str) -> None:
    broken = {
        "messageType": ["ComplianceChangeNotification"],
        # Security Hub has hundreds of rules of its own, and tells of them itself.
        "configRuleName": [{"anything-but": {"prefix": "securityhub-"}}],
        "newEvaluationResult": {"complianceType": ["NON_COMPLIANT"]},
    }
    EventNotice(
        scope,
        "Broken",
        events=Events("aws.config", "Config Rules Compliance Change", broken),
        topic_arn=topic_arn,
        description="A resource breaks a rule of Config",
        text="The <type> <resource> breaks the rule <rule>.",
        values={
            "rule": "$.detail.configRuleName",
            "type": "$.detail.resourceType",
            "resource": "$.detail.resourceId",
        },
    )
