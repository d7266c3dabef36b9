from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.data.aurora_admin import Admin
from kiln.data.aurora_mysql import AuroraMysql
from kiln.data.aurora_settings import INSIGHTS_DAYS, PARAMETERS, Capacity, Engine, Keeping, require_sense
from kiln.network.imported_network import imported_network
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(*(f"arn:aws:sns:eu-west-1:111111111111:{name}" for name in ("urgent", "warning", "info")))
SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:own"
TWO = Capacity("db.r7g.large", "1")
KEEPING = Keeping(backup_days=14, deletion_protection="true")
NEW = {"Ref": "AWS::NoValue"}


def cluster_of(**changed: Any) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        properties: dict[str, Any] = {
            "name": "database",
            "capacity": TWO,
            "keeping": KEEPING,
            "key_arn": "arn:key",
        } | changed
        vpc = imported_network(stack, "Vpc", vpc_id="vpc-1")
        records = Records(key_arn="arn:logs", days=30)
        AuroraMysql(
            stack,
            "Database",
            vpc=vpc,
            subnet_ids=["subnet-1", "subnet-2"],
            records=records,
            topics=TOPICS,
            **properties,
        )

    return build


def of_tokens(stack: cdk.Stack) -> None:
    def value(name: str) -> str:
        return str(cdk.CfnParameter(stack, name).value_as_string)

    capacity = Capacity(value("Class"), value("Readers"), value("Minimum"), value("Maximum"))
    days = cdk.Token.as_number(cdk.CfnParameter(stack, "Days").value)
    keeping = Keeping(backup_days=days, deletion_protection=value("Protected"), snapshot_arn=value("Snapshot"))
    cluster_of(capacity=capacity, keeping=keeping)(stack)


def resources(template: Any, kind: str) -> list[dict[str, Any]]:
    return list(template.find_resources(f"AWS::{kind}").values())


@pytest.fixture
def aurora(template: Callable[..., Any]) -> Any:
    return template(of_tokens)


def cluster(template: Any) -> dict[str, Any]:
    [found] = resources(template, "RDS::DBCluster")
    return found


def branch(value: Any, true: str = "") -> Any:
    """A value where the one condition whose name contains `true` holds, and no other."""
    if not isinstance(value, dict) or "Fn::If" not in value:
        return value
    condition, then, otherwise = value["Fn::If"]
    return then if true and true in condition else otherwise


def test_storage_secret_and_insights_are_encrypted_with_the_given_key(aurora: Any) -> None:
    found = cluster(aurora)["Properties"]
    assert found["StorageEncrypted"] is True
    keys = (found["KmsKeyId"], found["MasterUserSecret"]["KmsKeyId"], found["PerformanceInsightsKmsKeyId"])
    assert keys == ("arn:key", "arn:key", "arn:key")


def test_cluster_and_what_it_names_stay_when_the_stack_goes(aurora: Any) -> None:
    for kind in ("RDS::DBCluster", "RDS::DBSubnetGroup", "RDS::DBClusterParameterGroup", "Logs::LogGroup"):
        for resource in resources(aurora, kind):
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    found = cluster(aurora)["Properties"]
    assert found["DeletionProtection"] == {"Ref": "Protected"}
    assert (found["DeleteAutomatedBackups"], found["CopyTagsToSnapshot"]) == (False, True)
    assert found["BackupRetentionPeriod"] == {"Ref": "Days"}


def test_nobody_signs_in_without_tls_and_it_is_written_down_who_does(aurora: Any) -> None:
    [group] = resources(aurora, "RDS::DBClusterParameterGroup")
    parameters = group["Properties"]["Parameters"]
    assert parameters["require_secure_transport"] == "ON"
    assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"
    assert (parameters["server_audit_logging"], parameters["local_infile"]) == ("1", "0")
    assert "CONNECT" in parameters["server_audit_events"]
    assert "general_log" not in parameters
    found = cluster(aurora)["Properties"]
    assert found["EnableIAMDatabaseAuthentication"] is True
    assert found["Port"] not in (3306, 5432)


