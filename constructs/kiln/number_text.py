"""Numbers for properties that are texts in CloudFormation's schemas, such as the size of a group."""

import aws_cdk as cdk


def number_text(number: float) -> str:
    """A number as text, `2` and not `2.0`; a token stays one."""
    return str(cdk.Token.as_string(number)) if cdk.Token.is_unresolved(number) else f"{number:.12g}"
