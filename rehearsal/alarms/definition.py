"""PutMetricAlarm and PutCompositeAlarm → what the alarm watches; everything that would not be honoured is refused."""

from collections.abc import Mapping
from typing import Any

from rehearsal.alarms import expressions, rules
from rehearsal.alarms.evaluation import COMPARISONS
from rehearsal.alarms.expressions import Call, Name, Node, NotEmulated
from rehearsal.alarms.model import CompositeCondition, Metric, MetricCondition, MetricStat
from rehearsal.alarms.statistics import is_known
from rehearsal.front.service import AwsError

ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
COMMON = frozenset({"AlarmName", "AlarmDescription", "ActionsEnabled", "Tags", *ACTIONS.values()})
METRIC = COMMON | {
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "Metrics",
}
COMPOSITE = COMMON | {
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
}
MISSING = ("breaching", "notBreaching", "ignore", "missing")
ACTED_ON = ("arn:aws:sns:", "arn:aws:autoscaling:")
SHORT_PERIODS = (10, 20, 30)


def refused(message: str) -> AwsError:
    """CloudWatch's error for a bad request."""
    return AwsError("ValidationError", message)


def check(request: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse what nobody would honour. Raises AwsError."""
    for name, value in request.items():
        if name not in known and value not in (None, "", [], {}):
            raise refused(f"{name}: this setting of an alarm is not emulated")
    for setting in ACTIONS.values():
        for arn in request.get(setting, ()):
            if not arn.startswith(ACTED_ON):
                message = f"{setting}: {arn} is not emulated; these are: SNS topics and scaling policies"
                raise refused(message)


def metric_condition(request: Mapping[str, Any]) -> MetricCondition:
    """What a metric alarm watches. Raises AwsError."""
    check(request, METRIC)
    stats, formula, period = _queries(request) if request.get("Metrics") else _simple(request)
    if not (period in SHORT_PERIODS or (period > 0 and period % 60 == 0)):
        raise refused(f"Metric Alarm period {period} must be 10, 20, 30 or a multiple of 60")
    for name in ("EvaluationPeriods", "ComparisonOperator", "Threshold"):
        if request.get(name) is None:
            raise refused(f"{name} is required; alarms on anomaly detection bands are not emulated")
    comparison = request["ComparisonOperator"]
    if comparison not in COMPARISONS:
        raise refused(f"ComparisonOperator {comparison} is not emulated; these are: {', '.join(COMPARISONS)}")
    periods = int(request["EvaluationPeriods"])
    needed = int(request.get("DatapointsToAlarm") or periods)
    if periods < 1 or not 1 <= needed <= periods:
        raise refused(f"DatapointsToAlarm {needed} must be between 1 and EvaluationPeriods {periods}")
    missing = request.get("TreatMissingData") or "missing"
    if missing not in MISSING:
        raise refused(f"TreatMissingData {missing} must be one of {', '.join(MISSING)}")
    return MetricCondition(stats, formula, period, comparison, float(request["Threshold"]), periods, needed, missing)


def composite_condition(request: Mapping[str, Any]) -> CompositeCondition:
    """What a composite alarm watches. Raises AwsError."""
    check(request, COMPOSITE)
    try:
        rule = rules.parse(request["AlarmRule"])
    except rules.BadRule as problem:
        raise refused(f"AlarmRule: {problem}") from None
    suppressor = str(request.get("ActionsSuppressor") or "")
    return CompositeCondition(
        rule,
        suppressor.partition(":alarm:")[2] or suppressor,
        float(request.get("ActionsSuppressorWaitPeriod") or 0),
        float(request.get("ActionsSuppressorExtensionPeriod") or 0),
    )


def _simple(request: Mapping[str, Any]) -> tuple[dict[str, MetricStat], Node, int]:
    for name in ("MetricName", "Namespace", "Period"):
        if not request.get(name):
            raise refused(f"The parameter {name} is required.")
    statistic = request.get("Statistic") or request.get("ExtendedStatistic")
    if not statistic or (request.get("Statistic") and request.get("ExtendedStatistic")):
        raise refused("Exactly one of Statistic and ExtendedStatistic must be specified.")
    return {"m1": _stat(request, statistic)}, Name("m1"), int(request["Period"])


def _stat(metric: Mapping[str, Any], statistic: str, unit: str | None = None) -> MetricStat:
    if not is_known(statistic):
        raise refused(f"The statistic {statistic} is not emulated; use a plain one or a percentile like p99.")
    dimensions = frozenset((d["Name"], d["Value"]) for d in metric.get("Dimensions", ()))
    return MetricStat(
        Metric(metric["Namespace"], metric["MetricName"], dimensions), statistic, metric.get("Unit") or unit
    )


def _queries(request: Mapping[str, Any]) -> tuple[dict[str, MetricStat], Node, int]:
    """Metrics and formula of an alarm on metric math; expressions that name others are put in their place."""
    stats: dict[str, MetricStat] = {}
    texts: dict[str, str] = {}
    periods: set[int] = set()
    returned = [q["Id"] for q in request["Metrics"] if q.get("ReturnData", True)]
    for query in request["Metrics"]:
        if query.get("AccountId"):
            raise refused("Metrics: AccountId: metrics of other accounts are not emulated")
        if query.get("MetricStat"):
            stat = query["MetricStat"]
            stats[query["Id"]] = _stat(stat["Metric"], stat["Stat"], stat.get("Unit"))
            periods.add(int(stat["Period"]))
        else:
            texts[query["Id"]] = query.get("Expression", "")
            periods |= {int(query["Period"])} if query.get("Period") else set()
    if len(returned) != 1:
        raise refused(f"Exactly one element of the metrics list should return data; found: {returned}")
    if len(periods) != 1:
        raise refused(f"Metrics: all periods of one alarm must be the same here; found: {sorted(periods)}")
    try:
        trees = {id_: expressions.parse(text) for id_, text in texts.items()}
        formula = _joined(trees.get(returned[0], Name(returned[0])), trees, frozenset(stats), (returned[0],))
    except NotEmulated as problem:
        raise refused(f"Metrics: {problem}") from None
    return stats, formula, periods.pop()


def _joined(node: Node, trees: Mapping[str, Node], stats: frozenset[str], path: tuple[str, ...]) -> Node:
    if isinstance(node, Name) and node.id not in stats:
        if node.id not in trees:
            raise NotEmulated(f"no metric and no expression has the id {node.id!r}")
        if node.id in path[1:]:
            raise NotEmulated(f"the expression {node.id!r} needs itself")
        return _joined(trees[node.id], trees, stats, (*path, node.id))
    if isinstance(node, Call):
        return Call(node.function, tuple(_joined(a, trees, stats, path) for a in node.arguments), node.word)
    return node
