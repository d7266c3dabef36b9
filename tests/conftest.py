"""What holds for all tests: a busy machine is no fault, so no example of a property has a limit in milliseconds."""

from hypothesis import settings

settings.register_profile("kiln", deadline=None)
settings.load_profile("kiln")
