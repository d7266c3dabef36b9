"""What of each resource is paid for, how much of it, and by which price. Pure: resources in, charges out.

A rule says quantities only; `estimate` looks up the prices. A month is 730 hours, as AWS's own calculator counts:
https://docs.aws.amazon.com/pricing-calculator/latest/userguide/calculator-assumptions.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil
from typing import Any, Literal

from infra.cost.schedule import running_share
from kiln.promises.template import Environment, Resource
from kiln.promises.values import is_known

HOURS = 730
CENTIHOUR = Decimal("0.01")
"""Quantities are rounded to it, so that sums of exact products stay exact."""
ALWAYS = Fraction(1)

Size = Literal["minimum", "maximum"]


class Undecided(Exception):
    """Something that a charge depends on is not in the template: only the deployment decides it."""


@dataclass(frozen=True, slots=True)
class Charge:
    """Something that is paid for.

    Args:
        what: for people.
        quantity: in units of the price, for a month.
        price: its key in the table.
        assumption: what was taken for granted; "" where nothing was.
    """

    what: str
    quantity: Decimal
    price: str
    assumption: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Under which circumstances to count.

    Args:
        size: every group at its minimum or its maximum.
        spot: with Spot; without it, everything is on demand.
        schedule: with the stops of the night; without them, everything runs always.
    """

    size: Size = "minimum"
    spot: bool = True
    schedule: bool = True


Rule = Callable[[Resource, Environment, Choices], Iterable[Charge]]
"""Raises `Undecided`."""


