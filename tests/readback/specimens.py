"""What Payroll does not have, or has with an exemption only: small things beside it, so that they can be read back too.

As `kiln.promises.specimens`, which are broken and not deployed. The template says itself what a promise asks for; the
readings ask the services, as for everything else. One more is there to be changed by tests: a launch template.
"""

from typing import Any

NAME, ENVIRONMENT = "Specimens", "Production"
"""The stack, and the protected environment beside which it is."""
QUERIES, QUERIES_REGION = "/aws/route53/specimen.example", "us-east-1"
"""The log group of a zone's queries, and where Route 53 wants it:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html"""

_SHARED = {
    "Vpc": "network/vpc-id",
    "Subnets": "network/data-subnet-ids",
    "Key": "keys/data-arn",
    "Topic": "notifications/info-topic-arn",
}
_QUERIES_ARN = f"arn:aws:logs:{QUERIES_REGION}:${{AWS::AccountId}}:log-group:{QUERIES}:*"


def _of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def machine(key: Any) -> dict[str, Any]:
    """What a launch template says of an instance; `key` encrypts its disk."""
    disk = {"Encrypted": True, "KmsKeyId": key, "VolumeType": "gp3", "VolumeSize": 8}
    return {
        "ImageId": "ami-03cf127a",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "disabled"},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": disk}],
        "Monitoring": {"Enabled": True},
    }


_RESOURCES = {
    "Machine": _of("EC2::LaunchTemplate", LaunchTemplateData=machine({"Ref": "Key"})),
    "Targets": _of("ElasticLoadBalancingV2::TargetGroup", VpcId={"Ref": "Vpc"}, Protocol="HTTPS", Port=8443),
    "Table": _of(
        "DynamoDB::Table",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        SSESpecification={"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}},
    ),
    "Broker": _of(
        "AmazonMQ::Broker",
        BrokerName="specimen",
        EngineType="RabbitMQ",
        EngineVersion="3.13",
        DeploymentMode="CLUSTER_MULTI_AZ",
        HostInstanceType="mq.m7g.medium",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        EncryptionOptions={"UseAwsOwnedKey": False, "KmsKeyId": {"Ref": "Key"}},
        Logs={"General": True},
        SubnetIds={"Ref": "Subnets"},
        Users=[{"Username": "specimen", "Password": "of nobody here 1"}],
    ),
    "Distribution": _of(
        "CloudFront::Distribution",
        DistributionConfig={
            "Enabled": True,
            "Origins": [
                {
                    "Id": "one",
                    "DomainName": "payroll.example",
                    "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                }
            ],
            "DefaultCacheBehavior": {
                "TargetOriginId": "one",
                "ViewerProtocolPolicy": "https-only",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
            "Logging": {"Bucket": "specimen.s3.amazonaws.com"},
            "ViewerCertificate": {
                "AcmCertificateArn": "arn:aws:acm:us-east-1:123400000001:certificate/specimen",
                "MinimumProtocolVersion": "TLSv1.2_2021",
                "SslSupportMethod": "sni-only",
            },
        },
    ),
    "Zone": _of(
        "Route53::HostedZone",
        Name="specimen.example",
        QueryLoggingConfig={"CloudWatchLogsLogGroupArn": {"Fn::Sub": _QUERIES_ARN}},
    ),
    "Role": _of(
        "IAM::Role",
        AssumeRolePolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
    ),
    "Function": _of(
        "Lambda::Function",
        Runtime="python3.13",
        Handler="index.handler",
        Code={"ZipFile": "def handler(event, context):\n    return event\n"},
        Role={"Fn::GetAtt": ["Role", "Arn"]},
        Environment={"Variables": {"STAGE": "specimen"}},
        KmsKeyArn={"Ref": "Key"},
        ReservedConcurrentExecutions=1,
        DeadLetterConfig={"TargetArn": {"Ref": "Topic"}},
        TracingConfig={"Mode": "Active"},
    ),
}

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        name: {
            "Type": "AWS::SSM::Parameter::Value<" + ("List<String>" if name == "Subnets" else "String") + ">",
            "Default": f"/kiln/payroll/{path}",
        }
        for name, path in _SHARED.items()
    },
    "Resources": _RESOURCES,
}
