"""Who signs in to an Aurora cluster first: a user whose password RDS makes, keeps in Secrets Manager and rotates.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_rds as rds

from kiln.exemption import exempt
from kiln.optional import NONE, is_set, value_if


@dataclass(frozen=True, slots=True)
class Admin:
    """The first user. RDS changes its password every seven days.

    Args:
        name: not one that everybody tries first.
        secret_arn: of a secret with the keys `username` and `password` that somebody else rotates.
        reason: why RDS must not manage it; only with `secret_arn`, and then necessary.
    """

    name: str = "kilnadmin"
    secret_arn: str | None = None
    reason: str = ""


def set_admin(
    cluster: rds.CfnDBCluster, admin: Admin, schema_name: str | None, *, key_arn: str, snapshot_arn: str
) -> None:
    """Give a new cluster its admin and its first schema; a snapshot has brought its own along.

    Args:
        key_arn: of the secret that RDS makes.
        snapshot_arn: that the cluster begins with, or `NONE`; may be a token.
    """
    only_new = {"MasterUsername": admin.name, "DatabaseName": schema_name}
    if admin.secret_arn:
        secret = f"{{{{resolve:secretsmanager:{admin.secret_arn}:SecretString:"
        only_new["MasterUsername"] = f"{secret}username}}}}"
        cluster.add_property_override("MasterUserPassword", f"{secret}password}}}}")
        exempt(cluster, "database-password-is-managed", admin.reason)
    else:
        cluster.add_property_override("ManageMasterUserPassword", True)
        cluster.add_property_override("MasterUserSecret", {"KmsKeyId": key_arn})
    if snapshot_arn == NONE:
        cluster.master_username, cluster.database_name = only_new["MasterUsername"], schema_name
        return
    is_restored = is_set(cluster, "IsRestored", snapshot_arn)
    for key, value in only_new.items():
        if value:
            cluster.add_property_override(key, value_if(is_restored, cdk.Aws.NO_VALUE, value))
    cluster.add_property_override("SnapshotIdentifier", value_if(is_restored, snapshot_arn))
