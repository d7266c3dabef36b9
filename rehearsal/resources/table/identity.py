"""AWS::IAM and AWS::KMS."""

from rehearsal.resources.kind import Call, Computed, Each, Kind, Name, Tagging, op
from rehearsal.resources.special import identity

OWNERS = ("Role", "User", "Group")


def inline(owner: str) -> Each:
    """AWS::IAM::Policy: the same inline policy in every role, user or group that it names."""
    name = owner.lower()
    return Each(
        f"{owner}s",
        op(
            f"put_{name}_policy",
            **{
                f"{owner}Name": "$item",
                "PolicyName": "$PolicyName",
                "PolicyDocument": identity.policy_document,
            },
        ),
        op(
            f"delete_{name}_policy",
            **{f"{owner}Name": "$item", "PolicyName": "$PolicyName"},
        ),
        also=("PolicyDocument", "PolicyName"),
    )


def attached(owner: str) -> Each:
    """AWS::IAM::ManagedPolicy: attached to every role, user or group that it names."""
    name, arguments = owner.lower(), {f"{owner}Name": "$item", "PolicyArn": "{id}"}
    return Each(
        f"{owner}s",
        op(f"attach_{name}_policy", **arguments),
        op(f"detach_{name}_policy", **arguments),
    )


TABLE = {
    "AWS::IAM::Role": Kind(
        service="iam",
        create=op("create_role"),
        update=(op("update_role", RoleName="{id}"),),
        delete=op("delete_role"),
        tagging=Tagging(op("tag_role", RoleName="{id}"), op("untag_role", RoleName="{id}")),
        attributes={"Arn": "{Arn}", "RoleId": "{RoleId}"},
        name=Name("RoleName", 64),
        prepare=identity.role,
        steps=(
            Each(
                "ManagedPolicyArns",
                op("attach_role_policy", RoleName="{id}", PolicyArn="$item"),
                op("detach_role_policy", RoleName="{id}", PolicyArn="$item"),
            ),
            Each(
                "Policies",
                op(
                    "put_role_policy",
                    RoleName="{id}",
                    PolicyName="$item.PolicyName",
                    PolicyDocument=identity.inline_document,
                ),
                op("delete_role_policy", RoleName="{id}", PolicyName="$item.PolicyName"),
            ),
            Call(
                op(
                    "update_assume_role_policy",
                    RoleName="{id}",
                    PolicyDocument=identity.trust_policy,
                ),
                at_create=False,
            ),
            Call(
                op(
                    "put_role_permissions_boundary",
                    RoleName="{id}",
                    PermissionsBoundary="$PermissionsBoundary",
                ),
                at_create=False,
                undo=op("delete_role_permissions_boundary", RoleName="{id}"),
            ),
        ),
    ),
    "AWS::IAM::Policy": Kind(
        service="iam",
        ref="{PolicyName}",
        steps=tuple(inline(owner) for owner in OWNERS),
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        service="iam",
        create=op("create_policy"),
        update=(op("create_policy_version", PolicyArn="{id}", SetAsDefault=True),),
        delete=op("delete_policy", PolicyArn="{id}"),
        ref=Computed(lambda resource, _: resource.answer["Policy"]["Arn"]),
        name=Name("ManagedPolicyName", 128),
        rename={"ManagedPolicyName": "PolicyName"},
        prepare=identity.managed_policy,
        steps=(identity.prune_policy_versions, *(attached(owner) for owner in OWNERS)),
        before_delete=identity.delete_policy_versions,
    ),
    "AWS::IAM::InstanceProfile": Kind(
        service="iam",
        create=op("create_instance_profile"),
        delete=op("delete_instance_profile"),
        attributes={"Arn": "{Arn}"},
        name=Name("InstanceProfileName", 128),
        steps=(
            Each(
                "Roles",
                op(
                    "add_role_to_instance_profile",
                    InstanceProfileName="{id}",
                    RoleName="$item",
                ),
                op(
                    "remove_role_from_instance_profile",
                    InstanceProfileName="{id}",
                    RoleName="$item",
                ),
            ),
        ),
    ),
    "AWS::KMS::Key": Kind(
        service="kms",
        create=op("create_key"),
        delete=op("schedule_key_deletion", PendingWindowInDays=identity.pending_window),
        tagging=Tagging(op("tag_resource", KeyId="{id}"), op("untag_resource", KeyId="{id}")),
        attributes={"Arn": "{Arn}", "KeyId": "{id}"},
        rename={"KeyPolicy": "Policy"},
        skipped={"PendingWindowInDays": "honoured when the key is deleted"},
        prepare=identity.key,
        steps=(
            identity.rotation,
            identity.enabled,
            Call(
                op(
                    "put_key_policy",
                    KeyId="{id}",
                    PolicyName="default",
                    Policy=identity.key_policy,
                ),
                at_create=False,
            ),
            Call(
                op("update_key_description", KeyId="{id}", Description="$Description"),
                at_create=False,
            ),
        ),
    ),
    "AWS::KMS::Alias": Kind(
        service="kms",
        create=op("create_alias"),
        update=(op("update_alias", AliasName="{id}"),),
        delete=op("delete_alias"),
    ),
}