def _group(group: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    size = int(_number(group.properties, "MinSize" if choices.size == "minimum" else "MaxSize"))
    policy = group.properties.get("MixedInstancesPolicy", {})
    on_demand = _on_demand(size, policy.get("InstancesDistribution", {})) if choices.spot else size
    template = _launch_template(group, environment)
    [first, *others] = _types(policy, template)
    share = _share(group, environment) if choices.schedule else ALWAYS
    hours = _quantity(HOURS * share)
    said = [f"{choices.size} size"] + [f"{first} of {len(others) + 1} types"] * bool(others)
    said += [f"runs {float(share):.0%} of the week"] * (share != ALWAYS)
    assumption = ", ".join(said)
    if on_demand:
        yield Charge(f"{on_demand} × {first}", on_demand * hours, f"ec2/{first}", assumption)
    if spot := size - on_demand:
        yield Charge(f"{spot} × {first} (Spot)", spot * hours, f"ec2-spot/{first}", assumption)
    if size:
        yield from _volumes(template, size, share, assumption)


def _on_demand(size: int, distribution: Mapping[str, Any]) -> int:
    """How many of `size` instances are on demand; what is not a whole one counts as one.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
    """
    base = min(int(_number(distribution, "OnDemandBaseCapacity", 0)), size)
    percent = int(_number(distribution, "OnDemandPercentageAboveBaseCapacity", 100))
    return base + ceil((size - base) * Fraction(percent, 100))


def _launch_template(group: Resource, environment: Environment) -> Mapping[str, Any]:
    """What the instances are launched with; the group names it itself, or in its mixed-instances policy."""
    mixed = group.properties.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    named = mixed.get("LaunchTemplateSpecification") or group.properties.get("LaunchTemplate")
    for template in environment.of_type("AWS::EC2::LaunchTemplate"):
        if named and template.is_in(named):
            data: Mapping[str, Any] = template.properties["LaunchTemplateData"]
            return data
    raise Undecided("its launch template")


def _types(policy: Mapping[str, Any], template: Mapping[str, Any]) -> list[str]:
    overrides = policy.get("LaunchTemplate", {}).get("Overrides", ())
    found = [one["InstanceType"] for one in overrides if "InstanceType" in one] or [template.get("InstanceType", "")]
    if not found[0] or not is_known(found[0]):
        raise Undecided("its instance type")
    return found


def _volumes(template: Mapping[str, Any], size: int, share: Fraction, assumption: str) -> Iterator[Charge]:
    for mapping in template.get("BlockDeviceMappings", ()):
        volume = mapping["Ebs"]
        each, kind = _number(volume, "VolumeSize"), volume.get("VolumeType", "gp2")
        gib = _quantity(Fraction(each) * size * share)
        yield Charge(f"{size} × {each} GiB {kind}", gib, f"ebs/{kind}", assumption)


def _share(group: Resource, environment: Environment) -> Fraction:
    """The share of the week in which the group runs; always, without scheduled actions."""
    actions = [
        action.properties
        for action in environment.of_type("AWS::AutoScaling::ScheduledAction")
        if group.is_in(action.properties["AutoScalingGroupName"]) and "Recurrence" in action.properties
    ]
    stops = [action["Recurrence"] for action in actions if _number(action, "MaxSize") == 0]
    starts = [action["Recurrence"] for action in actions if _number(action, "MaxSize") > 0]
    if len(stops) != 1 or len(starts) != 1:
        return ALWAYS  # other schedules change the size, they do not stop it: counting them always promises nothing
    try:
        return running_share(stops[0], starts[0])
    except ValueError as error:
        raise Undecided(f"its schedule: {error}") from error


def _service(service: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    bound = "MinCapacity" if choices.size == "minimum" else "MaxCapacity"
    targets = [
        int(_number(target.properties, bound))
        for target in environment.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        if service.is_in(target.properties["ResourceId"])
    ]
    tasks = targets[0] if targets else int(_number(service.properties, "DesiredCount", 1))
    for task in environment.of_type("AWS::ECS::TaskDefinition"):
        if task.is_in(service.properties["TaskDefinition"]):
            processors, memory = (Fraction(_number(task.properties, key)) / 1024 for key in ("Cpu", "Memory"))
            assumption = f"{choices.size} size"
            yield Charge(
                f"{tasks} × {float(processors):g} vCPU",
                _quantity(tasks * processors * HOURS),
                "fargate/vcpu",
                assumption,
            )
            yield Charge(
                f"{tasks} × {float(memory):g} GiB of memory",
                _quantity(tasks * memory * HOURS),
                "fargate/memory",
                assumption,
            )


def _endpoint(endpoint: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    if endpoint.properties.get("VpcEndpointType") == "Interface":
        zones = len(endpoint.properties["SubnetIds"])
        yield Charge(f"interface endpoint in {zones} zones", Decimal(zones * HOURS), "interface-endpoint")


def _balancer(balancer: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    yield Charge("load balancer", Decimal(HOURS), f"load-balancer/{balancer.properties.get('Type', 'application')}")
    if balancer.properties.get("Scheme") == "internet-facing":
        zones = len(balancer.properties["Subnets"])
        yield Charge(
            f"{zones} public IPv4 addresses", Decimal(zones * HOURS), "public-ipv4", "one a zone; more under load"
        )


def _database(instance: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    name = instance.properties["DBInstanceClass"]
    if name != "db.serverless":
        engine = instance.properties["Engine"]
        yield Charge(f"{name} instance", Decimal(HOURS), f"{engine}/{name}")
        return
    bound = "MinCapacity" if choices.size == "minimum" else "MaxCapacity"
    for cluster in environment.of_type("AWS::RDS::DBCluster"):
        if cluster.is_in(instance.properties["DBClusterIdentifier"]):
            units = _number(cluster.properties.get("ServerlessV2ScalingConfiguration", {}), bound)
            yield Charge(f"{units} Aurora capacity units", units * HOURS, "aurora/acu", f"{choices.size} capacity")


def _cluster(cluster: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    if cluster.properties.get("ManageMasterUserPassword"):
        yield Charge("secret of the administrator", Decimal(1), "secret")


def _broker(broker: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    nodes = 3 if broker.properties["DeploymentMode"] == "CLUSTER_MULTI_AZ" else 1
    name, engine = broker.properties["HostInstanceType"], broker.properties["EngineType"].lower()
    yield Charge(f"{nodes} × {name}", Decimal(nodes * HOURS), f"{engine}/{name}")


def _alarm(alarm: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    """An alarm is paid by the metrics that it looks at, and more where it looks more often than once a minute."""
    metrics = [m["MetricStat"] for m in alarm.properties.get("Metrics", ()) if "MetricStat" in m] or [alarm.properties]
    often = any(_number(metric, "Period", 60) < 60 for metric in metrics)
    price = "alarm/high-resolution" if often else "alarm/metric"
    yield Charge("alarm", Decimal(len(metrics)), price)


def _firewall(firewall: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    yield Charge("web ACL", Decimal(1), "firewall/acl")
    rules = len(firewall.properties.get("Rules", ()))
    yield Charge(f"{rules} rules", Decimal(rules), "firewall/rule")


def _parameter(parameter: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    """Standard ones are free; https://aws.amazon.com/systems-manager/pricing/."""
    if parameter.properties.get("Tier", "Standard") != "Standard":
        yield Charge("advanced parameter", Decimal(1), "parameter/advanced")


def _analyzer(analyzer: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
    """Looking for access from outside is free; https://aws.amazon.com/iam/access-analyzer/pricing/."""
    if "UNUSED" in analyzer.properties["Type"] or "INTERNAL" in analyzer.properties["Type"]:
        yield Charge("analyzer", Decimal(1), f"analyzer/{analyzer.properties['Type']}")


def _flat(what: str, price: str, quantity: int = 1) -> Rule:
    def rule(resource: Resource, environment: Environment, choices: Choices) -> Iterator[Charge]:
        yield Charge(what, Decimal(quantity), price)

    return rule


def _number(properties: Mapping[str, Any], name: str, default: int | None = None) -> Decimal:
    """A number of the template, which may stand there as text."""
    value = str(properties.get(name, "" if default is None else default))
    try:
        return Decimal(value)
    except InvalidOperation:
        raise Undecided(f"{name}: {value or 'nothing'}") from None


def _quantity(exact: Fraction | int) -> Decimal:
    part = Fraction(exact)
    return (Decimal(part.numerator) / Decimal(part.denominator)).quantize(CENTIHOUR)


RULES: Mapping[str, Rule] = {
    "AWS::AccessAnalyzer::Analyzer": _analyzer,
    "AWS::AmazonMQ::Broker": _broker,
    "AWS::AutoScaling::AutoScalingGroup": _group,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _flat("composite alarm", "alarm/composite"),
    "AWS::CloudWatch::Dashboard": _flat("dashboard", "dashboard"),
    "AWS::EC2::EIP": _flat("public IPv4 address", "public-ipv4", HOURS),
    "AWS::EC2::NatGateway": _flat("NAT gateway", "nat-gateway", HOURS),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECS::Service": _service,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::KMS::Key": _flat("key", "kms/key"),
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _database,
    "AWS::Route53::HostedZone": _flat("hosted zone", "hosted-zone"),
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _flat("secret", "secret"),
    "AWS::WAFv2::WebACL": _firewall,
}
"""By resource type."""
