"""Lets the environments' accounts launch an image: launch permission, its snapshots, grants on the key they are under.

Policy: adds what is missing and takes nothing away; doing it again does nothing. Never public.
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
    """One thing that an account may use: an AMI id, a snapshot id or a key's ARN."""

    kind: Kind
    resource: str
    account: str


def missing(things: Mapping[str, Kind], accounts: Collection[str], present: Collection[Share]) -> tuple[Share, ...]:
    """What must still be shared, in a stable order. Pure."""
    wanted = [Share(kind, thing, account) for thing, kind in things.items() for account in sorted(accounts)]
    return tuple(one for one in wanted if one not in present)


def share(
    aws: Aws, *, image: str, snapshots: Collection[str], key: str, accounts: Collection[str]
) -> tuple[Share, ...]:
    """Share with the accounts what they cannot use yet; what was shared now."""
    things = {image: Kind.IMAGE, **dict.fromkeys(snapshots, Kind.SNAPSHOT), key: Kind.KEY}
    with errors(f"sharing {image}"):
        present = [one for thing, kind in things.items() for one in _present(aws, kind, thing)]
        todo = missing(things, accounts, present)
        for thing, kind in things.items():
            if new := [one.account for one in todo if one.resource == thing]:
                _grant(aws, kind, thing, new)
    return todo


def launchers(aws: Aws, image: str) -> tuple[str, ...]:
    """Who may launch an image beside its owner: account ids, ARNs of organizations and of their units, `all`."""
    answer = aws.client("ec2").describe_image_attribute(ImageId=image, Attribute="launchPermission")
    return tuple(sorted(value for one in answer.get("LaunchPermissions", ()) for value in one.values()))


def _present(aws: Aws, kind: Kind, thing: str) -> list[Share]:
    match kind:
        case Kind.IMAGE:
            answer = aws.client("ec2").describe_image_attribute(ImageId=thing, Attribute="launchPermission")
            users = [one.get("UserId") for one in answer.get("LaunchPermissions", ())]
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


def _grant(aws: Aws, kind: Kind, thing: str, accounts: list[str]) -> None:
    match kind:
        case Kind.IMAGE:
            launch = {"Add": [{"UserId": account} for account in accounts]}
            aws.client("ec2").modify_image_attribute(ImageId=thing, LaunchPermission=launch)
        case Kind.SNAPSHOT:
            aws.client("ec2").modify_snapshot_attribute(
                SnapshotId=thing, Attribute="createVolumePermission", OperationType="add", UserIds=accounts
            )
        case Kind.KEY:
            for account in accounts:
                aws.client("kms").create_grant(
                    KeyId=thing,
                    GranteePrincipal=f"arn:aws:iam::{account}:root",
                    Operations=list(GRANTED),
                    Name=f"kiln-images-{account}",  # the same name and content again makes no second grant
                )


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.startswith("arn:") else principal


def _name(grant: Mapping[str, str]) -> str:
    return f"kiln-images-{_account(grant['GranteePrincipal'])}"
