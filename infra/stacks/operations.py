"""What people do with running instances, and what is done with them every week."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import topic_name
from infra.stacks.values import PAYROLL
from kiln.data.key import Key
from kiln.operations.operations_documents import OperationsDocuments, instances_of_tiers
from kiln.operations.patching import Patching, Window
from kiln.operations.topics import Severity

TIERS = ("web", "worker", "worker-mq", "worker-calculation")
BASTION = "bastion"


class Operations(cdk.Stack):
    """Documents that look at a service, restart it and collect its log; a window that looks for missing updates."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        key = Key(self, "Key", description="Logs collected from instances", users=[instances_of_tiers()])
        documents = OperationsDocuments(
            self,
            "Documents",
            service_prefix="payroll-",
            tiers=TIERS,
            key_arn=key.arn,
            keep_days=PAYROLL.read_number(self, "retention/log-days"),
        )
        Patching(
            self,
            "Patching",
            window=Window(
                schedule=PAYROLL.read(self, "operations/patch-schedule"),
                hours=PAYROLL.read_number(self, "operations/patch-hours"),
                time_zone=PAYROLL.read(self, "operations/time-zone"),
            ),
            scanned=TIERS,
            updated=[BASTION],
            topic_arn=PAYROLL.read(self, topic_name(Severity.WARNING)),
        )
        PAYROLL.write(self, "operations/logs-bucket", documents.bucket.name)
        PAYROLL.write(self, "operations/operators-policy-arn", documents.policy_arn)
        for name, document in documents.names.items():
            PAYROLL.write(self, f"operations/{name}-document", document)
