"""Every kind of resource: made, read back from its service, changed in place, deleted."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.resources.table import TABLE
from tests.rehearsal.cloudformation.pieces import Json, vpc

TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
OTHER_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}

POLICY_TOPIC = "arn:aws:sns:eu-west-1:123400000001:policy-topic"


def of(kind: str, /, **properties: Any) -> Json:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def role(**properties: Any) -> Json:
    return of("IAM::Role", AssumeRolePolicyDocument=TRUST, **properties)


NETWORK = {
    "V": vpc("10.1.0.0/16"),
    "S": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.0.0/24", AvailabilityZone="eu-west-1a"),
    "S2": of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.1.0/24", AvailabilityZone="eu-west-1b"),
}
BALANCER = {
    **NETWORK,
    "LB": of(
        "ElasticLoadBalancingV2::LoadBalancer",
        Subnets=[{"Ref": "S"}, {"Ref": "S2"}],
        LoadBalancerAttributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}],
    ),
    "TG": of("ElasticLoadBalancingV2::TargetGroup", VpcId={"Ref": "V"}, Port=80, Protocol="HTTP"),
    "L": of(
        "ElasticLoadBalancingV2::Listener",
        LoadBalancerArn={"Ref": "LB"},
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    ),
}


def rule(port: int) -> Json:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8", "Description": "d"}


def listener_rule(path: str, priority: int = 1) -> Json:
    return of(
        "ElasticLoadBalancingV2::ListenerRule",
        ListenerArn={"Ref": "L"},
        Priority=priority,
        Actions=[{"Type": "forward", "TargetGroupArn": {"Ref": "TG"}}],
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A resource X before and after an update in place, what it stands on, and how it is read back.

    `read` gets (client of `service`, physical id) and gives what `before` and `after` are compared with.
    """

    service: str
    old: Json
    new: Json
    read: Callable[[Any, str], Any]
    before: Any
    after: Any
    around: Json


def case(
    service: str,
    old: Json,
    new: Json,
    read: Callable[[Any, str], Any],
    before: Any,
    after: Any,
    around: Json | None = None,
) -> Case:
    return Case(service, old, new, read, before, after, around or {})


def bucket_tags(client: Any, name: str) -> Any:
    return {t["Key"]: t["Value"] for t in client.get_bucket_tagging(Bucket=name)["TagSet"]}


