"""IAM and KMS: policy documents, versions, key rotation."""

from typing import Any

from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, without

# What a policy document without Version means, IAM's reference says; moto refuses documents that do not say it.
DEFAULT_VERSION = "2008-10-17"


def versioned(document: Any) -> Any:
    """A policy document with the Version that it has anyway."""
    return {"Version": DEFAULT_VERSION, **document} if isinstance(document, dict) else document


@prepare("AssumeRolePolicyDocument")
def role(resource: Resource, properties: Properties) -> Properties:
    """The role with its trust policy, its inline policies and attachments being calls of their own."""
    document = versioned(properties["AssumeRolePolicyDocument"])
    return {
        **without(properties, "ManagedPolicyArns", "Policies"),
        "AssumeRolePolicyDocument": document,
    }


trust_policy = Computed(
    lambda resource, _: versioned(resource.properties["AssumeRolePolicyDocument"]),
    ("AssumeRolePolicyDocument",),
)
inline_document = Computed(lambda resource, item: versioned(item["PolicyDocument"]))
policy_document = Computed(
    lambda resource, _: versioned(resource.properties["PolicyDocument"]),
    ("PolicyDocument",),
)


@prepare("PolicyDocument")
def managed_policy(resource: Resource, properties: Properties) -> Properties:
    return {**properties, "PolicyDocument": versioned(properties["PolicyDocument"])}


MAX_POLICY_VERSIONS = 5


@step()
def prune_policy_versions(resource: Resource, before: Properties | None) -> None:
    """A managed policy has room for five versions: the oldest make room for the one that the next update makes."""
    if before is None:
        return
    versions = resource.api.call("list_policy_versions", PolicyArn=resource.physical_id)["Versions"]
    old = sorted((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
    for version in old[: max(0, len(versions) - MAX_POLICY_VERSIONS + 1)]:
        resource.api.call("delete_policy_version", PolicyArn=resource.physical_id, VersionId=version["VersionId"])


def delete_policy_versions(resource: Resource) -> None:
    """A managed policy can only be deleted with its default version alone."""
    for version in resource.api.call("list_policy_versions", PolicyArn=resource.physical_id)["Versions"]:
        if not version["IsDefaultVersion"]:
            resource.api.call(
                "delete_policy_version",
                PolicyArn=resource.physical_id,
                VersionId=version["VersionId"],
            )


@prepare("KeyPolicy")
def key(resource: Resource, properties: Properties) -> Properties:
    out = without(
        properties,
        "EnableKeyRotation",
        "RotationPeriodInDays",
        "Enabled",
        "PendingWindowInDays",
    )
    if "KeyPolicy" in properties:
        out["KeyPolicy"] = versioned(properties["KeyPolicy"])
    return out


key_policy = Computed(lambda resource, _: versioned(resource.properties["KeyPolicy"]), ("KeyPolicy",))


@step("EnableKeyRotation", "RotationPeriodInDays")
def rotation(resource: Resource, before: Properties | None) -> None:
    """Key rotation on, with its period in days, or off."""
    properties, names = (
        resource.properties,
        ("EnableKeyRotation", "RotationPeriodInDays"),
    )
    if before is not None and all(before.get(n) == properties.get(n) for n in names):
        return
    if is_true(properties.get("EnableKeyRotation")):
        period = properties.get("RotationPeriodInDays")
        resource.api.send(
            "enable_key_rotation",
            {"KeyId": resource.physical_id, "RotationPeriodInDays": period},
        )
    elif before is not None:
        resource.api.call("disable_key_rotation", KeyId=resource.physical_id)


@step("Enabled")
def enabled(resource: Resource, before: Properties | None) -> None:
    """A key is born enabled."""
    now, old = (
        resource.properties.get("Enabled", True),
        (before or {}).get("Enabled", True),
    )
    if is_true(now) != is_true(old):
        resource.api.call("enable_key" if is_true(now) else "disable_key", KeyId=resource.physical_id)


pending_window = Computed(lambda resource, _: int(resource.properties.get("PendingWindowInDays", 30)))
