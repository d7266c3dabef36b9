import json
from collections.abc import Callable
from typing import Any

import pytest

from kiln.audit.threat_detection import ThreatDetection
from kiln.operations.topics import Topics

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")


@pytest.fixture
def detection(template: Callable[..., Any]) -> Any:
    return template(lambda stack: ThreatDetection(stack, "Detection", topics=TOPICS))


def only(detection: Any, resource_type: str) -> dict[str, Any]:
    [resource] = detection.find_resources(resource_type).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def told(detection: Any, source: str) -> dict[str, dict[str, Any]]:
    """Topic → detail pattern of the rules over one source."""
    rules = [r["Properties"] for r in detection.find_resources("AWS::Events::Rule").values()]
    return {
        r["Targets"][0]["Arn"]: r["EventPattern"]["detail"] for r in rules if r["EventPattern"]["source"] == [source]
    }


def test_guard_duty_looks_at_all_six_sources_and_tells_soon(detection: Any) -> None:
    found = only(detection, "AWS::GuardDuty::Detector")
    assert found["Enable"] is True
    assert found["FindingPublishingFrequency"] == "FIFTEEN_MINUTES"
    assert {f["Name"]: f["Status"] for f in found["Features"]} == dict.fromkeys(
        (
            "S3_DATA_EVENTS",
            "EKS_AUDIT_LOGS",
            "EBS_MALWARE_PROTECTION",
            "RDS_LOGIN_EVENTS",
            "LAMBDA_NETWORK_LOGS",
            "RUNTIME_MONITORING",
        ),
        "ENABLED",
    )


def test_runtime_monitoring_looks_after_its_agents(detection: Any) -> None:
    features = {f["Name"]: f for f in only(detection, "AWS::GuardDuty::Detector")["Features"]}
    agents = features["RUNTIME_MONITORING"]["AdditionalConfiguration"]
    assert {a["Name"]: a["Status"] for a in agents} == dict.fromkeys(
        ("EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"), "ENABLED"
    )


def test_security_hub_has_three_standards_of_ours_and_none_by_itself(detection: Any) -> None:
    [hub] = detection.find_resources("AWS::SecurityHub::Hub")
    assert only(detection, "AWS::SecurityHub::Hub") == {
        "AutoEnableControls": True,
        "ControlFindingGenerator": "SECURITY_CONTROL",
        "EnableDefaultStandards": False,
    }
    standards = detection.find_resources("AWS::SecurityHub::Standard").values()
    assert all(standard["DependsOn"] == [hub] for standard in standards)
    assert {s["Properties"]["StandardsArn"]["Fn::Join"][1][-1] for s in standards} == {
        "::standards/aws-foundational-security-best-practices/v/1.0.0",
        "::standards/cis-aws-foundations-benchmark/v/5.0.0",
        "::standards/nist-800-53/v/5.0.0",
    }


def test_access_from_outside_is_looked_for_and_snapshots_are_never_public(detection: Any) -> None:
    assert only(detection, "AWS::AccessAnalyzer::Analyzer")["Type"] == "ACCOUNT"
    assert only(detection, "AWS::EC2::SnapshotBlockPublicAccess") == {"State": "block-all-sharing"}


def test_findings_of_guard_duty_are_told_by_severity_and_each_once(detection: Any) -> None:
    assert told(detection, "aws.guardduty") == {
        "arn:urgent": {"severity": [{"numeric": [">=", 7]}]},
        "arn:warning": {"severity": [{"numeric": [">=", 4, "<", 7]}]},
        "arn:info": {"severity": [{"numeric": ["<", 4]}]},
    }


def test_findings_of_security_hub_are_told_while_they_are_new_unless_guard_duty_has_told_them(
    detection: Any,
) -> None:
    found = told(detection, "aws.securityhub")
    assert {topic: f["findings"]["Severity"]["Label"] for topic, f in found.items()} == {
        "arn:urgent": ["CRITICAL"],
        "arn:warning": ["HIGH"],
    }
    for pattern in found.values():
        assert pattern["findings"]["Workflow"] == {"Status": ["NEW"]}
        assert pattern["findings"]["RecordState"] == ["ACTIVE"]
        assert pattern["findings"]["ProductName"] == [{"anything-but": ["GuardDuty"]}]


def test_what_can_be_reached_from_outside_is_told(detection: Any) -> None:
    assert told(detection, "aws.access-analyzer") == {"arn:warning": {"status": ["ACTIVE"]}}


def test_every_message_is_json_and_every_value_in_it_is_taken_from_the_event(detection: Any) -> None:
    for rule in detection.find_resources("AWS::Events::Rule").values():
        [target] = rule["Properties"]["Targets"]
        text = json.loads(target["InputTransformer"]["InputTemplate"])
        named = {part.split(">")[0] for part in text.split("<")[1:]}
        assert named == set(target["InputTransformer"]["InputPathsMap"])
