"""Pieces of templates."""

from typing import Any

Json = dict[str, Any]


def topic(**properties: Any) -> Json:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def parameter(name: str, value: Any, **more: Any) -> Json:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}, **more}


def vpc(cidr: str, **more: Any) -> Json:
    return {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": cidr, **more}}


def broken(**more: Any) -> Json:
    """A subnet outside any VPC: EC2 refuses it."""
    return {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-0", "CidrBlock": "1.2.3.0/24"}, **more}
