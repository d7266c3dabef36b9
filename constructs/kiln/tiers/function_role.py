"""What a function may do: write its log and traces, have an address in its network, set aside what it could not do."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

INTERFACES = tuple(
    f"ec2:{action}"
    for action in (
        "AssignPrivateIpAddresses",
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "UnassignPrivateIpAddresses",
    )
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html (Lambda asks for them on everything)"""
TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")


def function_role(scope: Construct, construct_id: str, *, log_group_arn: str, queue_arn: str, key_arn: str) -> iam.Role:
    """The role of a function: `queue_arn` is that of its dead-letter queue, `key_arn` that of the queue's key."""
    role = iam.Role(scope, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    through_sqs = {"StringEquals": {"kms:ViaService": f"sqs.{cdk.Aws.REGION}.amazonaws.com"}}
    writing = ["logs:CreateLogStream", "logs:PutLogEvents"]
    encrypting = ["kms:Decrypt", "kms:GenerateDataKey"]
    for statement in (
        iam.PolicyStatement(sid="OwnLog", actions=writing, resources=[log_group_arn]),
        iam.PolicyStatement(sid="Network", actions=list(INTERFACES), resources=["*"]),
        iam.PolicyStatement(sid="Traces", actions=list(TRACES), resources=["*"]),
        iam.PolicyStatement(sid="SetAside", actions=["sqs:SendMessage"], resources=[queue_arn]),
        iam.PolicyStatement(sid="QueueKey", actions=encrypting, resources=[key_arn], conditions=through_sqs),
    ):
        role.add_to_policy(statement)
    return role
