"""Which updates of Debian an instance should have: every security update.

They are approved at once: Debian does not say when an update came out, so Patch Manager knows no days of approval.
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct


class DebianBaseline(Construct):
    """The patch baseline of instances with Debian; it is no default of the account, which could not be deleted.

    Args:
        patch_groups: values of the tag `kiln.operations.tags.PATCH_GROUP` of the instances that are compared with it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, patch_groups: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        patches = ssm.CfnPatchBaseline.PatchFilterProperty
        everything = [patches(key="PRODUCT", values=["*"]), patches(key="PRIORITY", values=["*"])]
        rule = ssm.CfnPatchBaseline.RuleProperty(
            compliance_level="HIGH",
            enable_non_security=False,
            patch_filter_group=ssm.CfnPatchBaseline.PatchFilterGroupProperty(patch_filters=everything),
        )
        ssm.CfnPatchBaseline(
            self,
            "Baseline",
            name=f"{cdk.Aws.STACK_NAME}-debian",
            description="Every security update of Debian",
            operating_system="DEBIAN",
            patch_groups=list(patch_groups),
            approval_rules=ssm.CfnPatchBaseline.RuleGroupProperty(patch_rules=[rule]),
        )
