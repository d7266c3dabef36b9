"""Settings that are broken through their services, one at a time, so that readings are seen to fail.

Those of machines are in `breaks_of_machines`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.readback.deployment import Place, Thing
from tests.readback.reading import ACCOUNT, ID, KEY, asked

Json = Any
CLUSTER, DETECTOR = "AWS::RDS::DBCluster", "AWS::GuardDuty::Detector"
BALANCER, SECURITY_GROUP = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::SecurityGroup"
BUCKET, TRAIL = "AWS::S3::Bucket", "AWS::CloudTrail::Trail"
EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ALL_WAYS = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)


@dataclass(frozen=True, slots=True)
class Break:
    """One setting made worse, and what makes it good again.

    Args:
        promise: whose reading must notice.
        of: the type of the thing that is changed, and after a slash how its logical id begins; "": the account.
        worse: service, operation and request, as in a reading.
        better: the same.
        where: the environment in which it is.
    """

    promise: str
    of: str
    worse: tuple[str, Mapping[str, Json]]
    better: tuple[str, Mapping[str, Json]]
    where: str = "Production"

    @contextmanager
    def done(self, place: Place) -> Iterator[None]:
        """While the setting is broken."""
        kind, _, name = self.of.partition("/")
        things = (one for one in place.things if one.kind == kind and one.logical_id.startswith(name))
        thing = next(things) if kind else Thing()
        asked(place, *self.worse, thing.physical_id)
        try:
            yield
        finally:
            asked(place, *self.better, thing.physical_id)


def changed(promise: str, of: str, call: str, named: Json, worse: Json, better: Json) -> Break:
    """The same operation both times, on the thing that `named` names."""
    return Break(promise, of, (call, named | worse), (call, named | better))


def _bucket(promise: str, call: str, worse: Json, better: Json) -> Break:
    return changed(promise, BUCKET, f"s3 {call}", {"Bucket": ID}, worse, better)


def _cluster(promise: str, worse: Json, better: Json) -> Break:
    named = {"DBClusterIdentifier": ID, "ApplyImmediately": True}
    return changed(promise, CLUSTER, "rds modify_db_cluster", named, worse, better)


def _balancer(promise: str, key: str, worse: str, better: str) -> Break:
    values = ({"Attributes": [{"Key": key, "Value": value}]} for value in (worse, better))
    return changed(promise, BALANCER, "elbv2 modify_load_balancer_attributes", {"LoadBalancerArn": ID}, *values)


def _opening(promise: str, way: str, protocol: str, port: int) -> Break:
    """A rule for anywhere."""
    rule = {"IpProtocol": protocol, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ports = {} if protocol == "-1" else {"FromPort": port, "ToPort": port}
    request = {"GroupId": ID, "IpPermissions": [rule | ports]}
    does, undoes = (f"ec2 {verb}_security_group_{way}" for verb in ("authorize", "revoke"))
    return Break(promise, SECURITY_GROUP, (does, request), (undoes, request))


def _encryption(algorithm: Json) -> Json:
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": algorithm}]}}


def _deletion(effect: str) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _feature(status: str) -> Json:
    return {"Features": [{"Name": "S3_DATA_EVENTS", "Status": status}]}


BREAKS = (
    _bucket(
        "bucket-keeps-versions",
        "put_bucket_versioning",
        {"VersioningConfiguration": {"Status": "Suspended"}},
        {"VersioningConfiguration": {"Status": "Enabled"}},
    ),
    _bucket(
        "bucket-without-acls",
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
    ),
    _bucket(
        "bucket-blocks-public-access",
        "put_public_access_block",
        {"PublicAccessBlockConfiguration": ALL_WAYS | {"BlockPublicPolicy": False}},
        {"PublicAccessBlockConfiguration": ALL_WAYS},
    ),
    Break(
        "bucket-tidies-up",
        BUCKET,
        ("s3 delete_bucket_lifecycle", {"Bucket": ID}),
        (
            "s3 put_bucket_lifecycle_configuration",
            {
                "Bucket": ID,
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        }
                    ]
                },
            },
        ),
    ),
    Break(
        "bucket-encrypted-with-own-key",
        f"{BUCKET}/TrailRecords",
        ("s3 put_bucket_encryption", {"Bucket": ID, **_encryption({"SSEAlgorithm": "AES256"})}),
        (
            "s3 put_bucket_encryption",
            {"Bucket": ID, **_encryption({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY})},
        ),
    ),
    changed(
        "subnets-give-no-public-address",
        "AWS::EC2::Subnet",
        "ec2 modify_subnet_attribute",
        {"SubnetId": ID},
        {"MapPublicIpOnLaunch": {"Value": True}},
        {"MapPublicIpOnLaunch": {"Value": False}},
    ),
    changed(
        "network-interfaces-have-dns",
        "AWS::EC2::VPC",
        "ec2 modify_vpc_attribute",
        {"VpcId": ID},
        {"EnableDnsHostnames": {"Value": False}},
        {"EnableDnsHostnames": {"Value": True}},
    ),
    Break(
        "databases-cannot-reach-the-internet",
        "AWS::EC2::RouteTable/NetworkData",
        (
            "ec2 create_route",
            {"RouteTableId": ID, "DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-00000000000000000"},
        ),
        ("ec2 delete_route", {"RouteTableId": ID, "DestinationCidrBlock": "0.0.0.0/0"}),
    ),
    _opening("security-groups-admit-web-only", "ingress", "tcp", 8080),
    _opening("no-remote-administration", "ingress", "tcp", 22),
    _opening("security-groups-name-what-leaves", "egress", "-1", 0),
    _balancer("alb-drops-invalid-headers", "routing.http.drop_invalid_header_fields.enabled", "false", "true"),
    _balancer("alb-is-protected-from-deletion", "deletion_protection.enabled", "false", "true"),
    _cluster("database-is-protected-from-deletion", {"DeletionProtection": False}, {"DeletionProtection": True}),
    _cluster("database-keeps-backups", {"BackupRetentionPeriod": 1}, {"BackupRetentionPeriod": 35}),
    _cluster(
        "database-knows-iam", {"EnableIAMDatabaseAuthentication": False}, {"EnableIAMDatabaseAuthentication": True}
    ),
    changed(
        "table-recovers-to-any-second",
        "AWS::DynamoDB::Table",
        "dynamodb update_continuous_backups",
        {"TableName": ID},
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
    ),
    changed(
        "topic-encrypted-with-own-key",
        "AWS::SNS::Topic",
        "sns set_topic_attributes",
        {"TopicArn": ID, "AttributeName": "KmsMasterKeyId"},
        {"AttributeValue": "alias/aws/sns"},
        {"AttributeValue": KEY},
    ),
    changed(
        "queue-encrypted-with-own-key",
        "AWS::SQS::Queue",
        "sqs set_queue_attributes",
        {"QueueUrl": ID},
        {"Attributes": {"KmsMasterKeyId": "alias/aws/sqs"}},
        {"Attributes": {"KmsMasterKeyId": KEY}},
    ),
    changed(
        "broker-takes-minor-versions",
        "AWS::AmazonMQ::Broker",
        "mq update_broker",
        {"BrokerId": ID},
        {"AutoMinorVersionUpgrade": False},
        {"AutoMinorVersionUpgrade": True},
    ),
    Break(
        "key-rotates",
        "AWS::KMS::Key",
        ("kms disable_key_rotation", {"KeyId": ID}),
        ("kms enable_key_rotation", {"KeyId": ID}),
    ),
    Break(
        "trail-is-everywhere",
        TRAIL,
        ("cloudtrail stop_logging", {"Name": ID}),
        ("cloudtrail start_logging", {"Name": ID}),
    ),
    changed(
        "trail-can-be-proven",
        TRAIL,
        "cloudtrail update_trail",
        {"Name": ID},
        {"EnableLogFileValidation": False},
        {"EnableLogFileValidation": True},
    ),
    Break(
        "configuration-is-recorded",
        "AWS::Config::ConfigurationRecorder",
        ("config stop_configuration_recorder", {"ConfigurationRecorderName": ID}),
        ("config start_configuration_recorder", {"ConfigurationRecorderName": ID}),
    ),
    changed(
        "threats-are-detected",
        DETECTOR,
        "guardduty update_detector",
        {"DetectorId": ID},
        {"FindingPublishingFrequency": "SIX_HOURS"},
        {"FindingPublishingFrequency": "FIFTEEN_MINUTES"},
    ),
    changed(
        "threats-to-objects-are-detected",
        DETECTOR,
        "guardduty update_detector",
        {"DetectorId": ID},
        _feature("DISABLED"),
        _feature("ENABLED"),
    ),
    Break(
        "volumes-encrypted-by-default",
        "",
        ("ec2 disable_ebs_encryption_by_default", {}),
        ("ec2 enable_ebs_encryption_by_default", {}),
    ),
    Break(
        "volumes-encrypted-by-default",
        "AWS::KMS::Key",
        ("ec2 modify_ebs_default_kms_key_id", {"KmsKeyId": "alias/aws/ebs"}),
        ("ec2 modify_ebs_default_kms_key_id", {"KmsKeyId": ID}),
    ),
    Break(
        "snapshots-cannot-be-public",
        "",
        ("ec2 disable_snapshot_block_public_access", {}),
        ("ec2 enable_snapshot_block_public_access", {"State": "block-all-sharing"}),
    ),
    Break(
        "account-refuses-public-buckets",
        "",
        ("s3control delete_public_access_block", {"AccountId": ACCOUNT}),
        (
            "s3control put_public_access_block",
            {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": ALL_WAYS},
        ),
    ),
    Break(
        "templates-make-no-people",
        "",
        ("iam create_user", {"UserName": "somebody"}),
        ("iam delete_user", {"UserName": "somebody"}),
    ),
    Break(
        "no-policy-allows-everything",
        "",
        ("iam create_policy", {"PolicyName": "everything", "PolicyDocument": EVERYTHING}),
        ("iam delete_policy", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/everything"}),
    ),
    Break(
        "roles-have-no-broad-managed-policy",
        "AWS::IAM::Role",
        ("iam attach_role_policy", {"RoleName": ID, "PolicyArn": ADMINISTRATOR}),
        ("iam detach_role_policy", {"RoleName": ID, "PolicyArn": ADMINISTRATOR}),
    ),
    Break(
        "log-group-ends",
        "AWS::Logs::LogGroup",
        ("logs delete_retention_policy", {"logGroupName": ID}),
        ("logs put_retention_policy", {"logGroupName": ID, "retentionInDays": 365}),
    ),
    Break(
        "alarm-is-in-force",
        "AWS::CloudWatch::Alarm",
        ("cloudwatch disable_alarm_actions", {"AlarmNames": [ID]}),
        ("cloudwatch enable_alarm_actions", {"AlarmNames": [ID]}),
    ),
    Break(
        "log-group-encrypted-with-own-key",
        "AWS::Logs::LogGroup",
        ("logs disassociate_kms_key", {"logGroupName": ID}),
        ("logs associate_kms_key", {"logGroupName": ID, "kmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY}"}),
    ),
    changed(
        "alb-speaks-modern-tls",
        "AWS::ElasticLoadBalancingV2::Listener/LoadBalancerHttps",
        "elbv2 modify_listener",
        {"ListenerArn": ID},
        {"SslPolicy": "ELBSecurityPolicy-2016-08"},
        {"SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"},
    ),
    changed(
        "secret-encrypted-with-own-key",
        "AWS::SecretsManager::Secret",
        "secretsmanager update_secret",
        {"SecretId": ID},
        {"KmsKeyId": "alias/aws/secretsmanager"},
        {"KmsKeyId": KEY},
    ),
    changed(
        "backups-cannot-be-deleted",
        "AWS::Backup::BackupVault",
        "backup put_backup_vault_access_policy",
        {"BackupVaultName": ID},
        {"Policy": _deletion("Allow")},
        {"Policy": _deletion("Deny")},
    ),
)
