"""How a resource fails: always with a reason that a stack event can show."""

import re

from botocore.exceptions import ClientError

# What services say of a thing that is not there; deleting it again is then no failure.
GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|InvalidAssociationID")
GONE_IN_WORDS = re.compile(r"not found|does ?n[o']t exist|cannot be found", re.IGNORECASE)
# Codes that say nothing: then the words count.
UNSPECIFIC = frozenset({"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidRequest", "404"})
EXISTS = re.compile(r"Duplicate|AlreadyExists|AlreadyOwnedByYou")
# Others still stand on it, but they are going: machines take their time.
IN_USE = re.compile(r"DependencyViolation|ResourceInUse")


class ResourceFailed(Exception):
    """One resource could not be created, updated or deleted."""


def is_gone(error: ClientError) -> bool:
    """Whether a service refused because the thing is not there."""
    code, words = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    return bool(GONE.search(code) or (code in UNSPECIFIC and GONE_IN_WORDS.search(words)))


def exists(error: ClientError) -> bool:
    """Whether a service refused because the thing is there already."""
    return bool(EXISTS.search(error.response["Error"].get("Code", "")))


def is_in_use(error: ClientError) -> bool:
    """Whether a service refused to delete a thing because others still stand on it."""
    return bool(IN_USE.search(error.response["Error"].get("Code", "")))
