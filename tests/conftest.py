"""Two workers side by side: what starts machines runs in one of them, a test after the other, and the rest beside it.

Two rehearsals at once would be in each other's way: the machine's routes lead to the guests of the first.
"""

import pytest

WITH_MACHINES = ("tests/bake/", "tests/pipeline/", "tests/rehearsal/")


@pytest.hookimpl(tryfirst=True)  # the workers read the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every file is a group of its own for `--dist loadgroup`, but for slow tests of the rooms with machines."""
    for item in items:
        file = item.path.relative_to(config.rootpath).as_posix()
        machines = file.startswith(WITH_MACHINES) and item.get_closest_marker("slow")
        item.add_marker(pytest.mark.xdist_group("machines" if machines else file))
