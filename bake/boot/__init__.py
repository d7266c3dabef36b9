"""The boot test of a finished image, `python -m bake verify`: a machine of its own, the tests again, nothing left."""
