"""What holds for all tests: a busy machine is no fault, so no example of a property has a limit in milliseconds.

And Ctrl-C works: a shell without a terminal starts what runs in its background with SIGINT ignored, and every process
of a test would inherit that.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("kiln", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiln")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
