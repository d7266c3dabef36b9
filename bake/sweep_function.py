"""The scheduled sweep: `bake.remains` in a Lambda function, in every region of the account that holds Tooling.

It raises where something could not be removed, or a region refused to say what is there, so that the function's alarm
tells; what it did is in its log. The event says where the records are and how old remains must be:
{"bucket": …, "older_than_hours": …}.
"""

import json
import os
from datetime import timedelta
from typing import Any

from bake import remains
from console.aws import Aws


def handler(event: dict[str, Any], context: Any) -> dict[str, list[str]]:
    """What was removed and what was left, as `KIND ID in REGION`, and the regions that refused, with the reason."""
    home, bucket = Aws(os.environ["AWS_REGION"]), event["bucket"]
    older_than = timedelta(hours=float(event["older_than_hours"]))
    places = remains.places(home)
    result = remains.apply(home, bucket, places, older_than, remains.look(home, bucket, places, older_than))
    told = {
        "removed": [f"{name} in {one.region}" for one in result.swept for name in one.outcome.removed],
        "left": [f"{name} in {one.region}" for one in result.swept for name in one.outcome.left],
        "refused": [f"{region}: {problem}" for region, problem in result.refused.items()],
    }
    print(json.dumps(told))
    if told["left"] or told["refused"]:
        raise RuntimeError(f"not everything could be removed: {', '.join([*told['left'], *told['refused']])}")
    return told
