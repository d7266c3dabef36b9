"""Which tier a load balancer asks first: the priorities of all rules of one listener, in one place.

Tiers are stacks of their own and put their rules on a listener that they share; AWS finds two rules with one priority
only when the second of them is deployed. Here it is found before anything is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from kiln.refusal import refuse, require_between

LOWEST, HIGHEST = 1, 50_000
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html"""


@dataclass(frozen=True, slots=True)
class ListenerPriorities:
    """Tier → priority of its rule; the lowest number is asked first.

    LISTENER = ListenerPriorities({"api": 100, "web": 1000})
    """

    by_tier: Mapping[str, int]

    def of(self, construct: Construct, tier: str) -> int:
        """The priority of a tier's rule.

        Raises `WrongProperty`, at `construct`, where the tier has none, has that of another tier, or has one that no
        rule can have.
        """
        if tier not in self.by_tier:
            listed = ", ".join(self.by_tier)
            raise refuse(construct, "priority", found=tier, expected=f"a tier of the listener: {listed}")
        priority = self.by_tier[tier]
        require_between(construct, "priority", priority, LOWEST, HIGHEST, "as a rule's priority")
        sharing = [other for other, its in self.by_tier.items() if its == priority and other != tier]
        if sharing:
            expected = f"one of its own for {tier}: {' and '.join(sharing)} has it too"
            raise refuse(construct, "priority", found=priority, expected=expected)
        return priority
