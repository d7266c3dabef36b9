"""`Payroll-<Environment>`: depends on all other stacks, so that its name deploys everything in order."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL


class Umbrella(cdk.Stack):
    """Says where the service answers: the last line of a deployment."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        PAYROLL.write(self, "complete", PAYROLL.read(self, "environment"))
        cdk.CfnOutput(self, "ServiceUrl", value=PAYROLL.read(self, "url"))
