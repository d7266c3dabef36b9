"""How the logs of an environment are kept, as every stack with a log group reads it."""

from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.operations.log_group import Records


def read_records(scope: Construct) -> Records:
    """The key of the logs and the days that they are kept, as tokens."""
    return Records(key_arn=PAYROLL.read(scope, "keys/logs-arn"), days=PAYROLL.read_number(scope, "retention/log-days"))
