"""Least privilege for the deployment itself: execution policies and a permissions boundary, computed from templates.

- The **execution policies** are what CloudFormation may do while it deploys: the handler permissions that the provider
  schemas name for the resource types of the templates, and no other.
- The **boundary** is the most that a role made by a template can ever do: what the templates grant to roles today. A
  role without it cannot be made, and nobody who deploys can take it away.

Pure functions. `python -m infra execution-policy` writes the result into a file that is reviewed in git.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby

from console.errors import BadInput
from infra.permissions import BOUNDARY
from infra.synthesized import Json, Stack
from provider_schemas import schema

EXECUTION = "kiln-execution"
POLICY_CHARACTERS = 6144
"""Of a managed policy, white space not counted; and ten policies to a role.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
POLICIES_PER_ROLE = 10

HANDLERS = ("create", "read", "update", "delete")
OF_CUSTOM_RESOURCES = ("lambda:InvokeFunction",)
OF_CLOUDFORMATION = (
    "cloudwatch:DescribeAlarms",
    "ec2:DescribeImages",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ssm:GetParameters",
)
"""What CloudFormation asks with the same role beside the handlers: values of SSM-typed parameters, whether what they
name exists, and the alarms of a rollback."""

ROLES = "arn:*:iam::*:role/Payroll-*"
"""CloudFormation begins the name of a role with that of its stack."""
PASSED_ROLES = (ROLES, "arn:*:iam::*:role/aws-service-role/*")
KILNS_POLICIES = "arn:*:iam::*:policy/kiln-*"
BOUNDARY_ARN = f"arn:*:iam::*:policy/{BOUNDARY}"
ONLY_WITH_BOUNDARY = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
"""Actions that know the key iam:PermissionsBoundary and could give a role more than it has.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"""


ACTIONS_OF_MANAGED_POLICIES: Mapping[str, Sequence[str]] = {
    "service-role/AmazonRDSEnhancedMonitoringRole": (
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
        "logs:PutRetentionPolicy",
    ),
}
"""What AWS's own policies allow, where a role has one:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"""


@dataclass(frozen=True, slots=True)
class Policies:
    """Names and documents of all policies that an account needs before its first deployment."""

    boundary: Json
    execution: tuple[Json, ...]

    def by_name(self) -> dict[str, Json]:
        """Name → document; the boundary first, for the others name it."""
        numbered = {f"{EXECUTION}-{number}": document for number, document in enumerate(self.execution, start=1)}
        return {BOUNDARY: self.boundary} | numbered


def compute(stacks: Sequence[Stack]) -> Policies:
    """The policies for all of these stacks.

    Errors: BadInput for a resource type without a schema, for a managed policy whose actions are not known, for an
    action on everything, and where AWS's limits do not hold what is needed.
    """
    return Policies(_boundary(stacks), _execution(stacks))


def _execution(stacks: Sequence[Stack]) -> tuple[Json, ...]:
    types = {(resource["Type"], stack.region) for stack in stacks for _, resource in stack.resources()}
    actions = set(OF_CLOUDFORMATION).union(*(_of_type(name, region) for name, region in types))
    statements = list(_statements(_without_covered(actions)))
    documents = tuple(_packed(statements, first=_guards()))
    if len(documents) > POLICIES_PER_ROLE:
        raise BadInput(
            "the execution policies are too many for one role",
            found=str(len(documents)),
            expected=f"at most {POLICIES_PER_ROLE}",
        )
    return documents


def _of_type(name: str, region: str) -> Iterable[str]:
    if name.startswith("Custom::") or name == "AWS::CloudFormation::CustomResource":
        return OF_CUSTOM_RESOURCES
    known = schema(region, name)
    if known is None:
        raise BadInput("there is no provider schema of a resource type", found=name, where=region)
    handlers = known.body.get("handlers", {})
    return {action for handler in HANDLERS for action in handlers.get(handler, {}).get("permissions", ())}


def _without_covered(actions: Iterable[str]) -> list[str]:
    """Sorted, without those that a wildcard among them covers; as IAM, without regard to case."""
    wanted = sorted({action.lower(): action for action in sorted(actions)}.values())
    wildcards = [action for action in wanted if "*" in action]
    return [a for a in wanted if not any(a != w and fnmatchcase(a.lower(), w.lower()) for w in wildcards)]