def test_rds_makes_and_rotates_the_password_of_an_admin_with_an_unusual_name(aurora: Any) -> None:
    found = cluster(aurora)["Properties"]
    assert found["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in found
    assert branch(found["MasterUsername"]) not in ("admin", "root", NEW)


def test_a_restored_cluster_brings_its_admin_and_its_schemas_along(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        snapshot = cdk.CfnParameter(stack, "Snapshot").value_as_string
        cluster_of(keeping=replace(KEEPING, snapshot_arn=snapshot), engine=Engine(schema_name="shop"))(stack)

    found = cluster(template(build))["Properties"]
    new = [branch(found[key]) for key in ("SnapshotIdentifier", "MasterUsername", "DatabaseName")]
    restored = [branch(found[key], "Restored") for key in ("SnapshotIdentifier", "MasterUsername", "DatabaseName")]
    assert new == [NEW, "kilnadmin", "shop"]
    assert restored == [{"Ref": "Snapshot"}, NEW, NEW]


def test_every_exported_log_has_a_group_with_key_and_end_before_the_cluster_is_made(aurora: Any) -> None:
    groups = aurora.find_resources("AWS::Logs::LogGroup")
    names = {str(group["Properties"]["LogGroupName"]).rsplit("/", 1)[1][:-4] for group in groups.values()}
    assert names == set(cluster(aurora)["Properties"]["EnableCloudwatchLogsExports"])
    assert names == {"audit", "error", "general", "slowquery"}
    for group in groups.values():
        assert (group["Properties"]["KmsKeyId"], group["Properties"]["RetentionInDays"]) == ("arn:logs", 30)
    assert set(groups) <= set(cluster(aurora)["DependsOn"])


def test_the_cluster_has_a_name_that_no_other_stack_has(aurora: Any) -> None:
    assert "AWS::StackId" in str(cluster(aurora)["Properties"]["DBClusterIdentifier"])


def test_writer_and_readers_are_in_different_zones_and_readers_follow_from_a_value(aurora: Any) -> None:
    instances = aurora.find_resources("AWS::RDS::DBInstance")
    zones = [i["Properties"]["AvailabilityZone"]["Fn::Select"][0] for i in instances.values()]
    assert zones == [0, 1, 2]
    [no_condition, first, second] = [instance.get("Condition") for instance in instances.values()]
    assert no_condition is None
    conditions = aurora.to_json()["Conditions"]
    assert conditions[first] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Readers"}, "0"]}]}
    assert conditions[second] == {"Fn::Equals": [{"Ref": "Readers"}, "2"]}
    assert all(i["Properties"]["PromotionTier"] <= 1 for i in instances.values())
    writer = next(iter(instances))
    assert [i.get("DependsOn") for i in instances.values()] == [None, [writer], [writer]]


def test_no_instance_is_public_and_all_take_minor_versions(aurora: Any) -> None:
    aurora.all_resources_properties(
        "AWS::RDS::DBInstance",
        {"PubliclyAccessible": False, "AutoMinorVersionUpgrade": True, "PerformanceInsightsRetentionPeriod": 465},
    )


def test_only_a_serverless_cluster_has_a_range(aurora: Any) -> None:
    scaling = cluster(aurora)["Properties"]["ServerlessV2ScalingConfiguration"]
    assert branch(scaling) == NEW
    assert branch(scaling, "Serverless") == {"MinCapacity": {"Ref": "Minimum"}, "MaxCapacity": {"Ref": "Maximum"}}


def test_it_is_watched_closely_by_a_role_that_may_write_one_log_group(aurora: Any) -> None:
    found = cluster(aurora)["Properties"]
    assert (found["MonitoringInterval"], found["DatabaseInsightsMode"]) == (15, "advanced")
    assert found["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    [policy] = resources(aurora, "IAM::Policy")
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        assert "log-group:RDSOSMetrics" in str(statement["Resource"])


def test_its_security_group_opens_nothing(aurora: Any) -> None:
    [group] = resources(aurora, "EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group["Properties"]
    assert [rule["CidrIp"] for rule in group["Properties"]["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_a_topic_is_told_of_the_events_of_the_cluster_and_of_each_instance_that_there_is(aurora: Any) -> None:
    subscriptions = {
        s["Properties"]["SourceType"]: s["Properties"] for s in resources(aurora, "RDS::EventSubscription")
    }
    assert {kind: len(s["SourceIds"]) for kind, s in subscriptions.items()} == {"db-cluster": 1, "db-instance": 3}
    assert all("failure" in s["EventCategories"] and s["Enabled"] for s in subscriptions.values())
    assert {s["SnsTopicArn"] for s in subscriptions.values()} == {TOPICS.warning_arn}


def test_an_alarm_about_what_a_cluster_may_not_have_depends_on_it(aurora: Any) -> None:
    alarms = {alarm["Properties"]["MetricName"]: alarm for alarm in resources(aurora, "CloudWatch::Alarm")}
    assert set(alarms) == {
        "CPUUtilization",
        "DatabaseConnections",
        "FreeableMemory",
        "AuroraReplicaLagMaximum",
        "FreeLocalStorage",
        "ACUUtilization",
    }
    conditional = {name: alarm.get("Condition", "") for name, alarm in alarms.items()}
    assert "HasReader" in conditional["AuroraReplicaLagMaximum"]
    assert "IsProvisioned" in conditional["FreeLocalStorage"]
    assert "IsServerless" in conditional["ACUUtilization"]
    assert conditional["DatabaseConnections"] == ""


def test_a_cluster_that_is_known_not_to_be_serverless_has_no_range(template: Callable[..., Any]) -> None:
    assert "ServerlessV2ScalingConfiguration" not in cluster(template(cluster_of()))["Properties"]


def test_backtrack_is_set_in_seconds_where_the_cluster_is_not_serverless(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        minimum = cdk.CfnParameter(stack, "Minimum").value_as_string
        cluster_of(capacity=replace(TWO, minimum_acus=minimum), engine=Engine(backtrack_hours=72))(stack)

    window = cluster(template(build))["Properties"]["BacktrackWindow"]
    assert branch(window) == 259_200
    assert branch(window, "Serverless") == NEW


def test_a_secret_of_ones_own_makes_blue_green_deployments_possible_and_leaves_its_reason(
    template: Callable[..., Any],
) -> None:
    admin = Admin(secret_arn=SECRET, reason="Blue/Green Deployments take no managed password")
    found = cluster(template(cluster_of(admin=admin, engine=Engine(blue_green=True))))
    properties = found["Properties"]
    assert properties["MasterUserPassword"] == f"{{{{resolve:secretsmanager:{SECRET}:SecretString:password}}}}"
    assert "ManageMasterUserPassword" not in properties
    assert [e["promise"] for e in found["Metadata"]["kiln:exceptions"]] == ["database-password-is-managed"]


def test_a_single_zone_needs_a_reason_which_stays_in_the_template(template: Callable[..., Any]) -> None:
    capacity = Capacity("db.r7g.large", "0", one_zone_reason="Nobody waits for this database at night")
    found = cluster(template(cluster_of(capacity=capacity)))
    assert found["Metadata"]["kiln:exceptions"][0]["promise"] == "database-has-a-reader"


SERVERLESS = Capacity("db.serverless", "1", "0.5", "4")

NONSENSE: dict[str, tuple[dict[str, Any], str, str]] = {
    "no reader": ({"capacity": Capacity("db.r7g.large", "0")}, "capacity.readers", "one_zone_reason"),
    "three readers": ({"capacity": Capacity("db.r7g.large", "3")}, "capacity.readers", "one of 0, 1, 2"),
    "serverless without a range": (
        {"capacity": Capacity("db.serverless", "1")},
        "capacity.minimum_acus, capacity.maximum_acus",
        "two numbers with db.serverless",
    ),
    "half a range": (
        {"capacity": Capacity("db.serverless", "1", "0.5")},
        "capacity.minimum_acus, capacity.maximum_acus",
        "two numbers",
    ),
    "a range without serverless": (
        {"capacity": Capacity("db.r7g.large", "1", "1", "2")},
        "capacity.minimum_acus, capacity.maximum_acus",
        "none of them with another class",
    ),
    "no backups": ({"keeping": Keeping(0, "true")}, "keeping.backup_days", "1 to 35 days"),
    "36 days of backups": ({"keeping": Keeping(36, "true")}, "keeping.backup_days", "1 to 35 days"),
    "PostgreSQL": ({"engine": Engine(version="16.4")}, "engine.version", "8.0.mysql_aurora.3."),
    "TLS switched off": (
        {"engine": Engine(parameters={"require_secure_transport": "OFF"})},
        "engine.parameters",
        "does not set",
    ),
    "advanced insights for a month": ({"engine": Engine(insights_days=31)}, "engine.insights_days", "at least 465"),
    "insights for 30 days": (
        {"engine": Engine(insights_mode="standard", insights_days=30)},
        "engine.insights_days",
        "one of 7, 31, 62",
    ),
    "unknown insights": ({"engine": Engine(insights_mode="best")}, "engine.insights_mode", "advanced, standard"),
    "blue/green with a managed password": ({"engine": Engine(blue_green=True)}, "engine.blue_green", "RDS manages"),
    "an own secret without a reason": ({"admin": Admin(secret_arn=SECRET)}, "admin.reason", "why RDS must not"),
    "backtrack over four days": (
        {"engine": Engine(backtrack_hours=96)},
        "engine.backtrack_hours",
        "0 to 72 hours",
    ),
    "backtrack with serverless": (
        {"capacity": SERVERLESS, "engine": Engine(backtrack_hours=24)},
        "engine.backtrack_hours",
        "db.serverless cannot",
    ),
    "backtrack with a binary log": (
        {"engine": Engine(backtrack_hours=24, parameters={"binlog_format": "ROW"})},
        "engine.backtrack_hours",
        "binary log",
    ),
    "a long name": ({"name": "d" * 27}, "name", "at most 26"),
    "a port below Aurora's": ({"port": 1000}, "port", "1150 to 65535"),
}


@pytest.mark.parametrize(("changed", "name", "expected"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused_with_place_and_remedy(
    template: Callable[..., Any], changed: dict[str, Any], name: str, expected: str
) -> None:
    with pytest.raises(WrongProperty) as refused:
        template(cluster_of(**changed))
    assert refused.value.path == "Stack/Database"
    assert refused.value.name == name
    assert expected in refused.value.expected


@given(hours=st.integers(-5, 100), days=st.integers(-5, 40), insights=st.integers(0, 800))
def test_what_is_taken_is_within_the_bounds_of_aurora(hours: int, days: int, insights: int) -> None:
    engine = Engine(backtrack_hours=hours, insights_days=insights)
    stack = _STACK
    taken = 0 <= hours <= 72 and 1 <= days <= 35 and insights in INSIGHTS_DAYS and insights >= 465
    try:
        require_sense(stack, TWO, engine, Admin(), Keeping(days, "true"))
    except WrongProperty:
        assert not taken
    else:
        assert taken


_STACK = cdk.Stack(cdk.App(), "Stack")


@given(st.dictionaries(st.sampled_from(["binlog_format", "max_connections", "wait_timeout"]), st.text(max_size=3)))
def test_parameters_of_ones_own_are_added_and_those_of_the_construct_stay(own: dict[str, str]) -> None:
    merged = Engine(parameters=own).all_parameters()
    assert merged == PARAMETERS | own
    assert list(merged) == sorted(merged)
