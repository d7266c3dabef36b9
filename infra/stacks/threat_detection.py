"""Who looks for intruders."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from kiln.audit.threat_detection import ThreatDetection as Detection


class ThreatDetection(cdk.Stack):
    """GuardDuty, Security Hub and Access Analyzer, which tell the topics of the environment."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        Detection(self, "Detection", topics=read_topics(self))
