"""S3: a bucket policy's conditions lock nobody out, and a conditional write is one step.

What goes wrong without it:

- policies: moto knows only a request's action and resource, takes every Condition for not fulfilled and then denies.
  The CDK's bucket policies deny what comes without TLS, so nobody could upload anything. Statements that have a
  Condition are not enforced;
- conditional writes (`If-None-Match`, `If-Match`): moto honours them, but it looks first and writes then. Of two bakes
  that take a lease in the same moment both would have it.

Pinned to moto 5.2.5: moto.s3.models.FakeBucket.get_permission, moto.s3.responses.S3Response.put_object, delete_object.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Any

from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

CONDITIONS = ("If-Match", "If-None-Match")
PUT, DELETE = S3Response.put_object, S3Response.delete_object
# One lock per object, and for conditional requests alone: a notification's function may write to S3 itself.
_locks: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)


def install() -> None:
    """Both; a second call changes nothing."""
    judge_what_can_be_judged()
    write_in_one_step()


def write_in_one_step() -> None:
    """Let nobody write conditionally between another's look at the condition and its write."""

    def one_at_a_time(method: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
        def locked(self: S3Response) -> Any:
            if not any(name in self.headers for name in CONDITIONS):
                return method(self)
            with _locks[self.bucket_name, self.parse_key_name()]:
                return method(self)

        return locked

    S3Response.put_object = one_at_a_time(PUT)
    S3Response.delete_object = one_at_a_time(DELETE)


def judge_what_can_be_judged() -> None:
    """Let moto see only the statements that it can decide on; what is stored and described stays as it is."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        from moto.iam.access_control import IAMPolicy, PermissionResult

        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        listed = document["Statement"]
        statements = listed if isinstance(listed, list) else [listed]
        decidable = [s for s in statements if not s.get("Condition")]
        if not decidable:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**document, "Statement": decidable})).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission
