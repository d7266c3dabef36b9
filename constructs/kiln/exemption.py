"""The one way out of a promise: for one resource, by name, with a reason that stays in the template.

What is unsafe by choice is written where it is done, travels with the template to whoever deploys it, and is listed by
`python -m infra exceptions`. A promise that is exempted and kept all the same is an error there: the reason is stale.
"""

from datetime import date

import aws_cdk as cdk
from constructs import IConstruct

from kiln.promises.template import EXEMPTIONS
from kiln.refusal import refuse

SHORTEST_REASON = 15
"""Characters: what is shorter ("not needed", "temporary") explains nothing to the next reader."""


def exempt(
    resource: IConstruct, promise_id: str, reason: str, *, expires: date | None = None, today: date | None = None
) -> None:
    """Say that `resource` does not keep a promise, and why.

    Args:
        resource: a resource, or a construct whose default child is one.
        promise_id: such as `alb-drops-invalid-headers`; `python -m infra promises` lists them.
        reason: why it is right here, for somebody who was not there.
        expires: the last day on which the reason holds; none for a reason that stays true.
        today: the day to compare `expires` with; the machine's by default.

    Errors: `WrongProperty` for a reason that says nothing, an expiry in the past, or a construct that is no resource.
    An id that no promise has is found when the template is checked.
    """
    target = resource if isinstance(resource, cdk.CfnResource) else resource.node.default_child
    if not isinstance(target, cdk.CfnResource):
        raise refuse(resource, "resource", found=type(resource).__name__, expected="a resource, or a construct of one")
    if len(reason.strip()) < SHORTEST_REASON:
        expected = f"at least {SHORTEST_REASON} characters that say why {promise_id} need not hold here"
        raise refuse(resource, "reason", found=reason, expected=expected)
    if expires and expires < (today or date.today()):
        expected = f"a day to come; the exemption from {promise_id} is over: keep the promise, or judge the reason anew"
        raise refuse(resource, "expires", found=expires.isoformat(), expected=expected)
    entry = {"promise": promise_id, "reason": reason.strip()} | ({"expires": expires.isoformat()} if expires else {})
    target.add_metadata(EXEMPTIONS, [*(target.get_metadata(EXEMPTIONS) or []), entry])
