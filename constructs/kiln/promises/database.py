"""Promises about Aurora clusters, their instances and their parameters, and about DynamoDB tables."""

from collections.abc import Iterator

from kiln.promises.checks import Breach, Mutation, Own, both, every, shown
from kiln.promises.controls import asked
from kiln.promises.demands import includes, meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.template import Environment, Resource

AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"

CLUSTER = every("AWS::RDS::DBCluster")
INSTANCE = every("AWS::RDS::DBInstance")
PARAMETERS = every("AWS::RDS::DBClusterParameterGroup")
TABLE = every("AWS::DynamoDB::Table")

LOGS = ("audit", "error", "general", "slowquery")
WELL_KNOWN = ("admin", "administrator", "root", "mysql", "master", "postgres")

_OLD_TLS = meets(
    "Parameters.tls_version",
    lambda found: found is not MISSING and set(str(found).split(",")) <= {"TLSv1.2", "TLSv1.3"},
    "TLSv1.2,TLSv1.3",
    lambda _: ("TLSv1.1,TLSv1.2", MISSING),
)


def _instances(environment: Environment, cluster: Resource) -> list[Resource]:
    own = environment.of_type("AWS::RDS::DBInstance")
    return [one for one in own if cluster.is_in(one.properties.get("DBClusterIdentifier"))]


def _without_reader(environment: Environment) -> Iterator[Breach]:
    for cluster in environment.of_type("AWS::RDS::DBCluster"):
        if (count := len(_instances(environment, cluster))) < 2:
            yield Breach(cluster, "AWS::RDS::DBInstance", shown(count), "a writer and at least one reader")


def _take_readers(environment: Environment) -> Iterator[Mutation]:
    for cluster in environment.of_type("AWS::RDS::DBCluster"):
        if len(instances := _instances(environment, cluster)) > 1:
            yield Mutation(f"{cluster.logical_id}: take away all readers", tuple((one, None) for one in instances[1:]))


