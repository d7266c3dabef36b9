"""Promises about CloudFront distributions and public zones."""

from kiln.promises.checks import Every, every
from kiln.promises.controls import asked
from kiln.promises.demands import meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.values import Json

CLOUDFRONT = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide"
DISTRIBUTION = every("AWS::CloudFront::Distribution")
CONFIG = "DistributionConfig"


def _headers(*paths: str) -> Every:
    policy = every("AWS::CloudFront::ResponseHeadersPolicy")
    base = "ResponseHeadersPolicyConfig.SecurityHeadersConfig"
    return policy.present(*(f"{base}.{path}" for path in paths))


def _modern(value: Json) -> bool:
    return str(value) in ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


PROMISES = (
    Promise(
        id="cdn-has-no-plain-http",
        title="Distributions answer over HTTPS only",
        reason="One page over HTTP is enough to take a session over.",
        controls=asked("CloudFront.3"),
        source=f"{CLOUDFRONT}/using-https-viewers-to-cloudfront.html",
        check=DISTRIBUTION.one_of(
            f"{CONFIG}.DefaultCacheBehavior.ViewerProtocolPolicy", "redirect-to-https", "https-only", weak="allow-all"
        ),
    ),
    Promise(
        id="cdn-speaks-modern-tls",
        title="Distributions with a name of their own speak TLS 1.2 or later",
        reason="Older versions have known weaknesses.",
        controls=asked("CloudFront.15"),
        source=f"{CLOUDFRONT}/secure-connections-supported-viewer-protocols-ciphers.html",
        check=DISTRIBUTION.where(f"{CONFIG}.ViewerCertificate.AcmCertificateArn").asks(
            meets(
                f"{CONFIG}.ViewerCertificate.MinimumProtocolVersion",
                _modern,
                "TLSv1.2_2021 or later",
                lambda _: ("TLSv1", MISSING),
            )
        ),
    ),
    Promise(
        id="cdn-logs",
        title="Distributions write down every request",
        reason="What was served from an edge appears in no other log.",
        controls=asked("CloudFront.5"),
        source=f"{CLOUDFRONT}/AccessLogs.html",
        check=DISTRIBUTION.present(f"{CONFIG}.Logging.Bucket"),
    ),
    Promise(
        id="cdn-alone-reaches-its-origin",
        title="Distributions sign what they ask of a bucket",
        reason="A bucket that anybody may read makes the rules of the distribution a decoration.",
        controls=asked("CloudFront.13"),
        source=f"{CLOUDFRONT}/private-content-restricting-access-to-s3.html",
        check=DISTRIBUTION.where(f"{CONFIG}.Origins[].S3OriginConfig").present(
            f"{CONFIG}.Origins[].OriginAccessControlId"
        ),
    ),
    Promise(
        id="cdn-sets-security-headers",
        title="Distributions tell browsers to use HTTPS, believe types and refuse frames",
        reason="The browser of a visitor is the last place where an attack can be stopped.",
        controls=(),
        source=f"{CLOUDFRONT}/understanding-response-headers-policies.html",
        check=_headers(
            "StrictTransportSecurity.AccessControlMaxAgeSec", "ContentTypeOptions.Override", "FrameOptions.FrameOption"
        ),
    ),
    Promise(
        id="cdn-has-a-first-page",
        title="Distributions say what the address without a path is",
        reason="Otherwise the bucket answers, with a list of what is in it.",
        controls=asked("CloudFront.1"),
        source=f"{CLOUDFRONT}/DefaultRootObject.html",
        check=DISTRIBUTION.where(f"{CONFIG}.Origins[].S3OriginConfig").present(f"{CONFIG}.DefaultRootObject"),
    ),
    Promise(
        id="public-zone-logs-queries",
        title="Public zones write down who asks for which name",
        reason="An attack begins with names: which ones are asked for says what is looked for.",
        controls=asked("Route53.2"),
        source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html",
        check=every("AWS::Route53::HostedZone").unless("VPCs").present("QueryLoggingConfig.CloudWatchLogsLogGroupArn"),
    ),
)
