"""What there is in an account of the types that Payroll's stacks make, as each service itself lists it."""

from collections.abc import Mapping

import jmespath

from rehearsal.pipeline import Pipeline

ALIVE = "Reservations[].Instances[?State.Name!='terminated'][].InstanceId"

LISTS: Mapping[str, tuple[str, str, str]] = {
    "AWS::AutoScaling::AutoScalingGroup": (
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups[].AutoScalingGroupName",
    ),
    "AWS::AmazonMQ::Broker": ("mq", "list_brokers", "BrokerSummaries[].BrokerId"),
    "AWS::Backup::BackupPlan": ("backup", "list_backup_plans", "BackupPlansList[].BackupPlanId"),
    "AWS::Backup::BackupVault": ("backup", "list_backup_vaults", "BackupVaultList[].BackupVaultName"),
    "AWS::CertificateManager::Certificate": (
        "acm",
        "list_certificates",
        "CertificateSummaryList[].CertificateArn",
    ),
    "AWS::CloudTrail::Trail": ("cloudtrail", "list_trails", "Trails[].TrailARN"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "AWS::CloudWatch::CompositeAlarm": (
        "cloudwatch",
        "describe_alarms",
        "CompositeAlarms[].AlarmName",
    ),
    "AWS::DynamoDB::Table": ("dynamodb", "list_tables", "TableNames[]"),
    "AWS::EC2::EIP": ("ec2", "describe_addresses", "Addresses[].AllocationId"),
    "AWS::EC2::Instance": ("ec2", "describe_instances", ALIVE),
    "AWS::EC2::LaunchTemplate": ("ec2", "describe_launch_templates", "LaunchTemplates[].LaunchTemplateId"),
    "AWS::EC2::NatGateway": ("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    "AWS::EC2::SecurityGroup": ("ec2", "describe_security_groups", "SecurityGroups[].GroupId"),
    "AWS::EC2::Subnet": ("ec2", "describe_subnets", "Subnets[].SubnetId"),
    "AWS::EC2::VPC": ("ec2", "describe_vpcs", "Vpcs[].VpcId"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elbv2",
        "describe_load_balancers",
        "LoadBalancers[].LoadBalancerArn",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elbv2", "describe_target_groups", "TargetGroups[].TargetGroupArn"),
    "AWS::Events::Rule": ("events", "list_rules", "Rules[].Name"),
    "AWS::IAM::Role": ("iam", "list_roles", "Roles[].RoleName"),
    "AWS::KMS::Key": ("kms", "list_keys", "Keys[].KeyId"),
    "AWS::Lambda::Function": ("lambda", "list_functions", "Functions[].FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    "AWS::RDS::DBCluster": ("rds", "describe_db_clusters", "DBClusters[].DBClusterIdentifier"),
    "AWS::RDS::DBClusterParameterGroup": (
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups[].DBClusterParameterGroupName",
    ),
    "AWS::RDS::DBInstance": ("rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    "AWS::RDS::DBSubnetGroup": ("rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"),
    "AWS::Route53::HostedZone": ("route53", "list_hosted_zones", "HostedZones[].Id"),
    "AWS::S3::Bucket": ("s3", "list_buckets", "Buckets[].Name"),
    "AWS::SNS::Topic": ("sns", "list_topics", "Topics[].TopicArn"),
    "AWS::SQS::Queue": ("sqs", "list_queues", "QueueUrls[]"),
    "AWS::SSM::Parameter": ("ssm", "describe_parameters", "Parameters[].Name"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "list_secrets", "SecretList[].Name"),
}
"""CloudFormation's type → service, operation, and where its answer has the identifiers."""


def inventory(pipeline: Pipeline, environment: str) -> dict[str, set[str]]:
    """Type → identifiers, of everything in the account of an environment."""
    found = {}
    for kind, (service, operation, path) in LISTS.items():
        client = pipeline.client(service, environment)
        if client.can_paginate(operation):
            answer = client.get_paginator(operation).paginate().build_full_result()
        else:
            answer = getattr(client, operation)()
        found[kind] = set(jmespath.search(path, answer) or ())
    return found
