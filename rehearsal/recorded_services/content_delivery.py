"""CloudFront: distributions and what they refer to, kept whole; nothing is delivered.

moto (5.2.5) drops origins in a VPC, access controls, header policies and much of a distribution's behaviours: nothing
is left to it.
"""

from collections.abc import Iterator
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import Ask, Verb, change, constant, get, make, now, remove, tagged
from rehearsal.resources.cast import pairs
from rehearsal.resources.identify import random_tail

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
CERTIFICATE_REGION = "us-east-1"


def _id(prefix: str) -> Any:
    return lambda ask, members: prefix + random_tail()


def _domain(ask: Ask, members: Members) -> str:
    return f"d{random_tail().lower()}.cloudfront.net"


def _version(ask: Ask, members: Members) -> str:
    """The entity tag: another one after every change."""
    return f"E{random_tail()}"


TOUCHED = {"ETag": _version, "LastModifiedTime": now}
DISTRIBUTION = Noun(
    name="distribution",
    key=("Id",),
    born={
        "Id": _id("E"),
        "ARN": "arn:aws:cloudfront::{Account}:distribution/{Id}",
        "DomainName": _domain,
        "Status": constant("Deployed"),
        "InProgressInvalidationBatches": constant(0),
        **TOUCHED,
    },
    touched=TOUCHED,
    bodies=("DistributionConfigWithTags",),
    tags="-",
    arn="ARN",
    missing="NoSuchDistribution",
)
ACCESS_CONTROL = Noun(
    name="origin access control",
    key=("Id",),
    born={"Id": _id("E"), **TOUCHED},
    touched=TOUCHED,
    missing="NoSuchOriginAccessControl",
)
HEADERS_POLICY = Noun(
    name="response headers policy",
    key=("Id",),
    born={"Id": _id(""), **TOUCHED},
    touched=TOUCHED,
    missing="NoSuchResponseHeadersPolicy",
)
VPC_ORIGIN = Noun(
    name="VPC origin",
    key=("Id",),
    born={
        "Id": _id("vo_"),
        "Arn": "arn:aws:cloudfront::{Account}:vpcorigin/{Id}",
        "AccountId": "{Account}",
        "Status": constant("Deployed"),
        "CreatedTime": now,
        **TOUCHED,
    },
    touched=TOUCHED,
    tags="-",
    arn="Arn",
    missing="EntityNotFound",
)


# what is refused ------------------------------------------------------------------------------------------------------


def _same_version(noun: Noun) -> Any:
    """Who changes or deletes a thing must have seen its last version."""

    def check(ask: Ask) -> None:
        wanted, found = ask.request.get("IfMatch"), ask.thing(noun).members["ETag"]
        if not wanted:
            raise AwsError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
        if wanted != found:
            message = (
                "The request failed because it didn't meet the preconditions in one or more request-header fields."
            )
            raise AwsError("PreconditionFailed", message, 412)

    return check


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _unused(code: str) -> Any:
    """Nothing goes that a distribution refers to."""

    def check(ask: Ask, kept: Kept) -> None:
        for distribution in ask.shelf.all(DISTRIBUTION):
            if kept.members["Id"] in _texts(distribution.members["DistributionConfig"]):
                name = f"{kept.noun.name} {kept.members['Id']}"
                raise AwsError(code, f"The {name} is in use by the distribution {distribution.members['Id']}", 409)

    return check


def _disabled(ask: Ask, kept: Kept) -> None:
    if kept.members["DistributionConfig"].get("Enabled"):
        message = "The distribution you are trying to delete has not been disabled."
        raise AwsError("DistributionNotDisabled", message, 409)


def _coherent(ask: Ask, kept: Kept) -> None:
    """Every behaviour has an origin, no alias has two distributions; and the tags of a new one are its own."""
    config = kept.members["DistributionConfig"]
    origins = {o["Id"] for o in config["Origins"]["Items"]}
    origins |= {g["Id"] for g in config.get("OriginGroups", {}).get("Items") or []}
    behaviours = [config["DefaultCacheBehavior"], *(config.get("CacheBehaviors", {}).get("Items") or [])]
    lost = sorted({b["TargetOriginId"] for b in behaviours} - origins)
    if lost:
        raise AwsError("NoSuchOrigin", f"One or more of your origins or origin groups do not exist: {', '.join(lost)}")
    _sound_references(ask, config)
    certificate = config.get("ViewerCertificate", {}).get("ACMCertificateArn", "")
    if certificate and certificate.split(":")[3:4] != [CERTIFICATE_REGION]:
        words = f"The specified SSL certificate doesn't exist, isn't in {CERTIFICATE_REGION} region, or isn't valid"
        raise AwsError("InvalidViewerCertificate", f"{words}: {certificate}")
    names = set(config.get("Aliases", {}).get("Items") or [])
    for other in ask.shelf.all(DISTRIBUTION):
        taken = names & set(other.members["DistributionConfig"].get("Aliases", {}).get("Items") or [])
        if other.key != kept.key and taken:
            words = f"One or more of the CNAMEs you provided are already associated: {', '.join(sorted(taken))}"
            raise AwsError("CNAMEAlreadyExists", words, 409)


