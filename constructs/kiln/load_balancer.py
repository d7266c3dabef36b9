"""A public Application Load Balancer that speaks HTTPS only; tiers put themselves behind it with rules of their own.

Its security group admits the Internet on 443 and 80, and lets nothing out but what a tier behind it opens. A request
that no rule of a tier takes is answered with 404.
"""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

HSTS_SECONDS = 365 * 24 * 60 * 60

LISTENER_ATTRIBUTES = {
    "routing.http.response.server.enabled": "false",
    "routing.http.response.strict_transport_security.header_value": f"max-age={HSTS_SECONDS}; includeSubDomains",
    "routing.http.response.x_content_type_options.header_value": "nosniff",
    "routing.http.response.x_frame_options.header_value": "DENY",
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html"""


class LoadBalancer(Construct):
    """An internet-facing load balancer with HTTPS on 443, and 80 redirected to it for good (301).

    Args:
        vpc: with its public subnets.
        certificate_arn: of a certificate in the same account and region; may be a token.
        deletion_protection: "true" or "false" as text; may be a token.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, certificate_arn: str, deletion_protection: str
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
        # The property of the L2 construct takes no token.
        balancer.set_attribute("deletion_protection.enabled", deletion_protection)
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
        self.dns_name = balancer.load_balancer_dns_name
        self.hosted_zone_id = balancer.load_balancer_canonical_hosted_zone_id