PROMISES = (
    Promise(
        id="database-encrypted",
        title="Databases are encrypted",
        reason="Storage, backups and snapshots are unreadable to who gets hold of them; it cannot be added later.",
        controls=asked("RDS.27", "RDS.3"),
        source=f"{AURORA}/Overview.Encryption.html",
        check=CLUSTER.has("StorageEncrypted", True),
    ),
    Promise(
        id="database-encrypted-with-own-key",
        title="Databases are encrypted with a key of our own",
        reason="A snapshot under the AWS managed key cannot be copied to another account: no backup outside this one.",
        controls=(),
        source="https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html",
        check=CLUSTER.present("KmsKeyId"),
    ),
    Promise(
        id="database-knows-iam",
        title="Databases admit who has an IAM role, without a password",
        reason="A token of fifteen minutes cannot be left in a file.",
        controls=asked("RDS.12"),
        source=f"{AURORA}/UsingWithRDS.IAMDBAuth.html",
        check=CLUSTER.has("EnableIAMDatabaseAuthentication", True),
    ),
    Promise(
        id="database-is-protected-from-deletion",
        title="The database of a protected environment cannot be deleted",
        reason="One wrong command must not end the data.",
        controls=asked("RDS.7"),
        source=f"{AURORA}/USER_DeleteCluster.html",
        check=CLUSTER.has("DeletionProtection", True),
        protected_only=True,
    ),
    Promise(
        id="database-outlives-its-stack",
        title="A database stays when its stack goes or wants to replace it",
        reason="A changed property that means a replacement is noticed by nobody until the data is gone.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=CLUSTER.retained(),
    ),
    Promise(
        id="database-keeps-backups",
        title="Automated backups are kept for at least seven days",
        reason="A mistake of last week can be undone to the second before it.",
        controls=asked("RDS.11", "RDS.50"),
        source=f"{AURORA}/Aurora.Managing.Backups.html",
        check=CLUSTER.at_least("BackupRetentionPeriod", 7),
    ),
    Promise(
        id="database-keeps-backups-as-long-as-possible",
        title="A protected environment keeps automated backups for 35 days, the most there is",
        reason="Damage that somebody does slowly is found at the end of a month.",
        controls=(),
        source=f"{AURORA}/Aurora.Managing.Backups.html",
        check=CLUSTER.at_least("BackupRetentionPeriod", 35),
        protected_only=True,
    ),
    Promise(
        id="database-backups-outlive-it",
        title="Automated backups stay when the cluster is deleted",
        reason="Otherwise the deletion of a cluster deletes every way back.",
        controls=(),
        source=f"{AURORA}/Aurora.Managing.Backups.html",
        check=CLUSTER.has("DeleteAutomatedBackups", False),
    ),
    Promise(
        id="database-snapshots-carry-tags",
        title="Snapshots get the tags of their cluster",
        reason="Who owns a snapshot and what it costs is known by its tags alone; so is what a backup plan selects.",
        controls=asked("RDS.16"),
        source=f"{AURORA}/USER_Tagging.html",
        check=CLUSTER.has("CopyTagsToSnapshot", True),
    ),
    Promise(
        id="database-has-its-own-port",
        title="A database does not listen on its engine's usual port",
        reason="What scans for 3306 finds nothing, and a rule for 3306 that was copied opens nothing.",
        controls=asked("RDS.23"),
        source=f"{AURORA}/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
        check=CLUSTER.present("Port").never("Port", 3306, 5432),
    ),
    Promise(
        id="database-has-its-own-admin",
        title="The administrator of a database has no well-known name",
        reason="A guessed name is half of a guessed login.",
        controls=asked("RDS.24"),
        source=f"{AURORA}/UsingWithRDS.MasterAccounts.html",
        check=CLUSTER.never("MasterUsername", *WELL_KNOWN),
    ),
    Promise(
        id="database-password-is-managed",
        title="RDS makes, keeps and rotates the administrator's password",
        reason="Nobody knows it, no template has it, and it changes every week.",
        controls=asked("SecretsManager.1"),
        source=f"{AURORA}/rds-secrets-manager.html",
        check=CLUSTER.unless("SnapshotIdentifier")
        .has("ManageMasterUserPassword", True)
        .absent("MasterUserPassword", such_as="secret"),
    ),
    Promise(
        id="database-password-has-own-key",
        title="The administrator's password is encrypted with a key of our own",
        reason="Who may read it is then said in one place, and another account can be given it.",
        controls=(),
        source=f"{AURORA}/rds-secrets-manager.html",
        check=CLUSTER.where("ManageMasterUserPassword", True).present("MasterUserSecret.KmsKeyId"),
    ),
    Promise(
        id="database-publishes-its-logs",
        title="A database publishes its audit, error, general and slow-query logs",
        reason="Logs that stay on the instance are gone with it.",
        controls=asked("RDS.34", "RDS.9"),
        source=f"{AURORA}/AuroraMySQL.Integrating.CloudWatch.html",
        check=CLUSTER.asks(includes("EnableCloudwatchLogsExports", LOGS)),
    ),
    Promise(
        id="database-audits",
        title="A database writes an audit log",
        reason="Publishing an audit log that is switched off publishes nothing.",
        controls=asked("RDS.45"),
        source=f"{AURORA}/AuroraMySQL.Auditing.html",
        check=both(
            PARAMETERS.has("Parameters.server_audit_logging", 1).present("Parameters.server_audit_events"),
            CLUSTER.present("DBClusterParameterGroupName"),
        ),
    ),
    Promise(
        id="database-refuses-plain-connections",
        title="A database refuses connections without TLS",
        reason="A client that forgets to ask for TLS sends its password in clear text.",
        controls=(),
        source=f"{AURORA}/AuroraMySQL.Security.html",
        check=PARAMETERS.one_of("Parameters.require_secure_transport", "ON", 1, weak="OFF"),
    ),
    Promise(
        id="database-speaks-modern-tls",
        title="A database speaks TLS 1.2 and 1.3 only",
        reason="Older versions have known weaknesses and are accepted by default.",
        controls=(),
        source=f"{AURORA}/AuroraMySQL.Security.html",
        check=PARAMETERS.asks(_OLD_TLS),
    ),
    Promise(
        id="database-has-a-reader",
        title="The database of a protected environment has a writer and a reader",
        reason="Without a reader a failed instance is an outage of ten minutes; with one, of half a minute.",
        controls=asked("RDS.15"),
        source=f"{AURORA}/Concepts.AuroraHighAvailability.html",
        check=Own(_without_reader, _take_readers),
        protected_only=True,
    ),
    Promise(
        id="database-is-not-public",
        title="No instance of a database has a public address",
        reason="A database on the Internet is attacked from its first minute.",
        controls=asked("RDS.2"),
        source=f"{AURORA}/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
        check=INSTANCE.has("PubliclyAccessible", False),
    ),
    Promise(
        id="database-is-measured-closely",
        title="The operating system under a database is measured at least each minute",
        reason="What CloudWatch shows of the hypervisor does not say which thread uses the processor.",
        controls=asked("RDS.6"),
        source=f"{AURORA}/USER_Monitoring.OS.html",
        check=CLUSTER.one_of("MonitoringInterval", 1, 5, 10, 15, 30, 60, weak=0).present("MonitoringRoleArn"),
    ),
    Promise(
        id="database-keeps-insights",
        title="A database keeps its insights for fifteen months",
        reason="Whether a query was always this slow is a question about last year.",
        controls=(),
        source=f"{AURORA}/USER_DatabaseInsights.html",
        check=CLUSTER.has("DatabaseInsightsMode", "advanced")
        .has("PerformanceInsightsEnabled", True)
        .at_least("PerformanceInsightsRetentionPeriod", 465),
    ),
    Promise(
        id="database-insights-have-own-key",
        title="Insights, which hold queries, are encrypted with a key of our own",
        reason="Queries contain what they ask for: names, account numbers.",
        controls=(),
        source=f"{AURORA}/USER_PerfInsights.Overview.html",
        check=CLUSTER.where("PerformanceInsightsEnabled", True).present("PerformanceInsightsKmsKeyId"),
    ),
    Promise(
        id="database-upgrades-in-time",
        title="A database goes to no extended support",
        reason="Extended support costs more than the instance each hour and hides that the version is over.",
        controls=(),
        source=f"{AURORA}/extended-support.html",
        check=CLUSTER.has("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
    ),
    Promise(
        id="database-takes-minor-versions",
        title="Instances of a database take minor versions in their maintenance window",
        reason="Security fixes arrive as minor versions.",
        controls=asked("RDS.35", "RDS.13"),
        source=f"{AURORA}/USER_UpgradeDBInstance.Upgrading.html",
        check=INSTANCE.has("AutoMinorVersionUpgrade", True),
    ),
    Promise(
        id="database-events-are-told",
        title="A topic is told of what happens to a database",
        reason="A failover, a full disk or a failed backup is told by RDS and by nobody else.",
        controls=asked("RDS.19"),
        source=f"{AURORA}/USER_Events.html",
        check=CLUSTER.beside(every("AWS::RDS::EventSubscription").present("SnsTopicArn"), via="SourceIds"),
    ),
    Promise(
        id="table-recovers-to-any-second",
        title="Tables can be recovered to any second of the last weeks",
        reason="A wrong deployment writes wrong items for an hour before anybody sees it.",
        controls=asked("DynamoDB.2"),
        source=f"{DYNAMODB}/Point-in-time-recovery.html",
        check=TABLE.has("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", True),
    ),
    Promise(
        id="table-encrypted-with-own-key",
        title="Tables are encrypted with a key of our own",
        reason="Who may read the data is then said by a key policy as well, and a copy in another account is possible.",
        controls=(),
        source=f"{DYNAMODB}/EncryptionAtRest.html",
        check=TABLE.has("SSESpecification.SSEEnabled", True).present("SSESpecification.KMSMasterKeyId"),
    ),
    Promise(
        id="table-is-protected-from-deletion",
        title="Tables of a protected environment cannot be deleted",
        reason="One wrong command must not end the data.",
        controls=asked("DynamoDB.6"),
        source=f"{DYNAMODB}/WorkingWithTables.Basics.html",
        check=TABLE.has("DeletionProtectionEnabled", True),
        protected_only=True,
    ),
    Promise(
        id="table-outlives-its-stack",
        title="A table stays when its stack goes or wants to replace it",
        reason="A changed key schema means a new, empty table.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=TABLE.retained(),
    ),
)
