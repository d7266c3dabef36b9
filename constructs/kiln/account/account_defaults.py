"""What an account should be by default and CloudFormation has no resource for, set by one small function.

It is the only custom resource of the library: an inline function of Python's standard library and boto3 that may change
exactly these settings. Whoever deletes its stack leaves the account as safe as it was.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from kiln.data.key_user import arn
from kiln.exemption import exempt
from kiln.operations.log_group import LogGroup, Records
from kiln.refusal import require_one_of

SOURCE = Path(__file__).with_name("account_defaults_function.py")
RUNTIME = "python3.13"
TIMEOUT_SECONDS = 60
EXEMPTIONS = {
    "function-cannot-starve-others": "it runs for seconds when a stack changes, and a new account has none to reserve",
    "function-keeps-what-it-could-not-do": "CloudFormation waits for its answer and fails the stack without one",
    "function-can-be-traced": "it runs for seconds when a stack changes, and its log has the error",
}
"""What functions that serve requests must have and this one need not: promise → why."""
BLOCK_INGRESS, BLOCK_BOTH_WAYS = "block-ingress", "block-bidirectional"
"""https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html"""


class AccountDefaults(Construct):
    """New volumes are encrypted, no bucket is ever public, and the Internet gets into no subnet that is not excluded.

    Args:
        key_arn: with which volumes are encrypted that name no key. May be a token.
        records: how the function's log is kept.
        internet: `BLOCK_INGRESS` lets NAT gateways out; `BLOCK_BOTH_WAYS` is for an account without networks. May be a
            token.

    `.function_arn` is for `ClosedDefaultGroup`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key_arn: str,
        records: Records,
        internet: str = BLOCK_INGRESS,
    ) -> None:
        super().__init__(scope, construct_id)
        require_one_of(self, "internet", internet, (BLOCK_INGRESS, BLOCK_BOTH_WAYS))
        ec2.CfnVPCBlockPublicAccessOptions(self, "Internet", internet_gateway_block_mode=internet)
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        role = iam.CfnRole(
            self,
            "Role",
            description="Sets defaults of the account",
            assume_role_policy_document=_trust("lambda.amazonaws.com"),
            policies=[iam.CfnRole.PolicyProperty(policy_name="Defaults", policy_document=_permissions(log))],
        )
        function = lambda_.CfnFunction(
            self,
            "Function",
            description="Sets defaults of the account that CloudFormation has no resource for",
            runtime=RUNTIME,
            architectures=["arm64"],
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=SOURCE.read_text("utf-8")),
            role=role.attr_arn,
            timeout=TIMEOUT_SECONDS,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log.name),
        )
        for promise, reason in EXEMPTIONS.items():
            exempt(function, promise, reason)
        self.function_arn: str = function.attr_arn
        _default(self, "Volumes", "EncryptedVolumes", self.function_arn, KeyArn=key_arn)
        _default(self, "Buckets", "PrivateBuckets", self.function_arn, AccountId=cdk.Aws.ACCOUNT_ID)


class ClosedDefaultGroup(Construct):
    """A VPC's default security group without any rule: what joins it by mistake reaches nothing.

    Args:
        function_arn: of `AccountDefaults` in the same account and region. May be a token.
        vpc_id: may be a token.
    """

    def __init__(self, scope: Construct, construct_id: str, *, function_arn: str, vpc_id: str) -> None:
        super().__init__(scope, construct_id)
        _default(self, "Resource", "ClosedDefaultGroup", function_arn, VpcId=vpc_id)


def _default(scope: Construct, construct_id: str, kind: str, function_arn: str, **properties: str) -> None:
    body = {"ServiceToken": function_arn, "ServiceTimeout": 2 * TIMEOUT_SECONDS} | properties
    cdk.CfnResource(scope, construct_id, type=f"Custom::{kind}", properties=body)


def _trust(service: str) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _permissions(log: LogGroup) -> dict[str, object]:
    settings = (
        "ec2:DescribeSecurityGroups",
        "ec2:EnableEbsEncryptionByDefault",
        "ec2:ModifyEbsDefaultKmsKeyId",
        "s3:PutAccountPublicAccessBlock",
    )
    revoking = ("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress")
    statements = (
        ("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), log.arn),
        ("SettingsOfTheAccount", settings, "*"),  # these know no resources
        ("RulesOfSecurityGroups", revoking, f"{arn('ec2', cdk.Aws.REGION)}:security-group/*"),
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
            for sid, actions, resource in statements
        ],
    }
