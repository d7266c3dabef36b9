"""May an organization, or a unit of one, use a key? Read from the key's policy, the only place that can let it in.

Pure but for `require`. Policy: fails closed. Only statements that can be judged count: everybody, under one condition,
which names this organization or this unit. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/allow-org-ou-to-use-key.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self

from bake.share import GRANTED
from console.aws import Aws, errors
from console.errors import BadInput, NotReady

# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html and …/API_OrganizationalUnit.html
ARN = re.compile(
    r"arn:aws[a-z-]*:organizations::\d{12}:"
    r"(?:organization/(?P<whole>o-[a-z0-9]{10,32})|ou/(?P<org>o-[a-z0-9]{10,32})/(?P<unit>ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}))"
)
NEEDED = tuple(f"kms:{name}" for name in GRANTED)


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization, or a unit of it: `unit` is None for the whole."""

    arn: str
    id: str
    unit: str | None

    @classmethod
    def of(cls, arn: str) -> Self:
        """Raises BadInput where it is no ARN of either."""
        found = ARN.fullmatch(arn)
        if not found:
            raise BadInput(
                "this is no ARN of an organization or of an organizational unit",
                found=arn,
                expected="arn:aws:organizations::ACCOUNT:organization/o-…, or …:ou/o-…/ou-… of a unit",
                next_step="aws organizations describe-organization",
            )
        return cls(arn, found["whole"] or found["org"], found["unit"])

    @property
    def path(self) -> str:
        """As a parameter file names it."""
        return f"{self.id}/{self.unit}" if self.unit else self.id

    @property
    def statement(self) -> dict[str, Any]:
        """What a key's policy needs for it."""
        condition = (
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{self.id}/*/{self.unit}/*"}}
            if self.unit
            else {"StringEquals": {"aws:PrincipalOrgID": self.id}}
        )
        return {
            "Sid": "LaunchFromImages" + (self.unit or self.id).title().replace("-", ""),
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": list(NEEDED),
            "Resource": "*",
            "Condition": condition,
        }


def lacking(policy: Mapping[str, Any], one: Organization) -> tuple[str, ...]:
    """The actions that the policy does not allow it, or denies somebody. Pure."""
    allowed, denied = set[str](), set[str]()
    for statement in _listed(policy.get("Statement")):
        covered = set(_covered(statement))
        if statement.get("Effect") == "Deny":
            denied |= covered
        elif _for_everybody(statement) and _names(statement.get("Condition"), one):
            allowed |= covered
    return tuple(action for action in NEEDED if action not in allowed or action in denied)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _covered(statement: Mapping[str, Any]) -> Iterator[str]:
    """The needed actions that a statement is about; one that says which it is not about denies all, and allows none."""
    if "NotAction" in statement:
        return iter(NEEDED if statement.get("Effect") == "Deny" else ())
    patterns = [str(one).lower() for one in _listed(statement.get("Action"))]
    return (action for action in NEEDED if any(fnmatchcase(action.lower(), pattern) for pattern in patterns))


def _for_everybody(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, Mapping) and "*" in _listed(principal.get("AWS")))


def _names(condition: Any, one: Organization) -> bool:
    """Whether the only condition is that the caller is in it."""
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return False
    ((operator, keys),) = condition.items()
    if not isinstance(keys, Mapping) or len(keys) != 1:
        return False
    ((key, values),) = keys.items()
    listed = [str(value) for value in _listed(values)]
    if key.lower() == "aws:principalorgid":
        return operator in ("StringEquals", "StringLike") and one.id in listed
    paths = key.lower() == "aws:principalorgpaths" and operator == "ForAnyValue:StringLike"
    return paths and any(_contains(path, one) for path in listed)


def _contains(path: str, one: Organization) -> bool:
    """Whether a pattern of paths holds everybody in it: the whole organization's does, or that of the very unit."""
    organization, *rest = path.split("/")
    whole = rest == ["*"]
    return organization == one.id and (whole or (one.unit is not None and rest[-2:] == [one.unit, "*"]))


def require(aws: Aws, key: str, one: Organization) -> None:
    """Raises NotReady where the key's policy does not let the organization use it."""
    with errors(f"reading the policy of {key} (kms:GetKeyPolicy)"):
        policy = json.loads(aws.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    if actions := lacking(policy, one):
        raise NotReady(
            "the key of the image does not let the organization use it: its accounts could not launch the image",
            where=f"{key}, its policy",
            found=f"nothing that allows {one.unit or one.id} {', '.join(actions)}",
            expected=json.dumps(one.statement),
            next_step="add such a statement to the key's policy, then share again; for a key of Payroll's: "
            f'"{one.path}" in [tooling] organizations of the parameter file, and cdk deploy Payroll-Tooling, in the '
            "other regions Payroll-ImageCopies-REGION",
        )
