"""What browsers are told with every file: HTTPS only, no guessing of types, no frames, nothing from elsewhere."""

from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from kiln.stack_unique import unique_name

HSTS_SECONDS = 365 * 24 * 60 * 60

Policy = cloudfront.CfnResponseHeadersPolicy


def security_headers(scope: Construct, construct_id: str, *, content_security_policy: str) -> str:
    """A policy that sets the headers also where a file has others; returns its id, a token."""
    policy = Policy(
        scope,
        construct_id,
        response_headers_policy_config=Policy.ResponseHeadersPolicyConfigProperty(
            name=unique_name("headers"),
            security_headers_config=Policy.SecurityHeadersConfigProperty(
                content_security_policy=Policy.ContentSecurityPolicyProperty(
                    content_security_policy=content_security_policy, override=True
                ),
                content_type_options=Policy.ContentTypeOptionsProperty(override=True),
                frame_options=Policy.FrameOptionsProperty(frame_option="DENY", override=True),
                referrer_policy=Policy.ReferrerPolicyProperty(referrer_policy="same-origin", override=True),
                strict_transport_security=Policy.StrictTransportSecurityProperty(
                    access_control_max_age_sec=HSTS_SECONDS, include_subdomains=True, override=True
                ),
            ),
        ),
    )
    return str(policy.attr_id)
