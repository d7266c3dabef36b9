"""WAFv2: every change needs the lock token of what is changed."""

from typing import Any

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Computed, Properties, prepare
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import pick

# What an update can empty; the rest stays as it was where it is not said again.
EMPTY: Properties = {"Rules": [], "CustomResponseBodies": {}, "TokenDomains": []}
STAYING = ("Description", "AssociationConfig", "CaptchaConfig", "ChallengeConfig")
CLOUDFRONT_REGION = "us-east-1"  # https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html, Scope
# https://docs.aws.amazon.com/waf/latest/developerguide/logging.html: every destination's name begins so.
LOG_PREFIX = "aws-waf-logs-"
LOGGING = ("LogDestinationConfigs", "LoggingFilter", "RedactedFields")


@prepare()
def acl(resource: Resource, properties: Properties) -> Properties:
    if properties["Scope"] == "CLOUDFRONT" and resource.place.region != CLOUDFRONT_REGION:
        raise ResourceFailed(
            f"Scope CLOUDFRONT: expected the region {CLOUDFRONT_REGION}, found {resource.place.region}"
        )
    gone = [name for name in STAYING if name in resource.previous and name not in properties]
    if resource.physical_id and gone:
        raise ResourceFailed(f"taking away {', '.join(gone)} of {resource.type_name} is not emulated: set its default")
    emptied = {k: v for k, v in EMPTY.items() if k in resource.previous}
    return {**emptied, **properties}


def _described(resource: Resource) -> Properties:
    given = pick(resource.properties, "Name", "Scope")
    identifier = resource.physical_id.split("|")[1]
    found: Properties = resource.api.call("get_web_acl", **given, Id=identifier)
    return found


lock_token = Computed(lambda resource, _: _described(resource)["LockToken"])
identifier = Computed(lambda resource, _: resource.physical_id.split("|")[1])
capacity = Computed(lambda resource, _: _described(resource)["WebACL"]["Capacity"])
label_namespace = Computed(lambda resource, _: _described(resource)["WebACL"]["LabelNamespace"])


@prepare("ResourceArn", *LOGGING)
def logging(resource: Resource, properties: Properties) -> Properties:
    """PutLoggingConfiguration takes one structure. Raises ResourceFailed for a destination that WAF would refuse."""
    for arn in properties["LogDestinationConfigs"]:
        name = str(arn).removesuffix(":*").rpartition(":")[2].rpartition("/")[2]
        if not name.startswith(LOG_PREFIX):
            raise ResourceFailed(f"LogDestinationConfigs: expected a name that begins with {LOG_PREFIX}, found {name}")
    return {"LoggingConfiguration": pick(properties, "ResourceArn", *LOGGING)}


def _managed(resource: Resource, _: Any) -> bool:
    found = resource.api.call("get_logging_configuration", ResourceArn=resource.physical_id)["LoggingConfiguration"]
    return bool(found.get("ManagedByFirewallManager", False))


managed = Computed(_managed)
