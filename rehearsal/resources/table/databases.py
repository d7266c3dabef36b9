"""AWS::RDS, AWS::SecretsManager, AWS::DynamoDB."""

from rehearsal.resources.kind import Call, Computed, Each, Kind, Name, Tagging, op
from rehearsal.resources.special import databases, tables

RECORDED = "Its API is Kiln's own; no database stands behind it yet."
UNSHOWN = "it would be taken and never be described again"
OF_CLUSTER = "an instance has its cluster's"


def rds_tags(kind: str) -> Tagging:
    """`kind`: the part of the ARN between the account and the name."""
    arn = f"arn:aws:rds:{{Region}}:{{Account}}:{kind}:{{id}}"
    return Tagging(
        op("add_tags_to_resource", ResourceName=arn),
        op("remove_tags_from_resource", ResourceName=arn),
    )


DYNAMODB_TAGS = Tagging(
    op("tag_resource", ResourceArn="arn:aws:dynamodb:{Region}:{Account}:table/{id}"),
    op("untag_resource", ResourceArn="arn:aws:dynamodb:{Region}:{Account}:table/{id}"),
)
INDEXES = Each(
    "GlobalSecondaryIndexes",
    tables.index_change("Create", "$item"),
    tables.index_change("Delete", {"IndexName": "$item.IndexName"}),
    at_create=False,
)

