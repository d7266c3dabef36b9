"""The scheduled sweep: `bake.remains` in a Lambda function, in every region of the account that holds Tooling.

It raises where something could not be removed, so that the function's alarm tells; what it did is in its log. The event
says where the records are and how old remains must be: {"bucket": …, "older_than_hours": …}.
"""

import json
import os
from datetime import timedelta
from typing import Any

from bake import remains
from console.aws import Aws


def handler(event: dict[str, Any], context: Any) -> dict[str, list[str]]:
    """What was removed and what was left, as `KIND ID in REGION`."""
    home = Aws(os.environ["AWS_REGION"])
    older_than = timedelta(hours=float(event["older_than_hours"]))
    known = remains.ask(home, event["bucket"])
    told: dict[str, list[str]] = {"removed": [], "left": []}
    for region in remains.regions(home):
        aws = home if region == home.region else Aws(region, _session=home.session)
        found = remains.look(aws)
        for swept in remains.remove(aws, found, remains.plan(found, known, older_than), known):
            told["removed"] += [f"{name} in {region}" for name in swept.outcome.removed]
            told["left"] += [f"{name} in {region}" for name in swept.outcome.left]
    print(json.dumps(told))
    if told["left"]:
        raise RuntimeError(f"not everything could be removed: {', '.join(told['left'])}")
    return told
