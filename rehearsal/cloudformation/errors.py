"""What the engine says when a template or a request is wrong."""

from rehearsal.front.service import AwsError


def invalid(message: str) -> AwsError:
    """CloudFormation's usual refusal."""
    return AwsError("ValidationError", message)


class NotYetKnown(Exception):
    """The value exists only after another resource has been changed (change sets)."""
