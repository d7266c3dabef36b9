"""`Payroll-ImageCopies-REGION`: the key of the images in a region that they are copied to, in Tooling's account."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra import images
from infra.parameters import Environment
from kiln.account.account_guard import AccountGuard
from kiln.data.key import Key
from kiln.data.volume_key_user import launching_accounts, launching_organizations


class ImageCopies(cdk.Stack):
    """A key as in Tooling, which the accounts that launch the images may use.

    A key of its own and no replica of Tooling's: that one is of a single region, and making it another would mean
    another key under all images that there are. A copy is encrypted anew in any case.
    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html

    Args:
        home: the environment in whose account images are baked.
        region: the one that they are copied to.
        account_ids: of the environments that launch from the images.
        organizations: whose accounts may launch from them too.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        home: Environment,
        region: str,
        account_ids: Sequence[str],
        organizations: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        AccountGuard(self, "Guard", environment="Tooling", account=home.account, region=region)
        users = (*launching_accounts(account_ids), *launching_organizations(organizations))
        key = Key(self, "Key", description="Copies of images", users=users)
        kms.CfnAlias(key, "Alias", alias_name=images.KEY_ALIAS, target_key_id=key.arn)
