"""WAF, certificates, hosted zones, CloudFront: made, read back, changed in place, rolled back, removed."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.pieces import Json, broken
from tests.rehearsal.cloudformation.steps import changed, gone, made, of
from tests.rehearsal.cloudformation.test_resource_types import BALANCER

VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}


def refused(embedded: Any, name: str, **resources: Json) -> str:
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    return str(embedded.reasons(stack["StackId"]))


# WAF ------------------------------------------------------------------------------------------------------------------


def acl(name: str, *groups: str, **more: Any) -> Json:
    rules = [
        {
            "Name": group,
            "Priority": number,
            "OverrideAction": {"None": {}},
            "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": group}},
            "VisibilityConfig": VISIBLE,
        }
        for number, group in enumerate(groups)
    ]
    limit = {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}
    rules.append(
        {"Name": "rate", "Priority": 99, "Action": {"Block": {}}, "Statement": limit, "VisibilityConfig": VISIBLE}
    )
    return of(
        "WAFv2::WebACL",
        Name=name,
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBLE,
        Rules=rules,
        **more,
    )


def test_a_web_acl_guards_a_balancer_logs_and_changes_in_place(embedded: Any, name: str) -> None:
    def resources(*groups: str, field: str = "authorization") -> dict[str, Json]:
        arn = {"Fn::GetAtt": ["W", "Arn"]}
        return {
            **BALANCER,
            "W": acl(name, *groups, Tags=[{"Key": "a", "Value": groups[-1]}]),
            "A": of("WAFv2::WebACLAssociation", WebACLArn=arn, ResourceArn={"Ref": "LB"}),
            "G": of("Logs::LogGroup", LogGroupName=f"aws-waf-logs-{name}"),
            "L": of(
                "WAFv2::LoggingConfiguration",
                ResourceArn=arn,
                LogDestinationConfigs=[{"Fn::GetAtt": ["G", "Arn"]}],
                RedactedFields=[{"SingleHeader": {"Name": field}}],
            ),
        }

    made(embedded, name, **resources("Common"))
    waf = embedded.client("wafv2")
    own_name, identifier, scope = embedded.physical_id(name, "W").split("|")

    def shown() -> Json:
        return dict(waf.get_web_acl(Name=own_name, Id=identifier, Scope=scope)["WebACL"])

    def names() -> list[str]:
        return [rule["Name"] for rule in shown()["Rules"]]

    arn, balancer = shown()["ARN"], embedded.physical_id(name, "LB")
    assert names() == ["Common", "rate"]
    assert shown()["Rules"][1]["Statement"]["RateBasedStatement"]["Limit"] == 2000
    assert waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["ARN"] == arn
    bad = {**resources("Common", "BadInputs"), "B": broken(DependsOn="W")}
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", **bad)
    assert names() == ["Common", "rate"]
    changed(embedded, name, **resources("Common", "BadInputs", field="cookie"))
    assert names() == ["Common", "BadInputs", "rate"]
    assert embedded.physical_id(name, "W").split("|")[1] == identifier
    logging = waf.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
    assert logging["RedactedFields"] == [{"SingleHeader": {"Name": "cookie"}}]
    tags = waf.list_tags_for_resource(ResourceARN=arn)["TagInfoForResource"]["TagList"]
    assert tags == [{"Key": "a", "Value": "BadInputs"}]
    gone(embedded, name)
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == []


def test_a_destination_that_waf_would_refuse_and_settings_that_nobody_keeps_are_refused(
    embedded: Any, name: str
) -> None:
    log = of("WAFv2::LoggingConfiguration", ResourceArn="arn:aws:wafv2:x", LogDestinationConfigs=["arn:aws:s3:::logs"])
    assert "expected a name that begins with aws-waf-logs-, found logs" in refused(embedded, name, L=log)
    kept = acl(name, OnSourceDDoSProtectionConfig={"ALBLowReputationMode": "ALWAYS_ON"})
    assert "OnSourceDDoSProtectionConfig (moto drops it): not emulated" in refused(embedded, f"{name}-2", W=kept)


# certificates and hosted zones ----------------------------------------------------------------------------------------


def records(embedded: Any, zone: str) -> dict[tuple[str, str], Json]:
    """What is in a zone beside its own NS and SOA, by name and set identifier."""
    found = embedded.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    own = ("NS", "SOA")
    return {(r["Name"].rstrip("."), r.get("SetIdentifier", "")): r for r in found if r["Type"] not in own}


def test_the_record_that_proves_a_certificate_is_in_its_zone_as_long_as_it_is_needed(embedded: Any, name: str) -> None:
    domain = f"{name}.example.com"

    def certificate(*names: str) -> Json:
        options = [{"DomainName": n, "HostedZoneId": {"Ref": "Z"}} for n in names]
        more = {"SubjectAlternativeNames": list(names[1:])} if names[1:] else {}
        return of(
            "CertificateManager::Certificate",
            DomainName=names[0],
            ValidationMethod="DNS",
            DomainValidationOptions=options,
            **more,
        )

    zone = of("Route53::HostedZone", Name=domain)
    made(embedded, name, Z=zone, C=certificate(domain, f"api.{domain}"), C2=certificate(domain))
    identifier = embedded.physical_id(name, "Z")
    acm = embedded.client("acm")
    found = acm.describe_certificate(CertificateArn=embedded.physical_id(name, "C"))["Certificate"]
    assert found["Status"] == "ISSUED"
    wanted = {o["ResourceRecord"]["Name"].rstrip(".") for o in found["DomainValidationOptions"]}
    there = records(embedded, identifier)
    assert {key[0] for key in there} == wanted
    assert {r["Type"] for r in there.values()} == {"CNAME"}
    changed(embedded, name, Z=zone, C2=certificate(domain))
    left = {key[0] for key in records(embedded, identifier)}
    assert left == {n for n in wanted if ".api." not in n}
    gone(embedded, name)  # a zone with records could not be deleted


def test_a_domain_outside_the_zone_fails_and_leaves_no_certificate(embedded: Any, name: str) -> None:
    options = [{"DomainName": "elsewhere.org", "HostedZoneId": {"Ref": "Z"}}]
    certificate = of("CertificateManager::Certificate", DomainName="elsewhere.org", DomainValidationOptions=options)
    said = refused(embedded, name, Z=of("Route53::HostedZone", Name=f"{name}.example.com"), C=certificate)
    assert "is not permitted in zone" in said
    listed = embedded.client("acm").list_certificates()["CertificateSummaryList"]
    assert all(c["DomainName"] != "elsewhere.org" for c in listed)


def test_a_private_zone_belongs_to_its_vpcs_and_changes_in_place(embedded: Any, name: str) -> None:
    def zone(comment: str, tag: str, *vpcs: str) -> Json:
        return of(
            "Route53::HostedZone",
            Name=f"{name}.internal",
            HostedZoneConfig={"Comment": comment},
            HostedZoneTags=[{"Key": tag, "Value": tag}],
            VPCs=[{"VPCId": {"Ref": v}, "VPCRegion": "eu-west-1"} for v in vpcs],
        )

    around = {"V": of("EC2::VPC", CidrBlock="10.12.0.0/16"), "V2": of("EC2::VPC", CidrBlock="10.13.0.0/16")}
    made(embedded, name, **around, Z=zone("one", "a", "V"))
    route53, identifier = embedded.client("route53"), embedded.physical_id(name, "Z")

    def shown() -> tuple[Any, ...]:
        found = route53.get_hosted_zone(Id=identifier)
        tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier)["ResourceTagSet"]
        vpcs = {v["VPCId"] for v in found["VPCs"]}
        config = found["HostedZone"]["Config"]
        return config["PrivateZone"], config["Comment"], vpcs, [t["Key"] for t in tags["Tags"]]

    assert shown() == (True, "one", {embedded.physical_id(name, "V")}, ["a"])
    changed(embedded, name, **around, Z=zone("two", "b", "V2"))
    assert shown() == (True, "two", {embedded.physical_id(name, "V2")}, ["b"])
    assert embedded.physical_id(name, "Z") == identifier
    gone(embedded, name)
    with pytest.raises(ClientError, match="NoSuchHostedZone"):
        route53.get_hosted_zone(Id=identifier)


def test_records_of_every_kind_are_made_changed_in_place_renamed_and_removed(embedded: Any, name: str) -> None:
    domain = f"{name}.example.com"

    def record(label: str, **properties: Any) -> Json:
        return of("Route53::RecordSet", HostedZoneId={"Ref": "Z"}, Name=f"{label}.{domain}", **properties)

    def resources(weight: int, host: str, cname: str = "c") -> dict[str, Json]:
        target = {
            "DNSName": f"{host}.elb.amazonaws.com",
            "HostedZoneId": "Z32O12XQLNTSW2",
            "EvaluateTargetHealth": True,
        }
        weighted = {"Type": "CNAME", "TTL": "60", "ResourceRecords": [f"{host}.example.com"]}
        return {
            "Z": of("Route53::HostedZone", Name=domain),
            "Alias": record("a", Type="A", AliasTarget=target),
            "Cname": record(cname, Type="CNAME", TTL="60", ResourceRecords=[f"{host}.example.com"]),
            "Srv": record("_mq._tcp", Type="SRV", TTL="60", ResourceRecords=[f"0 10 5671 {host}.example.com"]),
            "Blue": record("w", **weighted, SetIdentifier="blue", Weight=weight),
            "Green": record("w", **weighted, SetIdentifier="green", Weight=100 - weight),
            "OtherBlue": record("v", **weighted, SetIdentifier="blue", Weight=1),
        }

    made(embedded, name, **resources(10, "one"))
    zone = embedded.physical_id(name, "Z")

    def shown() -> tuple[Any, ...]:
        found = records(embedded, zone)
        srv = found[f"_mq._tcp.{domain}", ""]["ResourceRecords"][0]["Value"]
        weights = [found[f"w.{domain}", colour]["Weight"] for colour in ("blue", "green")]
        return found[f"a.{domain}", ""]["AliasTarget"]["DNSName"].rstrip("."), srv, weights

    assert shown() == ("one.elb.amazonaws.com", "0 10 5671 one.example.com", [10, 90])
    assert embedded.physical_id(name, "Cname") == f"c.{domain}"
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", **resources(50, "two"), B=broken(DependsOn="Blue"))
    assert shown()[2] == [10, 90]
    changed(embedded, name, **resources(50, "two", "renamed"))
    assert shown() == ("two.elb.amazonaws.com", "0 10 5671 two.example.com", [50, 50])
    assert (f"c.{domain}", "") not in records(embedded, zone)
    assert (f"renamed.{domain}", "") in records(embedded, zone)
    left = {k: v for k, v in resources(50, "two", "renamed").items() if k != "Blue"}
    changed(embedded, name, **left)
    assert {k[1] for k in records(embedded, zone) if k[0] == f"w.{domain}"} == {"green"}
    assert (f"v.{domain}", "blue") in records(embedded, zone)
    gone(embedded, name)


def test_a_record_that_is_there_is_neither_made_again_nor_taken_away(embedded: Any, name: str) -> None:
    domain = f"{name}.example.com"
    zone = of("Route53::HostedZone", Name=domain)
    made(embedded, name, Z=zone)
    identifier, route53 = embedded.physical_id(name, "Z"), embedded.client("route53")
    mine = {"Name": f"x.{domain}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    for action in ("CREATE", "DELETE"):
        change = {"Changes": [{"Action": action, "ResourceRecordSet": mine}]}
        route53.change_resource_record_sets(HostedZoneId=identifier, ChangeBatch=change)
        if action == "CREATE":
            own = of(
                "Route53::RecordSet",
                HostedZoneId=identifier,
                Name=f"x.{domain}",
                Type="A",
                TTL="1",
                ResourceRecords=["10.0.0.2"],
            )
            assert "but it already exists" in refused(embedded, f"{name}-2", R=own)
            assert records(embedded, identifier)[f"x.{domain}", ""]["TTL"] == 60
    gone(embedded, name)


# CloudFront -----------------------------------------------------------------------------------------------------------


def distribution(**more: Any) -> Json:
    config = {
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "Origins": [
            {
                "Id": "bucket",
                "DomainName": "b.s3.eu-west-1.amazonaws.com",
                "S3OriginConfig": {},
                "OriginAccessControlId": {"Ref": "O"},
            },
            {"Id": "vpc", "DomainName": "lb.example.com", "VpcOriginConfig": {"VpcOriginId": {"Ref": "V"}}},
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "vpc",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": ["GET", "HEAD", "OPTIONS"],
            "CachedMethods": ["GET", "HEAD"],
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "ResponseHeadersPolicyId": {"Ref": "P"},
            "Compress": True,
        },
        "CacheBehaviors": [
            {"PathPattern": "/static/*", "TargetOriginId": "bucket", "ViewerProtocolPolicy": "https-only"}
        ],
        "Logging": {"Bucket": "logs.s3.amazonaws.com", "Prefix": "cdn/"},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist", "Locations": ["DE", "NL"]}},
        "ViewerCertificate": {
            "AcmCertificateArn": "arn:aws:acm:us-east-1:123400000001:certificate/c",
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        },
        "WebACLId": "arn:aws:wafv2:us-east-1:123400000001:global/webacl/w/1",
        **more,
    }
    return of("CloudFront::Distribution", DistributionConfig=config, Tags=[{"Key": "a", "Value": "b"}])


def behind(seconds: int, port: int, signing: str) -> dict[str, Json]:
    security = {
        "StrictTransportSecurity": {
            "AccessControlMaxAgeSec": seconds,
            "IncludeSubdomains": True,
            "Preload": True,
            "Override": True,
        },
        "ContentTypeOptions": {"Override": True},
        "FrameOptions": {"FrameOption": "DENY", "Override": True},
    }
    custom = {"Items": [{"Header": "X-A", "Value": "1", "Override": True}]}
    return {
        "O": of(
            "CloudFront::OriginAccessControl",
            OriginAccessControlConfig={
                "Name": "oac",
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": signing,
                "SigningProtocol": "sigv4",
            },
        ),
        "P": of(
            "CloudFront::ResponseHeadersPolicy",
            ResponseHeadersPolicyConfig={
                "Name": "headers",
                "SecurityHeadersConfig": security,
                "CustomHeadersConfig": custom,
            },
        ),
        "V": of(
            "CloudFront::VpcOrigin",
            VpcOriginEndpointConfig={
                "Name": "origin",
                "Arn": "arn:aws:elasticloadbalancing:eu-west-1:123400000001:loadbalancer/app/l/1",
                "HTTPSPort": port,
                "OriginProtocolPolicy": "https-only",
                "OriginSSLProtocols": ["TLSv1.2"],
            },
        ),
    }


def test_a_distribution_and_all_that_it_refers_to(embedded: Any, name: str) -> None:
    made(embedded, name, **behind(1000, 443, "always"), D=distribution())
    client, identifier = embedded.client("cloudfront"), embedded.physical_id(name, "D")
    control, policy, origin = (embedded.physical_id(name, logical_id) for logical_id in "OPV")

    def config() -> Json:
        return dict(client.get_distribution_config(Id=identifier)["DistributionConfig"])

    shown = config()
    origins = {o["Id"]: o for o in shown["Origins"]["Items"]}
    assert origins["bucket"]["OriginAccessControlId"] == control
    assert origins["vpc"]["VpcOriginConfig"]["VpcOriginId"] == origin
    behaviour = shown["DefaultCacheBehavior"]
    assert behaviour["ResponseHeadersPolicyId"] == policy
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behaviour["AllowedMethods"]["CachedMethods"] == {"Quantity": 2, "Items": ["GET", "HEAD"]}
    assert shown["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert shown["Restrictions"]["GeoRestriction"]["Items"] == ["DE", "NL"]
    assert shown["Logging"] == {
        "Enabled": True,
        "IncludeCookies": False,
        "Bucket": "logs.s3.amazonaws.com",
        "Prefix": "cdn/",
    }
    assert (shown["IsIPV6Enabled"], shown["HttpVersion"]) == (True, "http2and3")
    assert shown["WebACLId"].endswith("webacl/w/1")

    bad = {**behind(1000, 443, "always"), "D": distribution(PriceClass="PriceClass_100"), "B": broken(DependsOn="D")}
    changed(embedded, name, "UPDATE_ROLLBACK_COMPLETE", **bad)
    assert "PriceClass" not in config()
    changed(embedded, name, **behind(2000, 8443, "never"), D=distribution(PriceClass="PriceClass_100"))
    assert config()["PriceClass"] == "PriceClass_100"
    assert embedded.physical_id(name, "D") == identifier
    headers = client.get_response_headers_policy(Id=policy)["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    assert headers["SecurityHeadersConfig"]["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 2000
    assert headers["CustomHeadersConfig"]["Quantity"] == 1
    signing = client.get_origin_access_control(Id=control)["OriginAccessControl"]["OriginAccessControlConfig"]
    assert signing["SigningBehavior"] == "never"
    endpoint = client.get_vpc_origin(Id=origin)["VpcOrigin"]["VpcOriginEndpointConfig"]
    assert (endpoint["HTTPSPort"], endpoint["HTTPPort"]) == (8443, 80)
    assert endpoint["OriginSslProtocols"]["Items"] == ["TLSv1.2"]

    found = client.get_distribution(Id=identifier)["Distribution"]
    tags = client.list_tags_for_resource(Resource=found["ARN"])["Tags"]["Items"]
    assert tags == [{"Key": "a", "Value": "b"}]
    tag = client.get_origin_access_control(Id=control)["ETag"]
    with pytest.raises(ClientError, match="OriginAccessControlInUse"):
        client.delete_origin_access_control(Id=control, IfMatch=tag)
    gone(embedded, name)
    assert client.list_distributions()["DistributionList"]["Quantity"] == 0
    with pytest.raises(ClientError, match="NoSuchResponseHeadersPolicy"):
        client.get_response_headers_policy(Id=policy)


def test_what_belongs_to_cloudfront_is_refused_outside_of_its_region(embedded: Any, name: str) -> None:
    web_acl = acl(name)
    web_acl["Properties"]["Scope"] = "CLOUDFRONT"
    assert "Scope CLOUDFRONT: expected the region us-east-1, found eu-west-1" in refused(embedded, name, W=web_acl)
    certificate = {
        "AcmCertificateArn": "arn:aws:acm:eu-west-1:123400000001:certificate/c",
        "SslSupportMethod": "sni-only",
    }
    cdn = distribution(ViewerCertificate=certificate)
    assert "isn't in us-east-1 region" in refused(embedded, f"{name}-2", **behind(1, 443, "always"), D=cdn)


def test_a_behaviour_without_its_origin_is_refused(embedded: Any, name: str) -> None:
    config = {"TargetOriginId": "nowhere", "ViewerProtocolPolicy": "https-only"}
    said = refused(embedded, name, **behind(1, 443, "always"), D=distribution(DefaultCacheBehavior=config))
    assert "One or more of your origins or origin groups do not exist: nowhere" in said
    assert json.dumps(embedded.client("cloudfront").list_vpc_origins()["VpcOriginList"]["Items"]) == "[]"
