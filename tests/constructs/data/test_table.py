from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.data.table import Attribute, Table
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(*(f"arn:aws:sns:eu-west-1:111111111111:{name}" for name in ("urgent", "warning", "info")))


def table_of(**changed: Any) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        properties = {
            "partition_key": Attribute("id"),
            "recovery_days": cdk.Token.as_number(cdk.CfnParameter(stack, "Days").value),
            "deletion_protection": cdk.CfnParameter(stack, "Protected").value_as_string,
        } | changed
        Table(stack, "Table", key_arn="arn:key", topics=TOPICS, **properties)

    return build


def table(template: Any) -> dict[str, Any]:
    [found] = template.find_resources("AWS::DynamoDB::Table").values()
    return dict(found)


def test_it_recovers_is_encrypted_and_protected_as_the_values_say(template: Callable[..., Any]) -> None:
    found = table(template(table_of()))["Properties"]
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": {"Ref": "Days"}}
    assert found["PointInTimeRecoverySpecification"] == recovery
    assert found["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:key"}
    assert found["DeletionProtectionEnabled"] == {"Ref": "Protected"}
    assert found["BillingMode"] == "PAY_PER_REQUEST"
    optional = {"ResourcePolicy", "TableName", "TimeToLiveSpecification", "ContributorInsightsSpecification"}
    assert not optional & found.keys()


def test_it_outlives_its_stack(template: Callable[..., Any]) -> None:
    found = table(template(table_of()))
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_key_expiry_and_insights_are_as_wanted(template: Callable[..., Any]) -> None:
    wanted = {"sort_key": Attribute("at", "N"), "expiry_attribute": "expires_at", "contributor_insights": True}
    found = table(template(table_of(**wanted)))["Properties"]
    assert found["KeySchema"] == [
        {"AttributeName": "id", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    assert {a["AttributeName"]: a["AttributeType"] for a in found["AttributeDefinitions"]} == {"id": "S", "at": "N"}
    assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert found["ContributorInsightsSpecification"] == {"Enabled": True}


def test_somebody_is_told_when_it_refuses_requests(template: Callable[..., Any]) -> None:
    alarms = template(table_of()).find_resources("AWS::CloudWatch::Alarm").values()
    assert {a["Properties"]["MetricName"] for a in alarms} == {"ReadThrottleEvents", "WriteThrottleEvents"}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"recovery_days": 0}, "recovery_days"),
        ({"recovery_days": 36}, "recovery_days"),
        ({"partition_key": Attribute("id", "JSON")}, "the kind of id"),
        ({"expiry_attribute": "id"}, "expiry_attribute"),
    ],
)
def test_nonsense_is_refused(template: Callable[..., Any], changed: dict[str, Any], name: str) -> None:
    with pytest.raises(WrongProperty) as refused:
        template(table_of(**changed))
    assert (refused.value.path, refused.value.name) == ("Stack/Table", name)
