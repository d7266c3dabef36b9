"""Aurora clusters with their instances and parameters, and DynamoDB tables, read back."""

from tests.readback.expected import at_least, includes, is_, is_not, many, only, own_key, present
from tests.readback.reading import ID, Ask, Expected, read

CLUSTER = "AWS::RDS::DBCluster"
TABLE = "AWS::DynamoDB::Table"
WELL_KNOWN = ("admin", "administrator", "root", "mysql", "master", "postgres")
EVERY_MINUTE = (1, 5, 10, 15, 30, 60)
FIFTEEN_MONTHS = 465


def _cluster(path: str, expected: Expected) -> Ask:
    request = {"DBClusterIdentifier": ID}
    return Ask(CLUSTER, "rds describe_db_clusters", request, f"DBClusters[0].{path}", expected)


def _instance(path: str, expected: Expected) -> Ask:
    request = {"DBInstanceIdentifier": ID}
    return Ask("AWS::RDS::DBInstance", "rds describe_db_instances", request, f"DBInstances[0].{path}", expected)


def _parameter(name: str, expected: Expected) -> Ask:
    """Of the parameter group that each cluster is in, not of one that a template made."""
    return Ask(
        CLUSTER,
        "rds describe_db_cluster_parameters",
        {"DBClusterParameterGroupName": ID},
        f"Parameters[?ParameterName=='{name}'].ParameterValue | [0]",
        expected,
        each=("rds describe_db_clusters", {"DBClusterIdentifier": ID}, "DBClusters[].DBClusterParameterGroup"),
    )


def _table(path: str, expected: Expected) -> Ask:
    return Ask(TABLE, "dynamodb describe_table", {"TableName": ID}, f"Table.{path}", expected)


READINGS = (
    read("database-encrypted", _cluster("StorageEncrypted", is_(True))),
    read("database-encrypted-with-own-key", _cluster("KmsKeyId", own_key())),
    read("database-knows-iam", _cluster("IAMDatabaseAuthenticationEnabled", is_(True))),
    read("database-is-protected-from-deletion", _cluster("DeletionProtection", is_(True))),
    read("database-keeps-backups", _cluster("BackupRetentionPeriod", at_least(7))),
    read("database-keeps-backups-as-long-as-possible", _cluster("BackupRetentionPeriod", at_least(35))),
    read("database-snapshots-carry-tags", _cluster("CopyTagsToSnapshot", is_(True))),
    read("database-has-its-own-port", _cluster("Port", at_least(1)), _cluster("Port", is_not(3306, 5432))),
    read("database-has-its-own-admin", _cluster("MasterUsername", is_not(None, *WELL_KNOWN))),
    read("database-password-is-managed", _cluster("MasterUserSecret.SecretArn", present())),
    read("database-password-has-own-key", _cluster("MasterUserSecret.KmsKeyId", own_key())),
    read(
        "database-publishes-its-logs",
        _cluster("EnabledCloudwatchLogsExports", includes("audit", "error", "general", "slowquery")),
    ),
    read(
        "database-audits",
        _parameter("server_audit_logging", is_("1", "ON")),
        _parameter("server_audit_events", includes("CONNECT", "QUERY_DCL", "QUERY_DDL")),
    ),
    read("database-refuses-plain-connections", _parameter("require_secure_transport", is_("1", "ON"))),
    read("database-speaks-modern-tls", _parameter("tls_version", only("TLSv1.2", "TLSv1.3"))),
    read(
        "database-has-a-reader",
        _cluster("DBClusterMembers[].DBInstanceIdentifier", many(2)),
        _cluster("DBClusterMembers[?!IsClusterWriter].DBInstanceIdentifier", present()),
    ),
    read("database-is-not-public", _instance("PubliclyAccessible", is_(False))),
    read(
        "database-is-measured-closely",
        _cluster("MonitoringInterval", is_(*EVERY_MINUTE)),
        _cluster("MonitoringRoleArn", present()),
    ),
    read(
        "database-keeps-insights",
        _cluster("DatabaseInsightsMode", is_("advanced")),
        _cluster("PerformanceInsightsEnabled", is_(True)),
        _cluster("PerformanceInsightsRetentionPeriod", at_least(FIFTEEN_MONTHS)),
    ),
    read("database-insights-have-own-key", _cluster("PerformanceInsightsKMSKeyId", own_key())),
    read(
        "database-upgrades-in-time",
        _cluster("EngineLifecycleSupport", is_("open-source-rds-extended-support-disabled")),
    ),
    read("database-takes-minor-versions", _instance("AutoMinorVersionUpgrade", is_(True))),
    read(
        "database-events-are-told",
        Ask(
            CLUSTER,
            "rds describe_event_subscriptions",
            {},
            "EventSubscriptionsList[?Enabled && contains(SourceIdsList, '{0}')].SnsTopicArn",
            present(),
        ),
    ),
    read(
        "table-recovers-to-any-second",
        Ask(
            TABLE,
            "dynamodb describe_continuous_backups",
            {"TableName": ID},
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus",
            is_("ENABLED"),
        ),
    ),
    read(
        "table-encrypted-with-own-key",
        _table("SSEDescription.Status", is_("ENABLED")),
        _table("SSEDescription.SSEType", is_("KMS")),
        _table("SSEDescription.KMSMasterKeyArn", own_key()),
    ),
    read("table-is-protected-from-deletion", _table("DeletionProtectionEnabled", is_(True))),
)

_POLICY = "a deletion policy is CloudFormation's own: the service has no such setting"

UNREADABLE = {
    "database-outlives-its-stack": _POLICY,
    "table-outlives-its-stack": _POLICY,
    "database-backups-outlive-it": "a member of DeleteDBCluster, which CloudFormation keeps for that call: no answer "
    "of RDS has it",
}
