"""Which findings of GuardDuty, Security Hub and Access Analyzer somebody is told of, and how soon."""

from constructs import Construct

from kiln.operations.event_notice import EventNotice, Events
from kiln.operations.topics import Severity, Topics

HIGH, MEDIUM = 7, 4
"""The severities of GuardDuty: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html"""

BY_GUARD_DUTY = {
    Severity.URGENT: [{"numeric": [">=", HIGH]}],
    Severity.WARNING: [{"numeric": [">=", MEDIUM, "<", HIGH]}],
    Severity.INFO: [{"numeric": ["<", MEDIUM]}],
}
BY_SECURITY_HUB = {Severity.URGENT: ["CRITICAL"], Severity.WARNING: ["HIGH"]}


class FindingNotices(Construct):
    """An EventBridge rule per service and severity.

    Args:
        topics: see `Topics`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        for severity, of_guard_duty in BY_GUARD_DUTY.items():
            EventNotice(
                self,
                f"GuardDuty{severity.capitalize()}",
                events=Events("aws.guardduty", "GuardDuty Finding", {"severity": of_guard_duty}),
                topic_arn=topics.arn(severity),
                description=f"Findings of GuardDuty that are {severity}",
                text="GuardDuty: <title>. <description> Finding <id>, severity <severity>.",
                values={
                    "title": "$.detail.title",
                    "description": "$.detail.description",
                    "id": "$.detail.id",
                    "severity": "$.detail.severity",
                },
            )
        for severity, of_security_hub in BY_SECURITY_HUB.items():
            EventNotice(
                self,
                f"SecurityHub{severity.capitalize()}",
                events=_security_hub(of_security_hub),
                topic_arn=topics.arn(severity),
                description=f"Findings of Security Hub that are {severity}",
                text="Security Hub: <title>, at <resource>. Finding <id>.",
                values={
                    "title": "$.detail.findings[0].Title",
                    "resource": "$.detail.findings[0].Resources[0].Id",
                    "id": "$.detail.findings[0].Id",
                },
            )
        EventNotice(
            self,
            "AccessAnalyzer",
            events=Events("aws.access-analyzer", "Access Analyzer Finding", {"status": ["ACTIVE"]}),
            topic_arn=topics.warning_arn,
            description="Something of the account can be reached from outside",
            text="Access Analyzer: somebody outside of the account can reach <resource>.",
            values={"resource": "$.detail.resource"},
        )


def _security_hub(labels: list[str]) -> Events:
    """New findings that are no copies of what GuardDuty has told already."""
    finding = {
        "Severity": {"Label": labels},
        "Workflow": {"Status": ["NEW"]},
        "RecordState": ["ACTIVE"],
        "ProductName": [{"anything-but": ["GuardDuty"]}],
    }
    return Events("aws.securityhub", "Security Hub Findings - Imported", {"findings": finding})