TABLE = {
    "AWS::RDS::DBCluster": Kind(
        service="rds",
        create=op("create_db_cluster"),
        instead={"SnapshotIdentifier": op("restore_db_cluster_from_snapshot")},
        update=(op("modify_db_cluster", DBClusterIdentifier="{id}", ApplyImmediately=True),),
        delete=op(
            "delete_db_cluster",
            DBClusterIdentifier="{id}",
            SkipFinalSnapshot=True,
            DeleteAutomatedBackups="$DeleteAutomatedBackups",
        ),
        snapshot=op(
            "delete_db_cluster",
            DBClusterIdentifier="{id}",
            FinalDBSnapshotIdentifier=databases.final_snapshot,
            DeleteAutomatedBackups="$DeleteAutomatedBackups",
        ),
        ref=databases.lower("DBClusterIdentifier"),
        attributes={
            "Endpoint.Address": databases.of_cluster("Endpoint"),
            "Endpoint.Port": databases.of_cluster("Port"),
            "ReadEndpoint.Address": databases.of_cluster("ReaderEndpoint"),
            "MasterUserSecret.SecretArn": databases.of_cluster("MasterUserSecret", "SecretArn"),
            "DBClusterArn": "arn:aws:rds:{Region}:{Account}:cluster:{id}",
        },
        name=Name("DBClusterIdentifier", 63, lower=True),
        rename={"PerformanceInsightsEnabled": "EnablePerformanceInsights"},
        defaults={
            "BackupRetentionPeriod": 1,
            "CopyTagsToSnapshot": False,
            "DatabaseInsightsMode": "standard",
            "DeletionProtection": False,
            "EnableIAMDatabaseAuthentication": False,
            "ManageMasterUserPassword": False,
            "MonitoringInterval": 0,
            "PerformanceInsightsEnabled": False,
        },
        skipped={"DeleteAutomatedBackups": "honoured when the cluster is deleted"},
        refused=dict.fromkeys(
            ("DBInstanceParameterGroupName", "Domain", "DomainIAMRoleName", "MasterUserAuthenticationType"), UNSHOWN
        ),
        tagging=rds_tags("cluster"),
        prepare=databases.cluster,
        steps=(databases.after_restore, databases.encrypted_as_asked, databases.exports_and_secret),
        remark=RECORDED,
    ),
    "AWS::RDS::DBInstance": Kind(
        service="rds",
        create=op("create_db_instance"),
        update=(op("modify_db_instance", DBInstanceIdentifier="{id}", ApplyImmediately=True),),
        delete=op("delete_db_instance", DBInstanceIdentifier="{id}", SkipFinalSnapshot=True),
        ref=databases.lower("DBInstanceIdentifier"),
        name=Name("DBInstanceIdentifier", 63, lower=True),
        rename={"VPCSecurityGroups": "VpcSecurityGroupIds"},
        refused={
            **dict.fromkeys(
                ("Domain", "DomainAuthSecretArn", "DomainDnsIps", "DomainFqdn", "DomainIAMRoleName", "DomainOu"),
                UNSHOWN,
            ),
            **dict.fromkeys(("MasterUserAuthenticationType", "OptionGroupName", "TdeCredentialPassword"), UNSHOWN),
            **dict.fromkeys(
                ("ManageMasterUserPassword", "MasterUserPassword", "Port", "VPCSecurityGroups"), OF_CLUSTER
            ),
        },
        tagging=rds_tags("db"),
        remark=f"{RECORDED} An instance without a cluster is refused.",
    ),
    "AWS::RDS::DBSubnetGroup": Kind(
        service="rds",
        create=op("create_db_subnet_group"),
        # A modification without its subnets is none.
        update=(op("modify_db_subnet_group", DBSubnetGroupName="{id}", SubnetIds="$SubnetIds"),),
        delete=op("delete_db_subnet_group", DBSubnetGroupName="{id}"),
        ref=databases.lower("DBSubnetGroupName"),
        name=Name("DBSubnetGroupName", 255, lower=True),
        tagging=rds_tags("subgrp"),
    ),
    "AWS::RDS::DBClusterParameterGroup": Kind(
        service="rds",
        create=op("create_db_cluster_parameter_group"),
        delete=op("delete_db_cluster_parameter_group", DBClusterParameterGroupName="{id}"),
        ref=databases.lower("DBClusterParameterGroupName"),
        name=Name("DBClusterParameterGroupName", 255, lower=True),
        rename={"Family": "DBParameterGroupFamily"},
        tagging=rds_tags("cluster-pg"),
        steps=(databases.parameters("DBCluster"),),
        remark="Parameters are listed as they were set, without the engine's defaults; their names are not checked.",
    ),
    "AWS::RDS::DBParameterGroup": Kind(
        service="rds",
        create=op("create_db_parameter_group"),
        delete=op("delete_db_parameter_group", DBParameterGroupName="{id}"),
        ref=databases.lower("DBParameterGroupName"),
        name=Name("DBParameterGroupName", 255, lower=True),
        rename={"Family": "DBParameterGroupFamily"},
        tagging=rds_tags("pg"),
        steps=(databases.parameters("DB"),),
        remark="Parameters are listed as they were set, without the engine's defaults; their names are not checked.",
    ),
    "AWS::RDS::EventSubscription": Kind(
        service="rds",
        create=op("create_event_subscription"),
        update=(op("modify_event_subscription", SubscriptionName="{id}"),),
        delete=op("delete_event_subscription", SubscriptionName="{id}"),
        name=Name("SubscriptionName", 255),
        defaults={"Enabled": True, "EventCategories": []},
        tagging=rds_tags("es"),
        steps=(
            Each(
                "SourceIds",
                op("add_source_identifier_to_subscription", SubscriptionName="{id}", SourceIdentifier="$item"),
                op("remove_source_identifier_from_subscription", SubscriptionName="{id}", SourceIdentifier="$item"),
                at_create=False,
            ),
        ),
        remark="No event ever comes.",
    ),
    "AWS::SecretsManager::Secret": Kind(
        service="secretsmanager",
        create=op("create_secret"),
        update=(op("update_secret", SecretId="{id}"),),
        delete=op("delete_secret", SecretId="{id}", ForceDeleteWithoutRecovery=True),
        ref="{ARN}",
        attributes={"Id": "{id}"},
        name=Name("Name", 256),
        rename={"ReplicaRegions": "AddReplicaRegions"},
        tagging=Tagging(op("tag_resource", SecretId="{id}"), op("untag_resource", SecretId="{id}")),
        prepare=databases.secret,
        steps=(databases.generate_again,),
    ),
    "AWS::SecretsManager::RotationSchedule": Kind(
        service="secretsmanager",
        create=op("rotate_secret", SecretId="$SecretId"),
        put=True,
        delete=op("cancel_rotate_secret", SecretId="$SecretId"),
        ref="{SecretId}",
        rename={"RotateImmediatelyOnUpdate": "RotateImmediately"},
        remark="The function rotates at once where RotateImmediatelyOnUpdate says so; the schedule itself is recorded.",
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Kind(
        service="secretsmanager",
        ref="{SecretId}",
        steps=(databases.attach,),
        before_delete=databases.detach,
        remark="Engine, host and port of the database are written into the secret.",
    ),
    "AWS::SecretsManager::ResourcePolicy": Kind(
        service="secretsmanager",
        create=op("put_resource_policy", SecretId="$SecretId"),
        put=True,
        delete=op("delete_resource_policy", SecretId="$SecretId"),
        ref="{SecretId}",
        remark="Kept and described; nobody is refused because of it.",
    ),
    "AWS::DynamoDB::Table": Kind(
        service="dynamodb",
        create=op("create_table"),
        update=(op("update_table", TableName="{id}"),),
        delete=op("delete_table", TableName="{id}"),
        attributes={"Arn": "arn:aws:dynamodb:{Region}:{Account}:table/{id}", "StreamArn": "{LatestStreamArn}"},
        name=Name("TableName", 255),
        defaults={
            "DeletionProtectionEnabled": False,
            "SSESpecification": {"Enabled": False},
            "StreamSpecification": {"StreamEnabled": False},
            "TableClass": "STANDARD",
        },
        tagging=DYNAMODB_TAGS,
        prepare=tables.table,
        steps=(
            INDEXES,
            Call(
                op(
                    "update_continuous_backups",
                    TableName="{id}",
                    PointInTimeRecoverySpecification="$PointInTimeRecoverySpecification",
                ),
                undo=op(
                    "update_continuous_backups",
                    TableName="{id}",
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
                ),
            ),
            tables.time_to_live,
            Call(
                op(
                    "put_resource_policy",
                    ResourceArn="arn:aws:dynamodb:{Region}:{Account}:table/{id}",
                    Policy=tables.policy_text,
                ),
                at_create=False,
                undo=op("delete_resource_policy", ResourceArn="arn:aws:dynamodb:{Region}:{Account}:table/{id}"),
            ),
        ),
    ),
    "AWS::DynamoDB::GlobalTable": Kind(
        service="dynamodb",
        create=op("create_table"),
        update=(op("update_table", TableName="{id}"),),
        delete=op("delete_table", TableName="{id}"),
        attributes={
            "Arn": "arn:aws:dynamodb:{Region}:{Account}:table/{id}",
            "StreamArn": "{LatestStreamArn}",
            "TableId": Computed(lambda resource, _: resource.answer["TableDescription"]["TableId"]),
        },
        name=Name("TableName", 255),
        prepare=tables.global_table,
        steps=(INDEXES, tables.change_replica, tables.replica_settings, tables.time_to_live),
        remark="One replica, in the stack's own region; another region is refused.",
    ),
}
