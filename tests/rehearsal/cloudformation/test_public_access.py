"""EC2: public access, endpoints, flow logs, launch templates; KMS and Logs: read back as the service tells it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.pieces import Json, broken, vpc
from tests.rehearsal.cloudformation.steps import changed, gone, made, of

ACCOUNT = "123400000001"


def mode(embedded: Any) -> str:
    found = embedded.client("ec2").describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    return str(found["InternetGatewayBlockMode"])


def test_public_access_to_vpcs_is_blocked_in_both_directions_or_one_and_opened_again(embedded: Any, name: str) -> None:
    def options(asked: str) -> Json:
        return of("EC2::VPCBlockPublicAccessOptions", InternetGatewayBlockMode=asked)

    assert mode(embedded) == "off"
    made(embedded, name, O=options("block-ingress"))
    assert mode(embedded) == "block-ingress"
    assert embedded.physical_id(name, "O") == ACCOUNT
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", O=options("block-bidirectional"), B=broken(DependsOn="O"))
    assert mode(embedded) == "block-ingress"
    changed(embedded, name, O=options("block-bidirectional"))
    assert mode(embedded) == "block-bidirectional"
    gone(embedded, name)
    assert mode(embedded) == "off"


def test_an_exclusion_is_of_a_vpc_or_a_subnet_with_its_tags(embedded: Any, name: str) -> None:
    def exclusion(asked: str, tag: str) -> Json:
        return of(
            "EC2::VPCBlockPublicAccessExclusion",
            InternetGatewayExclusionMode=asked,
            SubnetId={"Ref": "S"},
            Tags=[{"Key": "a", "Value": tag}],
        )

    around = {"V": vpc("10.7.0.0/16"), "S": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.7.0.0/24")}
    made(embedded, name, **around, X=exclusion("allow-egress", "1"))
    ec2, identifier = embedded.client("ec2"), embedded.physical_id(name, "X")

    def shown() -> Json:
        answer = ec2.describe_vpc_block_public_access_exclusions(ExclusionIds=[identifier])
        found: Json = answer["VpcBlockPublicAccessExclusions"][0]
        return found

    assert shown()["InternetGatewayExclusionMode"] == "allow-egress"
    assert shown()["ResourceArn"].endswith(f":subnet/{embedded.physical_id(name, 'S')}")
    changed(embedded, name, **around, X=exclusion("allow-bidirectional", "2"))
    assert shown()["InternetGatewayExclusionMode"] == "allow-bidirectional"
    assert shown()["Tags"] == [{"Key": "a", "Value": "2"}]
    gone(embedded, name)
    assert ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"] == []


def test_snapshots_are_kept_from_the_public(embedded: Any, name: str) -> None:
    ec2 = embedded.client("ec2")
    made(embedded, name, S=of("EC2::SnapshotBlockPublicAccess", State="block-all-sharing"))
    assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    changed(embedded, name, S=of("EC2::SnapshotBlockPublicAccess", State="block-new-sharing"))
    assert ec2.get_snapshot_block_public_access_state()["State"] == "block-new-sharing"
    gone(embedded, name)
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"


# As the constructs close what no resource type closes: by a function.
CLOSING = """
import boto3

