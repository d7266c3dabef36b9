"""What one kernel gives to all guests together, and Linux sets for a single system."""

import logging
from pathlib import Path

INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
WANTED_INSTANCES = 8192
"""A guest of the recipe Web takes five (measured); Linux allows root 128 by default, that is 25 guests. The others come
up in part and go down at once: systemd says "Failed to create inotify object: Too many open files"."""

log = logging.getLogger("rehearsal.guests")


def raise_inotify_limit(limit: Path = INOTIFY_INSTANCES, wanted: int = WANTED_INSTANCES) -> None:
    """Let all guests together have `wanted` inotify instances; a higher limit stays, and none is lowered afterwards."""
    found = int(limit.read_text())
    if found < wanted:
        limit.write_text(f"{wanted}\n")
        log.info("%s raised from %d to %d", limit, found, wanted)
