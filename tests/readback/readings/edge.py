"""Distributions and public zones, read back."""

from tests.readback.expected import at_least, every, is_, present
from tests.readback.reading import ID, Ask, Expected, read

FROM_BUCKETS = "Distribution.DistributionConfig.Origins.Items[?S3OriginConfig]"


def _distribution(path: str, expected: Expected, only: str = "") -> Ask:
    path = f"Distribution.DistributionConfig.{path}"
    return Ask("AWS::CloudFront::Distribution", "cloudfront get_distribution", {"Id": ID}, path, expected, only)


def _header(path: str, expected: Expected) -> Ask:
    path = f"ResponseHeadersPolicy.ResponseHeadersPolicyConfig.SecurityHeadersConfig.{path}"
    kind = "AWS::CloudFront::ResponseHeadersPolicy"
    return Ask(kind, "cloudfront get_response_headers_policy", {"Id": ID}, path, expected)


READINGS = (
    read(
        "cdn-has-no-plain-http",
        _distribution("DefaultCacheBehavior.ViewerProtocolPolicy", is_("redirect-to-https", "https-only")),
    ),
    read(
        "cdn-speaks-modern-tls",
        _distribution(
            "ViewerCertificate.MinimumProtocolVersion",
            is_("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"),
            only="Distribution.DistributionConfig.ViewerCertificate.ACMCertificateArn",
        ),
    ),
    read("cdn-logs", _distribution("Logging.Enabled", is_(True)), _distribution("Logging.Bucket", present())),
    read(
        "cdn-alone-reaches-its-origin",
        _distribution(
            "Origins.Items[?S3OriginConfig].[OriginAccessControlId]",
            every("an origin access control", lambda found: bool(found[0])),
            only=FROM_BUCKETS,
        ),
    ),
    read(
        "cdn-sets-security-headers",
        _header("StrictTransportSecurity.AccessControlMaxAgeSec", at_least(365 * 24 * 60 * 60)),
        _header("ContentTypeOptions.Override", is_(True)),
        _header("FrameOptions.FrameOption", is_("DENY", "SAMEORIGIN")),
    ),
    read("cdn-has-a-first-page", _distribution("DefaultRootObject", present(), only=FROM_BUCKETS)),
    read(
        "public-zone-logs-queries",
        Ask(
            "AWS::Route53::HostedZone",
            "route53 list_query_logging_configs",
            {},
            "QueryLoggingConfigs[?HostedZoneId=='{0}'].CloudWatchLogsLogGroupArn",
            present(),
            each=("route53 get_hosted_zone", {"Id": ID}, "HostedZone.Config.PrivateZone == `false` && ['{0}']"),
        ),
    ),
)

UNREADABLE: dict[str, str] = {}
