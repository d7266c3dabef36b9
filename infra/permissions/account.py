"""Puts the policies into an account: read what is there, plan with a reason for each, then change.

Nothing is deleted: a policy that is no longer among ours may still be attached to the role of the bootstrap stack.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.aws import Aws, errors
from infra.synthesized import Json

GLOBAL_REGION = "us-east-1"
"""IAM is one for all regions; its requests are signed for this one."""

VERSIONS_AT_MOST = 5
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html"""


class Action(StrEnum):
    """What is due for one policy."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Step:
    """One policy, and what is due."""

    name: str
    action: Action
    reason: str


def plan(wanted: Mapping[str, Json], found: Mapping[str, Json | None]) -> tuple[Step, ...]:
    """One step for each wanted policy; `found` has None for those that the account does not have."""
    return tuple(_step(name, document, found.get(name)) for name, document in wanted.items())


def _step(name: str, wanted: Json, found: Json | None) -> Step:
    if found is None:
        return Step(name, Action.CREATE, "the account does not have it")
    if found == wanted:
        return Step(name, Action.KEEP, "the account has it as it is")
    return Step(name, Action.UPDATE, "the account has another version")


class PolicyAccount:
    """The managed policies of the account whose credentials are in force.

    Errors: as `console.aws.errors` has them.
    """

    def __init__(self) -> None:
        aws = Aws(GLOBAL_REGION)
        with errors("asking whose the credentials are (sts:GetCallerIdentity)"):
            identity = aws.client("sts").get_caller_identity()
        self.id = str(identity["Account"])
        self._partition = identity["Arn"].split(":")[1]
        self._iam = aws.client("iam")

    def arn(self, name: str) -> str:
        """The ARN that a policy of this name has here."""
        return f"arn:{self._partition}:iam::{self.id}:policy/{name}"

    def document(self, name: str) -> Json | None:
        """The version in force of a policy, or None."""
        with errors(f"reading the policy {name}"):
            try:
                version = self._iam.get_policy(PolicyArn=self.arn(name))["Policy"]["DefaultVersionId"]
            except self._iam.exceptions.NoSuchEntityException:
                return None
            found = self._iam.get_policy_version(PolicyArn=self.arn(name), VersionId=version)
        return dict(found["PolicyVersion"]["Document"])

    def put(self, step: Step, document: Json) -> None:
        """Do what is due."""
        text = json.dumps(document, separators=(",", ":"))
        with errors(f"changing the policy {step.name}"):
            if step.action is Action.CREATE:
                self._iam.create_policy(PolicyName=step.name, PolicyDocument=text)
            elif step.action is Action.UPDATE:
                self._make_room(self.arn(step.name))
                self._iam.create_policy_version(PolicyArn=self.arn(step.name), PolicyDocument=text, SetAsDefault=True)

    def _make_room(self, arn: str) -> None:
        """Delete the oldest version where there are as many as IAM keeps; never the one in force."""
        versions = self._iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= VERSIONS_AT_MOST:
            spare = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda version: version["CreateDate"])
            self._iam.delete_policy_version(PolicyArn=arn, VersionId=spare["VersionId"])
