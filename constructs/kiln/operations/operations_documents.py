"""What a developer may do on instances that nobody signs in to: look, restart a service, collect its log.

Three documents for Run Command, whose parameters are checked by Systems Manager before a shell sees them, and a policy
that lets its holder send exactly these to the instances of tiers and read what they collect. Targets are tags:

    aws ssm send-command --document-name "$DOCUMENT" --targets Key=tag:kiln:tier,Values=web \\
        --parameters Service=shop-web --max-concurrency 1 --max-errors 0
"""

import re
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from kiln.data.bucket import Bucket, Encryption
from kiln.data.key_user import ANYBODY, KeyUser
from kiln.operations import tags
from kiln.operations.operations_scripts import SCRIPTS, document
from kiln.refusal import refuse

OF_A_TIER = {f"aws:PrincipalTag/{tags.TIER}": "?*"}
"""The roles of instances have the tag of their tier, and nobody but a deployment gives a tag to a role."""
OUTCOMES = ("ssm:GetCommandInvocation", "ssm:ListCommandInvocations", "ssm:ListCommands")
"""They know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_ssm.html"""


def instances_of_tiers() -> KeyUser:
    """Lets the instances encrypt what they write to the bucket of the logs."""
    conditions = {
        "StringEquals": {
            "kms:CallerAccount": cdk.Aws.ACCOUNT_ID,
            "kms:ViaService": f"s3.{cdk.Aws.REGION}.amazonaws.com",
        },
        "StringLike": OF_A_TIER,
    }
    return KeyUser("InstancesOfTiers", ANYBODY, ("kms:Decrypt", "kms:GenerateDataKey"), conditions)


class OperationsDocuments(Construct):
    """The documents `status`, `restart` and `logs`, the bucket for logs, and the policy of those who may use them.

    `.names` has the names of the documents, `.bucket` the bucket, `.policy_arn` the policy; all are tokens.

    Args:
        service_prefix: with which the names of the services begin that may be named, such as `shop-`.
        tiers: the values of the tag `kiln:tier` of the instances that may be reached.
        key_arn: of the key of the bucket; its policy must have `instances_of_tiers()`. May be a token.
        keep_days: for which the bucket keeps a log; may be a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service_prefix: str,
        tiers: Sequence[str],
        key_arn: str,
        keep_days: float,
    ) -> None:
        super().__init__(scope, construct_id)
        if not re.fullmatch(r"[a-z][a-z0-9-]*-", service_prefix):
            expected = "small letters, digits and hyphens with a hyphen at the end: anything else would admit sshd"
            raise refuse(self, "service_prefix", found=service_prefix, expected=expected)
        if not tiers:
            raise refuse(self, "tiers", found=tiers, expected="at least one value of the tag kiln:tier")
        self.names = {name: self._document(name, service_prefix) for name in SCRIPTS}
        self.bucket = Bucket(self, "Collected", encryption=Encryption.with_key(key_arn), keep_days=keep_days)
        self.bucket.allow(
            "EachTierUnderItsName",
            principal=iam.AnyPrincipal(),
            actions=["s3:PutObject"],
            objects=f"${{aws:PrincipalTag/{tags.TIER}}}/*",
            conditions={"StringEquals": {"aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID}, "StringLike": OF_A_TIER},
        )
        self.policy_arn = self._policy(tiers, key_arn)

    def _document(self, name: str, service_prefix: str) -> str:
        made = ssm.CfnDocument(
            self,
            name.capitalize(),
            document_type="Command",
            document_format="JSON",
            target_type="/AWS::EC2::Instance",
            # The name stays, so that a change is another version for everybody who knows it.
            update_method="NewVersion",
            content=document(SCRIPTS[name], service_prefix),
        )
        return str(made.ref)

    def _policy(self, tiers: Sequence[str], key_arn: str) -> str:
        documents = [_arn("ssm", f"document/{name}") for name in self.names.values()]
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{cdk.Aws.REGION}.amazonaws.com"}}
        of_tiers = {"StringEquals": {f"ssm:resourceTag/{tags.TIER}": list(tiers)}}
        policy = iam.ManagedPolicy(
            self,
            "Operators",
            description="Look at services, restart them and collect their logs, without access to instances",
            statements=[
                _statement("TheseDocuments", ["ssm:SendCommand"], documents),
                _statement("OnTheseTiers", ["ssm:SendCommand"], [_arn("ec2", "instance/*")], of_tiers),
                _statement("Outcomes", list(OUTCOMES), ["*"]),
                _statement("FindLogs", ["s3:ListBucket"], [self.bucket.arn]),
                _statement("ReadLogs", ["s3:GetObject"], [f"{self.bucket.arn}/*"]),
                _statement("DecryptLogs", ["kms:Decrypt"], [key_arn], through_s3),
            ],
        )
        return str(policy.managed_policy_arn)


def _statement(
    sid: str, actions: list[str], resources: list[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions)


def _arn(service: str, resource: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"
