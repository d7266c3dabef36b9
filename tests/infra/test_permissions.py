import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from console.errors import BadInput
from infra.commands.execution_policy import FILE
from infra.permissions import BOUNDARY
from infra.permissions.account import Action, PolicyAccount, plan
from infra.permissions.policies import (
    EXECUTION,
    HANDLERS,
    POLICIES_PER_ROLE,
    POLICY_CHARACTERS,
    compute,
    size,
)
from infra.synthesized import Stack
from provider_schemas import schema


def stack(**resources: dict[str, Any]) -> Stack:
    return Stack("S-Web", "Web", "Stage", "444444444444", "eu-west-1", {"Resources": resources})


def role(*actions: str, **properties: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy] if actions else [], **properties}}


def allowed(documents: Any) -> list[dict[str, Any]]:
    return [s for document in documents for s in document["Statement"] if s["Effect"] == "Allow"]


def covers(statements: list[dict[str, Any]], action: str) -> bool:
    return any(fnmatchcase(action.lower(), a.lower()) for s in statements for a in s["Action"])


def test_a_deployment_may_do_what_the_handlers_of_its_types_do(application: tuple[Stack, ...]) -> None:
    statements = allowed(compute(application).execution)
    for type_name in {r["Type"] for s in application for _, r in s.resources()}:
        known = schema("eu-west-1", type_name)
        handlers = known.body.get("handlers", {}) if known else {}
        for handler in HANDLERS:
            for action in handlers.get(handler, {}).get("permissions", ()):
                assert action == "iam:DeleteRolePermissionsBoundary" or covers(statements, action), (type_name, action)


def test_a_deployment_may_do_nothing_for_types_that_it_does_not_have() -> None:
    documents = compute([stack(Topic={"Type": "AWS::SNS::Topic", "Properties": {}})]).execution
    services = {action.partition(":")[0] for s in allowed(documents) for action in s["Action"]}
    assert services <= {"sns", "iam", "cloudwatch", "ec2", "ssm"}
    assert not covers(allowed(documents), "ec2:RunInstances")
    assert not covers(allowed(documents), "rds:DeleteDBCluster")


def test_no_statement_allows_everything(application: tuple[Stack, ...]) -> None:
    policies = compute(application)
    for statement in allowed([*policies.execution, policies.boundary]):
        assert not [a for a in statement["Action"] if a == "*" or a.endswith(":*")]


def test_a_role_can_be_made_and_given_permissions_only_with_the_boundary(application: tuple[Stack, ...]) -> None:
    statements = allowed(compute(application).execution)
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"):
        for statement in (s for s in statements if action in s["Action"]):
            assert statement["Condition"]["StringLike"]["iam:PermissionsBoundary"].endswith(f":policy/{BOUNDARY}")
            assert statement["Resource"] == "arn:*:iam::*:role/Payroll-*"


def test_the_boundary_can_neither_be_taken_off_nor_changed(application: tuple[Stack, ...]) -> None:
    [denied] = [s for d in compute(application).execution for s in d["Statement"] if s["Effect"] == "Deny"]
    assert {"iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"} <= set(denied["Action"])
    assert "arn:*:iam::*:policy/kiln-*" in denied["Resource"]


def test_every_role_of_the_templates_has_the_boundary(application: tuple[Stack, ...]) -> None:
    roles = [(s.name, i, r) for s in application for i, r in s.resources("AWS::IAM::Role")]
    assert roles
    assert [
        where
        for *where, r in roles
        if f"policy/{BOUNDARY}" not in json.dumps(r["Properties"].get("PermissionsBoundary"))
    ] == []


def test_the_boundary_holds_what_roles_are_granted_and_nothing_else() -> None:
    boundary = compute([stack(A=role("s3:GetObject", "sqs:SendMessage"), B=role("s3:Get*"))]).boundary
    assert [s["Action"] for s in boundary["Statement"]] == [["s3:Get*"], ["sqs:SendMessage"]]


@pytest.mark.parametrize("action", ["*", "s3:*"])
def test_a_role_that_may_do_everything_is_refused(action: str) -> None:
    with pytest.raises(BadInput, match="may do everything"):
        compute([stack(A=role(action))])


def test_a_managed_policy_that_nobody_knows_is_refused() -> None:
    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/PowerUserAccess"]]}
    with pytest.raises(BadInput, match="S-Web: A"):
        compute([stack(A=role(ManagedPolicyArns=[arn]))])


def test_a_type_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="AWS::Nothing::Here"):
        compute([stack(A={"Type": "AWS::Nothing::Here"})])


TYPES = ["AWS::SNS::Topic", "AWS::RDS::DBCluster", "AWS::EC2::VPC", "AWS::Lambda::Function", "AWS::S3::Bucket"]


@given(types=st.sets(st.sampled_from(TYPES), min_size=1))
def test_policies_fit_the_limits_of_iam_whatever_the_types(types: set[str]) -> None:
    documents = compute([stack(**{f"R{n}": {"Type": name} for n, name in enumerate(sorted(types))})]).execution
    assert len(documents) <= POLICIES_PER_ROLE
    assert all(size(document) <= POLICY_CHARACTERS for document in documents)


def test_the_policies_in_the_tree_are_those_of_the_templates(application: tuple[Stack, ...]) -> None:
    assert json.loads(FILE.read_text()) == compute(application).by_name(), "run: python -m infra execution-policy"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[PolicyAccount]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield PolicyAccount()


def put(account: PolicyAccount, documents: dict[str, Any]) -> list[Action]:
    steps = plan(documents, {name: account.document(name) for name in documents})
    for step in steps:
        account.put(step, documents[step.name])
    return [step.action for step in steps]


def document(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


def test_policies_are_created_once_and_then_kept(account: PolicyAccount) -> None:
    documents = {BOUNDARY: document("s3:GetObject"), f"{EXECUTION}-1": document("sns:CreateTopic")}
    assert put(account, documents) == [Action.CREATE, Action.CREATE]
    assert put(account, documents) == [Action.KEEP, Action.KEEP]
    assert account.document(BOUNDARY) == documents[BOUNDARY]


def test_a_changed_policy_gets_a_new_version_also_the_sixth_time(account: PolicyAccount) -> None:
    for number in range(7):
        assert put(account, {BOUNDARY: document(f"s3:Get{number}")}) == [Action.UPDATE if number else Action.CREATE]
        assert account.document(BOUNDARY) == document(f"s3:Get{number}")
    versions = boto3.client("iam", region_name="us-east-1").list_policy_versions(PolicyArn=account.arn(BOUNDARY))
    assert len(versions["Versions"]) == 5
