"""The id of one build: what is built, the time in UTC, and chance: `web-20261121-190000-1f2e3d`.

All that a bake, a boot test or a copy makes bears it as a tag; a sweep reads from it how old that is at least.
"""

import re
import secrets
from datetime import UTC, datetime

PATTERN = re.compile(r"[a-z][a-z0-9-]*-(\d{8}-\d{6})-[0-9a-f]{6}")
TIME = "%Y%m%d-%H%M%S"


def new(name: str) -> str:
    """The id of a build of `name` that begins now."""
    return f"{name}-{datetime.now(UTC):{TIME}}-{secrets.token_hex(3)}"


def began(build: str) -> datetime | None:
    """When it began; None where the text is no id of a build."""
    found = PATTERN.fullmatch(build)
    try:
        return datetime.strptime(found[1], TIME).replace(tzinfo=UTC) if found else None
    except ValueError:  # digits that are no time
        return None
