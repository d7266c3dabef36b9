from collections.abc import Callable
from typing import Any

import pytest

from kiln.images.image_factory import ImageFactory
from kiln.refusal import WrongProperty

ACCOUNTS = ["222222222222", "444444444444"]


@pytest.fixture
def factory(template: Callable[..., Any]) -> Any:
    return template(
        lambda stack: ImageFactory(stack, "F", cidr="10.90.0.0/16", key_alias="test/images", account_ids=ACCOUNTS)
    )


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def test_ssh_and_winrm_are_open_from_inside_the_bake_network_and_nothing_else_is(factory: Any) -> None:
    group = properties(factory, "AWS::EC2::SecurityGroup")
    admitted = [(r["CidrIp"], r["FromPort"], r["ToPort"]) for r in group["SecurityGroupIngress"]]
    let_out = sorted(r["FromPort"] for r in group["SecurityGroupEgress"])
    assert admitted == [("10.90.0.0/16", port, port) for port in (22, 5986)]
    assert let_out == [80, 443]


def test_builders_have_no_public_address_and_go_out_by_the_nat_gateway(factory: Any) -> None:
    factory.all_resources_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})
    [nat] = factory.find_resources("AWS::EC2::NatGateway")
    ways = [r["Properties"].get("NatGatewayId") for r in factory.find_resources("AWS::EC2::Route").values()]
    assert {"Ref": nat} in ways


def test_builders_have_a_subnet_in_each_of_three_zones_and_one_way_out(factory: Any) -> None:
    subnets = {n: r["Properties"] for n, r in factory.find_resources("AWS::EC2::Subnet").items() if "Builders" in n}
    assert sorted(one["AvailabilityZone"]["Fn::Select"][0] for one in subnets.values()) == [0, 1, 2]
    assert len({str(one["CidrBlock"]) for one in subnets.values()}) == 3
    ways = {n: r["Properties"] for n, r in factory.find_resources("AWS::EC2::SubnetRouteTableAssociation").items()}
    tables = {str(one["RouteTableId"]) for name, one in ways.items() if "Builders" in name}
    assert len(tables) == 1


def test_a_builder_may_do_nothing_in_aws(factory: Any) -> None:
    [role] = [r["Properties"] for name, r in factory.find_resources("AWS::IAM::Role").items() if "Builder" in name]
    assert "ManagedPolicyArns" not in role
    assert "Policies" not in role
    [builder] = [name for name in factory.find_resources("AWS::IAM::Role") if "Builder" in name]
    policies = factory.find_resources("AWS::IAM::Policy").values()
    assert not [policy for policy in policies if {"Ref": builder} in policy["Properties"]["Roles"]]


def test_other_accounts_may_launch_from_the_images_but_not_encrypt_or_manage(factory: Any) -> None:
    statements = properties(factory, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    of_others = [s for s in statements if any(account in str(s["Principal"]) for account in ACCOUNTS)]
    actions = {a for s in of_others for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}
    for statement in of_others:
        assert all(account in str(statement["Principal"]) for account in ACCOUNTS)
    assert actions == {
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncrypt*",
    }


def test_the_key_is_rotated_and_outlives_the_stack(factory: Any) -> None:
    factory.has_resource("AWS::KMS::Key", {"DeletionPolicy": "Retain", "Properties": {"EnableKeyRotation": True}})


def test_the_bucket_is_private_versioned_encrypted_and_outlives_the_stack(factory: Any) -> None:
    [key] = factory.find_resources("AWS::KMS::Key")
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": [key, "Arn"]}}
    factory.has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Retain",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": encryption}
                    ]
                },
            },
        },
    )


def test_the_bucket_refuses_anything_but_modern_tls(factory: Any) -> None:
    statements = properties(factory, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert all(statement["Effect"] == "Deny" for statement in statements)
    assert [statement["Condition"] for statement in statements] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": 1.2}},
    ]


def test_without_other_accounts_the_key_is_for_this_one_alone(template: Callable[..., Any]) -> None:
    alone = template(
        lambda stack: ImageFactory(stack, "F", cidr="10.90.0.0/16", key_alias="test/images", account_ids=[])
    )
    owner, logs = properties(alone, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert (owner["Action"], logs["Sid"]) == ("kms:*", "CloudWatchLogs")


def test_what_builders_fetched_is_written_down(factory: Any) -> None:
    [vpc] = factory.find_resources("AWS::EC2::VPC")
    flow = properties(factory, "AWS::EC2::FlowLog")
    assert (flow["ResourceId"], flow["TrafficType"]) == ({"Ref": vpc}, "ALL")
    assert properties(factory, "AWS::Logs::LogGroup")["RetentionInDays"] == 90


@pytest.mark.parametrize("wrong", ["*", "o-a1b2c3d4e5/*", "r-ab12", "o-a1b2c3d4e5/ou-ab12-11111111/ou-ab12-22222222"])
def test_what_is_no_organization_and_no_unit_of_one_is_refused(template: Callable[..., Any], wrong: str) -> None:
    named: dict[str, Any] = {"account_ids": [], "organizations": ["o-a1b2c3d4e5", wrong]}
    with pytest.raises(WrongProperty) as caught:
        template(lambda stack: ImageFactory(stack, "F", cidr="10.90.0.0/16", key_alias="test/images", **named))
    assert "organizations" in str(caught.value) and wrong in str(caught.value)
