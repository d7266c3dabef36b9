"""S3: statements of a bucket policy that have a Condition are not enforced.

What goes wrong without it: moto knows only a request's action and resource, takes every Condition for not fulfilled and
then denies. The CDK's bucket policies deny what comes without TLS, so nobody could upload anything.
Pinned to moto 5.2.5: moto.s3.models.FakeBucket.get_permission.
"""

import json
from typing import Any

from moto.s3.models import FakeBucket


def install() -> None:
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
