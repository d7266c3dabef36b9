"""Two workers side by side: what starts machines runs in one of them, a file after the other, and the rest beside it.

Two rehearsals at once would be in each other's way: the machine's routes lead to the guests of the first.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WITH_MACHINES = (
    "tests/bake/test_artifact.py",
    "tests/bake/test_share.py",
    "tests/bake/test_sweep.py",
    "tests/pipeline/",
    "tests/rehearsal/alarms/test_backlog.py",
    "tests/rehearsal/cloudformation/test_auto_scaling.py",
    "tests/rehearsal/cloudformation/test_cdk_cli.py",
    "tests/rehearsal/guests/",
    "tests/rehearsal/test_commands.py",
    "tests/rehearsal/test_interruption.py",
)


class ByFileAndMachines(LoadScopeScheduling):
    """A file goes to one worker as a whole; those with machines are one unit."""

    def _split_scope(self, nodeid: str) -> str:
        return "machines" if nodeid.startswith(WITH_MACHINES) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndMachines:
    """Asked by pytest-xdist where there are workers."""
    return ByFileAndMachines(config, log)
