"""A stack that knows its place: CloudFormation refuses it in any other account or region before anything changes."""

import aws_cdk as cdk
from constructs import Construct


class AccountGuard(Construct):
    """A rule of the template: this account, this region, or no deployment."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: str, account: str, region: str) -> None:
        super().__init__(scope, construct_id)
        here = cdk.Fn.condition_and(
            cdk.Fn.condition_equals(cdk.Aws.ACCOUNT_ID, account), cdk.Fn.condition_equals(cdk.Aws.REGION, region)
        )
        explanation = f"{environment} is account {account} in {region}; these are the credentials of another one"
        rule = cdk.CfnRule(self, "Rule")
        rule.add_assertion(here, explanation)
        rule.override_logical_id("RightAccount")
