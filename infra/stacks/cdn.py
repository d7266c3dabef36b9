"""Files for browsers, near to them."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.edge.cdn import Cdn as Distribution
from kiln.edge.cdn import Name


class Cdn(cdk.Stack):
    """A distribution before a bucket; whoever publishes files reads the bucket's name."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        distribution = Distribution(
            self,
            "Cdn",
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            price_class=PAYROLL.read(self, "cdn/price-class"),
            log_days=PAYROLL.read_number(self, "retention/log-days"),
            name=Name(PAYROLL.read(self, "cdn/domain-name"), PAYROLL.read(self, "cdn/certificate-arn")),
        )
        PAYROLL.write(self, "cdn/bucket", distribution.bucket.name)
        PAYROLL.write(self, "cdn/address", distribution.address)
