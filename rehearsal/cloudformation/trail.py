"""CloudTrail's LookupEvents: no events.

After a failed deployment the CDK CLI looks there for denied calls; moto has no answer, and the CLI asks for 25 s.
"""

from typing import Any

from rehearsal.front.service import Caller


class Trail:
    """A Service with one operation."""

    name = "cloudtrail"
    operations: frozenset[str] | None = frozenset({"LookupEvents"})

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"Events": []}
