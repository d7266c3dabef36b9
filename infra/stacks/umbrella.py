"""`Payroll-<Environment>`: depends on all other stacks, so that its name deploys everything in order."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL


class Umbrella(cdk.Stack):
    """Says where the service answers: the last lines of a deployment, and a value for whoever asks later."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        url = f"https://{PAYROLL.read(self, 'load-balancer/domain-name')}/"
        PAYROLL.write(self, "url", url)
        cdk.CfnOutput(self, "Url", value=url)
        cdk.CfnOutput(self, "LoadBalancer", value=PAYROLL.read(self, "load-balancer/dns-name"))
