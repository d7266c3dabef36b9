"""Which instances a group takes: several types, and as much Spot as its environment says."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from constructs import Construct

from kiln.optional import NONE, places, value_if
from kiln.refusal import refuse, require_between
from kiln.tiers.launch_template import LaunchTemplate

Group = autoscaling.CfnAutoScalingGroup

INSTANCE_TYPE_SLOTS = 4
"""How many instance types a tier can offer; the template has a fixed number of places for them."""
NO_INSTANCE_TYPE = NONE


@dataclass(frozen=True, slots=True)
class Size:
    """How large a tier is; every field may be a token.

    Args:
        instance_types: the preferred first. As a token exactly `INSTANCE_TYPE_SLOTS`, filled up with
            `NO_INSTANCE_TYPE`; otherwise 1 to `INSTANCE_TYPE_SLOTS`.
        minimum: instances.
        maximum: instances.
        root_volume_gib: at least the size of the image's snapshot.
        on_demand_percent: of the instances beyond the minimum; the others are Spot, which needs two types at least.
        unlimited_credits: "true" or "false" as text: whether burstable instances never slow down, at a price.
    """

    instance_types: list[str]
    minimum: float
    maximum: float
    root_volume_gib: float
    on_demand_percent: float = 100
    unlimited_credits: str = "false"


def require_sense(construct: Construct, size: Size) -> None:
    """Refuse a size that no group can have. Raises `WrongProperty`; says nothing of tokens."""
    require_between(construct, "size.on_demand_percent", size.on_demand_percent, 0, 100, "percent")
    bounds = (size.minimum, size.maximum)
    if not any(map(cdk.Token.is_unresolved, bounds)) and not 0 <= size.minimum <= size.maximum:
        raise refuse(construct, "size", found=bounds, expected="a minimum that is not above the maximum")
    if cdk.Token.is_unresolved(size.instance_types):
        return
    types = _named(size.instance_types)
    if not 1 <= len(types) <= INSTANCE_TYPE_SLOTS:
        raise refuse(construct, "size.instance_types", found=types, expected=f"1 to {INSTANCE_TYPE_SLOTS} types")
    if not cdk.Token.is_unresolved(size.on_demand_percent) and size.on_demand_percent < 100 and len(types) == 1:
        expected = "two types at least where there is Spot: one Spot pool alone runs dry"
        raise refuse(construct, "size.instance_types", found=types, expected=expected)


def mixed_instances(
    scope: Construct, template: LaunchTemplate, size: Size
) -> autoscaling.CfnAutoScalingGroup.MixedInstancesPolicyProperty:
    """The minimum on demand; beyond it Spot as the size says, from the pools that are likeliest to stay.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/allocation-strategies.html
    """
    return Group.MixedInstancesPolicyProperty(
        instances_distribution=Group.InstancesDistributionProperty(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=size.minimum,
            on_demand_percentage_above_base_capacity=size.on_demand_percent,
            spot_allocation_strategy="price-capacity-optimized",
        ),
        launch_template=Group.LaunchTemplateProperty(
            launch_template_specification=Group.LaunchTemplateSpecificationProperty(
                launch_template_id=template.id, version=template.version
            ),
            overrides=_overrides(scope, size.instance_types),
        ),
    )


def capacity_rebalance(scope: Construct, size: Size) -> object:
    """Replace a Spot instance before it is taken away; where there is none, the setting means nothing and is off."""
    percent = size.on_demand_percent
    if not cdk.Token.is_unresolved(percent):
        return percent < 100
    all_on_demand = cdk.Fn.condition_equals(cdk.Token.as_string(percent), "100")
    has_spot = cdk.CfnCondition(scope, "HasSpot", expression=cdk.Fn.condition_not(all_on_demand))
    return value_if(has_spot, True, False)


def _overrides(scope: Construct, types: list[str]) -> list[object]:
    if not cdk.Token.is_unresolved(types):
        return [Group.LaunchTemplateOverridesProperty(instance_type=one) for one in _named(types)]
    return [
        value_if(is_used, {"InstanceType": one})
        for one, is_used in places(scope, "InstanceType", types, INSTANCE_TYPE_SLOTS)
    ]


def _named(types: list[str]) -> list[str]:
    return [one for one in types if one != NO_INSTANCE_TYPE]