CASES = {
    "a VPC's DNS": case(
        "ec2",
        vpc("10.1.0.0/16", EnableDnsHostnames=True),
        vpc("10.1.0.0/16"),
        lambda c, i: c.describe_vpc_attribute(VpcId=i, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"],
        True,
        False,
    ),
    "a subnet's public addresses": case(
        "ec2",
        of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.9.0/24", MapPublicIpOnLaunch=False),
        of("EC2::Subnet", VpcId={"Ref": "V"}, CidrBlock="10.1.9.0/24", MapPublicIpOnLaunch="true"),
        lambda c, i: c.describe_subnets(SubnetIds=[i])["Subnets"][0]["MapPublicIpOnLaunch"],
        False,
        True,
        NETWORK,
    ),
    "a security group's rules": case(
        "ec2",
        of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}, SecurityGroupIngress=[rule(1), rule(2)]),
        of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}, SecurityGroupIngress=[rule(2), rule(3)]),
        lambda c, i: sorted(
            p["FromPort"] for p in c.describe_security_groups(GroupIds=[i])["SecurityGroups"][0]["IpPermissions"]
        ),
        [1, 2],
        [2, 3],
        NETWORK,
    ),
    "a group that lists its egress loses the rule it was born with": case(
        "ec2",
        of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}, SecurityGroupEgress=[rule(1)]),
        of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}, SecurityGroupEgress=[rule(2)]),
        lambda c, i: [
            p["FromPort"] for p in c.describe_security_groups(GroupIds=[i])["SecurityGroups"][0]["IpPermissionsEgress"]
        ],
        [1],
        [2],
        NETWORK,
    ),
    "a launch template's versions": case(
        "ec2",
        of("EC2::LaunchTemplate", LaunchTemplateData={"InstanceType": "t3.micro", "ImageId": "ami-1"}),
        of("EC2::LaunchTemplate", LaunchTemplateData={"InstanceType": "t3.small"}),
        lambda c, i: [
            (v["VersionNumber"], v["LaunchTemplateData"])
            for v in c.describe_launch_template_versions(LaunchTemplateId=i)["LaunchTemplateVersions"]
        ][-1],
        (1, {"InstanceType": "t3.micro", "ImageId": "ami-1"}),
        (2, {"InstanceType": "t3.small"}),
    ),
    "a role's trust, policies and boundary": case(
        "iam",
        role(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            Policies=[{"PolicyName": "a", "PolicyDocument": POLICY}],
            Description="one",
        ),
        role(
            ManagedPolicyArns=["arn:aws:iam::aws:policy/PowerUserAccess"],
            Policies=[{"PolicyName": "b", "PolicyDocument": POLICY}],
            Description="two",
            PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        lambda c, i: (
            [p["PolicyName"] for p in c.list_attached_role_policies(RoleName=i)["AttachedPolicies"]],
            c.list_role_policies(RoleName=i)["PolicyNames"],
            c.get_role(RoleName=i)["Role"]["Description"],
            c.get_role(RoleName=i)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        ),
        (["ReadOnlyAccess"], ["a"], "one", None),
        (["PowerUserAccess"], ["b"], "two", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ),
    "an inline policy of its own": case(
        "iam",
        of("IAM::Policy", PolicyName="own", PolicyDocument=POLICY, Roles=[{"Ref": "R"}]),
        of("IAM::Policy", PolicyName="own", PolicyDocument=OTHER_POLICY, Roles=[{"Ref": "R"}]),
        lambda c, i: c.get_role_policy(RoleName="inline-role", PolicyName=i)["PolicyDocument"],
        POLICY,
        OTHER_POLICY,
        {"R": role(RoleName="inline-role")},
    ),
    "a managed policy's versions": case(
        "iam",
        of("IAM::ManagedPolicy", PolicyDocument=POLICY, Roles=[{"Ref": "R"}]),
        of("IAM::ManagedPolicy", PolicyDocument=OTHER_POLICY, Roles=[]),
        lambda c, i: (
            c.get_policy(PolicyArn=i)["Policy"]["DefaultVersionId"],
            len(c.list_entities_for_policy(PolicyArn=i)["PolicyRoles"]),
        ),
        ("v1", 1),
        ("v2", 0),
        {"R": role()},
    ),
    "an instance profile's role": case(
        "iam",
        of("IAM::InstanceProfile", Roles=[{"Ref": "R"}]),
        of("IAM::InstanceProfile", Roles=[{"Ref": "R2"}]),
        lambda c, i: [
            r["Description"] for r in c.get_instance_profile(InstanceProfileName=i)["InstanceProfile"]["Roles"]
        ],
        ["one"],
        ["two"],
        {"R": role(Description="one"), "R2": role(Description="two")},
    ),
    "a key's rotation": case(
        "kms",
        of("KMS::Key", Description="one", EnableKeyRotation=True),
        of("KMS::Key", Description="two", EnableKeyRotation=False),
        lambda c, i: (
            c.get_key_rotation_status(KeyId=i)["KeyRotationEnabled"],
            c.describe_key(KeyId=i)["KeyMetadata"]["Description"],
        ),
        (True, "one"),
        (False, "two"),
    ),
    "an alias": case(
        "kms",
        of("KMS::Alias", AliasName="alias/one", TargetKeyId={"Ref": "K"}),
        of("KMS::Alias", AliasName="alias/one", TargetKeyId={"Ref": "K2"}),
        lambda c, i: c.describe_key(KeyId=i)["KeyMetadata"]["Description"],
        "one",
        "two",
        {"K": of("KMS::Key", Description="one"), "K2": of("KMS::Key", Description="two")},
    ),
    "a bucket's versioning, encryption and life cycle": case(
        "s3",
        of(
            "S3::Bucket",
            VersioningConfiguration={"Status": "Enabled"},
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            LifecycleConfiguration={"Rules": [{"Id": "a", "Status": "Enabled", "ExpirationInDays": 1}]},
        ),
        of(
            "S3::Bucket",
            VersioningConfiguration={"Status": "Suspended"},
            LifecycleConfiguration={"Rules": [{"Id": "b", "Status": "Enabled", "ExpirationInDays": 2}]},
        ),
        lambda c, i: (
            c.get_bucket_versioning(Bucket=i)["Status"],
            c.get_bucket_lifecycle_configuration(Bucket=i)["Rules"][0]["Expiration"]["Days"],
        ),
        ("Enabled", 1),
        ("Suspended", 2),
    ),
    "a bucket's tags": case(
        "s3",
        of("S3::Bucket", Tags=[{"Key": "a", "Value": "1"}]),
        of("S3::Bucket", Tags=[{"Key": "b", "Value": "2"}]),
        bucket_tags,
        {"a": "1"},
        {"b": "2"},
    ),
    "a bucket policy with a condition is kept whole": case(
        "s3",
        of(
            "S3::BucketPolicy",
            Bucket={"Ref": "B"},
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": "*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        ),
        of(
            "S3::BucketPolicy",
            Bucket={"Ref": "B"},
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
            },
        ),
        lambda c, i: [s["Effect"] for s in json.loads(c.get_bucket_policy(Bucket=i)["Policy"])["Statement"]],
        ["Deny"],
        ["Allow"],
        {"B": of("S3::Bucket")},
    ),
    "a parameter and its tags": case(
        "ssm",
        of("SSM::Parameter", Type="String", Value="one", Tags={"a": "1"}),
        of("SSM::Parameter", Type="String", Value="two", Tags={"b": "2"}),
        lambda c, i: (
            c.get_parameter(Name=i)["Parameter"]["Value"],
            c.list_tags_for_resource(ResourceType="Parameter", ResourceId=i)["TagList"],
        ),
        ("one", [{"Key": "a", "Value": "1"}]),
        ("two", [{"Key": "b", "Value": "2"}]),
    ),
    "a log group's retention": case(
        "logs",
        of("Logs::LogGroup", LogGroupName="one", RetentionInDays=7),
        of("Logs::LogGroup", LogGroupName="one"),
        lambda c, i: c.describe_log_groups(logGroupNamePrefix=i)["logGroups"][0].get("retentionInDays"),
        7,
        None,
    ),
    "a topic's display name": case(
        "sns",
        of("SNS::Topic", DisplayName="one"),
        of("SNS::Topic", DisplayName="two"),
        lambda c, i: c.get_topic_attributes(TopicArn=i)["Attributes"]["DisplayName"],
        "one",
        "two",
    ),
    "a topic's policy": case(
        "sns",
        of("SNS::TopicPolicy", Topics=[{"Ref": "T"}], PolicyDocument=POLICY),
        of("SNS::TopicPolicy", Topics=[{"Ref": "T"}], PolicyDocument=OTHER_POLICY),
        lambda c, i: json.loads(c.get_topic_attributes(TopicArn=POLICY_TOPIC)["Attributes"]["Policy"]),
        POLICY,
        OTHER_POLICY,
        {"T": of("SNS::Topic", TopicName=POLICY_TOPIC.rsplit(":", 1)[1])},
    ),
    "a subscription's endpoint": case(
        "sns",
        of("SNS::Subscription", TopicArn={"Ref": "T"}, Protocol="email", Endpoint="a@example.com"),
        of("SNS::Subscription", TopicArn={"Ref": "T"}, Protocol="email", Endpoint="b@example.com"),
        lambda c, i: c.get_subscription_attributes(SubscriptionArn=i)["Attributes"]["Endpoint"],
        "a@example.com",
        "b@example.com",
        {"T": of("SNS::Topic")},
    ),
    "a repository's policy": case(
        "ecr",
        of("ECR::Repository", ImageTagMutability="MUTABLE"),
        of("ECR::Repository", ImageTagMutability="IMMUTABLE"),
        lambda c, i: c.describe_repositories(repositoryNames=[i])["repositories"][0]["imageTagMutability"],
        "MUTABLE",
        "IMMUTABLE",
    ),
    "a load balancer's attributes": case(
        "elbv2",
        of(
            "ElasticLoadBalancingV2::LoadBalancer",
            Subnets=[{"Ref": "S"}, {"Ref": "S2"}],
            LoadBalancerAttributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "31"}],
        ),
        of(
            "ElasticLoadBalancingV2::LoadBalancer",
            Subnets=[{"Ref": "S"}, {"Ref": "S2"}],
            LoadBalancerAttributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "32"}],
        ),
        lambda c, i: {
            a["Key"]: a["Value"] for a in c.describe_load_balancer_attributes(LoadBalancerArn=i)["Attributes"]
        }["idle_timeout.timeout_seconds"],
        "31",
        "32",
        NETWORK,
    ),
    "a target group's health check": case(
        "elbv2",
        of(
            "ElasticLoadBalancingV2::TargetGroup",
            VpcId={"Ref": "V"},
            Port=80,
            Protocol="HTTP",
            HealthCheckPath="/one",
            TargetGroupAttributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
        ),
        of(
            "ElasticLoadBalancingV2::TargetGroup",
            VpcId={"Ref": "V"},
            Port=80,
            Protocol="HTTP",
            HealthCheckPath="/two",
            TargetGroupAttributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}],
        ),
        lambda c, i: (
            c.describe_target_groups(TargetGroupArns=[i])["TargetGroups"][0]["HealthCheckPath"],
            {a["Key"]: a["Value"] for a in c.describe_target_group_attributes(TargetGroupArn=i)["Attributes"]}[
                "deregistration_delay.timeout_seconds"
            ],
        ),
        ("/one", "1"),
        ("/two", "2"),
        NETWORK,
    ),
    "a listener rule's path": case(
        "elbv2",
        listener_rule("/one"),
        listener_rule("/two"),
        lambda c, i: c.describe_rules(RuleArns=[i])["Rules"][0]["Conditions"][0]["PathPatternConfig"]["Values"],
        ["/one"],
        ["/two"],
        BALANCER,
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_and_deleted(embedded: Any, name: str, title: str) -> None:
    given = CASES[title]
    client = embedded.client(given.service)
    stack = embedded.create(name, {"Resources": {**given.around, "X": given.old}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    identifier = embedded.physical_id(name, "X")
    assert given.read(client, identifier) == given.before
    stack = embedded.update(name, {"Resources": {**given.around, "X": given.new}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert given.read(client, embedded.physical_id(name, "X")) == given.after
    if title != "a subscription's endpoint":  # create-only: that one is replaced
        assert embedded.physical_id(name, "X") == identifier
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])


def test_routes_gateways_and_associations(embedded: Any, name: str) -> None:
    def template(target: Json) -> Json:
        resources = {
            **NETWORK,
            "IG": of("EC2::InternetGateway"),
            "A": of("EC2::VPCGatewayAttachment", VpcId={"Ref": "V"}, InternetGatewayId={"Ref": "IG"}),
            "IP": of("EC2::EIP", Domain="vpc"),
            "N": of("EC2::NatGateway", SubnetId={"Ref": "S"}, AllocationId={"Fn::GetAtt": ["IP", "AllocationId"]}),
            "RT": of("EC2::RouteTable", VpcId={"Ref": "V"}),
            "RA": of("EC2::SubnetRouteTableAssociation", SubnetId={"Ref": "S"}, RouteTableId={"Ref": "RT"}),
            "R": {
                **of("EC2::Route", RouteTableId={"Ref": "RT"}, DestinationCidrBlock="0.0.0.0/0", **target),
                "DependsOn": "A",
            },
        }
        return {"Resources": resources}

    def target() -> Json:
        tables = embedded.client("ec2").describe_route_tables(RouteTableIds=[embedded.physical_id(name, "RT")])
        routes: list[Json] = tables["RouteTables"][0]["Routes"]
        return next(r for r in routes if r["DestinationCidrBlock"] == "0.0.0.0/0")

    stack = embedded.create(name, template({"GatewayId": {"Ref": "IG"}}))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    assert target()["GatewayId"] == embedded.physical_id(name, "IG")
    assert embedded.physical_id(name, "R") == f"{embedded.physical_id(name, 'RT')}|0.0.0.0/0"
    stack = embedded.update(name, template({"NatGatewayId": {"Ref": "N"}}))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert target()["NatGatewayId"] == embedded.physical_id(name, "N")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])


def test_rules_alone_endpoints_and_flow_logs(embedded: Any, name: str) -> None:
    resources = {
        **NETWORK,
        "G": of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "V"}),
        "I": of("EC2::SecurityGroupIngress", GroupId={"Fn::GetAtt": ["G", "GroupId"]}, **rule(80)),
        "E": of(
            "EC2::SecurityGroupEgress",
            GroupId={"Fn::GetAtt": ["G", "GroupId"]},
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            DestinationSecurityGroupId={"Fn::GetAtt": ["G", "GroupId"]},
        ),
        "P": of("EC2::VPCEndpoint", VpcId={"Ref": "V"}, ServiceName="com.amazonaws.eu-west-1.s3"),
        "LG": of("Logs::LogGroup"),
        "R": role(),
        "F": of(
            "EC2::FlowLog",
            ResourceId={"Ref": "V"},
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName={"Ref": "LG"},
            DeliverLogsPermissionArn={"Fn::GetAtt": ["R", "Arn"]},
        ),
    }
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    group = embedded.client("ec2").describe_security_groups(GroupIds=[embedded.physical_id(name, "G")])
    assert [p["FromPort"] for p in group["SecurityGroups"][0]["IpPermissions"]] == [80]
    assert 443 in [p.get("FromPort") for p in group["SecurityGroups"][0]["IpPermissionsEgress"]]
    flow_log = embedded.physical_id(name, "F")
    assert embedded.client("ec2").describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])


