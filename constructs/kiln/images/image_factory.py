"""What baking needs and what keeps the images: network, builders' role, key of the images, bucket of their records.

Images are encrypted with a key of their own, because a snapshot under the AWS managed key cannot be shared. The key's
policy lets the environments' accounts, and organizations that are named, start instances from them; nobody outside may
encrypt with it or manage it.
"""

import re
from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from kiln.data.bucket import Bucket, Encryption
from kiln.data.key import Key
from kiln.data.key_user import cloudwatch_logs
from kiln.data.volume_key_user import launching_accounts, launching_organizations
from kiln.network.bake_network import BakeNetwork
from kiln.operations.log_group import Records
from kiln.refusal import refuse

TRAFFIC_DAYS = 90
"""For which it is known what builders fetched and from where."""

ORGANIZATION = r"o-[a-z0-9]{10,32}(/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})?"
"""API_Organization and API_OrganizationalUnit in https://docs.aws.amazon.com/organizations/latest/APIReference/"""


class ImageFactory(Construct):
    """Bake network, instance profile, key and bucket.

    Args:
        cidr: of the bake network.
        key_alias: such as `shop/images`.
        account_ids: the accounts that launch instances from the images, besides this one; there may be none.
        organizations: whose accounts may launch from them too: ids of organizations, or `o-…/ou-…` of units.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str,
        key_alias: str,
        account_ids: Sequence[str],
        organizations: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        if wrong := [one for one in organizations if not re.fullmatch(ORGANIZATION, one)]:
            raise refuse(
                self, "organizations", found=wrong[0], expected="ids such as o-a1b2c3d4e5, or o-…/ou-… of a unit"
            )
        # A builder gets its files over SSH and asks nothing of AWS: a role without any permission. A recipe that
        # needs one grants it to this role.
        self.builder_role = iam.Role(
            self, "BuilderRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), description="Builders of images"
        )
        self.instance_profile = iam.InstanceProfile(self, "BuilderProfile", role=self.builder_role)
        users = [cloudwatch_logs(), *launching_accounts(account_ids), *launching_organizations(organizations)]
        self.key = Key(self, "Key", description="Images and their records", users=users)
        # People look for this one by name; its path keeps the logical id that it has had from the beginning.
        alias = Construct(self.key, "Alias")
        kms.CfnAlias(alias, "Resource", alias_name=f"alias/{key_alias}", target_key_id=self.key.arn)
        # A lease is renewed every few seconds and deleted at its end: one that stays is of a bake that was killed.
        self.bucket = Bucket(self, "Images", encryption=Encryption.with_key(self.key.arn), passing={"leases/": 1})
        self.network = BakeNetwork(self, "Network", cidr=cidr, records=Records(self.key.arn, TRAFFIC_DAYS))
