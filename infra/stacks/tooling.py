"""`Payroll-Tooling`: where images are baked and kept, in one account only."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from infra import images, sweep_code
from infra.parameters import Environment
from infra.parameters.resources import Tooling as ToolingTable
from infra.stacks.values import TOOLING
from kiln.account.account_guard import AccountGuard
from kiln.data import key_user
from kiln.data.key import Key
from kiln.images.image_factory import ImageFactory
from kiln.images.image_sweep import ImageSweep, Schedule
from kiln.operations.log_group import Records
from kiln.operations.notifications import ADDRESSES, Notifications
from kiln.optional import NONE


class Tooling(cdk.Stack):
    """The image factory of all environments, and the sweep of what killed bakes have left there.

    It reads no value of an environment: images are baked before there is one. So it has topics of its own.

    Args:
        home: the environment in whose account images are baked.
        tooling: its table.
        account_ids: of the environments that launch from the images.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        home: Environment,
        tooling: ToolingTable,
        account_ids: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        AccountGuard(self, "Guard", environment="Tooling", account=home.account, region=home.region)
        factory = ImageFactory(
            self,
            "ImageFactory",
            cidr=tooling.cidr,
            key_alias=images.KEY_ALIAS.removeprefix("alias/"),
            account_ids=account_ids,
            organizations=tooling.organizations,
        )
        TOOLING.write(self, "vpc-id", factory.network.vpc_id)
        TOOLING.write(self, "subnet-ids", factory.network.subnet_ids)
        TOOLING.write(self, "security-group-id", factory.network.security_group_id)
        TOOLING.write(self, "instance-profile", factory.instance_profile.instance_profile_name)
        TOOLING.write(self, "key-arn", factory.key.arn)
        TOOLING.write(self, "image-bucket", factory.bucket.name)
        messages = Key(
            self,
            "Messages",
            description="Topics of Tooling",
            users=[key_user.service("Publishers", "cloudwatch.amazonaws.com")],
        )
        addresses = [*home.alarms.addresses, *[NONE] * ADDRESSES][:ADDRESSES]
        notices = Notifications(self, "Notifications", key_arn=messages.arn, addresses=addresses)
        with sweep_code.folder() as code:
            ImageSweep(
                self,
                "Sweep",
                application="Payroll",
                code=code,
                handler=sweep_code.HANDLER,
                bucket_name=factory.bucket.name,
                key_arn=factory.key.arn,
                schedule=Schedule(tooling.sweep_schedule, tooling.sweep_older_than_hours),
                records=Records(factory.key.arn, home.retention.log_days),
                topics=notices.topics,
            )