def _statements(actions: Iterable[str]) -> Iterator[Json]:
    """One statement for each service, and those of IAM that need more words."""
    for service, group in groupby(actions, lambda action: action.partition(":")[0]):
        if service == "iam":
            yield from _of_iam(list(group))
        else:
            yield _allow(list(group))


def _of_iam(actions: Sequence[str]) -> Iterator[Json]:
    """Roles can be made and given permissions only with the boundary, and passed only where they are Payroll's."""
    bounded = [action for action in actions if action in ONLY_WITH_BOUNDARY]
    special = {*bounded, "iam:PassRole", "iam:DeleteRolePermissionsBoundary"}
    if others := [action for action in actions if action not in special]:
        yield _allow(others)
    if bounded:
        condition = {"StringLike": {"iam:PermissionsBoundary": BOUNDARY_ARN}}
        yield _allow(bounded, ROLES) | {"Condition": condition}
    if "iam:PassRole" in actions:
        yield _allow(["iam:PassRole"], list(PASSED_ROLES))


def _guards() -> Json:
    """What no deployment may ever do, whatever else is allowed."""
    return {
        "Effect": "Deny",
        "Action": ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"],
        "Resource": [ROLES, KILNS_POLICIES],
    }


def _allow(actions: Sequence[str], resource: str | Sequence[str] = "*") -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _packed(statements: Iterable[Json], first: Json) -> Iterator[Json]:
    """Documents within the size of a managed policy, in the order of the statements; a long statement is divided."""
    current = [first]
    for statement in statements:
        rest: Json | None = statement
        while rest:
            taken, rest = _what_fits(current, rest)
            if taken:
                current.append(taken)
            if rest:
                yield _document(current)
                current = []
    yield _document(current)


def _what_fits(current: Sequence[Json], statement: Json) -> tuple[Json | None, Json | None]:
    """As much of a statement as the document still takes, and what is left of it; an empty document takes something."""
    actions = statement["Action"]
    for count in range(len(actions), 0, -1):
        part = statement | {"Action": actions[:count]}
        if size(_document([*current, part])) <= POLICY_CHARACTERS:
            return part, (statement | {"Action": actions[count:]} if count < len(actions) else None)
    return None, statement


def _document(statements: Sequence[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size(document: Json) -> int:
    """Characters as IAM counts them: without white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _boundary(stacks: Sequence[Stack]) -> Json:
    """Everything that any role of the templates is granted, and nothing of IAM's own administration."""
    granted = set[str]()
    for stack in stacks:
        for logical_id, role in stack.resources("AWS::IAM::Role"):
            granted |= set(_of_managed_policies(stack, logical_id, role))
        for where, document in identity_policies(stack):
            granted |= set(_allowed(where, document))
    document = _document([_allow(group) for group in _by_service(_without_covered(granted))])
    if size(document) > POLICY_CHARACTERS:
        raise BadInput(
            "the boundary is too large for a managed policy",
            found=f"{size(document)} characters",
            expected=f"at most {POLICY_CHARACTERS}",
        )
    return document


def _by_service(actions: Iterable[str]) -> Iterator[list[str]]:
    for _, group in groupby(actions, lambda action: action.partition(":")[0]):
        yield list(group)


def identity_policies(stack: Stack) -> Iterator[tuple[str, Json]]:
    """Where it stands, and the document, of every policy that a stack gives to its roles."""
    for logical_id, resource in stack.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        yield f"{stack.name}: {logical_id}", resource["Properties"]["PolicyDocument"]
    for logical_id, role in stack.resources("AWS::IAM::Role"):
        for policy in role.get("Properties", {}).get("Policies", ()):
            yield f"{stack.name}: {logical_id}", policy["PolicyDocument"]


def _allowed(where: str, document: Json) -> Iterator[str]:
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            if action == "*" or action.endswith(":*"):
                raise BadInput("a role may do everything", where=where, found=action, expected="single actions")
            yield action


def _of_managed_policies(stack: Stack, logical_id: str, role: Json) -> Iterator[str]:
    for arn in role.get("Properties", {}).get("ManagedPolicyArns", ()):
        name = next((name for name in ACTIONS_OF_MANAGED_POLICIES if name in json.dumps(arn)), None)
        if name is None:
            raise BadInput(
                "a role has a managed policy whose actions the boundary does not know",
                where=f"{stack.name}: {logical_id}",
                found=json.dumps(arn),
                expected="a policy of its own, or an entry in ACTIONS_OF_MANAGED_POLICIES",
            )
        yield from ACTIONS_OF_MANAGED_POLICIES[name]
