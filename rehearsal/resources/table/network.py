"""AWS::EC2: networks, security groups, launch templates."""

from rehearsal.resources.kind import Call, Computed, Each, Kind, Name, ec2_tags, op, replacing
from rehearsal.resources.special import network, network_access

RULE = {"GroupId": "{id}", "IpPermissions": Computed(network.permission)}
DESTINATION = {
    "RouteTableId": "$RouteTableId",
    "DestinationCidrBlock": "$DestinationCidrBlock",
    "DestinationIpv6CidrBlock": "$DestinationIpv6CidrBlock",
    "DestinationPrefixListId": "$DestinationPrefixListId",
}


def vpc_attribute(name: str, default: bool) -> Call:
    return Call(
        op("modify_vpc_attribute", VpcId="{id}", **{name: {"Value": f"${name}"}}),
        undo=op("modify_vpc_attribute", VpcId="{id}", **{name: {"Value": default}}),
    )


TABLE = {
    "AWS::EC2::VPC": Kind(
        service="ec2",
        create=op("create_vpc"),
        delete=op("delete_vpc"),
        tagging=ec2_tags("vpc"),
        steps=(
            vpc_attribute("EnableDnsSupport", True),
            vpc_attribute("EnableDnsHostnames", False),
        ),
        attributes={
            "CidrBlock": "{CidrBlock}",
            "DefaultSecurityGroup": Computed(network.default_security_group),
            "DefaultNetworkAcl": Computed(network.default_network_acl),
        },
    ),
    "AWS::EC2::Subnet": Kind(
        service="ec2",
        create=op("create_subnet"),
        delete=op("delete_subnet"),
        tagging=ec2_tags("subnet"),
        steps=(
            Call(
                op(
                    "modify_subnet_attribute",
                    SubnetId="{id}",
                    MapPublicIpOnLaunch={"Value": "$MapPublicIpOnLaunch"},
                ),
                undo=op(
                    "modify_subnet_attribute",
                    SubnetId="{id}",
                    MapPublicIpOnLaunch={"Value": False},
                ),
            ),
        ),
        attributes={
            "AvailabilityZone": "{AvailabilityZone}",
            "VpcId": "{VpcId}",
            "CidrBlock": "{CidrBlock}",
        },
    ),
    "AWS::EC2::RouteTable": Kind(
        service="ec2",
        create=op("create_route_table"),
        delete=op("delete_route_table"),
        tagging=ec2_tags("route-table"),
    ),
    "AWS::EC2::Route": Kind(
        service="ec2",
        create=op("create_route"),
        update=(replacing(op("replace_route", **DESTINATION)),),
        delete=op("delete_route", **DESTINATION),
        ref=Computed(network.destination),
    ),
    "AWS::EC2::SubnetRouteTableAssociation": Kind(
        service="ec2",
        create=op("associate_route_table"),
        delete=op("disassociate_route_table", AssociationId="{id}"),
        ref="{AssociationId}",
    ),
    "AWS::EC2::InternetGateway": Kind(
        service="ec2",
        create=op("create_internet_gateway"),
        delete=op("delete_internet_gateway"),
        tagging=ec2_tags("internet-gateway"),
    ),
    "AWS::EC2::VPCGatewayAttachment": Kind(
        service="ec2",
        create=op("attach_internet_gateway"),
        delete=op(
            "detach_internet_gateway",
            InternetGatewayId="$InternetGatewayId",
            VpcId="$VpcId",
        ),
        ref="IGW|{VpcId}",
    ),
    "AWS::EC2::NatGateway": Kind(
        service="ec2",
        create=op("create_nat_gateway"),
        delete=op("delete_nat_gateway"),
        tagging=ec2_tags("natgateway"),
        stabilize=network.nat_gateway_available,
        until_gone=network.nat_gateway_gone,
        remark="Guests reach the outside through the machine that runs the rehearsal, with or without it.",
    ),
    "AWS::EC2::EIP": Kind(
        service="ec2",
        create=op("allocate_address"),
        delete=op("release_address", AllocationId="{AllocationId}", PublicIp=None),
        tagging=ec2_tags("elastic-ip", "{AllocationId}"),
        ref="{PublicIp}",
    ),
    "AWS::EC2::SecurityGroup": Kind(
        service="ec2",
        create=op("create_security_group"),
        delete=op("delete_security_group", GroupId="{id}"),
        tagging=ec2_tags("security-group"),
        ref="{GroupId}",
        attributes={"GroupId": "{id}", "Id": "{id}", "VpcId": "{VpcId}"},
        rename={"GroupDescription": "Description"},
        name=Name("GroupName", 255),
        steps=(
            network.close_egress,
            Each(
                "SecurityGroupIngress",
                op("authorize_security_group_ingress", **RULE),
                op("revoke_security_group_ingress", **RULE),
            ),
            Each(
                "SecurityGroupEgress",
                op("authorize_security_group_egress", **RULE),
                op("revoke_security_group_egress", **RULE),
            ),
        ),
        remark="Rules are kept and described; the guests' network does not enforce them.",
    ),
    "AWS::EC2::SecurityGroupIngress": Kind(
        service="ec2",
        create=op("authorize_security_group_ingress"),
        delete=op(
            "revoke_security_group_ingress",
            GroupId="$GroupId",
            SecurityGroupRuleIds=["{id}"],
        ),
        ref="{SecurityGroupRuleId}",
        prepare=network.ingress,
        remark="Rules are kept and described; the guests' network does not enforce them.",
    ),
    "AWS::EC2::SecurityGroupEgress": Kind(
        service="ec2",
        create=op("authorize_security_group_egress"),
        delete=op(
            "revoke_security_group_egress",
            GroupId="$GroupId",
            SecurityGroupRuleIds=["{id}"],
        ),
        ref="{SecurityGroupRuleId}",
        prepare=network.egress,
        remark="Rules are kept and described; the guests' network does not enforce them.",
    ),
    "AWS::EC2::LaunchTemplate": Kind(
        service="ec2",
        create=op("create_launch_template"),
        update=(replacing(op("create_launch_template_version", LaunchTemplateId="{id}", LaunchTemplateName=None)),),
        delete=op("delete_launch_template", LaunchTemplateId="{id}"),
        name=Name("LaunchTemplateName", 128),
        steps=(network_access.launch_template_tags,),
        attributes={
            "LatestVersionNumber": network.launch_template_version("LatestVersionNumber"),
            "DefaultVersionNumber": network.launch_template_version("DefaultVersionNumber"),
        },
    ),
    "AWS::EC2::VPCEndpoint": Kind(
        service="ec2",
        create=op("create_vpc_endpoint"),
        update=(op("modify_vpc_endpoint", VpcEndpointId="{id}"),),
        delete=op("delete_vpc_endpoints", VpcEndpointIds=["{id}"]),
        tagging=ec2_tags("vpc-endpoint"),
        ref="{VpcEndpointId}",
        refused=dict.fromkeys(
            ("DnsOptions", "IpAddressType", "ResourceConfigurationArn", "ServiceNetworkArn", "ServiceRegion"),
            "moto drops it",
        ),
        prepare=network.endpoint,
        steps=(network_access.endpoint_members,),
        remark="Guests reach the embedded AWS at its endpoint, with or without it.",
    ),
    "AWS::EC2::FlowLog": Kind(
        service="ec2",
        create=op("create_flow_logs"),
        delete=op("delete_flow_logs", FlowLogIds=["{id}"]),
        tagging=ec2_tags("vpc-flow-log"),
        ref=Computed(lambda resource, _: resource.answer["FlowLogIds"][0]),
        rename={"ResourceId": "ResourceIds"},
        refused={"DeliverCrossAccountRole": "moto drops it", "DestinationOptions": "moto drops it"},
        remark="Described, but no traffic is written to it.",
    ),
}
