"""What every hardened setting is, why, which controls ask for it, and a check that finds it broken in any template.

Plain data and pure functions over templates as dictionaries: nothing here imports the CDK or knows an application.
`findings(Environment.of("Stage", templates), PROMISES)` gives every place where a promise does not hold; `proof.prove`
breaks each promise on purpose and shows that its check notices.
"""

from kiln.promises import (
    audit,
    backup,
    buckets,
    compute,
    containers,
    database,
    edge,
    functions,
    identity,
    keys,
    load_balancing,
    messaging,
    network,
    operations,
)
from kiln.promises.promise import Control, Finding, Promise, Standard, by_id, findings
from kiln.promises.template import Environment

FAMILIES = {
    "network": network.PROMISES,
    "compute": compute.PROMISES,
    "load balancing": load_balancing.PROMISES,
    "database": database.PROMISES,
    "messaging": messaging.PROMISES,
    "keys": keys.PROMISES,
    "buckets": buckets.PROMISES,
    "audit": audit.PROMISES,
    "backup": backup.PROMISES,
    "identity": identity.PROMISES,
    "operations": operations.PROMISES,
    "edge": edge.PROMISES,
    "containers": containers.PROMISES,
    "functions": functions.PROMISES,
}
"""All promises by what they are about, in the order in which they are shown."""

PROMISES: tuple[Promise, ...] = tuple(promise for family in FAMILIES.values() for promise in family)

__all__ = [
    "FAMILIES",
    "PROMISES",
    "Control",
    "Environment",
    "Finding",
    "Promise",
    "Standard",
    "by_id",
    "findings",
]
