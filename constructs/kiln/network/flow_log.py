"""Who talked to whom in a VPC, written down each minute."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.data.key_user import arn
from kiln.operations.log_group import LogGroup, Records

AGGREGATION_SECONDS = 60
"""The other choice is ten minutes: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html"""


class FlowLog(Construct):
    """All traffic of a VPC, accepted and rejected, in an encrypted log group.

    Args:
        vpc_id: may be a token.
        records: see `Records`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, vpc_id: str, records: Records) -> None:
        super().__init__(scope, construct_id)
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        ec2.CfnFlowLog(
            self,
            "Resource",
            resource_type="VPC",
            resource_id=vpc_id,
            traffic_type="ALL",
            max_aggregation_interval=AGGREGATION_SECONDS,
            log_destination_type="cloud-watch-logs",
            log_destination=cdk.Fn.join("", [arn("logs", cdk.Aws.REGION), ":log-group:", log.name]),
            deliver_logs_permission_arn=_role(self, log).role_arn,
        )


def _role(scope: Construct, log: LogGroup) -> iam.Role:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""
    service = iam.ServicePrincipal(
        "vpc-flow-logs.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": f"{arn('ec2', cdk.Aws.REGION)}:vpc-flow-log/*"},
        },
    )
    role = iam.Role(scope, "Role", assumed_by=service, description="Writes the flow log of a VPC")
    writing = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    role.add_to_policy(iam.PolicyStatement(actions=writing, resources=[log.arn]))
    role.add_to_policy(iam.PolicyStatement(actions=["logs:DescribeLogGroups"], resources=["*"]))
    return role
