from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.audit.trail import Trail
from kiln.refusal import WrongProperty


@pytest.fixture
def trail(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        given = {name: cdk.CfnParameter(stack, name) for name in ("Key", "Audit", "Log")}
        Trail(
            stack,
            "Trail",
            key_arn=given["Key"].value_as_string,
            audit_days=cdk.Token.as_number(given["Audit"].value),
            log_days=cdk.Token.as_number(given["Log"].value),
        )

    return template(build)


def properties(trail: Any) -> dict[str, Any]:
    [found] = trail.find_resources("AWS::CloudTrail::Trail").values()
    known: dict[str, Any] = found["Properties"]
    return known


def buckets(trail: Any) -> dict[str, dict[str, Any]]:
    found = trail.find_resources("AWS::S3::Bucket")
    return {"records" if "Records" in name else "access": r["Properties"] for name, r in found.items()}


def statement(trail: Any, sid: str) -> dict[str, Any]:
    policies = trail.find_resources("AWS::S3::BucketPolicy").values()
    [found] = [s for p in policies for s in p["Properties"]["PolicyDocument"]["Statement"] if s.get("Sid") == sid]
    known: dict[str, Any] = found
    return known


def test_it_records_all_regions_and_signs_what_it_writes(trail: Any) -> None:
    found = properties(trail)
    for name in ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"):
        assert found[name] is True
    assert found["KMSKeyId"] == {"Ref": "Key"}
    assert {i["InsightType"] for i in found["InsightSelectors"]} == {"ApiCallRateInsight", "ApiErrorRateInsight"}


def test_it_records_management_and_every_object_but_its_own_records(trail: Any) -> None:
    management, objects = (
        {field["Field"]: field for field in selector["FieldSelectors"]}
        for selector in properties(trail)["AdvancedEventSelectors"]
    )
    assert management == {"eventCategory": {"Field": "eventCategory", "Equals": ["Management"]}}
    assert objects["eventCategory"]["Equals"] == ["Data"]
    assert objects["resources.type"]["Equals"] == ["AWS::S3::Object"]
    [own] = objects["resources.ARN"]["NotStartsWith"]
    [bucket] = [name for name in trail.find_resources("AWS::S3::Bucket") if "Records" in name]
    assert own == {"Fn::Join": ["", [{"Fn::GetAtt": [bucket, "Arn"]}, "/"]]}


def test_nobody_can_delete_a_record_before_its_time(trail: Any) -> None:
    records = buckets(trail)["records"]
    assert records["ObjectLockEnabled"] is True
    assert records["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "COMPLIANCE",
        "Days": {"Ref": "Audit"},
    }
    assert records["VersioningConfiguration"] == {"Status": "Enabled"}
    for bucket in trail.find_resources("AWS::S3::Bucket").values():
        assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"


def test_who_reads_the_records_is_recorded_too(trail: Any) -> None:
    [access] = [name for name in trail.find_resources("AWS::S3::Bucket") if "AccessLogs" in name]
    assert buckets(trail)["records"]["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": access}


def test_only_trails_of_this_stack_may_write_and_only_under_the_name_of_the_account(trail: Any) -> None:
    writes = statement(trail, "TrailWrites")
    assert writes["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    assert writes["Action"] == "s3:PutObject"
    assert writes["Resource"]["Fn::Join"][1][1:] == ["/AWSLogs/", {"Ref": "AWS::AccountId"}, "/*"]
    own = "".join(str(part) for part in writes["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Join"][1])
    assert "AWS::AccountId" in own
    assert own.endswith(":trail/{'Ref': 'AWS::StackName'}-*")


def test_it_is_made_after_the_policy_that_lets_it_write(trail: Any) -> None:
    [found] = trail.find_resources("AWS::CloudTrail::Trail").values()
    policies = set(trail.find_resources("AWS::S3::BucketPolicy"))
    assert found["DependsOn"]
    assert set(found["DependsOn"]) <= policies


def test_its_log_group_is_encrypted_kept_for_the_days_and_written_by_a_role_that_may_do_nothing_else(
    trail: Any,
) -> None:
    [(name, group)] = trail.find_resources("AWS::Logs::LogGroup").items()
    assert group["Properties"] == {"KmsKeyId": {"Ref": "Key"}, "RetentionInDays": {"Ref": "Log"}}
    assert properties(trail)["CloudWatchLogsLogGroupArn"] == {"Fn::GetAtt": [name, "Arn"]}
    [policy] = trail.find_resources("AWS::IAM::Policy").values()
    [allowed] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert allowed["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    parts = allowed["Resource"]["Fn::Join"][1]
    assert {"Ref": name} in parts
    assert parts[-2:] == [{"Ref": "AWS::AccountId"}, "_CloudTrail_*"]


def test_a_lock_that_s3_does_not_offer_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/Trail/\w+: \w+_days is 40000"):
        template(lambda stack: Trail(stack, "Trail", key_arn="arn:key", audit_days=40_000, log_days=30))
