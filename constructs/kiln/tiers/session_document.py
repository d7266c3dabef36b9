"""How people open a session on an instance: encrypted, written down line by line, ended when nobody types."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from kiln.operations.log_group import LogGroup, Records
from kiln.refusal import require_between

SCHEMA = "1.0"
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html"""
IDLE_MINUTES = 15
LONGEST_MINUTES = 480
"""A working day; 1440 is the most that Session Manager offers."""


class SessionDocument(Construct):
    """`aws ssm start-session --document-name <.name> --target <instance>`; `.name` is a token.

    Args:
        key_arn: with which a session is encrypted on its way, beyond TLS. May be a token.
        records: how what is typed and answered is kept.
        longest_minutes: after which a session ends, 1 to 1440.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key_arn: str,
        records: Records,
        longest_minutes: int = LONGEST_MINUTES,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "longest_minutes", longest_minutes, 1, 1440, "minutes")
        self._key_arn = key_arn
        self._log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        document = ssm.CfnDocument(
            self,
            "Resource",
            document_type="Session",
            document_format="JSON",
            update_method="NewVersion",
            content={
                "schemaVersion": SCHEMA,
                "description": "A session that is written down",
                "sessionType": "Standard_Stream",
                "inputs": {
                    "cloudWatchLogGroupName": self._log.name,
                    "cloudWatchEncryptionEnabled": True,
                    "cloudWatchStreamingEnabled": True,
                    "kmsKeyId": key_arn,
                    "idleSessionTimeout": str(IDLE_MINUTES),
                    "maxSessionDuration": str(longest_minutes),
                    "runAsEnabled": False,
                },
            },
        )
        self.name: str = document.ref

    def instance_statements(self) -> list[iam.PolicyStatement]:
        """What an instance's role needs beside `kiln.tiers.session_manager.statements` to take part in a session."""
        writing = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        return [
            iam.PolicyStatement(sid="WriteSessions", actions=writing, resources=[self._log.arn]),
            iam.PolicyStatement(sid="FindTheLog", actions=["logs:DescribeLogGroups"], resources=["*"]),
            iam.PolicyStatement(sid="DecryptSessions", actions=["kms:Decrypt"], resources=[self._key_arn]),
        ]
