"""The code of the function tier: says which version answered, as the Web tier's page does.

It is deployed as text inside of the template, so it imports nothing but the standard library.
"""

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request of an Application Load Balancer."""
    body = {"tier": "Function", "version": context.function_version, "path": event.get("path", "")}
    return {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "isBase64Encoded": False,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body) + "\n",
    }
