"""Resources that keep promises which no template of an application may happen to keep.

A promise from which every resource is exempted, or that is asked of protected environments and of a resource that only
others have, cannot be broken in the templates: it would not be proven. So it is broken in one of these.
"""

from typing import Any

from kiln.promises.template import Environment

RESOURCES: dict[str, dict[str, Any]] = {
    "Targets": {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {"Protocol": "HTTPS", "Port": 8443, "TargetType": "instance"},
    },
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "DeletionProtectionEnabled": True,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}},
        },
    },
    "Broker": {
        "Type": "AWS::AmazonMQ::Broker",
        "Properties": {"EncryptionOptions": {"UseAwsOwnedKey": False, "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}},
    },
    "Distribution": {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "ViewerCertificate": {
                    "AcmCertificateArn": {"Ref": "Certificate"},
                    "MinimumProtocolVersion": "TLSv1.2_2021",
                    "SslSupportMethod": "sni-only",
                }
            }
        },
    },
    "PublicZone": {
        "Type": "AWS::Route53::HostedZone",
        "Properties": {"QueryLoggingConfig": {"CloudWatchLogsLogGroupArn": {"Fn::GetAtt": ["Queries", "Arn"]}}},
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
            "KmsKeyArn": {"Fn::GetAtt": ["Key", "Arn"]},
        },
    },
}

SPECIMENS = Environment.of("specimens", {"Specimens": {"Resources": RESOURCES}})
