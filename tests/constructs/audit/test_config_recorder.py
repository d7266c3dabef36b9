from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.audit.config_recorder import ConfigRecorder
from kiln.audit.config_rules import RULES
from kiln.refusal import WrongProperty

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"


@pytest.fixture
def config(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        days = cdk.Token.as_number(cdk.CfnParameter(stack, "Days").value)
        ConfigRecorder(stack, "Config", key_arn=KEY, audit_days=days, topic_arn="arn:warning")

    return template(build)


def only(config: Any, resource_type: str) -> tuple[str, dict[str, Any]]:
    [(name, resource)] = config.find_resources(resource_type).items()
    return name, resource


def test_it_records_everything_at_each_change(config: Any) -> None:
    _, recorder = only(config, "AWS::Config::ConfigurationRecorder")
    assert recorder["Properties"]["RecordingGroup"] == {"AllSupported": True, "IncludeGlobalResourceTypes": True}
    assert recorder["Properties"]["RecordingMode"] == {"RecordingFrequency": "CONTINUOUS"}


def test_it_works_as_the_role_of_the_service_and_not_as_one_of_ours(config: Any) -> None:
    role, found = only(config, "AWS::IAM::ServiceLinkedRole")
    _, recorder = only(config, "AWS::Config::ConfigurationRecorder")
    assert found["Properties"]["AWSServiceName"] == "config.amazonaws.com"
    arn = recorder["Properties"]["RoleARN"]["Fn::Join"][1][-1]
    assert arn == ":role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    assert recorder["DependsOn"] == [role]
    config.resource_count_is("AWS::IAM::Role", 0)


def test_recorder_and_channel_do_not_wait_for_each_other(config: Any) -> None:
    _, channel = only(config, "AWS::Config::DeliveryChannel")
    recorder, found = only(config, "AWS::Config::ConfigurationRecorder")
    assert recorder not in channel.get("DependsOn", [])
    assert not [name for name in found["DependsOn"] if "Channel" in name]


def test_the_channel_writes_encrypted_records_into_a_bucket_that_lets_config_of_this_account_write(
    config: Any,
) -> None:
    _, channel = only(config, "AWS::Config::DeliveryChannel")
    bucket, found = only(config, "AWS::S3::Bucket")
    assert channel["Properties"]["S3BucketName"] == {"Ref": bucket}
    assert channel["Properties"]["S3KmsKeyArn"] == KEY
    [expiry] = found["Properties"]["LifecycleConfiguration"]["Rules"]
    assert expiry["ExpirationInDays"] == {"Ref": "Days"}
    _, policy = only(config, "AWS::S3::BucketPolicy")
    allowed = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert {s["Sid"] for s in allowed} == {"ConfigLooks", "ConfigWrites"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "config.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_bucket_has_no_lock_because_config_would_not_write_to_it(config: Any) -> None:
    _, bucket = only(config, "AWS::S3::Bucket")
    assert "ObjectLockConfiguration" not in bucket["Properties"]


def test_all_rules_are_managed_ones_and_wait_for_the_recorder(config: Any) -> None:
    recorder, _ = only(config, "AWS::Config::ConfigurationRecorder")
    rules = list(config.find_resources("AWS::Config::ConfigRule").values())
    found = {r["Properties"]["Source"]["SourceIdentifier"]: r["Properties"].get("InputParameters", {}) for r in rules}
    assert found == RULES
    assert {r["Properties"]["Source"]["Owner"] for r in rules} == {"AWS"}
    assert all(r["DependsOn"] == [recorder] for r in rules)


def test_what_breaks_a_rule_of_ours_is_told(config: Any) -> None:
    _, rule = only(config, "AWS::Events::Rule")
    pattern = rule["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.config"]
    assert pattern["detail"]["newEvaluationResult"] == {"complianceType": ["NON_COMPLIANT"]}
    assert pattern["detail"]["configRuleName"] == [{"anything-but": {"prefix": "securityhub-"}}]
    assert rule["Properties"]["Targets"][0]["Arn"] == "arn:warning"


def test_a_recorder_that_checks_nothing_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/Config: rules is \{\}; expected at least one managed rule"):
        template(
            lambda stack: ConfigRecorder(stack, "Config", key_arn=KEY, audit_days=30, topic_arn="arn:warning", rules={})
        )
