import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kiln.account import account_defaults_function
from kiln.account.account_defaults import SOURCE, AccountDefaults, ClosedDefaultGroup
from kiln.operations.log_group import Records
from kiln.refusal import WrongProperty

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
LOGS_KEY = "arn:aws:kms:eu-west-1:111111111111:key/2"
INLINE_BYTES = 4096
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html"""
CONTEXT = SimpleNamespace(log_stream_name="2026/11/21/[$LATEST]1")


@pytest.fixture
def defaults(template: Callable[..., Any]) -> Any:
    def build(stack: Any) -> None:
        made = AccountDefaults(stack, "Defaults", key_arn=KEY, records=Records(key_arn=LOGS_KEY, days=30))
        ClosedDefaultGroup(stack, "Group", function_arn=made.function_arn, vpc_id="vpc-1")

    return template(build)


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def test_the_internet_gets_in_nowhere_by_default(defaults: Any) -> None:
    assert properties(defaults, "AWS::EC2::VPCBlockPublicAccessOptions") == {
        "InternetGatewayBlockMode": "block-ingress"
    }


def test_a_mode_that_aws_does_not_know_is_refused(template: Callable[..., Any]) -> None:
    records = Records(key_arn=LOGS_KEY, days=30)
    with pytest.raises(WrongProperty, match="internet is 'off'; expected one of block-ingress, block-bidirectional"):
        template(lambda stack: AccountDefaults(stack, "D", key_arn=KEY, records=records, internet="off"))


def test_the_function_is_its_source_inline_and_small_enough(defaults: Any) -> None:
    function = properties(defaults, "AWS::Lambda::Function")
    source = function["Code"]["ZipFile"]
    assert source == SOURCE.read_text()
    assert len(source.encode()) < INLINE_BYTES
    assert function["Handler"] == "index.handler"


def test_the_function_may_change_these_settings_and_nothing_else(defaults: Any) -> None:
    role = properties(defaults, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    allowed = {s["Sid"]: (s["Action"], s["Resource"]) for s in policy["PolicyDocument"]["Statement"]}
    actions, resource = allowed["SettingsOfTheAccount"]
    assert resource == "*"
    assert actions == [
        "ec2:DescribeSecurityGroups",
        "ec2:EnableEbsEncryptionByDefault",
        "ec2:ModifyEbsDefaultKmsKeyId",
        "s3:PutAccountPublicAccessBlock",
    ]
    assert [r for sid, (_, r) in allowed.items() if sid != "SettingsOfTheAccount" and r == "*"] == []


def test_its_log_is_encrypted(defaults: Any) -> None:
    assert properties(defaults, "AWS::Logs::LogGroup") == {"KmsKeyId": LOGS_KEY, "RetentionInDays": 30}


def test_each_default_is_a_resource_that_waits_minutes_and_not_an_hour(defaults: Any) -> None:
    for kind, name, value in (
        ("EncryptedVolumes", "KeyArn", KEY),
        ("PrivateBuckets", "AccountId", {"Ref": "AWS::AccountId"}),
        ("ClosedDefaultGroup", "VpcId", "vpc-1"),
    ):
        found = properties(defaults, f"Custom::{kind}")
        assert found[name] == value
        assert found["ServiceTimeout"] == 120
        assert "Fn::GetAtt" in found["ServiceToken"]


# From here on the function itself, against the APIs that it calls.


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What CloudFormation is told; the APIs of AWS are moto's."""
    told: list[Any] = []

    def take(request: Any, timeout: float) -> Any:
        assert (request.method, request.full_url) == ("PUT", "https://answer.example/")
        told.append(json.loads(request.data))
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr("urllib.request.urlopen", take)
    for name, value in (
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield told


def ask(kind: str, request: str = "Create", physical_id: str | None = None, **given: str) -> None:
    event: dict[str, Any] = {
        "RequestType": request,
        "ResourceType": f"Custom::{kind}",
        "ResponseURL": "https://answer.example/",
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Default",
        "ResourceProperties": {"ServiceToken": "arn:function"} | given,
    }
    account_defaults_function.handler(event | ({"PhysicalResourceId": physical_id} if physical_id else {}), CONTEXT)


def default_group(vpc: str) -> Any:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    [group] = boto3.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return group


@pytest.mark.parametrize("times", [1, 2])
def test_closing_the_default_group_leaves_it_without_rules_however_often_it_is_asked(
    answers: list[Any], times: int
) -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = default_group(vpc)
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    assert default_group(vpc)["IpPermissionsEgress"]
    for _ in range(times):
        ask("ClosedDefaultGroup", VpcId=vpc)
    closed = default_group(vpc)
    assert (closed["IpPermissions"], closed["IpPermissionsEgress"]) == ([], [])
    assert answers[-1] == {
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Default",
        "PhysicalResourceId": vpc,
        "Status": "SUCCESS",
    }


def test_only_the_default_group_of_that_vpc_is_touched(answers: list[Any]) -> None:
    ec2 = boto3.client("ec2")
    vpc, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (0, 1))
    ask("ClosedDefaultGroup", VpcId=vpc)
    assert default_group(other)["IpPermissionsEgress"]


def test_new_volumes_are_encrypted_with_the_key_that_is_named_also_after_a_change(answers: list[Any]) -> None:
    ec2, kms = boto3.client("ec2"), boto3.client("kms")
    for request in ("Create", "Update"):
        key = kms.create_key()["KeyMetadata"]["Arn"]
        ask("EncryptedVolumes", request, KeyArn=key)
        assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
        volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, Encrypted=True)
        assert volume["KmsKeyId"] == key
    assert [answer["PhysicalResourceId"] for answer in answers] == ["volumes", "volumes"]


def test_no_bucket_of_the_account_can_become_public(answers: list[Any]) -> None:
    account = boto3.client("sts").get_caller_identity()["Account"]
    ask("PrivateBuckets", AccountId=account)
    found = boto3.client("s3control").get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]
    assert found == dict.fromkeys(account_defaults_function.CLOSED, True)


def test_deleting_leaves_the_account_as_safe_as_it_was(answers: list[Any]) -> None:
    ec2 = boto3.client("ec2")
    ask("EncryptedVolumes", KeyArn=boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
    ask("EncryptedVolumes", "Delete", physical_id="volumes", KeyArn=KEY)
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert (answers[-1]["Status"], answers[-1]["PhysicalResourceId"]) == ("SUCCESS", "volumes")


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [("ClosedDefaultGroup", {"VpcId": "vpc-absent"}, "no default group"), ("Unheard", {}, "Custom::Unheard")],
)
def test_what_fails_is_told_at_once_with_the_reason(
    answers: list[Any], kind: str, given: dict[str, str], text: str
) -> None:
    ask(kind, **given)
    [answer] = answers
    assert answer["Status"] == "FAILED"
    assert text in answer["Reason"]
    assert CONTEXT.log_stream_name in answer["Reason"]
    assert answer["PhysicalResourceId"]
