"""A tier that listens to a message broker, and grows with how busy it is.

A broker hands out messages as fast as they are taken and says little of those that wait, so that the processors are the
figure that a group can be led by.
"""

from dataclasses import dataclass, replace

from constructs import Construct

from kiln.data.mq_broker import PORT
from kiln.network.opening import Peer
from kiln.refusal import require_between
from kiln.tiers.auto_scaling_group import Startup
from kiln.tiers.instance_choice import Size
from kiln.tiers.instance_role import Access
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.target_tracking import TargetTracking
from kiln.tiers.tier import Tier


@dataclass(frozen=True, slots=True)
class BrokerClient:
    """What a client must know of a broker; every field may be a token.

    Args:
        security_group_id: of the broker.
        secret_arn: with `username` and `password`.
    """

    security_group_id: str
    secret_arn: str


class MqWorkerTier(Construct):
    """A `Tier` that may reach a broker and read its secret; `.tier` has its role and its names.

    Args:
        broker: see `BrokerClient`.
        cpu_percent: average use of the processors to which the group scales, 10 to 90; may be a token.

    The others are those of `Tier`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image_id: str,
        size: Size,
        startup: Startup,
        surroundings: Surroundings,
        broker: BrokerClient,
        cpu_percent: float,
        access: Access | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "cpu_percent", cpu_percent, 10, 90, "percent")
        access = access or Access()
        self.tier = Tier(
            self,
            "Tier",
            name=name,
            image_id=image_id,
            size=size,
            startup=startup,
            surroundings=surroundings,
            access=replace(
                access,
                secrets=[*access.secrets, broker.secret_arn],
                peers=[*access.peers, Peer("broker", broker.security_group_id, PORT)],
            ),
        )
        TargetTracking(self, "Scaling", group_name=self.tier.group_name, target=cpu_percent, cpu=True)
