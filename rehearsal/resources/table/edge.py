"""AWS::WAFv2, AWS::CertificateManager, AWS::Route53, AWS::CloudFront."""

from rehearsal.resources.kind import Kind, Name, Tagging, op, replacing
from rehearsal.resources.special import certificates, content_delivery, dns, firewall

NOT_BY_MOTO = "moto drops it"
ACL = {"Name": "$Name", "Scope": "$Scope", "Id": firewall.identifier, "LockToken": firewall.lock_token}
KEPT = "Kept and described; nothing is delivered."


def etagged(read: str) -> dict[str, object]:
    """The arguments of a change in CloudFront: the id and the version that was seen last."""
    return {"Id": "{id}", "IfMatch": content_delivery.etag(read)}


TABLE = {
    "AWS::WAFv2::WebACL": Kind(
        service="wafv2",
        create=op("create_web_acl"),
        update=(replacing(op("update_web_acl", **ACL)),),
        delete=op("delete_web_acl", **ACL),
        tagging=Tagging(op("tag_resource", ResourceARN="{ARN}"), op("untag_resource", ResourceARN="{ARN}")),
        ref="{Name}|{Id}|{Scope}",
        name=Name("Name", 128),
        attributes={
            "Arn": "{ARN}",
            "Id": firewall.identifier,
            "Capacity": firewall.capacity,
            "LabelNamespace": firewall.label_namespace,
        },
        refused=dict.fromkeys(
            ("ApplicationConfig", "DataProtectionConfig", "MonetizationConfig", "OnSourceDDoSProtectionConfig"),
            NOT_BY_MOTO,
        ),
        prepare=firewall.acl,
        remark="Kept and described; the load balancers let every request through.",
    ),
    "AWS::WAFv2::WebACLAssociation": Kind(
        service="wafv2",
        create=op("associate_web_acl"),
        delete=op("disassociate_web_acl", ResourceArn="$ResourceArn"),
        ref="{WebACLArn}|{ResourceArn}",
    ),
    "AWS::WAFv2::LoggingConfiguration": Kind(
        service="wafv2",
        create=op("put_logging_configuration"),
        put=True,
        delete=op("delete_logging_configuration", ResourceArn="$ResourceArn"),
        ref="{ResourceArn}",
        attributes={"ManagedByFirewallManager": firewall.managed},
        prepare=firewall.logging,
        remark="Kept and described; nothing is logged.",
    ),
    "AWS::CertificateManager::Certificate": Kind(
        service="acm",
        create=op("request_certificate"),
        delete=op("delete_certificate"),
        tagging=Tagging(
            op("add_tags_to_certificate", CertificateArn="{id}"),
            op("remove_tags_from_certificate", CertificateArn="{id}"),
            keys="Tags",
            keys_as_tags=True,
        ),
        prepare=certificates.certificate,
        steps=(certificates.prove,),
        stabilize=certificates.issued,
        before_delete=certificates.withdraw,
        remark="The rehearsal's certificate authority issues at once. With HostedZoneId the record that proves the "
        "domain is written; unlike CloudFormation, it goes again with the certificate.",
    ),
    "AWS::Route53::HostedZone": Kind(
        service="route53",
        create=op("create_hosted_zone", CallerReference=dns.caller_reference),
        delete=op("delete_hosted_zone", Id="{id}"),
        ref=dns.zone_id,
        attributes={"Id": "{id}", "NameServers": dns.name_servers},
        prepare=dns.zone,
        steps=(dns.comment, dns.vpcs, dns.tags, dns.query_log),
        before_delete=dns.stop_query_log,
        remark="Kept and described; no name server answers.",
    ),
    "AWS::Route53::RecordSet": Kind(
        service="route53",
        create=op("change_resource_record_sets"),
        put=True,
        ref="{Name}",
        refused=dict.fromkeys(("CidrRoutingConfig", "GeoProximityLocation"), NOT_BY_MOTO),
        prepare=dns.record,
        before_delete=dns.delete_record,
        remark="Kept and described; no name server answers.",
    ),
    "AWS::CloudFront::Distribution": Kind(
        service="cloudfront",
        create=op("create_distribution_with_tags"),
        update=(op("update_distribution", **etagged("get_distribution_config")),),
        delete=op("delete_distribution", **etagged("get_distribution_config")),
        ref="{Id}",
        attributes={"Id": "{id}", "DomainName": "{DomainName}"},
        prepare=content_delivery.distribution,
        steps=(content_delivery.tags,),
        before_delete=content_delivery.disable,
        remark=KEPT,
    ),
    "AWS::CloudFront::OriginAccessControl": Kind(
        service="cloudfront",
        create=op("create_origin_access_control"),
        update=(op("update_origin_access_control", **etagged("get_origin_access_control")),),
        delete=op("delete_origin_access_control", **etagged("get_origin_access_control")),
        prepare=content_delivery.configured("OriginAccessControlConfig", "create_origin_access_control"),
        remark=KEPT,
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": Kind(
        service="cloudfront",
        create=op("create_response_headers_policy"),
        update=(op("update_response_headers_policy", **etagged("get_response_headers_policy")),),
        delete=op("delete_response_headers_policy", **etagged("get_response_headers_policy")),
        prepare=content_delivery.configured("ResponseHeadersPolicyConfig", "create_response_headers_policy"),
        remark=KEPT,
    ),
    "AWS::CloudFront::VpcOrigin": Kind(
        service="cloudfront",
        create=op("create_vpc_origin"),
        update=(op("update_vpc_origin", **etagged("get_vpc_origin")),),
        delete=op("delete_vpc_origin", **etagged("get_vpc_origin")),
        attributes={name: f"{{{name}}}" for name in ("Arn", "AccountId", "CreatedTime", "LastModifiedTime", "Status")},
        prepare=content_delivery.vpc_origin,
        steps=(content_delivery.tags,),
        remark=KEPT,
    ),
}
