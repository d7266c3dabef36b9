"""Loading once, in the background, what the first stack would otherwise wait for: clients and moto's backends."""

import threading

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.context import log
from rehearsal.front.clients import Clients

# One harmless call for each service that a bootstrap and the first stacks use.
CALLS = {
    "iam": "list_roles",
    "s3": "list_buckets",
    "ecr": "describe_repositories",
    "ssm": "describe_parameters",
    "kms": "list_keys",
    "sts": "get_caller_identity",
    "ec2": "describe_vpcs",
    "elbv2": "describe_load_balancers",
    "acm": "list_certificates",
    "autoscaling": "describe_auto_scaling_groups",
}


def warm(clients: Clients, account: str, region: str) -> None:
    """Make the calls in a daemon thread; a failure is logged and harms nobody."""

    def run() -> None:
        for service, operation in CALLS.items():
            try:
                getattr(clients.get(service, account, region), operation)()
            except (BotoCoreError, ClientError) as error:
                log.info("warming %s: %s", service, error)
                return

    threading.Thread(target=run, daemon=True, name="cloudformation warms up").start()
