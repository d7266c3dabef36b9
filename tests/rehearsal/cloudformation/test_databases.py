"""AWS::RDS, AWS::SecretsManager, AWS::DynamoDB: every hardened property read back from its service."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.cases import Case, live, of, some
from tests.rehearsal.cloudformation.pieces import Json, vpc

KEY = "arn:aws:kms:eu-west-1:123400000001:key/0a1b2c3d"
ROLE = "arn:aws:iam::123400000001:role/monitoring"
TOPIC = "arn:aws:sns:eu-west-1:123400000001:alarms"
NETWORK = {
    "V": vpc("10.1.0.0/16"),
    "S1": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.0.0/24", AvailabilityZone="eu-west-1a"),
    "S2": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.1.0/24", AvailabilityZone="eu-west-1b"),
    "SG": of("RDS::DBSubnetGroup", DBSubnetGroupDescription="d", SubnetIds=[{"Ref": "S1"}, {"Ref": "S2"}]),
}
PARAMETERS = of(
    "RDS::DBClusterParameterGroup",
    Family="aurora-mysql8.0",
    Description="d",
    Parameters={"require_secure_transport": "ON", "tls_version": "TLSv1.2,TLSv1.3"},
)
HARDENED = {
    "BackupRetentionPeriod": 35,
    "CopyTagsToSnapshot": True,
    "DatabaseInsightsMode": "advanced",
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "MonitoringInterval": 15,
    "MonitoringRoleArn": ROLE,
    "PerformanceInsightsEnabled": True,
    "PerformanceInsightsRetentionPeriod": 465,
    "Port": 3307,
    "PreferredBackupWindow": "01:00-02:00",
    "PreferredMaintenanceWindow": "sun:03:00-sun:04:00",
    "StorageEncrypted": True,
    "StorageType": "aurora-iopt1",
    "KmsKeyId": KEY,
    "MasterUsername": "payroll_admin",
}


def cluster(**more: Any) -> Json:
    properties = {
        "Engine": "aurora-mysql",
        "EngineVersion": "8.0.mysql_aurora.3.08.0",
        "ManageMasterUserPassword": True,
        "MasterUserSecret": {"KmsKeyId": KEY},
        "EnableIAMDatabaseAuthentication": True,
        "EnableCloudwatchLogsExports": ["audit", "error"],
        "DBSubnetGroupName": {"Ref": "SG"},
        "DBClusterParameterGroupName": {"Ref": "PG"},
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8},
        "VpcSecurityGroupIds": ["sg-1"],
        **HARDENED,
        **more,
    }
    declared = of("RDS::DBCluster", **{k: v for k, v in properties.items() if v is not None})
    return {**declared, "DeletionPolicy": "Delete"}


def instance(**more: Any) -> Json:
    properties = {
        "Engine": "aurora-mysql",
        "DBClusterIdentifier": {"Ref": "C"},
        "DBInstanceClass": "db.r7g.large",
        **more,
    }
    return of("RDS::DBInstance", **properties)


AROUND = {**NETWORK, "PG": PARAMETERS}


def read_cluster(client: Any, identifier: str) -> Any:
    found = client.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]
    names = ("IAMDatabaseAuthenticationEnabled", "EnabledCloudwatchLogsExports", "ServerlessV2ScalingConfiguration")
    return some(found, *HARDENED, *names, "TagList")


def read_instance(client: Any, identifier: str) -> Any:
    found = client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    names = ("PubliclyAccessible", "AutoMinorVersionUpgrade", "CACertificateIdentifier", "StorageEncrypted")
    return some(found, *names, "DBInstanceClass", "PromotionTier", "MonitoringInterval")


def user_parameters(operation: str, key: str) -> Any:
    def read(client: Any, identifier: str) -> Any:
        found = getattr(client, operation)(**{key: identifier}, Source="user")["Parameters"]
        return {p["ParameterName"]: p["ParameterValue"] for p in found}

    return read


def read_table(client: Any, identifier: str) -> Any:
    table = client.describe_table(TableName=identifier)["Table"]
    backups = client.describe_continuous_backups(TableName=identifier)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    life = client.describe_time_to_live(TableName=identifier)["TimeToLiveDescription"]
    tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    return (
        table["DeletionProtectionEnabled"],
        table.get("SSEDescription", {}).get("KMSMasterKeyArn"),
        table.get("StreamSpecification", {}).get("StreamViewType"),
        recovery,
        life["TimeToLiveStatus"],
        tags,
    )


KEYS = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ENCRYPTED = {"SSEEnabled": True, "SSEType": "KMS"}
RECOVERED = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
CASES = {
    "a cluster": Case(
        "rds",
        cluster(Tags=[{"Key": "a", "Value": "1"}]),
        cluster(
            BackupRetentionPeriod=7,
            EnableIAMDatabaseAuthentication=None,
            EnableCloudwatchLogsExports=["error", "slowquery"],
            ServerlessV2ScalingConfiguration={"MinCapacity": 1, "MaxCapacity": 4},
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        read_cluster,
        {
            **HARDENED,
            "IAMDatabaseAuthenticationEnabled": True,
            "EnabledCloudwatchLogsExports": ["audit", "error"],
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0},
            "TagList": [{"Key": "a", "Value": "1"}],
        },
        {
            **HARDENED,
            "BackupRetentionPeriod": 7,
            "IAMDatabaseAuthenticationEnabled": False,
            "EnabledCloudwatchLogsExports": ["error", "slowquery"],
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 1.0, "MaxCapacity": 4.0},
            "TagList": [{"Key": "b", "Value": "2"}],
        },
        AROUND,
    ),
    "an instance": Case(
        "rds",
        instance(PromotionTier=0, CACertificateIdentifier="rds-ca-rsa4096-g1", AutoMinorVersionUpgrade=False),
        instance(
            DBInstanceClass="db.r7g.xlarge",
            PromotionTier=1,
            CACertificateIdentifier="rds-ca-ecc384-g1",
            AutoMinorVersionUpgrade=True,
        ),
        read_instance,
        {
            "PubliclyAccessible": False,
            "AutoMinorVersionUpgrade": False,
            "CACertificateIdentifier": "rds-ca-rsa4096-g1",
            "StorageEncrypted": True,
            "DBInstanceClass": "db.r7g.large",
            "PromotionTier": 0,
            "MonitoringInterval": 0,
        },
        {
            "PubliclyAccessible": False,
            "AutoMinorVersionUpgrade": True,
            "CACertificateIdentifier": "rds-ca-ecc384-g1",
            "StorageEncrypted": True,
            "DBInstanceClass": "db.r7g.xlarge",
            "PromotionTier": 1,
            "MonitoringInterval": 0,
        },
        {**AROUND, "C": cluster()},
    ),
    "a subnet group": Case(
        "rds",
        of("RDS::DBSubnetGroup", DBSubnetGroupDescription="one", SubnetIds=[{"Ref": "S1"}, {"Ref": "S2"}]),
        of("RDS::DBSubnetGroup", DBSubnetGroupDescription="two", SubnetIds=[{"Ref": "S1"}, {"Ref": "S2"}]),
        lambda c, i: c.describe_db_subnet_groups(DBSubnetGroupName=i)["DBSubnetGroups"][0]["DBSubnetGroupDescription"],
        "one",
        "two",
        NETWORK,
    ),
    "a cluster parameter group": Case(
        "rds",
        PARAMETERS,
        of(
            "RDS::DBClusterParameterGroup",
            Family="aurora-mysql8.0",
            Description="d",
            Parameters={"require_secure_transport": "ON", "server_audit_logging": "1"},
        ),
        user_parameters("describe_db_cluster_parameters", "DBClusterParameterGroupName"),
        {"require_secure_transport": "ON", "tls_version": "TLSv1.2,TLSv1.3"},
        {"require_secure_transport": "ON", "server_audit_logging": "1"},
    ),
    "a parameter group": Case(
        "rds",
        of("RDS::DBParameterGroup", Family="aurora-mysql8.0", Description="d", Parameters={"slow_query_log": 1}),
        of("RDS::DBParameterGroup", Family="aurora-mysql8.0", Description="d", Parameters={"long_query_time": 2}),
        user_parameters("describe_db_parameters", "DBParameterGroupName"),
        {"slow_query_log": "1"},
        {"long_query_time": "2"},
    ),
    "an event subscription": Case(
        "rds",
        of(
            "RDS::EventSubscription",
            SnsTopicArn=TOPIC,
            SourceType="db-cluster",
            EventCategories=["failover"],
            SourceIds=["one"],
        ),
        of(
            "RDS::EventSubscription",
            SnsTopicArn=TOPIC,
            SourceType="db-cluster",
            EventCategories=["failure"],
            SourceIds=["two"],
            Enabled=False,
        ),
        lambda c, i: some(
            c.describe_event_subscriptions(SubscriptionName=i)["EventSubscriptionsList"][0],
            "SourceIdsList",
            "EventCategoriesList",
            "Enabled",
        ),
        {"SourceIdsList": ["one"], "EventCategoriesList": ["failover"], "Enabled": True},
        {"SourceIdsList": ["two"], "EventCategoriesList": ["failure"], "Enabled": False},
    ),
    "a secret": Case(
        "secretsmanager",
        of(
            "SecretsManager::Secret",
            Description="one",
            KmsKeyId=KEY,
            SecretString="s",
            Tags=[{"Key": "a", "Value": "1"}],
        ),
        of(
            "SecretsManager::Secret",
            Description="two",
            KmsKeyId=f"{KEY}9",
            SecretString="t",
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        lambda c, i: (
            some(c.describe_secret(SecretId=i), "Description", "KmsKeyId", "Tags"),
            c.get_secret_value(SecretId=i)["SecretString"],
        ),
        ({"Description": "one", "KmsKeyId": KEY, "Tags": [{"Key": "a", "Value": "1"}]}, "s"),
        ({"Description": "two", "KmsKeyId": f"{KEY}9", "Tags": [{"Key": "b", "Value": "2"}]}, "t"),
    ),
    "a secret's policy": Case(
        "secretsmanager",
        of(
            "SecretsManager::ResourcePolicy",
            SecretId={"Ref": "S"},
            ResourcePolicy={"Version": "2012-10-17", "Statement": []},
        ),
        of(
            "SecretsManager::ResourcePolicy",
            SecretId={"Ref": "S"},
            BlockPublicPolicy=True,
            ResourcePolicy={"Version": "2008-10-17", "Statement": []},
        ),
        lambda c, i: json.loads(c.get_resource_policy(SecretId=i)["ResourcePolicy"])["Version"],
        "2012-10-17",
        "2008-10-17",
        {"S": of("SecretsManager::Secret", SecretString="s")},
    ),
    "a table": Case(
        "dynamodb",
        of(
            "DynamoDB::Table",
            **KEYS,
            PointInTimeRecoverySpecification=RECOVERED,
            SSESpecification={**ENCRYPTED, "KMSMasterKeyId": KEY},
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
            Tags=[{"Key": "a", "Value": "1"}],
        ),
        of(
            "DynamoDB::Table",
            **KEYS,
            SSESpecification={**ENCRYPTED, "KMSMasterKeyId": f"{KEY}9"},
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        read_table,
        (False, KEY, "NEW_IMAGE", "ENABLED", "ENABLED", [{"Key": "a", "Value": "1"}]),
        (False, f"{KEY}9", None, "DISABLED", "DISABLED", [{"Key": "b", "Value": "2"}]),
    ),
    "a global table": Case(
        "dynamodb",
        of(
            "DynamoDB::GlobalTable",
            **KEYS,
            SSESpecification=ENCRYPTED,
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
            Replicas=[
                {
                    "Region": "eu-west-1",
                    "PointInTimeRecoverySpecification": RECOVERED,
                    "SSESpecification": {"KMSMasterKeyId": KEY},
                    "Tags": [{"Key": "a", "Value": "1"}],
                }
            ],
        ),
        of(
            "DynamoDB::GlobalTable",
            **KEYS,
            SSESpecification=ENCRYPTED,
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            Replicas=[
                {
                    "Region": "eu-west-1",
                    "SSESpecification": {"KMSMasterKeyId": f"{KEY}9"},
                    "Tags": [{"Key": "b", "Value": "2"}],
                }
            ],
        ),
        read_table,
        (False, KEY, "NEW_IMAGE", "ENABLED", "ENABLED", [{"Key": "a", "Value": "1"}]),
        (False, f"{KEY}9", "NEW_IMAGE", "DISABLED", "DISABLED", [{"Key": "b", "Value": "2"}]),
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_gone_back_to_and_deleted(embedded: Any, name: str, title: str) -> None:
    live(embedded, name, CASES[title])


def serving(**more: Any) -> Json:
    return {**AROUND, "C": cluster(**more), "W": instance(), "R": {**instance(), "DependsOn": "W"}}


def created(embedded: Any, name: str, resources: Json, **more: Any) -> Json:
    stack: Json = embedded.create(name, {"Resources": resources, **more})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def get_att(*path: str) -> Json:
    return {"Value": {"Fn::GetAtt": list(path)}}


def test_the_admins_password_is_in_a_real_secret_that_goes_with_the_cluster(embedded: Any, name: str) -> None:
    outputs = {
        "Secret": get_att("C", "MasterUserSecret.SecretArn"),
        "Host": get_att("C", "Endpoint.Address"),
        "Readers": get_att("C", "ReadEndpoint.Address"),
        "Port": get_att("C", "Endpoint.Port"),
    }
    given = created(embedded, name, serving(), Outputs=outputs)
    secrets = embedded.client("secretsmanager")
    value = json.loads(secrets.get_secret_value(SecretId=given["Secret"])["SecretString"])
    assert value["username"] == "payroll_admin"
    assert len(value["password"]) > 16
    description = secrets.describe_secret(SecretId=given["Secret"])
    assert (description["KmsKeyId"], description["RotationEnabled"]) == (KEY, True)
    assert ".cluster-ro-" in given["Readers"]
    assert ".cluster-" in given["Host"]
    assert given["Port"] == "3307"
    embedded.delete(name)
    with pytest.raises(ClientError):
        secrets.describe_secret(SecretId=given["Secret"])


def test_the_writer_and_the_reader_are_in_different_zones_and_the_reader_takes_over(embedded: Any, name: str) -> None:
    created(embedded, name, serving())
    rds, cluster_id = embedded.client("rds"), embedded.physical_id(name, "C")

    def members() -> dict[str, bool]:
        found = rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]
        return {m["DBInstanceIdentifier"]: m["IsClusterWriter"] for m in found["DBClusterMembers"]}

    writer, reader = embedded.physical_id(name, "W"), embedded.physical_id(name, "R")
    assert members() == {writer: True, reader: False}
    zones = {rds.describe_db_instances(DBInstanceIdentifier=i)["DBInstances"][0]["AvailabilityZone"] for i in members()}
    assert len(zones) == 2
    rds.delete_db_instance(DBInstanceIdentifier=writer)
    assert members() == {reader: True}
    embedded.delete(name)


def test_a_protected_cluster_is_not_deleted_until_its_protection_is_gone(embedded: Any, name: str) -> None:
    created(embedded, name, {**AROUND, "C": cluster(DeletionProtection=True)})
    assert embedded.delete(name)["StackStatus"] == "DELETE_FAILED"
    assert "Cannot delete protected Cluster" in embedded.reasons(name)
    identifier = embedded.physical_id(name, "C")
    embedded.client("rds").modify_db_cluster(DBClusterIdentifier=identifier, DeletionProtection=False)
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_cluster_leaves_a_snapshot_from_which_another_is_made(embedded: Any, name: str) -> None:
    kept = {**cluster(), "DeletionPolicy": "Snapshot"}
    created(embedded, name, {**AROUND, "C": kept})
    identifier = embedded.physical_id(name, "C")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    rds = embedded.client("rds")
    snapshots = rds.describe_db_cluster_snapshots(DBClusterIdentifier=identifier)["DBClusterSnapshots"]
    assert [s["StorageEncrypted"] for s in snapshots] == [True]
    snapshot = snapshots[0]["DBClusterSnapshotIdentifier"]
    assert snapshot.startswith(f"{name}-snapshot-c-")
    restored = cluster(SnapshotIdentifier=snapshot, MasterUsername=None)
    output = get_att("C", "MasterUserSecret.SecretArn")
    given = created(embedded, f"{name}-restored", {**AROUND, "C": restored}, Outputs={"Secret": output})
    found = rds.describe_db_clusters(DBClusterIdentifier=embedded.physical_id(f"{name}-restored", "C"))["DBClusters"][0]
    assert found["BackupRetentionPeriod"] == 35
    assert found["MasterUsername"] == "payroll_admin"
    assert found["StorageEncrypted"] is True
    assert given["Secret"] == found["MasterUserSecret"]["SecretArn"]
    embedded.delete(f"{name}-restored")
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"PerformanceInsightsRetentionPeriod": 7}, "Database Insights needs Performance Insights"),
        ({"MonitoringRoleArn": None}, "MonitoringRoleARN value is required"),
        ({"BackupRetentionPeriod": 36}, "36 is not less or equal to 35"),
        ({"BacktrackWindow": 3600}, "Backtrack is not available for Aurora Serverless v2"),
        ({"MasterUserPassword": "password"}, "MasterUserPassword"),
        ({"StorageEncrypted": False}, "needs StorageEncrypted"),
        ({"Engine": "mysql"}, "engine mysql is not emulated"),
        ({"DBClusterParameterGroupName": "nope"}, "does not exist"),
        ({"SnapshotIdentifier": "nope"}, "MasterUsername: not emulated"),
    ],
)
def test_a_cluster_that_rds_would_refuse_fails_the_stack(embedded: Any, name: str, more: Json, said: str) -> None:
    stack = embedded.create(name, {"Resources": {**AROUND, "C": cluster(**more)}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in embedded.reasons(stack["StackId"])


def test_a_subnet_group_of_one_zone_is_refused(embedded: Any, name: str) -> None:
    group = of("RDS::DBSubnetGroup", DBSubnetGroupDescription="d", SubnetIds=[{"Ref": "S1"}])
    resources = {k: v for k, v in NETWORK.items() if k != "SG"}
    stack = embedded.create(name, {"Resources": {**resources, "X": group}})
    assert "Add subnets to cover at least 2 AZs" in embedded.reasons(stack["StackId"])


def test_a_secret_is_generated_and_another_way_of_generating_is_another_value(embedded: Any, name: str) -> None:
    def template(length: int, description: str) -> Json:
        how = {
            "SecretStringTemplate": '{"username": "mq"}',
            "GenerateStringKey": "password",
            "PasswordLength": length,
            "ExcludeCharacters": ",:=",
        }
        return {"X": of("SecretsManager::Secret", Description=description, GenerateSecretString=how)}

    def value() -> Any:
        found = embedded.client("secretsmanager").get_secret_value(SecretId=embedded.physical_id(name, "X"))
        return json.loads(found["SecretString"])

    created(embedded, name, template(40, "one"))
    first = value()
    assert (first["username"], len(first["password"])) == ("mq", 40)
    embedded.update(name, {"Resources": template(40, "two")})
    assert value() == first
    embedded.update(name, {"Resources": template(50, "two")})
    assert len(value()["password"]) == 50
    embedded.delete(name)


def test_a_secret_is_told_where_its_database_is_and_forgets_it(embedded: Any, name: str) -> None:
    secret = of("SecretsManager::Secret", SecretString='{"username": "app", "password": "p"}')
    attachment = of(
        "SecretsManager::SecretTargetAttachment",
        SecretId={"Ref": "S"},
        TargetId={"Ref": "C"},
        TargetType="AWS::RDS::DBCluster",
    )
    resources = {**AROUND, "C": cluster(DatabaseName="payroll"), "S": secret}
    created(embedded, name, {**resources, "X": attachment})

    def value() -> Any:
        found = embedded.client("secretsmanager").get_secret_value(SecretId=embedded.physical_id(name, "S"))
        return json.loads(found["SecretString"])

    assert some(value(), "engine", "port", "dbname", "username") == {
        "engine": "mysql",
        "port": 3307,
        "dbname": "payroll",
        "username": "app",
    }
    embedded.update(name, {"Resources": resources})
    assert value() == {"username": "app", "password": "p"}
    embedded.delete(name)


ROTATES = """
import boto3
def handler(event, context):
    secrets = boto3.client("secretsmanager")
    token, secret = event["ClientRequestToken"], event["SecretId"]
    if event["Step"] == "createSecret":
        secrets.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        old = next(v for v, stages in versions.items() if "AWSCURRENT" in stages)
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old)
"""


def test_a_rotation_schedule_is_kept_and_its_function_really_rotates(embedded: Any, name: str) -> None:
    import time

    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources = {
        "R": of("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}),
        "F": of(
            "Lambda::Function",
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": ROTATES},
            Timeout=20,
            Role={"Fn::GetAtt": ["R", "Arn"]},
        ),
        "S": of("SecretsManager::Secret", SecretString="old"),
        "X": of(
            "SecretsManager::RotationSchedule",
            SecretId={"Ref": "S"},
            RotationLambdaARN={"Fn::GetAtt": ["F", "Arn"]},
            RotationRules={"ScheduleExpression": "rate(7 days)", "Duration": "2h"},
        ),
    }
    created(embedded, name, resources)
    client, secret = embedded.client("secretsmanager"), embedded.physical_id(name, "S")
    found = client.describe_secret(SecretId=secret)
    assert found["RotationEnabled"] is True
    assert found["RotationRules"] == {"ScheduleExpression": "rate(7 days)", "Duration": "2h"}
    end = time.monotonic() + 20
    while client.get_secret_value(SecretId=secret)["SecretString"] != "new":
        assert time.monotonic() < end, "nobody rotated"
        time.sleep(0.1)
    resources["X"]["Properties"] |= {
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "RotateImmediatelyOnUpdate": False,
    }
    assert embedded.update(name, {"Resources": resources})["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert client.describe_secret(SecretId=secret)["RotationRules"] == {"AutomaticallyAfterDays": 30}
    del resources["X"]
    embedded.update(name, {"Resources": resources})
    assert client.describe_secret(SecretId=secret)["RotationEnabled"] is False
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_protected_table_resists_and_another_region_is_refused(embedded: Any, name: str) -> None:
    created(embedded, name, {"X": of("DynamoDB::Table", **KEYS, DeletionProtectionEnabled=True)})
    assert embedded.delete(name)["StackStatus"] == "DELETE_FAILED"
    embedded.client("dynamodb").update_table(TableName=embedded.physical_id(name, "X"), DeletionProtectionEnabled=False)
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    replicas = [{"Region": "eu-west-1"}, {"Region": "eu-central-1"}]
    stack = embedded.create(name, {"Resources": {"X": of("DynamoDB::GlobalTable", **KEYS, Replicas=replicas)}})
    assert "replication between regions is not emulated" in embedded.reasons(stack["StackId"])


def test_an_index_comes_and_goes(embedded: Any, name: str) -> None:
    attributes = [*KEYS["AttributeDefinitions"], {"AttributeName": "state", "AttributeType": "S"}]
    index = {
        "IndexName": "by-state",
        "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    more = {**KEYS, "AttributeDefinitions": attributes, "GlobalSecondaryIndexes": [index]}
    created(embedded, name, {"X": of("DynamoDB::Table", **KEYS)})

    def indexes() -> list[str]:
        table = embedded.client("dynamodb").describe_table(TableName=embedded.physical_id(name, "X"))["Table"]
        return [i["IndexName"] for i in table.get("GlobalSecondaryIndexes", [])]

    assert indexes() == []
    embedded.update(name, {"Resources": {"X": of("DynamoDB::Table", **more)}})
    assert indexes() == ["by-state"], embedded.reasons(name)
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
