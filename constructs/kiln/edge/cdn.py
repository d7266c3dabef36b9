"""Files for everybody, from everywhere: a distribution before a bucket that nobody else may read.

The bucket lets in this one distribution, by origin access control, and CloudFront signs each request to it. Browsers
are told what they may do with an answer. A request that CloudFront has answered is written down.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.data.bucket import Bucket, Encryption
from kiln.data.key_user import arn
from kiln.edge.cdn_headers import security_headers
from kiln.optional import NONE, is_set, value_if
from kiln.refusal import require_one_of
from kiln.stack_unique import unique_name

PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html"""
OLDEST_TLS = "TLSv1.2_2021"
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html"""
ORIGIN = "files"
WHY_ACLS = "CloudFront's standard logs are written with an ACL"
WHY_NO_KEY = (
    "CloudFront's standard logs are kept with a key of S3, so that no key must let another account's service write"
)

Distribution = cloudfront.CfnDistribution


@dataclass(frozen=True, slots=True)
class Name:
    """A name of our own; both may be tokens, and are `NONE` where the name that CloudFront gives is enough.

    Args:
        domain_name: such as `files.example.com`.
        certificate_arn: of a certificate for it in us-east-1, where CloudFront looks for it.
    """

    domain_name: str
    certificate_arn: str


class Cdn(Construct):
    """A distribution and its bucket; `.bucket`, and the tokens `.address` and `.distribution_id`.

    Args:
        key_arn: with which files are encrypted; its policy must let CloudFront read (`kiln.data.key_user.cloudfront`).
        price_class: one of `PRICE_CLASSES`; may be a token.
        log_days: for which requests are kept; may be a token.
        name: see `Name`. Without one there is CloudFront's own certificate, which lets old clients use old TLS.
        web_acl_arn: of a web ACL with the scope CLOUDFRONT, which is always in us-east-1; may be a token.
        content_security_policy: what a page from here may load.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key_arn: str,
        price_class: str,
        log_days: float,
        name: Name | None = None,
        web_acl_arn: str | None = None,
        content_security_policy: str = "default-src 'self'",
    ) -> None:
        super().__init__(scope, construct_id)
        require_one_of(self, "price_class", price_class, PRICE_CLASSES)
        without_key = Encryption.without_key(reason=WHY_NO_KEY)
        logs = Bucket(self, "Logs", encryption=without_key, keep_days=log_days, acl_reason=WHY_ACLS)
        self.bucket = Bucket(self, "Files", encryption=Encryption.with_key(key_arn))
        headers = security_headers(self, "Headers", content_security_policy=content_security_policy)
        distribution = Distribution(
            self,
            "Resource",
            distribution_config=Distribution.DistributionConfigProperty(
                enabled=True,
                comment=f"Files of {cdk.Aws.STACK_NAME}",
                origins=[self._origin()],
                default_cache_behavior=Distribution.DefaultCacheBehaviorProperty(
                    target_origin_id=ORIGIN,
                    viewer_protocol_policy="redirect-to-https",
                    allowed_methods=["GET", "HEAD", "OPTIONS"],
                    cache_policy_id=CACHING_OPTIMIZED,
                    response_headers_policy_id=headers,
                    compress=True,
                ),
                default_root_object="index.html",
                http_version="http2and3",
                ipv6_enabled=True,
                price_class=price_class,
                web_acl_id=web_acl_arn,
                logging=Distribution.LoggingProperty(bucket=logs.domain_name, include_cookies=False, prefix="cdn/"),
            ),
        )
        distribution.node.add_dependency(logs.policy)
        self._call_it(distribution, name or Name(NONE, NONE))
        self.bucket.allow(
            "ReadByTheDistribution",
            principal=iam.ServicePrincipal("cloudfront.amazonaws.com"),
            actions=["s3:GetObject"],
            objects="*",
            conditions={"StringEquals": {"aws:SourceArn": f"{arn('cloudfront', '')}:distribution/{distribution.ref}"}},
        )
        self.address: str = distribution.attr_domain_name
        self.distribution_id: str = distribution.ref

    def _origin(self) -> object:
        control = cloudfront.CfnOriginAccessControl(
            self,
            "Access",
            origin_access_control_config=cloudfront.CfnOriginAccessControl.OriginAccessControlConfigProperty(
                name=unique_name("files"),
                origin_access_control_origin_type="s3",
                signing_behavior="always",
                signing_protocol="sigv4",
            ),
        )
        return Distribution.OriginProperty(
            id=ORIGIN,
            domain_name=self.bucket.domain_name,
            origin_access_control_id=control.attr_id,
            # What S3 wants where the older kind of access, by an identity, is not used.
            s3_origin_config=Distribution.S3OriginConfigProperty(origin_access_identity=""),
        )

    def _call_it(self, distribution: cdk.CfnResource, name: Name) -> None:
        has_name = is_set(self, "HasName", name.certificate_arn)
        own = {
            "AcmCertificateArn": name.certificate_arn,
            "MinimumProtocolVersion": OLDEST_TLS,
            "SslSupportMethod": "sni-only",
        }
        given = {"CloudFrontDefaultCertificate": True}
        distribution.add_property_override("DistributionConfig.ViewerCertificate", value_if(has_name, own, given))
        distribution.add_property_override("DistributionConfig.Aliases", value_if(has_name, [name.domain_name]))
