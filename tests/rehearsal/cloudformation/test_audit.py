"""AWS::CloudTrail, Config, GuardDuty, SecurityHub, AccessAnalyzer: read back from the services."""

from typing import Any

import pytest

from tests.rehearsal.cloudformation.cases import Case, live, of, some
from tests.rehearsal.cloudformation.pieces import Json

KEY = "arn:aws:kms:eu-west-1:123400000001:key/0a1b2c3d"
ROLE = "arn:aws:iam::123400000001:role/audit"
LOGS = "arn:aws:logs:eu-west-1:123400000001:log-group:trail:*"
BUCKET = {"B": of("S3::Bucket")}
FSBP = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
CIS = "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/5.0.0"


def trail(**more: Any) -> Json:
    properties = {
        "TrailName": "audit",
        "S3BucketName": {"Ref": "B"},
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
        "KMSKeyId": KEY,
        "CloudWatchLogsLogGroupArn": LOGS,
        "CloudWatchLogsRoleArn": ROLE,
        "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}],
        "AdvancedEventSelectors": [
            {"Name": "s3", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]},
        ],
        **more,
    }
    return of("CloudTrail::Trail", **properties)


def read_trail(client: Any, identifier: str) -> Any:
    found = client.get_trail(Name=identifier)["Trail"]
    names = ("IsMultiRegionTrail", "LogFileValidationEnabled", "KmsKeyId", "CloudWatchLogsLogGroupArn")
    selectors = client.get_event_selectors(TrailName=identifier)["AdvancedEventSelectors"]
    insights = client.get_insight_selectors(TrailName=identifier)["InsightSelectors"]
    tags = client.list_tags(ResourceIdList=[found["TrailARN"]])["ResourceTagList"][0]["TagsList"]
    return (
        some(found, *names, "HasCustomEventSelectors", "HasInsightSelectors"),
        client.get_trail_status(Name=identifier)["IsLogging"],
        [s["Name"] for s in selectors],
        [i["InsightType"] for i in insights],
        tags,
    )


def recorder(**more: Any) -> Json:
    group = {"AllSupported": True, "IncludeGlobalResourceTypes": True}
    return of("Config::ConfigurationRecorder", RoleARN=ROLE, RecordingGroup=group, **more)


def read_recorder(client: Any, identifier: str) -> Any:
    found = client.describe_configuration_recorders(ConfigurationRecorderNames=[identifier])["ConfigurationRecorders"][
        0
    ]
    status = client.describe_configuration_recorder_status(ConfigurationRecorderNames=[identifier])
    recording = status["ConfigurationRecordersStatus"][0]["recording"]
    return found["recordingGroup"]["allSupported"], found["recordingMode"]["recordingFrequency"], recording


def channel(frequency: str) -> Json:
    delivery = {"DeliveryFrequency": frequency}
    return of(
        "Config::DeliveryChannel",
        S3BucketName={"Ref": "B"},
        S3KmsKeyArn=KEY,
        ConfigSnapshotDeliveryProperties=delivery,
    )


def read_channel(client: Any, identifier: str) -> Any:
    found = client.describe_delivery_channels(DeliveryChannelNames=[identifier])["DeliveryChannels"][0]
    return found["configSnapshotDeliveryProperties"]["deliveryFrequency"], found["s3KmsKeyArn"]


def rule(identifier: str, **more: Any) -> Json:
    return of(
        "Config::ConfigRule",
        Source={"Owner": "AWS", "SourceIdentifier": identifier},
        Scope={"ComplianceResourceTypes": ["AWS::EC2::Volume"]},
        EvaluationModes=[{"Mode": "DETECTIVE"}],
        **more,
    )


def remediation(attempts: int) -> Json:
    return of(
        "Config::RemediationConfiguration",
        ConfigRuleName={"Ref": "R"},
        TargetType="SSM_DOCUMENT",
        TargetId="AWS-EnableEbsEncryption",
        Automatic=True,
        MaximumAutomaticAttempts=attempts,
        RetryAttemptSeconds=60,
        Parameters={"AutomationAssumeRole": {"StaticValue": {"Values": [ROLE]}}},
    )


def detector(*features: Json, **more: Any) -> Json:
    return of(
        "GuardDuty::Detector",
        Enable=True,
        FindingPublishingFrequency="FIFTEEN_MINUTES",
        Features=list(features),
        **more,
    )


def feature(name: str, status: str = "ENABLED", **more: Any) -> Json:
    return {"Name": name, "Status": status, **more}


