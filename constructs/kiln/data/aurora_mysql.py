"""An Aurora MySQL cluster that loses nothing by accident and lets nobody in by default.

Encrypted with a key of ours; TLS enforced; IAM authentication; the admin's password made and rotated by RDS; audit,
error, general and slow query logs in log groups that are there, encrypted, before the first line; continuous backup; no
rule in its security group but those that its clients add. It outlives its stack.

The names of the log groups follow from that of the cluster, so the cluster is named (`kiln.stack_unique`): an update
cannot replace it.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct

from kiln.data.aurora_admin import Admin, set_admin
from kiln.data.aurora_alarms import AuroraAlarms, Limits
from kiln.data.aurora_instances import AuroraInstances, scale
from kiln.data.aurora_monitoring import LOGS, log_groups, monitoring_role, tell_events
from kiln.data.aurora_settings import FAMILY, Capacity, Engine, Keeping, require_sense
from kiln.exemption import exempt
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.optional import is_set
from kiln.refusal import refuse, require_between
from kiln.stack_unique import unique_name

LONGEST_NAME = 26
"""63 for the identifier of a cluster, without the stack's UUID."""
MONITORING_SECONDS = 15
BACKUP_WINDOW, MAINTENANCE_WINDOW = "03:00-03:30", "sun:04:00-sun:05:00"
"""UTC. AWS Backup wants an hour between its jobs and both of them."""


class AuroraMysql(Construct):
    """A writer and up to two readers, each in a zone of its own.

    `.arn`, `.resource_id`, `.endpoint`, `.reader_endpoint` and `.secret_arn` are tokens. A client opens the way from
    its own security group to `.port` of `.security_group`; nothing else leads in.

    Args:
        name: such as "database", at most 26 characters: the beginning of the cluster's identifier.
        vpc: where it is.
        subnet_ids: one per zone, without a way to the Internet; may be a list token.
        capacity, keeping, engine, admin: see there.
        key_arn: of storage, secret and insights; may be a token.
        records: of the logs.
        topics: that are told of events and alarms.
        limits: of the alarms.
        port: not the one that everybody tries first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        subnet_ids: Sequence[str],
        capacity: Capacity,
        keeping: Keeping,
        key_arn: str,
        records: Records,
        topics: Topics,
        engine: Engine | None = None,
        admin: Admin | None = None,
        limits: Limits | None = None,
        port: int = 13306,
    ) -> None:
        super().__init__(scope, construct_id)
        engine, admin = engine or Engine(), admin or Admin()
        require_sense(self, capacity, engine, admin, keeping)
        require_between(self, "port", port, 1150, 65535, "as Aurora takes them")
        if len(name) > LONGEST_NAME:
            raise refuse(self, "name", found=name, expected=f"at most {LONGEST_NAME} characters")
        self.port, self._identifier = port, unique_name(name)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description=f"Clients of {name} in, nothing out", allow_all_outbound=False
        )
        is_serverless = is_set(self, "IsServerless", capacity.minimum_acus)
        cluster = self._cluster(subnet_ids, engine, keeping, key_arn)
        cluster.node.add_dependency(*log_groups(self, self._identifier, records))
        set_admin(cluster, admin, engine.schema_name, key_arn=key_arn, snapshot_arn=keeping.snapshot_arn)
        scale(cluster, capacity, engine, is_serverless)
        instances = AuroraInstances(
            self, "Instances", cluster=cluster, capacity=capacity, engine=engine, key_arn=key_arn
        )
        tell_events(self, "ClusterEvents", "db-cluster", [cluster.ref], topics.warning_arn)
        tell_events(self, "InstanceEvents", "db-instance", instances.ids, topics.warning_arn)
        AuroraAlarms(
            self,
            "Alarms",
            cluster_id=self._identifier,
            limits=limits or Limits(),
            topics=topics,
            has_reader=instances.has_reader,
            is_serverless=is_serverless,
        )
        if capacity.one_zone_reason:
            exempt(cluster, "database-has-a-reader", capacity.one_zone_reason)
        self.arn: str = cluster.attr_db_cluster_arn
        self.resource_id: str = cluster.attr_db_cluster_resource_id
        self.endpoint: str = cluster.attr_endpoint_address
        self.reader_endpoint: str = cluster.attr_read_endpoint_address
        self.secret_arn: str = admin.secret_arn or cluster.attr_master_user_secret_secret_arn

    def _cluster(self, subnet_ids: Sequence[str], engine: Engine, keeping: Keeping, key_arn: str) -> rds.CfnDBCluster:
        subnets = rds.CfnDBSubnetGroup(
            self, "Subnets", db_subnet_group_description="Subnets of the cluster, one per zone", subnet_ids=subnet_ids
        )
        parameters = rds.CfnDBClusterParameterGroup(
            self,
            "Parameters",
            description="TLS, audit, slow queries",
            family=FAMILY,
            parameters=engine.all_parameters(),
        )
        cluster = rds.CfnDBCluster(
            self,
            "Cluster",
            engine="aurora-mysql",
            engine_version=engine.version,
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            db_cluster_identifier=self._identifier,
            db_subnet_group_name=subnets.ref,
            db_cluster_parameter_group_name=parameters.ref,
            vpc_security_group_ids=[self.security_group.security_group_id],
            port=self.port,
            storage_encrypted=True,
            kms_key_id=key_arn,
            enable_iam_database_authentication=True,
            backup_retention_period=keeping.backup_days,
            delete_automated_backups=False,
            copy_tags_to_snapshot=True,
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=MAINTENANCE_WINDOW,
            enable_cloudwatch_logs_exports=list(LOGS),
            monitoring_interval=MONITORING_SECONDS,
            monitoring_role_arn=monitoring_role(self).role_arn,
            database_insights_mode=engine.insights_mode,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=key_arn,
            performance_insights_retention_period=engine.insights_days,
        )
        # The property takes no text, and a value of another stack is one.
        cluster.add_property_override("DeletionProtection", keeping.deletion_protection)
        # RDS deletes neither group as long as a cluster names it, and the cluster stays. The security group may go: it
        # would keep the VPC, and a cluster without instances has no network interface in it.
        for kept in (cluster, subnets, parameters):
            kept.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return cluster
