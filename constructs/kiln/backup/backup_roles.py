"""What AWS Backup may do for us: as its managed policies say, but only for clusters and tables, and only here.

AWSBackupServiceRolePolicyForBackup and …ForRestores cover every service that AWS Backup knows, in every account and
region. https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
"""

from collections.abc import Iterable, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

TESTS = "awsbackup-restore-test-*"
"""What AWS Backup calls what it restores for a test."""
TABLE_ACTIONS = (
    "BatchWriteItem",
    "DeleteItem",
    "DeleteTable",
    "DescribeTable",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
KEY_ACTIONS_TO_RESTORE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def backup_role(scope: Construct, construct_id: str, *, vault_arns: Sequence[str], key_arn: str) -> iam.Role:
    """A role that takes backups of clusters and tables under a key, and copies them between the vaults."""
    return _role(
        scope,
        construct_id,
        [
            _allow(
                [
                    f"dynamodb:{action}"
                    for action in ("CreateBackup", "DescribeTable", "ListTagsOfResource", "StartAwsBackupJob")
                ],
                _table("*"),
            ),
            _allow(["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], _table("*/backup/*")),
            _allow(
                [
                    "rds:AddTagsToResource",
                    "rds:CopyDBClusterSnapshot",
                    "rds:CreateDBClusterSnapshot",
                    "rds:DescribeDBClusters",
                    "rds:DescribeDBClusterSnapshots",
                    "rds:ListTagsForResource",
                ],
                _rds("cluster:*"),
                _rds("cluster-snapshot:*"),
            ),
            _allow(
                ["rds:DeleteDBClusterSnapshot", "rds:ModifyDBClusterSnapshotAttribute"],
                _rds("cluster-snapshot:awsbackup:*"),
            ),
            _allow(["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], *vault_arns),
            # A recovery point of a cluster is a snapshot of RDS, of a table one of AWS Backup: no pattern fits both.
            _allow(["backup:CopyFromBackupVault", "backup:TagResource"], "*"),
            # It lists what has a tag, and takes no resource.
            _allow(["tag:GetResources"], "*"),
            *_key_use(key_arn, ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]),
        ],
    )


def restore_role(scope: Construct, construct_id: str, *, key_arn: str) -> iam.Role:
    """A role that restores Aurora clusters and DynamoDB tables, and deletes them when a test is over."""
    return _role(
        scope,
        construct_id,
        [
            _allow(["dynamodb:RestoreTableFromAwsBackup"], _table("*")),
            _allow(["dynamodb:RestoreTableFromBackup"], _table("*/backup/*")),
            _allow([f"dynamodb:{action}" for action in TABLE_ACTIONS], _table(TESTS)),
            _allow(
                [
                    "rds:AddTagsToResource",
                    "rds:DescribeDBClusters",
                    "rds:DescribeDBClusterSnapshots",
                    "rds:ListTagsForResource",
                    "rds:RestoreDBClusterFromSnapshot",
                ],
                *map(_rds, ("cluster:*", "cluster-snapshot:*", "cluster-pg:*", "og:*", "subgrp:*")),
            ),
            _allow(["rds:CreateDBInstance", "rds:DescribeDBInstances"], _rds("db:*"), _rds("cluster:*")),
            _allow(["rds:DeleteDBCluster"], _rds(f"cluster:{TESTS}")),
            _allow(["rds:DeleteDBInstance"], _rds("db:awsbackup*")),
            # Reading what is there takes no resource.
            _allow([f"ec2:Describe{what}" for what in ("SecurityGroups", "Subnets", "Vpcs", "AvailabilityZones")], "*"),
            *_key_use(key_arn, KEY_ACTIONS_TO_RESTORE),
        ],
    )


def _role(scope: Construct, construct_id: str, statements: Iterable[iam.PolicyStatement]) -> iam.Role:
    here = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    role = iam.Role(scope, construct_id, assumed_by=iam.ServicePrincipal("backup.amazonaws.com", conditions=here))
    for statement in statements:
        role.add_to_policy(statement)
    return role


def _allow(
    actions: Sequence[str], *resources: str, conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def _key_use(key_arn: str, actions: Sequence[str]) -> list[iam.PolicyStatement]:
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [_allow(actions, key_arn), _allow(["kms:CreateGrant"], key_arn, conditions=for_aws)]


def _here(service: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"


def _rds(resource: str) -> str:
    return f"{_here('rds')}:{resource}"


def _table(name: str) -> str:
    return f"{_here('dynamodb')}:table/{name}"
