from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.data import key_user, volume_key_user
from kiln.data.key import Key
from kiln.optional import is_set
from kiln.refusal import WrongProperty


@pytest.fixture
def policy(template: Callable[..., Any]) -> Callable[..., list[Any]]:
    """The statements of a key's policy, without the first, which is the owner's."""

    def build(*users: key_user.KeyUser) -> list[Any]:
        made = template(lambda stack: Key(stack, "Key", description="Data", users=users))
        [key] = made.find_resources("AWS::KMS::Key").values()
        owner, *rest = key["Properties"]["KeyPolicy"]["Statement"]
        assert (owner["Action"], owner["Resource"]) == ("kms:*", "*")
        assert ":root" in str(owner["Principal"])
        return list(rest)

    return build


def test_a_key_is_rotated_outlives_its_stack_and_can_long_be_saved(template: Callable[..., Any]) -> None:
    made = template(lambda stack: Key(stack, "Key", description="Data"))
    made.has_resource(
        "AWS::KMS::Key",
        {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"EnableKeyRotation": True, "RotationPeriodInDays": 365, "PendingWindowInDays": 30},
        },
    )
    made.resource_count_is("AWS::KMS::Alias", 0)


def test_nobody_but_its_account_may_use_a_key_by_default(policy: Callable[..., list[Any]]) -> None:
    assert policy() == []


@pytest.mark.parametrize("days", [0, 89, 2561])
def test_a_rotation_that_kms_does_not_offer_is_refused(template: Callable[..., Any], days: int) -> None:
    with pytest.raises(WrongProperty, match=rf"Stack/Key: rotation_days is {days}; expected 90 to 2560 days"):
        template(lambda stack: Key(stack, "Key", description="Data", rotation_days=days))


def test_a_user_named_twice_is_refused(template: Callable[..., Any]) -> None:
    users = [key_user.cloudtrail(), key_user.cloudtrail()]
    with pytest.raises(WrongProperty, match="users is 'CloudTrail, CloudTrail'; expected each user once"):
        template(lambda stack: Key(stack, "Key", description="Data", users=users))


def test_log_groups_of_this_account_and_region_use_it_and_no_others(policy: Callable[..., list[Any]]) -> None:
    [statement] = policy(key_user.cloudwatch_logs())
    [[name, pattern]] = statement["Condition"]["ArnLike"].items()
    assert name == "kms:EncryptionContext:aws:logs:arn"
    assert {"Ref": "AWS::AccountId"} in pattern["Fn::Join"][1]
    assert statement["Principal"]["Service"]["Fn::Join"][1] == ["logs.", {"Ref": "AWS::Region"}, ".amazonaws.com"]


@pytest.mark.parametrize(
    "user", [key_user.cloudtrail(), key_user.cloudfront(), key_user.service("Config", "config.amazonaws.com")]
)
def test_a_service_uses_it_for_this_account_only(policy: Callable[..., list[Any]], user: key_user.KeyUser) -> None:
    [statement] = policy(user)
    assert {"Ref": "AWS::AccountId"} in _leaves(statement["Condition"])
    assert "kms:*" not in statement["Action"]


@pytest.mark.parametrize(
    ("users", "service"),
    [(volume_key_user.auto_scaling_volumes(), "ec2."), ([key_user.auto_scaling_notices()], "sns.")],
)
def test_auto_scaling_is_its_role_of_this_account_and_comes_through_one_service(
    policy: Callable[..., list[Any]], users: tuple[key_user.KeyUser, ...], service: str
) -> None:
    for statement in policy(*users):
        assert statement["Principal"] == {"AWS": "*"}
        condition = statement["Condition"]
        assert condition["StringEquals"]["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
        assert condition["StringEquals"]["kms:ViaService"]["Fn::Join"][1][0] == service
        assert "AWSServiceRoleForAutoScaling" in str(condition["ArnLike"]["aws:PrincipalArn"])


def test_grants_are_for_services_of_aws_only(policy: Callable[..., list[Any]]) -> None:
    granting = [s for s in policy(*volume_key_user.auto_scaling_volumes()) if "kms:CreateGrant" in s["Action"]]
    assert [s["Condition"]["Bool"] for s in granting] == [{"kms:GrantIsForAWSResource": "true"}]


def test_the_account_of_the_copies_uses_it_only_where_there_is_one(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        account = cdk.CfnParameter(stack, "Account").value_as_string
        Key(stack, "Key", description="D", users=volume_key_user.copies_to(account, is_set(stack, "Copies", account)))

    [key] = template(build).find_resources("AWS::KMS::Key").values()
    for statement in key["Properties"]["KeyPolicy"]["Statement"][1:]:
        condition, body, otherwise = statement["Fn::If"]
        assert (condition, otherwise) == ("Copies", {"Ref": "AWS::NoValue"})
        assert {"Ref": "Account"} in _leaves(body["Principal"])


def _leaves(value: Any) -> list[Any]:
    """Every mapping and text inside of a value."""
    if isinstance(value, dict):
        return [value, *(leaf for each in value.values() for leaf in _leaves(each))]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]
