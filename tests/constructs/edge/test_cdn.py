from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.edge.cdn import OLDEST_TLS, Cdn, Name
from kiln.refusal import WrongProperty

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"


@pytest.fixture
def cdn(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        value = {name: cdk.CfnParameter(stack, name).value_as_string for name in ("Price", "Domain", "Certificate")}
        days = cdk.Token.as_number(cdk.CfnParameter(stack, "Days").value)
        name = Name(value["Domain"], value["Certificate"])
        Cdn(stack, "Cdn", key_arn=KEY, price_class=value["Price"], log_days=days, name=name, web_acl_arn="arn:acl")

    return template(build)


def config(template: Any) -> Any:
    [found] = template.find_resources("AWS::CloudFront::Distribution").values()
    return found["Properties"]["DistributionConfig"]


def test_every_request_is_https_and_answers_tell_browsers_what_they_may_do(cdn: Any) -> None:
    behaviour = config(cdn)["DefaultCacheBehavior"]
    [policy] = cdn.find_resources("AWS::CloudFront::ResponseHeadersPolicy")
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behaviour["AllowedMethods"] == ["GET", "HEAD", "OPTIONS"]
    assert behaviour["ResponseHeadersPolicyId"] == {"Fn::GetAtt": [policy, "Id"]}
    made = cdn.find_resources("AWS::CloudFront::ResponseHeadersPolicy")[policy]["Properties"]
    headers = made["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 24 * 60 * 60
    assert headers["ContentSecurityPolicy"]["ContentSecurityPolicy"] == "default-src 'self'"
    assert {header["Override"] for header in headers.values()} == {True}


def test_only_this_distribution_reads_the_files_and_signs_each_request(cdn: Any) -> None:
    [distribution] = cdn.find_resources("AWS::CloudFront::Distribution")
    [control] = cdn.find_resources("AWS::CloudFront::OriginAccessControl").values()
    access = control["Properties"]["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
    [origin] = config(cdn)["Origins"]
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    allowed = [
        statement
        for policy in cdn.find_resources("AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    [reading] = allowed
    assert (reading["Action"], reading["Principal"]) == ("s3:GetObject", {"Service": "cloudfront.amazonaws.com"})
    assert reading["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Join"][1][-1] == {"Ref": distribution}


def test_requests_are_written_down_and_expire(cdn: Any) -> None:
    logging = config(cdn)["Logging"]
    [bucket, attribute] = logging["Bucket"]["Fn::GetAtt"]
    assert (attribute, logging["IncludeCookies"]) == ("RegionalDomainName", False)
    rules = cdn.find_resources("AWS::S3::Bucket")[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rules[0]["ExpirationInDays"] == {"Ref": "Days"}


def test_with_a_name_of_its_own_it_speaks_modern_tls_and_without_one_it_has_cloudfronts(cdn: Any) -> None:
    found = config(cdn)
    condition, own, given = found["ViewerCertificate"]["Fn::If"]
    unset = {"Fn::Equals": [{"Ref": "Certificate"}, "none"]}
    assert cdn.to_json()["Conditions"][condition] == {"Fn::Not": [unset]}
    assert own == {
        "AcmCertificateArn": {"Ref": "Certificate"},
        "MinimumProtocolVersion": OLDEST_TLS,
        "SslSupportMethod": "sni-only",
    }
    assert given == {"CloudFrontDefaultCertificate": True}
    assert found["Aliases"] == {"Fn::If": [condition, [{"Ref": "Domain"}], {"Ref": "AWS::NoValue"}]}


def test_price_class_and_firewall_are_values_of_deployment(cdn: Any) -> None:
    assert config(cdn)["PriceClass"] == {"Ref": "Price"}
    assert config(cdn)["WebACLId"] == "arn:acl"


def test_a_price_class_that_cloudfront_does_not_have_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Cdn: price_class is 'cheap'; expected one of PriceClass_100"):
        template(lambda stack: Cdn(stack, "Cdn", key_arn=KEY, price_class="cheap", log_days=30))
