"""The function behind `kiln.account.account_defaults`: what CloudFormation has no resource for."""

import json
import urllib.request
from typing import Any

import boto3

CLOSED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def closed_default_group(properties: dict[str, str]) -> str:
    ec2, vpc = boto3.client("ec2"), properties["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    groups = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    if not groups:
        raise LookupError(f"no default group: is there a VPC {vpc} here?")
    [group] = groups
    if rules := group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rules)
    if rules := group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=rules)
    return vpc


def encrypted_volumes(properties: dict[str, str]) -> str:
    ec2 = boto3.client("ec2")
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=properties["KeyArn"])
    ec2.enable_ebs_encryption_by_default()
    return "volumes"


def private_buckets(properties: dict[str, str]) -> str:
    configuration = dict.fromkeys(CLOSED, True)
    boto3.client("s3control").put_public_access_block(
        AccountId=properties["AccountId"], PublicAccessBlockConfiguration=configuration
    )
    return "buckets"


DEFAULTS = {
    "Custom::ClosedDefaultGroup": closed_default_group,
    "Custom::EncryptedVolumes": encrypted_volumes,
    "Custom::PrivateBuckets": private_buckets,
}


def handler(event: dict[str, Any], context: Any) -> None:
    """Setting a default twice changes nothing. Deleting changes nothing either: what is safe stays safe."""
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"PhysicalResourceId": event.get("PhysicalResourceId", context.log_stream_name)}
    try:
        if event["RequestType"] != "Delete":
            answer["PhysicalResourceId"] = DEFAULTS[event["ResourceType"]](event["ResourceProperties"])
        answer |= {"Status": "SUCCESS"}
    except Exception as error:  # whatever it is, CloudFormation must be told, or it waits for an hour
        print(f"{event['RequestType']} {event['ResourceType']}: {error!r}")
        answer |= {"Status": "FAILED", "Reason": f"{event['ResourceType']}: {error}; see {context.log_stream_name}"}
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
