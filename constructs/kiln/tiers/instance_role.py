"""What the instances of a tier may do: be managed, write their own log and metrics, and what the tier is told.

Every statement names what it is about. Only where an API knows no resources is there a `*`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.network.opening import Peer
from kiln.refusal import refuse
from kiln.tiers import session_manager

SEND = ("sqs:GetQueueAttributes", "sqs:SendMessage")
TAKE = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
ITEMS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
"""Of a table: no item is deleted, and nobody lists what is in it."""
ITEMS_KEY = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"""
WRITE_LOG = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """A user of an Aurora cluster who signs in with an IAM token.

    Args:
        resource_id: of the cluster, `cluster-…`; may be a token.
        user: of the database.
    """

    resource_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Access:
    """What the instances of a tier may read, send, take and reach, beside their own log and metrics.

    Args:
        parameters: SSM names with a leading slash.
        logins: to databases.
        send_to: ARNs of queues; may be tokens.
        take_from: the same.
        tables: ARNs of tables whose items are read, added and changed; may be tokens.
        secrets: ARNs of secrets; may be tokens.
        peers: what they may open a connection to, beside the APIs of AWS.
    """

    parameters: Sequence[str] = ()
    logins: Sequence[DatabaseLogin] = ()
    send_to: Sequence[str] = ()
    take_from: Sequence[str] = ()
    tables: Sequence[str] = ()
    secrets: Sequence[str] = ()
    peers: Sequence[Peer] = ()


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """What instances write by themselves: `log_group_arn` ends in `:*`; `namespace` of their metrics."""

    log_group_arn: str
    namespace: str


class InstanceRole(Construct):
    """A role for instances and its profile: `.role`, `.profile_arn`.

    Args:
        access: see `Access`.
        records: see `OwnRecords`.
        data_key_arn: with which the secrets and tables are encrypted; may be a token.
        messages_key_arn: with which the queues are, if there are any; may be a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        access: Access,
        records: OwnRecords,
        data_key_arn: str,
        messages_key_arn: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        # "Default" is not part of logical ids.
        self.role = iam.Role(self, "Default", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        for statement in (
            *session_manager.statements(),
            *_own(records),
            *_reading(self, access, data_key_arn),
            *_messages(self, access, messages_key_arn),
        ):
            self.role.add_to_policy(statement)
        profile = iam.CfnInstanceProfile(self, "Profile", roles=[self.role.role_name])
        self.profile_arn: str = profile.attr_arn


def _own(records: OwnRecords) -> list[iam.PolicyStatement]:
    mine = {"StringEquals": {"cloudwatch:namespace": records.namespace}}
    return [
        iam.PolicyStatement(sid="OwnLog", actions=list(WRITE_LOG), resources=[records.log_group_arn]),
        iam.PolicyStatement(sid="OwnMetrics", actions=["cloudwatch:PutMetricData"], resources=["*"], conditions=mine),
    ]


def _reading(scope: Construct, access: Access, key_arn: str) -> list[iam.PolicyStatement]:
    stack, found = cdk.Stack.of(scope), []
    if access.parameters:
        names = [name.removeprefix("/") for name in access.parameters]
        arns = [stack.format_arn(service="ssm", resource="parameter", resource_name=name) for name in names]
        found.append(iam.PolicyStatement(sid="Parameters", actions=["ssm:GetParameter"], resources=arns))
    if access.logins:
        users = [f"{login.resource_id}/{login.user}" for login in access.logins]
        arns = [
            stack.format_arn(
                service="rds-db",
                resource="dbuser",
                resource_name=user,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for user in users
        ]
        found.append(iam.PolicyStatement(sid="Databases", actions=["rds-db:connect"], resources=arns))
    if access.secrets:
        reading = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        found.append(iam.PolicyStatement(sid="Secrets", actions=reading, resources=list(access.secrets)))
        found.append(_through("secretsmanager", "SecretsKey", ["kms:Decrypt"], key_arn))
    if access.tables:
        found.append(iam.PolicyStatement(sid="Tables", actions=list(ITEMS), resources=list(access.tables)))
        found.append(_through("dynamodb", "TablesKey", [f"kms:{action}" for action in ITEMS_KEY], key_arn))
    return found


def _messages(scope: Construct, access: Access, key_arn: str | None) -> list[iam.PolicyStatement]:
    found = []
    if access.send_to:
        found.append(iam.PolicyStatement(sid="Send", actions=list(SEND), resources=list(access.send_to)))
    if access.take_from:
        found.append(iam.PolicyStatement(sid="Take", actions=list(TAKE), resources=list(access.take_from)))
    if found:
        if key_arn is None:
            expected = "the key of the queues, surroundings.messages_key_arn"
            raise refuse(scope, "messages_key_arn", found=key_arn, expected=expected)
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        actions = ["kms:Decrypt", *(["kms:GenerateDataKey"] if access.send_to else [])]
        found.append(_through("sqs", "QueuesKey", actions, key_arn))
    return found


def _through(service: str, sid: str, actions: list[str], key_arn: str) -> iam.PolicyStatement:
    """A key, through one service only."""
    via = {"StringEquals": {"kms:ViaService": f"{service}.{cdk.Aws.REGION}.amazonaws.com"}}
    return iam.PolicyStatement(sid=sid, actions=actions, resources=[key_arn], conditions=via)
