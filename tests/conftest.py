"""What holds for all tests: a busy machine is no fault, so no example of a property has a limit in milliseconds.

And Ctrl-C works: a shell without a terminal starts what runs in its background with SIGINT ignored, and every process
of a test would inherit that. And a model of a service is read once in a process, not for every session of botocore's:
that was a third of the time of a test that asks AWS from this process.
"""

import signal
from typing import Any

from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

settings.register_profile("kiln", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiln")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


_read, _known = JSONFileLoader.load_file, dict[str, Any]()


def _read_once(loader: JSONFileLoader, path: str) -> Any:
    if (found := _known.get(path)) is None and (found := _read(loader, path)) is not None:
        _known[path] = found
    return found


JSONFileLoader.load_file = _read_once
