"""One page for a whole environment: what is wrong now, then a row of graphs for each part.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from kiln.operations.metric import Formula, Metric
from kiln.refusal import refuse, require_between

COLUMNS = 24
HEADING, HEIGHT = 1, 6
MOST_GRAPHS = 6
"""In a row; narrower ones cannot be read."""

PERIOD_SECONDS = 60
"""Of each point, whatever an alarm over the same metric has: the titles say per minute."""

Widget = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph of one or more lines.

    Args:
        title: with the unit: "CPU, percent".
        lines: label → metric or formula.
    """

    title: str
    lines: Mapping[str, Metric | Formula]


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the service: a heading and its graphs, side by side."""

    title: str
    graphs: Sequence[Graph]


class Dashboard(Construct):
    """A CloudWatch dashboard.

    Args:
        alarm_arns: whose states are on top; lists of ARNs, each of which may be a list token.
        rows: see `Row`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, alarm_arns: Mapping[str, list[str]], rows: Sequence[Row]
    ) -> None:
        super().__init__(scope, construct_id)
        if not rows:
            raise refuse(self, "rows", found=list(rows), expected="at least one row")
        for row in rows:
            require_between(self, f"graphs of {row.title!r}", len(row.graphs), 1, MOST_GRAPHS, "graphs in a row")
        widgets = [*_alarms(alarm_arns), *_rows(rows, HEIGHT if alarm_arns else 0)]
        body = {"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets}
        # Not by the CDK's `to_json_string`, which needs a custom resource for a list token. The tokens are names and
        # ARNs, in which JSON escapes nothing.
        cloudwatch.CfnDashboard(self, "Dashboard", dashboard_body=json.dumps(body))


def _alarms(alarm_arns: Mapping[str, list[str]]) -> Iterator[Widget]:
    width = COLUMNS // max(len(alarm_arns), 1)
    for number, (title, arns) in enumerate(alarm_arns.items()):
        yield _widget("alarm", number * width, 0, width, HEIGHT, {"title": title, "alarms": [cdk.Fn.join('","', arns)]})


def _rows(rows: Sequence[Row], top: int) -> Iterator[Widget]:
    for number, row in enumerate(rows):
        y = top + number * (HEADING + HEIGHT)
        yield _widget("text", 0, y, COLUMNS, HEADING, {"markdown": f"## {row.title}", "background": "transparent"})
        width = COLUMNS // len(row.graphs)
        for place, graph in enumerate(row.graphs):
            yield _widget("metric", place * width, y + HEADING, width, HEIGHT, _graph(graph))


def _graph(graph: Graph) -> Widget:
    lines = [entry for number, (label, m) in enumerate(graph.lines.items()) for entry in _lines(number, label, m)]
    return {"title": graph.title, "view": "timeSeries", "region": cdk.Aws.REGION, "metrics": lines}


def _lines(number: int, label: str, metric: Metric | Formula) -> Iterator[list[object]]:
    """A formula is a line of its own over metrics that are not shown; their names are made unique in the graph."""
    if isinstance(metric, Metric):
        yield _line(metric, {"label": label})
        return
    names = {name: f"{name}{number}" for name in metric.inputs}
    known = re.compile(rf"\b({'|'.join(names)})\b")
    expression = known.sub(lambda found: names[found[1]], metric.expression)
    yield [{"expression": expression, "label": label, "id": f"result{number}"}]
    for name, part in metric.inputs.items():
        yield _line(part, {"id": names[name], "visible": False})


def _line(metric: Metric, options: Mapping[str, object]) -> list[object]:
    dimensions = [text for pair in metric.dimensions.items() for text in pair]
    drawn = {"stat": metric.statistic, "period": PERIOD_SECONDS, **options}
    return [metric.namespace, metric.name, *dimensions, drawn]


def _widget(kind: str, x: int, y: int, width: int, height: int, properties: Widget) -> Widget:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}
