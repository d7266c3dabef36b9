"""Name tags that tell environments apart while the template stays the same for all."""

import aws_cdk as cdk


def name_tag(suffix: str) -> list[cdk.CfnTag]:
    """The tag `Name` with the value `<name of the stack>/<suffix>`, filled in by CloudFormation."""
    return [cdk.CfnTag(key="Name", value=cdk.Fn.join("/", [cdk.Aws.STACK_NAME, suffix]))]
