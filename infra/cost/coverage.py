"""What has no price of its own, by resource type: what is free, what depends on use, what is beside a price.

Every type of a template is in exactly one of `FREE`, `BY_USE` and `pricing.RULES`; a test says so. A type in none of
them is listed as not priced, so that nothing is left out silently.
"""

from collections.abc import Mapping

NO_CHARGE = "no charge for it"
SETTING = "a setting of something else"

FREE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "AWS::CertificateManager::Certificate",  # public ones; https://aws.amazon.com/certificate-manager/pricing/
            "AWS::Budgets::Budget",  # without actions; https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/
            "AWS::EC2::InternetGateway",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::Subnet",
            "AWS::EC2::VPC",  # https://aws.amazon.com/vpc/pricing/
            "AWS::ECS::Cluster",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::SSM::Document",
            "AWS::SSM::MaintenanceWindow",
            "AWS::SSM::PatchBaseline",  # https://aws.amazon.com/systems-manager/pricing/
            "AWS::IAM::InstanceProfile",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::Policy",
            "AWS::IAM::Role",
            "AWS::IAM::ServiceLinkedRole",  # https://aws.amazon.com/iam/faqs/
            "AWS::Events::Rule",  # rules for events of AWS services; https://aws.amazon.com/eventbridge/pricing/
            "AWS::RDS::EventSubscription",  # what it sends is paid with the topic
        ),
        NO_CHARGE,
    ),
    **dict.fromkeys(
        (
            "AWS::AmazonMQ::Configuration",
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::AutoScaling::LifecycleHook",
            "AWS::AutoScaling::ScalingPolicy",
            "AWS::AutoScaling::ScheduledAction",
            "AWS::Backup::BackupPlan",
            "AWS::Backup::BackupSelection",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::ResponseHeadersPolicy",
            "AWS::Config::DeliveryChannel",
            "AWS::EC2::LaunchTemplate",
            "AWS::EC2::Route",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::SnapshotBlockPublicAccess",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCBlockPublicAccessExclusion",
            "AWS::EC2::VPCBlockPublicAccessOptions",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::ECS::TaskDefinition",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "AWS::KMS::Alias",
            "AWS::Lambda::Alias",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Version",
            "AWS::RDS::DBClusterParameterGroup",
            "AWS::RDS::DBSubnetGroup",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::MaintenanceWindowTarget",
            "AWS::SSM::MaintenanceWindowTask",
            "AWS::WAFv2::LoggingConfiguration",
            "AWS::WAFv2::WebACLAssociation",
            "Custom::ClosedDefaultGroup",
            "Custom::EncryptedVolumes",
            "Custom::PrivateBuckets",
        ),
        SETTING,
    ),
}

BY_USE: Mapping[str, str] = {
    "AWS::Backup::BackupVault": "by the GiB that backups hold",
    "AWS::Backup::RestoreTestingPlan": "by the restores that it tests, and what they restore",
    "AWS::Backup::RestoreTestingSelection": "by the restores that it tests, and what they restore",
    "AWS::CloudFront::Distribution": "by requests and data",
    "AWS::CloudTrail::Trail": "by events beyond the first copy of management events, and what the bucket holds",
    "AWS::Config::ConfigRule": "by evaluations",
    "AWS::Config::ConfigurationRecorder": "by recorded changes",
    "AWS::DynamoDB::Table": "by requests, and the GiB that it and its recovery hold",
    "AWS::EC2::FlowLog": "by the GiB that it writes",
    "AWS::GuardDuty::Detector": "by the events and GiB that it looks at",
    "AWS::Lambda::Function": "by requests and the time that they take",
    "AWS::Logs::LogGroup": "by the GiB that it takes in and holds",
    "AWS::Logs::MetricFilter": "its metric is paid for the hours in which something matches",
    "AWS::Route53::RecordSet": "by queries",
    "AWS::S3::Bucket": "by the GiB that it holds, and requests",
    "AWS::SNS::Topic": "by messages",
    "AWS::SQS::Queue": "by requests",
    "AWS::SecurityHub::Hub": "by checks and findings",
    "AWS::SecurityHub::Standard": "by checks and findings",
}

BESIDE: Mapping[str, str] = {
    "AWS::AutoScaling::AutoScalingGroup": "instances beyond the size, data transfer, detailed monitoring, and, of "
    "burstable types, credits beyond those earned",
    "AWS::EC2::NatGateway": "the GiB that pass through it",
    "AWS::EC2::VPCEndpoint": "the GiB that pass through it",
    "AWS::ECS::Service": "tasks beyond the size, data transfer",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load balancer capacity units",
    "AWS::KMS::Key": "requests; and older key material after a rotation",
    "AWS::RDS::DBCluster": "storage, requests to it, backups, exported logs, Database Insights",
    "AWS::Route53::HostedZone": "queries",
    "AWS::SecretsManager::Secret": "requests",
    "AWS::WAFv2::WebACL": "requests",
}
"""What of a priced type depends on use, and so is not in its price."""
