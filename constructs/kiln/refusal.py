"""How a construct refuses nonsense: at synthesis, with the place, what is there and what is expected.

A token has no value yet, so nothing is said of it; what an environment's values must be, its parameter file says.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct


class WrongProperty(ValueError):
    """A property of a construct that cannot be right.

    Args:
        path: of the construct, `Shop/Database/Cluster`.
        name: of the property, in Python's spelling.
        found: what is there.
        expected: what may be there.
    """

    def __init__(self, path: str, name: str, found: object, expected: str) -> None:
        super().__init__(f"{path}: {name} is {found!r}; expected {expected}")
        self.path, self.name, self.found, self.expected = path, name, found, expected


def refuse(construct: Construct, name: str, *, found: object, expected: str) -> WrongProperty:
    """The error to raise: `raise refuse(self, "readers", found=0, expected="at least 1 with several zones")`."""
    return WrongProperty(construct.node.path, name, found, expected)


def require_between(construct: Construct, name: str, found: float, low: float, high: float, unit: str) -> None:
    """Refuse a number outside of `low` to `high`; a token passes. Raises `WrongProperty`."""
    if not cdk.Token.is_unresolved(found) and not low <= found <= high:
        raise refuse(construct, name, found=found, expected=f"{low} to {high} {unit}")


def require_one_of(construct: Construct, name: str, found: object, allowed: Sequence[object]) -> None:
    """Refuse a value that is not allowed; a token passes. Raises `WrongProperty`."""
    if not cdk.Token.is_unresolved(found) and found not in allowed:
        raise refuse(construct, name, found=found, expected=f"one of {', '.join(map(str, allowed))}")
