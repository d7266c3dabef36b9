import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.sharing.organization import NEEDED, Organization, lacking, require
from console.aws import Aws
from console.errors import BadInput, NotReady

WHOLE = Organization.of("arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5")
UNIT = Organization.of("arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-ab12-11111111")
OWNER = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [OWNER, *statements]}


def allowing(condition: Any, actions: Any = "kms:*", principal: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*", "Condition": condition}


ORG_ID = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


def paths(*found: str) -> dict[str, Any]:
    return {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": list(found)}}


@pytest.mark.parametrize("one", [WHOLE, UNIT])
def test_the_statement_that_an_error_shows_is_enough(one: Organization) -> None:
    assert lacking(policy(), one) == NEEDED
    assert lacking(policy(json.loads(json.dumps(one.statement))), one) == ()


def test_what_lets_the_organization_in_lets_its_units_in() -> None:
    assert lacking(policy(allowing(ORG_ID)), UNIT) == ()
    assert lacking(policy(allowing(paths("o-a1b2c3d4e5/*"))), WHOLE) == ()


def test_what_aws_documents_for_a_unit_is_enough_for_it_and_not_for_the_organization() -> None:
    statement = allowing(paths("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"))
    assert lacking(policy(statement), UNIT) == ()
    assert lacking(policy(statement), WHOLE) == NEEDED


def test_the_actions_that_are_missing_are_named() -> None:
    few = ["kms:Decrypt", "kms:Describe*", "KMS:ReEncrypt*", "kms:GenerateDataKey*"]
    assert lacking(policy(allowing(ORG_ID, few)), WHOLE) == ("kms:CreateGrant",)
    assert lacking(policy(allowing(ORG_ID, few), allowing(ORG_ID, "kms:CreateGrant")), WHOLE) == ()


@pytest.mark.parametrize(
    "statement",
    [
        allowing({"StringEquals": {"aws:PrincipalOrgID": "o-another00000"}}),
        allowing({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        allowing({**ORG_ID, "Bool": {"aws:SecureTransport": "true"}}),
        allowing({"StringEquals": {**ORG_ID["StringEquals"], "aws:PrincipalTag/team": "x"}}),
        allowing(None),
        allowing(ORG_ID, principal={"AWS": "arn:aws:iam::2:root"}),
        allowing(paths("o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/*")),
        {**allowing(ORG_ID), "Action": None, "NotAction": "s3:*"},
    ],
)
def test_a_statement_that_cannot_be_judged_or_is_for_others_does_not_count(statement: dict[str, Any]) -> None:
    assert lacking(policy(statement), WHOLE) == NEEDED


def test_a_denial_of_an_action_takes_it_away() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}
    assert lacking(policy(allowing(ORG_ID), deny), WHOLE) == ("kms:CreateGrant",)
    others = {"Effect": "Deny", "Principal": "*", "NotAction": "kms:List*", "Resource": "*"}
    assert lacking(policy(allowing(ORG_ID), others), WHOLE) == NEEDED


@given(st.sets(st.sampled_from(NEEDED)), st.sets(st.sampled_from(NEEDED)))
def test_exactly_what_is_not_allowed_or_is_denied_is_lacking(allowed: set[str], denied: set[str]) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": sorted(denied), "Resource": "*"}
    found = lacking(policy(allowing(ORG_ID, sorted(allowed)), deny), WHOLE)
    assert set(found) == set(NEEDED) - (allowed - denied)


@pytest.mark.parametrize(
    "arn",
    ["o-a1b2c3d4e5", "arn:aws:organizations::1:organization/o-a1b2c3d4e5", "arn:aws:iam::999999999999:root", ""],
)
def test_what_is_no_arn_of_an_organization_is_bad_input(arn: str) -> None:
    with pytest.raises(BadInput) as caught:
        Organization.of(arn)
    assert "organization/o-" in str(caught.value)


def test_the_policy_of_a_real_key_is_read(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(NotReady) as caught:
        require(aws, key, WHOLE)
    assert json.loads(caught.value.expected or "") == WHOLE.statement
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy(WHOLE.statement)))
    require(aws, key, WHOLE)
