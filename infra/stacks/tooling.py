"""`Payroll-Tooling`: where images are baked and kept, in one account only."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from infra.parameters import Environment
from infra.stacks.values import TOOLING
from kiln.account.account_guard import AccountGuard
from kiln.images.image_factory import ImageFactory


class Tooling(cdk.Stack):
    """The image factory of all environments.

    Args:
        home: the environment in whose account images are baked.
        account_ids: of the environments that launch from the images.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, home: Environment, cidr: str, account_ids: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        AccountGuard(self, "Guard", environment="Tooling", account=home.account, region=home.region)
        factory = ImageFactory(self, "ImageFactory", cidr=cidr, key_alias="payroll/images", account_ids=account_ids)
        TOOLING.write(self, "vpc-id", factory.network.vpc_id)
        TOOLING.write(self, "subnet-ids", factory.network.subnet_ids)
        TOOLING.write(self, "security-group-id", factory.network.security_group_id)
        TOOLING.write(self, "instance-profile", factory.instance_profile.instance_profile_name)
        TOOLING.write(self, "key-arn", factory.key.arn)
        TOOLING.write(self, "image-bucket", factory.bucket.name)
