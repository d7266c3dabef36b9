"""The values of one environment: the only stack whose template differs from environment to environment."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from constructs import Construct

from infra.parameters import Environment, Tier
from infra.stacks.values import PAYROLL
from kiln.account_guard import AccountGuard
from kiln.certificate import NO_HOSTED_ZONE
from kiln.tier import INSTANCE_TYPE_SLOTS, NO_INSTANCE_TYPE

Values = Mapping[str, str | Sequence[str]]


class Parameters(cdk.Stack):
    """Writes the values of an environment's parameter file and the image id of each tier that has one.

    Args:
        image_ids: by tier; a tier without an image is left out, and with it the parameter that names it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, image_ids: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        AccountGuard(
            self, "Guard", environment=environment.name, account=environment.account, region=environment.region
        )
        for name, value in _values(environment).items():
            PAYROLL.write(self, name, value)
        for tier, image_id in image_ids.items():
            PAYROLL.write(self, image_name(tier), image_id, is_image=True)


def image_name(tier: str) -> str:
    """The name of the value that says which image a tier runs."""
    return f"{tier}/image-id"


def _values(environment: Environment) -> Values:
    return {
        "environment": environment.name,
        "protected": str(environment.protected).lower(),
        "network/cidr": environment.network.cidr,
        "network/nat-gateways": str(environment.network.nat_gateways),
        "load-balancer/domain-name": environment.load_balancer.domain_name,
        "load-balancer/hosted-zone-id": environment.load_balancer.hosted_zone_id or NO_HOSTED_ZONE,
        "retention/log-days": str(environment.retention.log_days),
        "alarms/addresses": environment.alarms.addresses,
        **_tier_values("web", environment.web),
    }


def _tier_values(name: str, tier: Tier) -> Values:
    unused = INSTANCE_TYPE_SLOTS - len(tier.instance_types)
    return {
        f"{name}/instance-types": (*tier.instance_types, *[NO_INSTANCE_TYPE] * unused),
        f"{name}/minimum": str(tier.minimum),
        f"{name}/maximum": str(tier.maximum),
        f"{name}/root-volume-gib": str(tier.root_volume_gib),
        f"{name}/health-check-grace-seconds": str(tier.health_check_grace_seconds),
        f"{name}/warmup-seconds": str(tier.warmup_seconds),
        f"{name}/deregistration-delay-seconds": str(tier.deregistration_delay_seconds),
    }
