"""Where the record of an invocation goes that nobody has waited for: SQS, SNS, EventBridge, another function."""

import json
from datetime import UTC, datetime
from typing import Any

from rehearsal.front.clients import Clients
from rehearsal.functions.model import Function, NotRunnable, Outcome

SERVICES = ("sqs", "sns", "lambda", "events")


def check(arn: str | None) -> None:
    """Raises NotRunnable for a destination that nothing would be sent to."""
    if arn and arn.split(":")[2] not in SERVICES:
        raise NotRunnable(f"destination {arn}: a rehearsal sends to {', '.join(SERVICES)} only")


def record(function: Function, event: Any, outcome: Outcome, attempts: int) -> dict[str, Any]:
    """The invocation record: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    error = {"functionError": outcome.error} if outcome.error else {}
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": function.arn,
            "condition": "RetriesExhausted" if outcome.error else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": function.version, **error},
        "responsePayload": json.loads(outcome.payload),
    }


def send(clients: Clients, function: Function, arn: str, message: Any, succeeded: bool) -> None:
    """Send a message to a destination. Raises botocore's errors."""
    _, _, service, region, account, *rest = arn.split(":")
    client = clients.get(service, account or function.account, region or function.region)
    text = json.dumps(message)
    if service == "sqs":
        url = client.get_queue_url(QueueName=rest[-1], QueueOwnerAWSAccountId=account)["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=text)
    elif service == "sns":
        client.publish(TopicArn=arn, Message=text)
    elif service == "lambda":
        client.invoke(FunctionName=arn, InvocationType="Event", Payload=text)
    else:
        verdict = "Success" if succeeded else "Failure"
        entry = {"Source": "lambda", "DetailType": f"Lambda Function Invocation Result - {verdict}", "Detail": text}
        client.put_events(Entries=[{**entry, "EventBusName": arn, "Resources": [function.arn]}])
