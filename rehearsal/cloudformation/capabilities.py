"""The capabilities that a request has to acknowledge: IAM resources, and IAM resources with names of their own.

Source: CloudFormation API reference, CreateStack, Capabilities.
"""

from rehearsal.cloudformation.template import Template
from rehearsal.front.service import AwsError

# Type → the property that gives it a name of its own.
NAMED = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
UNNAMED = frozenset({"AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"})


def check(template: Template, acknowledged: frozenset[str]) -> None:
    """Raises AwsError where the template makes IAM resources and the request does not say that it knows."""
    resources = template.resources.values()
    named = any(r.get("Properties", {}).get(NAMED.get(r["Type"], "")) for r in resources)
    iam = any(r["Type"] in NAMED or r["Type"] in UNNAMED for r in resources)
    if named and "CAPABILITY_NAMED_IAM" not in acknowledged:
        raise AwsError(
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        )
    if iam and not acknowledged & {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}:
        raise AwsError(
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_IAM]",
        )
