"""What a user of `AuroraMysql` chooses, with the choices that cannot work together refused.

Sources, all in https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/: AuroraMySQL.Managing.Backtrack.html,
blue-green-deployments-considerations.html, aurora-serverless-v2.requirements.html and
USER_PerfInsights.Overview.cost.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from constructs import Construct

from kiln.data.aurora_admin import Admin
from kiln.optional import NONE
from kiln.refusal import refuse, require_between, require_one_of

SERVERLESS = "db.serverless"
READERS = ("0", "1", "2")
SUPPORTED = "8.0.mysql_aurora.3."
FAMILY = "aurora-mysql8.0"
LONGEST_BACKTRACK_HOURS = 72
ADVANCED_INSIGHTS_DAYS = 465
INSIGHTS_DAYS = (7, *(31 * months for months in range(1, 24)), 731)

PARAMETERS = {
    "local_infile": "0",
    "long_query_time": "2",
    "require_secure_transport": "ON",
    "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
    "server_audit_logging": "1",
    "slow_query_log": "1",
    "tls_version": "TLSv1.2,TLSv1.3",
}
"""Of every cluster. The general log stays off, because statements hold what people earn; should somebody switch it on,
it goes where the others go."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How large a cluster is; every field but the last may be a token.

    Args:
        instance_class: of the writer and of each reader, or `SERVERLESS`.
        readers: "0", "1" or "2" as text, each in a zone of its own.
        minimum_acus: with `SERVERLESS` the least Aurora capacity units, as text; otherwise `NONE`.
        maximum_acus: the most.
        one_zone_reason: why it may stop with its zone; without it, a cluster without a reader is refused.
    """

    instance_class: str
    readers: str
    minimum_acus: str = NONE
    maximum_acus: str = NONE
    one_zone_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs.

    Args:
        version: of Aurora MySQL 3.
        schema_name: of the schema that a new cluster begins with; a restored one has its own.
        parameters: of the cluster, beside `PARAMETERS`.
        blue_green: make it ready for RDS Blue/Green Deployments: a binary log, and an admin that RDS does not manage.
        backtrack_hours: how far the cluster can be turned back in place, 0 to 72; not with `SERVERLESS`.
        insights_mode: of Database Insights, "advanced" or "standard".
        insights_days: that Performance Insights are kept; "advanced" needs 465.
    """

    version: str = "8.0.mysql_aurora.3.10.4"
    schema_name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    blue_green: bool = False
    backtrack_hours: int = 0
    insights_mode: str = "advanced"
    insights_days: int = ADVANCED_INSIGHTS_DAYS

    def all_parameters(self) -> dict[str, str]:
        """The parameters of the cluster's group, in the order of their names."""
        binary_log = {"binlog_format": "ROW"} if self.blue_green else {}
        return dict(sorted({**PARAMETERS, **binary_log, **self.parameters}.items()))


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept; every field may be a token.

    Args:
        backup_days: of continuous backup, 1 to 35.
        deletion_protection: "true" or "false" as text.
        snapshot_arn: of a cluster snapshot that a new cluster begins with, or `NONE`. Set it before the first
            deployment and leave it: to change it is to replace the cluster, which CloudFormation refuses.
    """

    backup_days: float
    deletion_protection: str
    snapshot_arn: str = NONE


def require_sense(of: Construct, capacity: Capacity, engine: Engine, admin: Admin, keeping: Keeping) -> None:
    """Refuse what Aurora would refuse later, or what it would take and nobody would want. Raises `WrongProperty`."""
    require_one_of(of, "capacity.readers", capacity.readers, READERS)
    if capacity.readers == "0" and not capacity.one_zone_reason:
        raise refuse(of, "capacity.readers", found="0", expected='"1" or "2" for several zones, or one_zone_reason="…"')
    _require_a_range(of, capacity)
    require_between(of, "keeping.backup_days", keeping.backup_days, 1, 35, "days")
    if not engine.version.startswith(SUPPORTED):
        raise refuse(of, "engine.version", found=engine.version, expected=f"{SUPPORTED}…")
    if taken := sorted(engine.parameters.keys() & PARAMETERS.keys()):
        raise refuse(of, "engine.parameters", found=", ".join(taken), expected="only what the construct does not set")
    require_one_of(of, "engine.insights_mode", engine.insights_mode, ("advanced", "standard"))
    require_one_of(of, "engine.insights_days", engine.insights_days, INSIGHTS_DAYS)
    if engine.insights_mode == "advanced" and engine.insights_days < ADVANCED_INSIGHTS_DAYS:
        expected = f"at least {ADVANCED_INSIGHTS_DAYS} days with the mode advanced"
        raise refuse(of, "engine.insights_days", found=engine.insights_days, expected=expected)
    if admin.secret_arn and not admin.reason.strip():
        raise refuse(of, "admin.reason", found=admin.reason, expected="why RDS must not manage the password")
    if engine.blue_green and not admin.secret_arn:
        expected = "False: Blue/Green Deployments do not work with a password that RDS manages; or admin.secret_arn"
        raise refuse(of, "engine.blue_green", found=True, expected=expected)
    _require_backtrack(of, capacity, engine)


def _require_a_range(of: Construct, capacity: Capacity) -> None:
    if any(map(cdk.Token.is_unresolved, (capacity.instance_class, capacity.minimum_acus, capacity.maximum_acus))):
        return
    acus = (capacity.minimum_acus, capacity.maximum_acus)
    if (capacity.instance_class == SERVERLESS) != (NONE not in acus) or (acus.count(NONE) == 1):
        expected = f"two numbers with {SERVERLESS}, and none of them with another class"
        raise refuse(of, "capacity.minimum_acus, capacity.maximum_acus", found=acus, expected=expected)


def _require_backtrack(of: Construct, capacity: Capacity, engine: Engine) -> None:
    require_between(of, "engine.backtrack_hours", engine.backtrack_hours, 0, LONGEST_BACKTRACK_HOURS, "hours")
    if not engine.backtrack_hours:
        return
    if capacity.instance_class == SERVERLESS:
        expected = f"0: {SERVERLESS} cannot be turned back"
        raise refuse(of, "engine.backtrack_hours", found=engine.backtrack_hours, expected=expected)
    if engine.all_parameters().get("binlog_format", "OFF") != "OFF":
        expected = "0: a cluster with a binary log (binlog_format, blue_green) cannot be turned back"
        raise refuse(of, "engine.backtrack_hours", found=engine.backtrack_hours, expected=expected)
