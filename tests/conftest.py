"""What holds for all tests: a busy machine is no fault, so no example of a property has a limit in milliseconds.

And Ctrl-C works: a shell without a terminal starts what runs in its background with SIGINT ignored, and every process
of a test would inherit that. And a model of a service is read once in a process, not for every session of botocore's:
that was a third of the time of a test that asks AWS from this process. And an assertion says what it compared in the
modules that tests share too: pytest rewrites by itself only those that have tests.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite(*(f"tests.{one.name}" for one in Path(__file__).parent.iterdir() if one.is_dir()))
settings.register_profile("kiln", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiln")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of slow tests come first, so that at the end no worker is waited for that has just begun with one.

    pytest-xdist gives out files by their number of tests, unless it is told `--no-loadscope-reorder`; the longest have
    few.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def order(of_file: list[pytest.Item]) -> tuple[float, int]:
        slow = sum(item.get_closest_marker("slow") is not None for item in of_file)
        return -slow / len(of_file), -len(of_file)

    items[:] = [item for of_file in sorted(files.values(), key=order) for item in of_file]


_known: dict[object, Any] = {}


def _once(read: Callable[..., Any]) -> Callable[..., Any]:
    def once(loader: Loader, *arguments: object, **options: object) -> Any:
        # what a loader adds to a model (its extras) is a part of it
        key = (read, *loader.search_paths, *loader.extras_types, arguments, *options.items())
        if key not in _known:
            _known[key] = read(loader, *arguments, **options)
        return _known[key]

    return once


Loader.load_service_model = _once(Loader.load_service_model)
_load = Loader.load_data_with_path
_load_global = _once(_load)
# a file of one service is a part of its model, to which a loader may add
Loader.load_data_with_path = lambda loader, name: (_load if "/" in name else _load_global)(loader, name)
