"""Somebody who should not be here: GuardDuty, Security Hub and Access Analyzer, and who is told of what they find.

What is found is told by its severity; what is less than high for Security Hub waits there.
"""

import aws_cdk as cdk
from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_securityhub as securityhub
from constructs import Construct

from kiln.audit.finding_notices import FindingNotices
from kiln.operations.topics import Topics

PROTECTIONS = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "RUNTIME_MONITORING",
)
"""https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html"""
AGENTS = ("EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT")
"""Where runtime monitoring looks after its own agent."""

FOUNDATIONAL = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/5.0.0"
NIST = "nist-800-53/v/5.0.0"


class ThreatDetection(Construct):
    """Detector, hub with the standards FSBP, CIS and NIST 800-53, analyzer, and no public snapshots.

    Each of them exists once in an account and region.

    Args:
        topics: see `Topics`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        guardduty.CfnDetector(
            self,
            "Detector",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            features=[_feature(name) for name in PROTECTIONS],
        )
        hub = securityhub.CfnHub(
            self,
            "Hub",
            auto_enable_controls=True,
            enable_default_standards=False,
            control_finding_generator="SECURITY_CONTROL",
        )
        for name, standard in {"Foundational": FOUNDATIONAL, "Cis": CIS, "Nist": NIST}.items():
            arn = f"arn:{cdk.Aws.PARTITION}:securityhub:{cdk.Aws.REGION}::standards/{standard}"
            securityhub.CfnStandard(self, name, standards_arn=arn).add_resource_dependency(hub)
        accessanalyzer.CfnAnalyzer(self, "Analyzer", type="ACCOUNT")
        ec2.CfnSnapshotBlockPublicAccess(self, "NoPublicSnapshots", state="block-all-sharing")
        FindingNotices(self, "Findings", topics=topics)


def _feature(name: str) -> guardduty.CfnDetector.CFNFeatureConfigurationProperty:
    agents = [
        guardduty.CfnDetector.CFNFeatureAdditionalConfigurationProperty(name=agent, status="ENABLED")
        for agent in AGENTS
    ]
    return guardduty.CfnDetector.CFNFeatureConfigurationProperty(
        name=name, status="ENABLED", additional_configuration=agents if name == "RUNTIME_MONITORING" else None
    )