def _sound_references(ask: Ask, config: dict[str, Any]) -> None:
    """Raises AwsError where an origin names an access control or a VPC origin that is not there."""
    for origin in config["Origins"]["Items"]:
        control, vpc = origin.get("OriginAccessControlId"), origin.get("VpcOriginConfig", {}).get("VpcOriginId")
        for noun, name in ((ACCESS_CONTROL, control), (VPC_ORIGIN, vpc)):
            if name:
                ask.shelf.need(noun, (name,))


def _new(ask: Ask, kept: Kept) -> None:
    kept.tags.update(_pairs(kept.members.pop("Tags", None)))
    if "DistributionConfig" in kept.members:
        _coherent(ask, kept)


def _pairs(tags: Any) -> list[tuple[str, str]]:
    return pairs((tags or {}).get("Items") or [])


# tags -----------------------------------------------------------------------------------------------------------------


def _tag(ask: Ask) -> dict[str, Any]:
    tagged(ask, ask.request["Resource"]).tags.update(_pairs(ask.request["Tags"]))
    return {}


def _untag(ask: Ask) -> dict[str, Any]:
    kept = tagged(ask, ask.request["Resource"])
    for key in ask.request["TagKeys"].get("Items") or []:
        kept.tags.pop(key, None)
    return {}


def _tags(ask: Ask) -> dict[str, Any]:
    kept = tagged(ask, ask.request["Resource"])
    return {"Tags": {"Items": [{"Key": k, "Value": v} for k, v in kept.tags.items()]}}


# operations -----------------------------------------------------------------------------------------------------------


def _checked(noun: Noun, verb: Verb) -> Verb:
    check = _same_version(noun)

    def act(ask: Ask) -> dict[str, Any]:
        check(ask)
        return verb(ask)

    return act


def _list(noun: Noun, wrap: str, inner: str = "") -> Verb:
    """CloudFront's lists: one page, in a structure with Items and Quantity; `inner`: a member around each item."""

    def act(ask: Ask) -> dict[str, Any]:
        found = [{**k.members, **k.members.get(f"{wrap.removesuffix('List')}Config", {})} for k in ask.shelf.all(noun)]
        names = ask.output.members[wrap].members["Items"].member.members
        items = [
            {inner: item, "Type": "custom"} if inner else {k: item[k] for k in names if k in item} for item in found
        ]
        page = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items), "Items": items}
        return {wrap: {k: v for k, v in page.items() if k in ask.output.members[wrap].members}}

    return act


def _operations(noun: Noun, name: str, in_use: str, also: Any = _new) -> dict[str, Verb]:
    return {
        f"Create{name}": make(noun, name, also=also),
        f"Get{name}": get(noun, name),
        f"Update{name}": _checked(noun, change(noun, name)),
        f"Delete{name}": _checked(noun, remove(noun, name if noun is VPC_ORIGIN else "", also=_unused(in_use))),
    }


TABLE: dict[str, Verb] = {
    "CreateDistribution": make(DISTRIBUTION, "Distribution", also=_new),
    "CreateDistributionWithTags": make(DISTRIBUTION, "Distribution", also=_new),
    "GetDistribution": get(DISTRIBUTION, "Distribution"),
    "GetDistributionConfig": get(DISTRIBUTION),
    "UpdateDistribution": _checked(DISTRIBUTION, change(DISTRIBUTION, "Distribution", also=_coherent)),
    "DeleteDistribution": _checked(DISTRIBUTION, remove(DISTRIBUTION, also=_disabled)),
    "ListDistributions": _list(DISTRIBUTION, "DistributionList"),
    **_operations(ACCESS_CONTROL, "OriginAccessControl", "OriginAccessControlInUse"),
    "GetOriginAccessControlConfig": get(ACCESS_CONTROL),
    "ListOriginAccessControls": _list(ACCESS_CONTROL, "OriginAccessControlList"),
    **_operations(HEADERS_POLICY, "ResponseHeadersPolicy", "ResponseHeadersPolicyInUse"),
    "GetResponseHeadersPolicyConfig": get(HEADERS_POLICY),
    "ListResponseHeadersPolicies": _list(HEADERS_POLICY, "ResponseHeadersPolicyList", "ResponseHeadersPolicy"),
    **_operations(VPC_ORIGIN, "VpcOrigin", "CannotDeleteEntityWhileInUse"),
    "ListVpcOrigins": _list(VPC_ORIGIN, "VpcOriginList"),
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _tags,
}


def service() -> RecordedService:
    return RecordedService("cloudfront", TABLE, everywhere=True)
