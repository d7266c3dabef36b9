"""What an instance must be allowed so that Systems Manager can manage it, and nothing that it can do without.

AWS's own policy for it (AmazonSSMManagedInstanceCore) reads every parameter of the account; this one reads none.
"""

from aws_cdk import aws_iam as iam

CHANNELS = tuple(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data"))
COMMANDS = tuple(
    f"ec2messages:{verb}"
    for verb in ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply")
)
MANAGED = (
    "ssm:DescribeDocument",
    "ssm:GetDeployablePatchSnapshotForInstance",
    "ssm:GetDocument",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:PutComplianceItems",
    "ssm:PutConfigurePackageResult",
    "ssm:PutInventory",
    "ssm:UpdateAssociationStatus",
    "ssm:UpdateInstanceAssociationStatus",
    "ssm:UpdateInstanceInformation",
)


def statements() -> list[iam.PolicyStatement]:
    """Session Manager, Run Command and scans for patches.

    Most of these actions know no resources, and the agent cannot name its own instance in a policy:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_ssmmessages.html
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    return [
        iam.PolicyStatement(sid="Sessions", actions=list(CHANNELS), resources=["*"]),
        iam.PolicyStatement(sid="Commands", actions=list(COMMANDS), resources=["*"]),
        iam.PolicyStatement(sid="Managed", actions=list(MANAGED), resources=["*"]),
    ]
