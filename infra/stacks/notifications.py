"""Who is told when something happens."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import topic_name
from infra.stacks.values import PAYROLL
from kiln.operations.notifications import Notifications as TopicsBySeverity
from kiln.operations.topics import Severity


class Notifications(cdk.Stack):
    """A topic per severity, with the mail addresses of the environment."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        notifications = TopicsBySeverity(
            self,
            "Notifications",
            key_arn=PAYROLL.read(self, "keys/messages-arn"),
            addresses=PAYROLL.read_list(self, "alarms/addresses"),
        )
        for severity in Severity:
            PAYROLL.write(self, topic_name(severity), notifications.topics.arn(severity))