def read_detector(client: Any, identifier: str) -> Any:
    found = client.get_detector(DetectorId=identifier)
    features = {f["Name"]: f["Status"] for f in found["Features"]}
    agents = [a["Name"] for f in found["Features"] for a in f.get("AdditionalConfiguration", [])]
    return found["Status"], found["FindingPublishingFrequency"], features, agents, found["Tags"]


def analyzer(rule_name: str, **more: Any) -> Json:
    conditions = [{"Property": "resourceType", "Eq": ["AWS::S3::Bucket"]}]
    rules = [{"RuleName": rule_name, "Filter": conditions}]
    return of("AccessAnalyzer::Analyzer", AnalyzerName="payroll", Type="ACCOUNT", ArchiveRules=rules, **more)


def read_analyzer(client: Any, identifier: str) -> Any:
    found = client.get_analyzer(analyzerName="payroll")["analyzer"]
    rules = client.list_archive_rules(analyzerName="payroll")["archiveRules"]
    assert found["arn"] == identifier
    return found["type"], [(r["ruleName"], r["filter"]) for r in rules], found["tags"]


def read_hub(client: Any, identifier: str) -> Any:
    found = client.describe_hub()
    standards = client.get_enabled_standards()["StandardsSubscriptions"]
    tags = client.list_tags_for_resource(ResourceArn=identifier)["Tags"]
    return found["AutoEnableControls"], found["ControlFindingGenerator"], len(standards), tags


