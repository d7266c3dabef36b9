"""What other systems tell Payroll: JSON objects with a `type`.

This sample counts them and logs id and type; what is in them is nobody's business but the one's who works on it.
"""

import json
import logging
import re
from collections import Counter

TYPE = re.compile(r"[a-z][a-z0-9.-]{0,63}")

log = logging.getLogger("payroll.events")


class WrongEvent(ValueError):
    """A message that is no event: it would be none the next time either."""


class Events:
    """What was heard since the start, by type."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()

    def take(self, message_id: str, body: bytes) -> None:
        """Raises WrongEvent."""
        kind = _type(body)
        self.heard[kind] += 1
        log.info("heard %s", kind, extra={"job": message_id})


def _type(body: bytes) -> str:
    try:
        event = json.loads(body)
    except ValueError as problem:
        raise WrongEvent("it is not JSON") from problem
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str) or not TYPE.fullmatch(kind):
        raise WrongEvent("it has no type")
    return kind