def test_a_certificate_is_complete_when_it_is_issued(embedded: Any, name: str) -> None:
    certificate = of(
        "CertificateManager::Certificate",
        DomainName="a.example.com",
        ValidationMethod="DNS",
    )
    stack = embedded.create(name, {"Resources": {"C": certificate}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    found = embedded.client("acm").describe_certificate(CertificateArn=embedded.physical_id(name, "C"))
    assert found["Certificate"]["Status"] == "ISSUED"
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_what_is_only_recorded_can_be_referred_to(embedded: Any, name: str) -> None:
    resources = {"H": of("CloudFormation::WaitConditionHandle"), "M": of("CDK::Metadata", Analytics="v2")}
    outputs = {"H": {"Value": {"Ref": "H"}}}
    stack = embedded.create(name, {"Resources": resources, "Outputs": outputs})
    assert stack["Outputs"][0]["OutputValue"].startswith("https://cloudformation-waitcondition-")


def test_every_type_of_the_table_has_a_test_in_this_folder() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    others = {"AWS::CloudFormation::CustomResource": "Custom::"}  # it goes by the template's own names
    known = {t: (others.get(t, f'"{t}"'), f'"{t.removeprefix("AWS::")}"') for t in TABLE}
    assert [t for t, names in known.items() if not any(name in text for name in names)] == []
