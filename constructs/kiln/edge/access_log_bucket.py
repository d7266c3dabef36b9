"""Where load balancers write down each request and each connection."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.data.bucket import Bucket, Encryption
from kiln.data.key_user import arn

ACCESS, CONNECTIONS = "access", "connections"
"""The prefixes of the two kinds of records."""
WHY_NO_KEY = "load balancers write their logs to buckets with keys of S3 only"
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html"""


def access_log_bucket(scope: Construct, construct_id: str, *, keep_days: float) -> Bucket:
    """A bucket to which the load balancers of this account and region may write; `keep_days` may be a token."""
    bucket = Bucket(scope, construct_id, encryption=Encryption.without_key(reason=WHY_NO_KEY), keep_days=keep_days)
    for prefix in (ACCESS, CONNECTIONS):
        bucket.allow(
            f"Write{prefix.capitalize()}",
            principal=iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com"),
            actions=["s3:PutObject"],
            objects=f"{prefix}/AWSLogs/{cdk.Aws.ACCOUNT_ID}/*",
            conditions={"ArnLike": {"aws:SourceArn": f"{arn('elasticloadbalancing', cdk.Aws.REGION)}:loadbalancer/*"}},
        )
    return bucket


def attributes(bucket: Bucket) -> dict[str, str]:
    """The attributes by which a load balancer writes there."""
    found: dict[str, str] = {}
    for attribute, prefix in (("access_logs", ACCESS), ("connection_logs", CONNECTIONS)):
        found |= {
            f"{attribute}.s3.enabled": "true",
            f"{attribute}.s3.bucket": bucket.name,
            f"{attribute}.s3.prefix": prefix,
        }
    return found
