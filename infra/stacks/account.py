"""What the account is by default, before anything is in it."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.records import read_records
from infra.stacks.values import PAYROLL
from kiln.account.account_defaults import AccountDefaults


class Account(cdk.Stack):
    """Encrypted volumes, private buckets, no way in from the Internet but where a network says so."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        defaults = AccountDefaults(
            self,
            "Defaults",
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            records=read_records(self),
            internet=PAYROLL.read(self, "account/internet"),
        )
        PAYROLL.write(self, "account/defaults-function-arn", defaults.function_arn)
