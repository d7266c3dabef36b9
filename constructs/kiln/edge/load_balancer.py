"""A public Application Load Balancer that speaks HTTPS only; tiers put themselves behind it with rules of their own.

Its security group admits the Internet on 443 and 80, and lets nothing out but what a tier behind it opens. A request
that no rule of a tier takes is answered with 404. A firewall stands before it, and both write down what they see.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from kiln.edge.access_log_bucket import access_log_bucket, attributes
from kiln.edge.load_balancer_alarms import LoadBalancerAlarms
from kiln.edge.web_acl import METRIC, WebAcl
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics

HSTS_SECONDS = 365 * 24 * 60 * 60

LISTENER_ATTRIBUTES = {
    "routing.http.response.server.enabled": "false",
    "routing.http.response.strict_transport_security.header_value": f"max-age={HSTS_SECONDS}; includeSubDomains",
    "routing.http.response.x_content_type_options.header_value": "nosniff",
    "routing.http.response.x_frame_options.header_value": "DENY",
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html"""


@dataclass(frozen=True, slots=True)
class Firewall:
    """What stands before the load balancer; every field may be a token.

    Args:
        requests_per_address: in 5 minutes: see `WebAcl`.
        records: where it writes down requests.
    """

    requests_per_address: float
    records: Records


class LoadBalancer(Construct):
    """An internet-facing load balancer with HTTPS on 443, and 80 redirected to it for good (301).

    Args:
        vpc: with its public subnets.
        certificate_arn: of a certificate in the same account and region; may be a token.
        deletion_protection: "true" or "false" as text; may be a token.
        access_log_days: for which requests and connections are kept; may be a token.
        firewall: see `Firewall`.
        topics: see `Topics`.

    `.listener`, `.security_group`; `.dns_name`, `.hosted_zone_id` and `.full_name` are tokens, the last one being the
    value of the dimension `LoadBalancer` of its metrics.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        certificate_arn: str,
        deletion_protection: str,
        access_log_days: float,
        firewall: Firewall,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="Load balancer: the Internet in, tiers out",
            allow_all_outbound=False,
        )
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            internet_facing=True,
            security_group=self.security_group,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        )
        logs = access_log_bucket(self, "AccessLogs", keep_days=access_log_days)
        balancer.node.add_dependency(logs.policy)
        # The properties of the L2 construct take no tokens.
        own = {"deletion_protection.enabled": deletion_protection, "zonal_shift.config.enabled": "true"}
        for key, value in (own | attributes(logs)).items():
            balancer.set_attribute(key, value)
        self.listener = balancer.add_listener(
            "Https",
            port=443,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[elb.ListenerCertificate.from_arn(certificate_arn)],
            ssl_policy=elb.SslPolicy.TLS13_12_RES_PQ,
            default_action=elb.ListenerAction.fixed_response(
                404, content_type="text/plain", message_body="no such page\n"
            ),
        )
        for key, value in LISTENER_ATTRIBUTES.items():
            self.listener.set_attribute(key, value)
        balancer.add_listener(
            "Http",
            port=80,
            protocol=elb.ApplicationProtocol.HTTP,
            default_action=elb.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True),
        )
        WebAcl(
            self,
            "Firewall",
            resource_arn=balancer.load_balancer_arn,
            requests_per_address=firewall.requests_per_address,
            records=firewall.records,
        )
        self.full_name: str = balancer.load_balancer_full_name
        LoadBalancerAlarms(
            self, "Alarms", full_name=self.full_name, firewall_metric=METRIC, region=cdk.Aws.REGION, topics=topics
        )
        self.dns_name = balancer.load_balancer_dns_name
        self.hosted_zone_id = balancer.load_balancer_canonical_hosted_zone_id
