"""What holds for all tests: a busy machine is no fault, so no example of a property has a limit in milliseconds."""

from hypothesis import HealthCheck, settings

settings.register_profile("kiln", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiln")
