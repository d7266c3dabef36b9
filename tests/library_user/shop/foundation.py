"""What an environment stands on: keys, topics, the account's defaults, the network, the public name, the entrance."""

import aws_cdk as cdk

from kiln.account.account_defaults import AccountDefaults
from kiln.data import key_user, volume_key_user
from kiln.data.key import Key
from kiln.edge.certificate import DnsValidatedCertificate
from kiln.edge.hosted_zone import PublicZone, Zone
from kiln.edge.load_balancer import Firewall, LoadBalancer
from kiln.edge.role_name import AliasName
from kiln.network.imported_network import imported_network
from kiln.network.network import Network
from kiln.operations.notifications import Notifications
from kiln.operations.topics import Severity
from kiln.shared_values import ValueType

from .values import SHOP, records, topics

PUBLISHERS = [f"{name}.amazonaws.com" for name in ("cloudwatch", "events.rds", "sns")]


def account(stack: cdk.Stack) -> None:
    data = Key(stack, "Data", description="Volumes, database", users=volume_key_user.auto_scaling_volumes())
    logs = Key(stack, "Logs", description="Log groups", users=[key_user.cloudwatch_logs()])
    users = [key_user.service("Publishers", *PUBLISHERS), key_user.eventbridge(), key_user.auto_scaling_notices()]
    messages = Key(stack, "Messages", description="Topics and queues", users=users)
    for name, key in {"data": data, "logs": logs, "messages": messages}.items():
        SHOP.write(stack, f"keys/{name}-arn", key.arn)
    addresses = SHOP.read_list(stack, "environment/addresses")
    told = Notifications(stack, "Notifications", key_arn=messages.arn, addresses=addresses)
    for severity in Severity:
        SHOP.write(stack, f"topics/{severity}-arn", told.topics.arn(severity))
    domain_name = SHOP.read(stack, "environment/domain-name")
    reason = "Route 53 logs queries to us-east-1 only, and the shop lives in one region"
    public = PublicZone(stack, "Public", domain_name=domain_name, no_query_log_reason=reason)
    SHOP.write(stack, "dns/zone-id", public.zone.zone_id)
    cdk.CfnOutput(stack, "NameServers", value=cdk.Fn.join(" ", public.name_servers))


def network(stack: cdk.Stack) -> None:
    defaults = AccountDefaults(stack, "Defaults", key_arn=SHOP.read(stack, "keys/data-arn"), records=records(stack))
    made = Network(
        stack,
        "Network",
        cidr=SHOP.read(stack, "environment/cidr"),
        nat_gateways=SHOP.read(stack, "environment/nat-gateways"),
        interface_endpoints=SHOP.read(stack, "environment/interface-endpoints"),
        records=records(stack),
        defaults_function_arn=defaults.function_arn,
    )
    SHOP.write(stack, "network/vpc-id", made.vpc_id)
    for layer, subnet_ids in made.subnet_ids.items():
        SHOP.write(stack, f"network/{layer}-subnet-ids", subnet_ids)


def entrance(stack: cdk.Stack) -> None:
    domain_name = SHOP.read(stack, "environment/domain-name")
    zone = Zone(SHOP.read(stack, "dns/zone-id"), domain_name)
    vpc = imported_network(
        stack,
        "Vpc",
        vpc_id=SHOP.read(stack, "network/vpc-id", ValueType.VPC),
        public_subnet_ids=SHOP.read_list(stack, "network/public-subnet-ids", ValueType.SUBNETS),
    )
    told = topics(stack)
    certificate = DnsValidatedCertificate(stack, "Certificate", domain_name=domain_name, zone=zone, topics=told)
    balancer = LoadBalancer(
        stack,
        "LoadBalancer",
        vpc=vpc,
        certificate_arn=certificate.arn,
        deletion_protection=SHOP.read(stack, "environment/protected"),
        access_log_days=SHOP.read_number(stack, "environment/log-days"),
        firewall=Firewall(requests_per_address=2000, records=records(stack)),
        topics=told,
    )
    AliasName(
        stack,
        "Name",
        zone=zone,
        domain_name=domain_name,
        target=balancer.dns_name,
        target_zone_id=balancer.hosted_zone_id,
    )
    SHOP.write(stack, "entrance/listener-arn", balancer.listener.listener_arn)
    SHOP.write(stack, "entrance/security-group-id", balancer.security_group.security_group_id)
    SHOP.write(stack, "entrance/full-name", balancer.full_name)
    cdk.CfnOutput(stack, "Url", value=cdk.Fn.join("", ["https://", domain_name, "/"]))
