"""S3: a bucket is one call to make and one call for each of its settings."""

from typing import Any

from rehearsal.resources.cast import pairs
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, only, pick

LIFECYCLE_RULE = (
    "Id",
    "Status",
    "Prefix",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Transitions",
)
DEFAULT_REGION = "us-east-1"  # the only one in which CreateBucket takes no location


@prepare("BucketName", "AccessControl", "ObjectLockEnabled")
def bucket(resource: Resource, properties: Properties) -> Properties:
    """What CreateBucket takes. Canned access control lists other than Private are refused."""
    if properties.get("AccessControl", "Private") != "Private":
        raise ResourceFailed(f"AccessControl {properties['AccessControl']} is not emulated: use a bucket policy")
    out = {"BucketName": properties["BucketName"]}
    if is_true(properties.get("ObjectLockEnabled")):
        out["ObjectLockEnabledForBucket"] = True
    if resource.place.region != DEFAULT_REGION:
        out["CreateBucketConfiguration"] = {"LocationConstraint": resource.place.region}
    return out


def _encryption(resource: Resource, _: Any) -> Properties:
    rules = only(
        resource.properties["BucketEncryption"],
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
    )
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": only(
                    rule,
                    "BucketEncryption rule",
                    "ServerSideEncryptionByDefault",
                    "BucketKeyEnabled",
                )["ServerSideEncryptionByDefault"],
                **pick(rule, "BucketKeyEnabled"),
            }
            for rule in rules["ServerSideEncryptionConfiguration"]
        ]
    }


encryption = Computed(_encryption, ("BucketEncryption",))


def _lifecycle(resource: Resource, _: Any) -> Properties:
    rules = only(resource.properties["LifecycleConfiguration"], "LifecycleConfiguration", "Rules")["Rules"]
    return {"Rules": [_lifecycle_rule(rule, number) for number, rule in enumerate(rules)]}


def _lifecycle_rule(rule: Properties, number: int) -> Properties:
    only(rule, "LifecycleConfiguration.Rules", *LIFECYCLE_RULE)
    out: Properties = {
        "ID": rule.get("Id", f"rule-{number}"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **pick(rule, "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"),
    }
    if "NoncurrentVersionExpirationInDays" in rule:
        out["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "ExpirationInDays" in rule:
        out["Expiration"] = {"Days": rule["ExpirationInDays"]}
    elif "ExpiredObjectDeleteMarker" in rule:
        out["Expiration"] = pick(rule, "ExpiredObjectDeleteMarker")
    if "Transitions" in rule:
        transitions = [only(t, "Transitions", "StorageClass", "TransitionInDays") for t in rule["Transitions"]]
        out["Transitions"] = [{"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in transitions]
    return out


lifecycle = Computed(_lifecycle, ("LifecycleConfiguration",))


def _access_log(resource: Resource, _: Any) -> Properties:
    """Where the requests to the bucket are logged: in the bucket itself unless another one is named."""
    given = only(
        resource.properties["LoggingConfiguration"], "LoggingConfiguration", "DestinationBucketName", "LogFilePrefix"
    )
    target = given.get("DestinationBucketName", resource.physical_id)
    return {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": given.get("LogFilePrefix", "")}}


access_log = Computed(_access_log, ("LoggingConfiguration",))


@step("Tags")
def tags(resource: Resource, before: Properties | None) -> None:
    """A bucket's tags are put as a whole, those of the stack among them."""
    wanted = {**resource.tags, **dict(pairs(resource.properties.get("Tags") or []))}
    if wanted:
        tag_set = [{"Key": k, "Value": v} for k, v in wanted.items()]
        resource.api.call(
            "put_bucket_tagging",
            Bucket=resource.physical_id,
            Tagging={"TagSet": tag_set},
        )
    elif before is not None:
        resource.api.call("delete_bucket_tagging", Bucket=resource.physical_id)