S3_ONLY = {"resourceType": {"eq": ["AWS::S3::Bucket"]}}
CASES = {
    "a trail": Case(
        "cloudtrail",
        trail(Tags=[{"Key": "a", "Value": "1"}]),
        trail(
            EnableLogFileValidation=False,
            IsLogging=False,
            InsightSelectors=[{"InsightType": "ApiErrorRateInsight"}],
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        read_trail,
        (
            {
                "IsMultiRegionTrail": True,
                "LogFileValidationEnabled": True,
                "KmsKeyId": KEY,
                "CloudWatchLogsLogGroupArn": LOGS,
                "HasCustomEventSelectors": True,
                "HasInsightSelectors": True,
            },
            True,
            ["s3"],
            ["ApiCallRateInsight"],
            [{"Key": "a", "Value": "1"}],
        ),
        (
            {
                "IsMultiRegionTrail": True,
                "LogFileValidationEnabled": False,
                "KmsKeyId": KEY,
                "CloudWatchLogsLogGroupArn": LOGS,
                "HasCustomEventSelectors": True,
                "HasInsightSelectors": True,
            },
            False,
            ["s3"],
            ["ApiErrorRateInsight"],
            [{"Key": "b", "Value": "2"}],
        ),
        BUCKET,
    ),
    "a recorder, which starts though nothing depends on it": Case(
        "config",
        recorder(RecordingMode={"RecordingFrequency": "CONTINUOUS"}),
        recorder(RecordingMode={"RecordingFrequency": "DAILY"}),
        read_recorder,
        (True, "CONTINUOUS", True),
        (True, "DAILY", True),
        {**BUCKET, "C": channel("One_Hour")},
    ),
    "a delivery channel": Case(
        "config",
        channel("One_Hour"),
        channel("Six_Hours"),
        read_channel,
        ("One_Hour", KEY),
        ("Six_Hours", KEY),
        {**BUCKET, "R": recorder()},
    ),
    "a rule": Case(
        "config",
        rule("ENCRYPTED_VOLUMES", InputParameters={"kmsId": KEY}),
        rule("ENCRYPTED_VOLUMES", Description="two"),
        lambda c, i: some(
            c.describe_config_rules(ConfigRuleNames=[i])["ConfigRules"][0],
            "Source",
            "Scope",
            "EvaluationModes",
            "Description",
        ),
        {
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
            "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Volume"]},
            "EvaluationModes": [{"Mode": "DETECTIVE"}],
        },
        {
            "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"},
            "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Volume"]},
            "EvaluationModes": [{"Mode": "DETECTIVE"}],
            "Description": "two",
        },
    ),
    "a remediation": Case(
        "config",
        remediation(3),
        remediation(5),
        lambda c, i: [
            (r["Automatic"], r["MaximumAutomaticAttempts"], r["TargetId"])
            for r in c.describe_remediation_configurations(ConfigRuleNames=[i])["RemediationConfigurations"]
        ],
        [(True, 3, "AWS-EnableEbsEncryption")],
        [(True, 5, "AWS-EnableEbsEncryption")],
        {"R": rule("ENCRYPTED_VOLUMES")},
    ),
    "a detector": Case(
        "guardduty",
        detector(
            feature("S3_DATA_EVENTS"),
            feature(
                "RUNTIME_MONITORING",
                AdditionalConfiguration=[{"Name": "EC2_AGENT_MANAGEMENT", "Status": "ENABLED"}],
            ),
            Tags=[{"Key": "a", "Value": "1"}],
        ),
        detector(feature("S3_DATA_EVENTS", "DISABLED"), feature("RDS_LOGIN_EVENTS"), Tags=[{"Key": "b", "Value": "2"}]),
        read_detector,
        (
            "ENABLED",
            "FIFTEEN_MINUTES",
            {"S3_DATA_EVENTS": "ENABLED", "RUNTIME_MONITORING": "ENABLED"},
            ["EC2_AGENT_MANAGEMENT"],
            {"a": "1"},
        ),
        (
            "ENABLED",
            "FIFTEEN_MINUTES",
            {"S3_DATA_EVENTS": "DISABLED", "RUNTIME_MONITORING": "ENABLED", "RDS_LOGIN_EVENTS": "ENABLED"},
            ["EC2_AGENT_MANAGEMENT"],
            {"b": "2"},
        ),
    ),
    "an analyzer": Case(
        "accessanalyzer",
        analyzer("one", Tags=[{"Key": "a", "Value": "1"}]),
        analyzer("two", Tags=[{"Key": "b", "Value": "2"}]),
        read_analyzer,
        ("ACCOUNT", [("one", S3_ONLY)], {"a": "1"}),
        ("ACCOUNT", [("two", S3_ONLY)], {"b": "2"}),
    ),
    "a hub": Case(
        "securityhub",
        of("SecurityHub::Hub", EnableDefaultStandards=False, AutoEnableControls=False, Tags={"a": "1"}),
        of(
            "SecurityHub::Hub",
            EnableDefaultStandards=False,
            AutoEnableControls=True,
            ControlFindingGenerator="STANDARD_CONTROL",
            Tags={"b": "2"},
        ),
        read_hub,
        (False, "SECURITY_CONTROL", 0, {"a": "1"}),
        (True, "STANDARD_CONTROL", 0, {"b": "2"}),
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_gone_back_to_and_deleted(embedded: Any, name: str, title: str) -> None:
    if title == "a detector":  # a feature that is taken out of the template stays as it was, so going back differs
        made_and_changed(embedded, name, CASES[title])
        return
    live(embedded, name, CASES[title])


def made_and_changed(embedded: Any, name: str, given: Case) -> None:
    client = embedded.client(given.service)
    embedded.create(name, {"Resources": {"X": given.old}})
    identifier = embedded.physical_id(name, "X")
    assert given.read(client, identifier) == given.before
    stack = embedded.update(name, {"Resources": {"X": given.new}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert given.read(client, identifier) == given.after
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    assert client.list_detectors()["DetectorIds"] == []


def test_standards_are_enabled_beside_each_other_and_go_with_their_resource(embedded: Any, name: str) -> None:
    def template(*arns: str) -> Json:
        standards = {
            f"S{n}": {**of("SecurityHub::Standard", StandardsArn=arn), "DependsOn": "H"} for n, arn in enumerate(arns)
        }
        return {"Resources": {"H": of("SecurityHub::Hub", EnableDefaultStandards=False), **standards}}

    def enabled() -> set[str]:
        found = embedded.client("securityhub").get_enabled_standards()["StandardsSubscriptions"]
        assert all(s["StandardsStatus"] == "READY" for s in found)
        return {s["StandardsArn"] for s in found}

    stack = embedded.create(name, template(FSBP, CIS))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(name)
    assert enabled() == {FSBP, CIS}
    assert embedded.physical_id(name, "S1").endswith(":subscription/cis-aws-foundations-benchmark/v/5.0.0")
    embedded.update(name, template(FSBP))
    assert enabled() == {FSBP}
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])


def test_a_standard_before_its_hub_is_refused_as_on_aws(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"X": of("SecurityHub::Standard", StandardsArn=FSBP)}})
    assert "is not subscribed to AWS Security Hub" in embedded.reasons(stack["StackId"])


def test_the_older_form_of_features_and_a_second_detector_are_refused(embedded: Any, name: str) -> None:
    older = detector(DataSources={"S3Logs": {"Enable": True}})
    stack = embedded.create(name, {"Resources": {"X": older}})
    assert "use Features" in embedded.reasons(stack["StackId"])
    both = {"X": detector(), "Y": {**detector(), "DependsOn": "X"}}
    stack = embedded.create(f"{name}-second", {"Resources": both})
    assert "a detector already exists" in embedded.reasons(stack["StackId"])
