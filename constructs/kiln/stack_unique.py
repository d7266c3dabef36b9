"""Names that exist once, for what must be named before it is made and may outlive its stack.

A stack that is made anew has a new id, so nothing that an older one left behind is in its way. The same name in the
same stack means: CloudFormation cannot replace such a resource by an update, it says so and stops. For data that is
wanted.
"""

import aws_cdk as cdk


def unique_name(prefix: str) -> str:
    """`prefix` and the UUID of the stack, 37 characters more than `prefix`; a token."""
    return f"{prefix}-{_uuid()}"


def short_unique_name(prefix: str) -> str:
    """`prefix` and the first block of the stack's UUID, 9 characters more than `prefix`; a token."""
    return f"{prefix}-{cdk.Fn.select(0, cdk.Fn.split('-', _uuid()))}"


def _uuid() -> str:
    """The end of `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID`."""
    return str(cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID)))
