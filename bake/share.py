"""Lets others launch an image: launch permission, its snapshots, grants on the key they are under.

Policy: adds what is missing and takes nothing away; doing it again does nothing. Never public. An organization or a
unit of one gets the launch permission alone: snapshots cannot be shared with it and need not be, and the key's own
policy has to let it in (bake/sharing/organization.py), because a grant is for a principal of one account.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-organizations-and-OUs.html
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.aws import Aws, errors

# What an account needs to launch from an image that is encrypted with another account's key:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html#sharing-encrypted-amis
GRANTED = ("Decrypt", "DescribeKey", "CreateGrant", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")


class Kind(StrEnum):
    """What is shared."""

    IMAGE = "image"
    SNAPSHOT = "snapshot"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Share:
    """One thing that somebody may use.

    Args:
        resource: an AMI id, a snapshot id or a key's ARN.
        principal: an account id; of an image also the ARN of an organization or of a unit of one.
    """

    kind: Kind
    resource: str
    principal: str


def missing(
    things: Mapping[str, Kind],
    accounts: Collection[str],
    present: Collection[Share],
    organizations: Collection[str] = (),
) -> tuple[Share, ...]:
    """What must still be shared, in a stable order. Pure."""
    wanted = [
        Share(kind, thing, principal)
        for thing, kind in things.items()
        for principal in [*sorted(accounts), *(sorted(organizations) if kind is Kind.IMAGE else ())]
    ]
    return tuple(one for one in wanted if one not in present)


@dataclass(frozen=True, slots=True)
class Shared:
    """An image of one region with what belongs to it; `key` is the ARN of the key that its snapshots are under."""

    image: str
    snapshots: tuple[str, ...]
    key: str

    @property
    def things(self) -> dict[str, Kind]:
        return {self.image: Kind.IMAGE, **dict.fromkeys(self.snapshots, Kind.SNAPSHOT), self.key: Kind.KEY}


def plan(aws: Aws, one: Shared, accounts: Collection[str], organizations: Collection[str] = ()) -> tuple[Share, ...]:
    """What they cannot use yet, asked of AWS."""
    with errors(f"asking whom {one.image} is shared with in {aws.region}"):
        things = one.things if accounts else {one.image: Kind.IMAGE}
        present = [share for thing, kind in things.items() for share in _present(aws, kind, thing)]
    return missing(things, accounts, present, organizations)


def do(aws: Aws, todo: Collection[Share]) -> None:
    """Share it."""
    for thing, kind in {one.resource: one.kind for one in todo}.items():
        with errors(f"sharing the {kind} {thing} in {aws.region}"):
            _grant(aws, kind, thing, [one.principal for one in todo if one.resource == thing])


def share(
    aws: Aws, *, image: str, snapshots: Collection[str], key: str, accounts: Collection[str]
) -> tuple[Share, ...]:
    """Share with the accounts what they cannot use yet; what was shared now."""
    todo = plan(aws, Shared(image, tuple(snapshots), key), accounts)
    do(aws, todo)
    return todo


def launchers(aws: Aws, image: str) -> tuple[str, ...]:
    """Who may launch an image beside its owner: account ids, ARNs of organizations and of their units, `all`."""
    answer = aws.client("ec2").describe_image_attribute(ImageId=image, Attribute="launchPermission")
    return tuple(sorted(value for one in answer.get("LaunchPermissions", ()) for value in one.values()))


def _present(aws: Aws, kind: Kind, thing: str) -> list[Share]:
    match kind:
        case Kind.IMAGE:
            answer = aws.client("ec2").describe_image_attribute(ImageId=thing, Attribute="launchPermission")
            users = [value for one in answer.get("LaunchPermissions", ()) for value in one.values()]
        case Kind.SNAPSHOT:
            ec2 = aws.client("ec2")
            answer = ec2.describe_snapshot_attribute(SnapshotId=thing, Attribute="createVolumePermission")
            users = [one.get("UserId") for one in answer.get("CreateVolumePermissions", ())]
        case Kind.KEY:
            pages = aws.client("kms").get_paginator("list_grants").paginate(KeyId=thing)
            grants = [grant for page in pages for grant in page["Grants"]]
            complete = [grant for grant in grants if set(GRANTED) <= set(grant["Operations"])]
            users = [_account(grant["GranteePrincipal"]) for grant in complete if grant.get("Name") == _name(grant)]
    return [Share(kind, thing, user) for user in users if user]


def _grant(aws: Aws, kind: Kind, thing: str, principals: list[str]) -> None:
    match kind:
        case Kind.IMAGE:
            launch = {"Add": [{permission(principal): principal} for principal in principals]}
            aws.client("ec2").modify_image_attribute(ImageId=thing, LaunchPermission=launch)
        case Kind.SNAPSHOT:
            aws.client("ec2").modify_snapshot_attribute(
                SnapshotId=thing, Attribute="createVolumePermission", OperationType="add", UserIds=principals
            )
        case Kind.KEY:
            for account in principals:
                aws.client("kms").create_grant(
                    KeyId=thing,
                    GranteePrincipal=f"arn:aws:iam::{account}:root",
                    Operations=list(GRANTED),
                    Name=f"kiln-images-{account}",  # the same name and content again makes no second grant
                )


def permission(principal: str) -> str:
    """What EC2 calls a launch permission for it. Pure."""
    if not principal.startswith("arn:"):
        return "UserId"
    return "OrganizationalUnitArn" if ":ou/" in principal else "OrganizationArn"


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.startswith("arn:") else principal


def _name(grant: Mapping[str, str]) -> str:
    return f"kiln-images-{_account(grant['GranteePrincipal'])}"