def handler(event, context):
    ec2, control = boto3.client("ec2"), boto3.client("s3control")
    account = context.invoked_function_arn.split(":")[4]
    filters = [{"Name": "vpc-id", "Values": [event["Vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    ec2.enable_ebs_encryption_by_default()
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=block)
    found = control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]
    control.delete_public_access_block(AccountId=account)
    return [len(group["IpPermissions"]), len(group["IpPermissionsEgress"]), found == block]
"""


def test_a_function_closes_the_default_group_and_sets_what_no_resource_type_sets(embedded: Any, name: str) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    code = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": CLOSING}, "Timeout": 30}
    role = of("IAM::Role", AssumeRolePolicyDocument=trust)
    function = of("Lambda::Function", Role={"Fn::GetAtt": ["R", "Arn"]}, **code)
    made(embedded, name, V=vpc("10.8.0.0/16"), R=role, F=function)
    asked = json.dumps({"Vpc": embedded.physical_id(name, "V")})
    answer = embedded.client("lambda").invoke(FunctionName=embedded.physical_id(name, "F"), Payload=asked)
    assert json.loads(answer["Payload"].read()) == [1, 1, True]
    ec2 = embedded.client("ec2")
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    ec2.disable_ebs_encryption_by_default()
    filters = [{"Name": "vpc-id", "Values": [embedded.physical_id(name, "V")]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])
    gone(embedded, name)


# endpoints, flow logs, launch templates -------------------------------------------------------------------------------


def test_an_endpoints_subnets_groups_and_policy_change_in_place(embedded: Any, name: str) -> None:
    around = {
        "V": vpc("10.9.0.0/16"),
        "S": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.9.0.0/24"),
        "S2": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.9.1.0/24"),
        "G": of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}),
    }

    def endpoint(*subnets: str, **more: Any) -> Json:
        return of(
            "EC2::VPCEndpoint",
            VpcId={"Ref": "V"},
            ServiceName="com.amazonaws.eu-west-1.ssm",
            VpcEndpointType="Interface",
            SubnetIds=[{"Ref": s} for s in subnets],
            SecurityGroupIds=[{"Fn::GetAtt": ["G", "GroupId"]}],
            **more,
        )

    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
    made(embedded, name, **around, E=endpoint("S", PrivateDnsEnabled=False))
    identifier = embedded.physical_id(name, "E")

    def shown() -> Json:
        found = embedded.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"][0]
        return dict(found)

    assert shown()["PrivateDnsEnabled"] is False
    changed(embedded, name, **around, E=endpoint("S2", PrivateDnsEnabled=True, PolicyDocument=policy))
    assert shown()["PrivateDnsEnabled"] is True
    assert shown()["SubnetIds"] == [embedded.physical_id(name, "S2")]
    assert [g["GroupId"] for g in shown()["Groups"]] == [embedded.physical_id(name, "G")]
    assert json.loads(shown()["PolicyDocument"]) == policy
    assert embedded.physical_id(name, "E") == identifier
    gone(embedded, name)


def test_a_gateway_endpoint_has_a_route_in_every_one_of_its_tables(embedded: Any, name: str) -> None:
    def endpoint(*tables: str) -> Json:
        service = "com.amazonaws.eu-west-1.s3"
        return of(
            "EC2::VPCEndpoint", VpcId={"Ref": "V"}, ServiceName=service, RouteTableIds=[{"Ref": t} for t in tables]
        )

    def routed(table: str) -> bool:
        found = embedded.client("ec2").describe_route_tables(RouteTableIds=[embedded.physical_id(name, table)])
        return any("DestinationPrefixListId" in r for r in found["RouteTables"][0]["Routes"])

    table = of("EC2::RouteTable", VpcId={"Ref": "V"})
    around = {"V": vpc("10.10.0.0/16"), "A": table, "B": table}
    made(embedded, name, **around, E=endpoint("A"))
    assert (routed("A"), routed("B")) == (True, False)
    changed(embedded, name, **around, E=endpoint("B"))
    assert (routed("A"), routed("B")) == (False, True)
    gone(embedded, name)


def test_a_flow_log_is_described_as_it_was_asked_for(embedded: Any, name: str) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    log = of(
        "EC2::FlowLog",
        ResourceId={"Ref": "V"},
        ResourceType="VPC",
        TrafficType="ALL",
        MaxAggregationInterval=60,
        LogGroupName={"Ref": "L"},
        DeliverLogsPermissionArn={"Fn::GetAtt": ["R", "Arn"]},
        LogFormat="${version} ${account-id}",
    )
    group = of("Logs::LogGroup")
    role = of("IAM::Role", AssumeRolePolicyDocument=trust)
    made(embedded, name, V=vpc("10.11.0.0/16"), L=group, R=role, F=log)
    found = embedded.client("ec2").describe_flow_logs(FlowLogIds=[embedded.physical_id(name, "F")])["FlowLogs"][0]
    wanted = {
        "TrafficType": "ALL",
        "MaxAggregationInterval": 60,
        "LogGroupName": embedded.physical_id(name, "L"),
        "LogFormat": "${version} ${account-id}",
        "ResourceId": embedded.physical_id(name, "V"),
    }
    assert {k: found.get(k) for k in wanted} == wanted
    gone(embedded, name)


def test_what_a_launch_template_hardens_is_in_every_version_and_its_tags_change(embedded: Any, name: str) -> None:
    def template(tag: str, hops: int) -> Json:
        data = {
            "ImageId": "ami-1",
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": hops,
                "InstanceMetadataTags": "disabled",
                "HttpEndpoint": "enabled",
            },
            "Monitoring": {"Enabled": True},
            "EbsOptimized": True,
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3", "KmsKeyId": "key"}}
            ],
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False, "Groups": ["sg-1"]}],
            "CreditSpecification": {"CpuCredits": "unlimited"},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": tag}]}],
        }
        own = [{"ResourceType": "launch-template", "Tags": [{"Key": "own", "Value": tag}]}]
        return of("EC2::LaunchTemplate", LaunchTemplateData=data, TagSpecifications=own, VersionDescription=tag)

    made(embedded, name, L=template("one", 1))
    ec2, identifier = embedded.client("ec2"), embedded.physical_id(name, "L")

    def latest() -> Json:
        answer = ec2.describe_launch_template_versions(LaunchTemplateId=identifier, Versions=["$Latest"])
        return dict(answer["LaunchTemplateVersions"][0])

    expected = template("one", 1)["Properties"]["LaunchTemplateData"]
    assert latest()["LaunchTemplateData"] == expected
    changed(embedded, name, L=template("two", 2))
    assert latest()["LaunchTemplateData"]["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert latest()["VersionDescription"] == "two"
    shown = ec2.describe_launch_templates(LaunchTemplateIds=[identifier])["LaunchTemplates"][0]
    assert shown["Tags"] == [{"Key": "own", "Value": "two"}]
    gone(embedded, name)


# keys -----------------------------------------------------------------------------------------------------------------


def test_a_key_is_read_back_with_policy_period_usage_and_tags(embedded: Any, name: str) -> None:
    def key(sid: str, days: int, **more: Any) -> Json:
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
        }
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]}
        rotation = {"EnableKeyRotation": True, "RotationPeriodInDays": days}
        return of(
            "KMS::Key", KeyPolicy=policy, PendingWindowInDays=7, Tags=[{"Key": "a", "Value": sid}], **rotation, **more
        )

    made(embedded, name, K=key("one", 180, MultiRegion=True))
    kms, identifier = embedded.client("kms"), embedded.physical_id(name, "K")

    def shown() -> tuple[Any, ...]:
        rotation = kms.get_key_rotation_status(KeyId=identifier)
        policy = json.loads(kms.get_key_policy(KeyId=identifier, PolicyName="default")["Policy"])
        tags = kms.list_resource_tags(KeyId=identifier)["Tags"]
        days = rotation.get("RotationPeriodInDays")
        return rotation["KeyRotationEnabled"], days, policy["Statement"][0]["Sid"], tags[0]["TagValue"]

    assert shown() == (True, 180, "one", "one")
    assert kms.describe_key(KeyId=identifier)["KeyMetadata"]["MultiRegion"] is True
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", K=key("two", 90, MultiRegion=True), B=broken(DependsOn="K"))
    assert shown() == (True, 180, "one", "one")
    changed(embedded, name, K=key("two", 90, MultiRegion=True))
    assert shown() == (True, 90, "two", "two")
    gone(embedded, name)
    metadata = kms.describe_key(KeyId=identifier)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert 6 <= (metadata["DeletionDate"] - metadata["CreationDate"]).days <= 7


# logs -----------------------------------------------------------------------------------------------------------------


def test_a_log_groups_key_class_and_protection_are_read_back_and_change_in_place(embedded: Any, name: str) -> None:
    around = {"K": of("KMS::Key"), "K2": of("KMS::Key")}

    def group(key: str | None, protected: bool) -> Json:
        encrypted = {"KmsKeyId": {"Fn::GetAtt": [key, "Arn"]}} if key else {}
        days = {"RetentionInDays": 365, "LogGroupClass": "INFREQUENT_ACCESS"}
        return of("Logs::LogGroup", DeletionProtectionEnabled=protected, **days, **encrypted)

    made(embedded, name, **around, L=group("K", True))
    logs, identifier = embedded.client("logs"), embedded.physical_id(name, "L")

    def shown() -> tuple[Any, ...]:
        found = logs.describe_log_groups(logGroupNamePrefix=identifier)["logGroups"][0]
        key = found.get("kmsKeyId", "").rpartition("/")[2]
        return key, found["retentionInDays"], found["logGroupClass"], found["deletionProtectionEnabled"]

    def key_id(logical_id: str) -> str:
        return str(embedded.physical_id(name, logical_id))

    assert shown() == (key_id("K"), 365, "INFREQUENT_ACCESS", True)
    with pytest.raises(ClientError, match="deletion protection"):
        logs.delete_log_group(logGroupName=identifier)
    changed(embedded, name, **around, L=group("K2", False))
    assert shown() == (key_id("K2"), 365, "INFREQUENT_ACCESS", False)
    changed(embedded, name, **around, L=group(None, False))
    assert shown()[0] == ""
    gone(embedded, name)
    assert logs.describe_log_groups(logGroupNamePrefix=identifier)["logGroups"] == []


def test_a_metric_filter_and_a_resource_policy(embedded: Any, name: str) -> None:
    def resources(pattern: str, effect: str) -> dict[str, Json]:
        transformation = {"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1", "DefaultValue": 0}
        statement = {
            "Effect": effect,
            "Principal": {"Service": "es.amazonaws.com"},
            "Action": "logs:*",
            "Resource": "*",
        }
        return {
            "L": of("Logs::LogGroup"),
            "F": of(
                "Logs::MetricFilter",
                LogGroupName={"Ref": "L"},
                FilterPattern=pattern,
                MetricTransformations=[transformation],
            ),
            "P": of(
                "Logs::ResourcePolicy",
                PolicyName=name,
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            ),
        }

    def shown() -> tuple[str, str]:
        found = logs.describe_metric_filters(logGroupName=embedded.physical_id(name, "L"))["metricFilters"]
        policies = logs.describe_resource_policies()["resourcePolicies"]
        own = next(p for p in policies if p["policyName"] == name)
        return found[0]["filterPattern"], json.loads(own["policyDocument"])["Statement"][0]["Effect"]

    logs = embedded.client("logs")
    made(embedded, name, **resources("ERROR", "Allow"))
    assert shown() == ("ERROR", "Allow")
    identifier = embedded.physical_id(name, "F")
    changed(embedded, name, **resources("FATAL", "Deny"))
    assert shown() == ("FATAL", "Deny")
    assert embedded.physical_id(name, "F") == identifier
    gone(embedded, name)
    assert all(p["policyName"] != name for p in logs.describe_resource_policies()["resourcePolicies"])
