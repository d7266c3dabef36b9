"""What is watched of an Aurora MySQL cluster: one row per alarm.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from constructs import Construct

from kiln.operations.alarm import Alarm, Comparison
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.optional import only_if

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """When somebody is told; every field may be a token.

    Args:
        cpu_percent: of the writer, or of a reader, for 15 minutes.
        connections: of the writer. Aurora's own limit follows from the memory: 1000 with 16 GiB.
        freeable_memory_mib: below which the writer is short of memory.
        replica_lag_milliseconds: of the slowest reader; readers share the writer's storage, so 20 are normal.
        free_local_storage_gib: for temporary tables; not with serverless instances, which have no fixed size.
        capacity_percent: of the most Aurora capacity units, with serverless instances.
    """

    cpu_percent: float = 85
    connections: float = 800
    freeable_memory_mib: float = 256
    replica_lag_milliseconds: float = 1000
    free_local_storage_gib: float = 5
    capacity_percent: float = 95


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    metric: str
    threshold: float
    description: str
    role: str | None = None
    severity: Severity = Severity.WARNING
    comparison: Comparison = Comparison.AT_LEAST
    statistic: str = "Average"
    condition: cdk.CfnCondition | None = None


class AuroraAlarms(Construct):
    """Alarms over one cluster; those of what a cluster may not have depend on a condition.

    Args:
        cluster_id: its identifier; a token.
        limits, topics: see there.
        has_reader: where there is one.
        is_serverless: where the instances have no fixed size.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_id: str,
        limits: Limits,
        topics: Topics,
        has_reader: cdk.CfnCondition,
        is_serverless: cdk.CfnCondition,
    ) -> None:
        super().__init__(scope, construct_id)
        is_provisioned = cdk.CfnCondition(self, "IsProvisioned", expression=cdk.Fn.condition_not(is_serverless))
        for row in _rows(limits, has_reader, is_serverless, is_provisioned):
            role = {"Role": row.role} if row.role else {}
            alarm = Alarm(
                self,
                row.name,
                metric=Metric(
                    "AWS/RDS",
                    row.metric,
                    {"DBClusterIdentifier": cluster_id, **role},
                    row.statistic,
                    period_seconds=300,
                ),
                threshold=row.threshold,
                severity=row.severity,
                topics=topics,
                description=row.description,
                comparison=row.comparison,
                periods=3,
            )
            if row.condition:
                only_if(row.condition, alarm)


def _rows(
    limits: Limits,
    has_reader: cdk.CfnCondition,
    is_serverless: cdk.CfnCondition,
    is_provisioned: cdk.CfnCondition,
) -> Iterator[_Row]:
    busy = "has been busy for 15 minutes. Look at its top statements in Database Insights."
    cpu = limits.cpu_percent
    yield _Row("WriterCpu", "CPUUtilization", cpu, f"The database's writer {busy}", "WRITER")
    yield _Row("ReaderCpu", "CPUUtilization", cpu, f"A reader of the database {busy}", "READER", condition=has_reader)
    yield _Row(
        "Connections",
        "DatabaseConnections",
        limits.connections,
        "The database will soon refuse connections. Look which tier holds them: a leak, or too many instances.",
        "WRITER",
        Severity.URGENT,
        statistic="Maximum",
    )
    yield _Row(
        "FreeableMemory",
        "FreeableMemory",
        limits.freeable_memory_mib * MIB,
        "The database's writer is short of memory and may restart. Look at large statements, then at its class.",
        "WRITER",
        Severity.URGENT,
        Comparison.BELOW,
        "Minimum",
    )
    yield _Row(
        "ReplicaLag",
        "AuroraReplicaLagMaximum",
        limits.replica_lag_milliseconds,
        "A reader of the database is behind the writer: what people read is old. Look for long transactions on both.",
        statistic="Maximum",
        condition=has_reader,
    )
    yield _Row(
        "FreeLocalStorage",
        "FreeLocalStorage",
        limits.free_local_storage_gib * GIB,
        "The writer's disk for temporary tables is nearly full: sorting will fail. Look for the statement.",
        "WRITER",
        comparison=Comparison.BELOW,
        statistic="Minimum",
        condition=is_provisioned,
    )
    yield _Row(
        "Capacity",
        "ACUUtilization",
        limits.capacity_percent,
        "The serverless database cannot grow any more. Raise maximum_acus, or look at its top statements.",
        condition=is_serverless,
    )
