"""What a trail is searched for: the patterns of the CIS AWS Foundations Benchmark (v3.0.0, section 4).

In the words in which Security Hub checks them, which finds no other:
https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""


def _calls(names: str, source: str | None = None) -> str:
    """A pattern for any of these API calls, of one service where `source` says which."""
    events = " || ".join(f"($.eventName={name})" for name in names.split())
    return f"{{{events}}}" if source is None else f"{{($.eventSource={source}.amazonaws.com) && ({events})}}"


PATTERNS = {
    "UnauthorizedCalls": '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    "SignInWithoutMfa": (
        '{($.eventName="ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
        ' && ($.userIdentity.type="IAMUser") && ($.responseElements.ConsoleLogin="Success")}'
    ),
    "RootUse": '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
    "IamPolicyChanges": _calls(
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy "
        "CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy "
        "AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
        "iam",
    ),
    "TrailChanges": _calls("CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "SignInFailures": '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    "KeyRemovals": _calls("DisableKey ScheduleKeyDeletion", "kms"),
    "BucketPolicyChanges": _calls(
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy "
        "DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
        "s3",
    ),
    "ConfigChanges": _calls(
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder", "config"
    ),
    "SecurityGroupChanges": _calls(
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
        "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"
    ),
    "NetworkAclChanges": _calls(
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
        "ReplaceNetworkAclAssociation"
    ),
    "GatewayChanges": _calls(
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
        "DeleteInternetGateway DetachInternetGateway"
    ),
    "RouteChanges": _calls(
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
        "DisassociateRouteTable",
        "ec2",
    ),
    "VpcChanges": _calls(
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection "
        "DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc "
        "DisableVpcClassicLink EnableVpcClassicLink"
    ),
    "OrganizationChanges": _calls(
        "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake "
        "DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType "
        "InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy "
        "UpdateOrganizationalUnit",
        "organizations",
    ),
}
