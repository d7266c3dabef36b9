from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.operations_documents import OperationsDocuments, instances_of_tiers
from kiln.refusal import WrongProperty

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
GIVEN: dict[str, Any] = {"service_prefix": "shop-", "tiers": ["web", "worker"], "key_arn": KEY, "keep_days": 30}


@pytest.fixture
def operations(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        made = OperationsDocuments(stack, "Operations", **GIVEN)
        for name, document in made.names.items():
            cdk.CfnOutput(stack, name, value=document)

    return template(build)


def statements(operations: Any, resource_type: str) -> dict[str, dict[str, Any]]:
    [policy] = operations.find_resources(resource_type).values()
    return {s["Sid"]: s for s in policy["Properties"]["PolicyDocument"]["Statement"] if "Sid" in s}


def test_there_are_three_documents_and_their_names_are_given_by_cloudformation(operations: Any) -> None:
    documents = operations.find_resources("AWS::SSM::Document")
    names = {name: output["Value"]["Ref"] for name, output in operations.find_outputs("*").items()}
    assert set(names) == {"status", "restart", "logs"}
    assert set(names.values()) == set(documents)
    for document in documents.values():
        properties = document["Properties"]
        assert "Name" not in properties
        assert properties["DocumentType"] == "Command"
        assert properties["UpdateMethod"] == "NewVersion"
        assert properties["TargetType"] == "/AWS::EC2::Instance"
        assert properties["Content"]["parameters"]["Service"]["allowedPattern"] == "^shop-[a-z0-9-]{1,40}$"


def test_an_operator_may_send_these_documents_to_instances_of_these_tiers_and_nothing_else(operations: Any) -> None:
    found = statements(operations, "AWS::IAM::ManagedPolicy")
    sent = {sid: s for sid, s in found.items() if s["Action"] == "ssm:SendCommand"}
    assert set(sent) == {"TheseDocuments", "OnTheseTiers"}
    documents = {arn["Fn::Join"][1][-1]["Ref"] for arn in sent["TheseDocuments"]["Resource"]}
    assert documents == set(operations.find_resources("AWS::SSM::Document"))
    assert sent["OnTheseTiers"]["Condition"] == {"StringEquals": {"ssm:resourceTag/kiln:tier": ["web", "worker"]}}
    everywhere = [sid for sid, s in found.items() if s["Resource"] == "*"]
    assert everywhere == ["Outcomes"]


def test_an_operator_reads_the_collected_logs_through_s3_only(operations: Any) -> None:
    found = statements(operations, "AWS::IAM::ManagedPolicy")
    assert found["ReadLogs"]["Action"] == "s3:GetObject"
    assert found["DecryptLogs"]["Resource"] == KEY
    assert list(found["DecryptLogs"]["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_an_instance_writes_only_under_the_name_of_its_tier(operations: Any) -> None:
    writes = statements(operations, "AWS::S3::BucketPolicy")["EachTierUnderItsName"]
    assert writes["Action"] == "s3:PutObject"
    assert writes["Resource"]["Fn::Join"][1][-1] == "/${aws:PrincipalTag/kiln:tier}/*"
    assert writes["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}},
        "StringLike": {"aws:PrincipalTag/kiln:tier": "?*"},
    }


def test_instances_may_encrypt_through_s3_only_and_only_those_of_a_tier() -> None:
    user = instances_of_tiers()
    assert set(user.actions) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert user.condition["StringLike"] == {"aws:PrincipalTag/kiln:tier": "?*"}
    assert "kms:ViaService" in user.condition["StringEquals"]  # type: ignore[operator]


@pytest.mark.parametrize("prefix", ["", "shop", "Shop-", "-", ".*-"])
def test_a_prefix_that_would_let_other_services_through_is_refused(template: Callable[..., Any], prefix: str) -> None:
    with pytest.raises(WrongProperty, match="Stack/Operations: service_prefix is"):
        template(lambda stack: OperationsDocuments(stack, "Operations", **{**GIVEN, "service_prefix": prefix}))


def test_documents_for_no_tier_are_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/Operations: tiers is \[\]; expected at least one value"):
        template(lambda stack: OperationsDocuments(stack, "Operations", **{**GIVEN, "tiers": []}))
