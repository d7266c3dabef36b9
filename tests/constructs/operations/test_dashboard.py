import json
from collections.abc import Callable
from itertools import combinations
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.dashboard import Dashboard, Graph, Row
from kiln.operations.metric import Formula, Metric
from kiln.operations.tier_rows import database_row, mq_row, queue_row, web_row
from kiln.refusal import WrongProperty

ROWS = [
    web_row("Web", group_name="web-group", load_balancer="app/shop/1"),
    queue_row("Worker", group_name="worker-group", queue_name="jobs"),
    mq_row("Listener", group_name="listener-group", broker_name="broker"),
    database_row("Database", cluster_name="cluster"),
]


def widgets(template: Callable[..., Any], **changed: Any) -> list[dict[str, Any]]:
    given = {"alarm_arns": {"web": ["arn:1", "arn:2"], "worker": ["arn:3"]}, "rows": ROWS} | changed
    found = template(lambda stack: Dashboard(stack, "Dashboard", **given))
    [resource] = found.find_resources("AWS::CloudWatch::Dashboard").values()
    body = resource["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join("eu-west-1" if part == {"Ref": "AWS::Region"} else part for part in body)
    read: list[dict[str, Any]] = json.loads(text)["widgets"]
    return read


def test_no_widget_lies_over_another_one_or_outside_of_the_page(template: Callable[..., Any]) -> None:
    found = widgets(template)
    for widget in found:
        assert 0 <= widget["x"] < widget["x"] + widget["width"] <= 24
    for one, other in combinations(found, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or above


def test_the_states_of_the_alarms_are_on_top(template: Callable[..., Any]) -> None:
    alarms = [w for w in widgets(template) if w["type"] == "alarm"]
    assert {w["properties"]["title"]: w["properties"]["alarms"] for w in alarms} == {
        "web": ["arn:1", "arn:2"],
        "worker": ["arn:3"],
    }
    assert {w["y"] for w in alarms} == {0}


def test_every_part_has_a_heading_and_its_graphs_in_one_row(template: Callable[..., Any]) -> None:
    found = widgets(template)
    headings = [w["properties"]["markdown"] for w in found if w["type"] == "text"]
    assert headings == ["## Web", "## Worker", "## Listener", "## Database"]
    rows: dict[int, list[str]] = {}
    for widget in found:
        if widget["type"] == "metric":
            rows.setdefault(widget["y"], []).append(widget["properties"]["title"])
    assert list(rows.values()) == [[graph.title for graph in row.graphs] for row in ROWS]


@pytest.mark.parametrize("row", ROWS[:3], ids=lambda row: row.title)
def test_a_tier_shows_its_work_its_instances_and_how_busy_they_are(row: Row) -> None:
    titles = [graph.title for graph in row.graphs]
    assert titles[-2:] == ["Instances", "CPU, percent"]
    assert len(titles) == 5


def test_a_metric_is_drawn_with_its_dimensions_and_statistic(template: Callable[..., Any]) -> None:
    graph = Graph("CPU", {"cpu": Metric("AWS/EC2", "CPUUtilization", {"Group": "web"}, statistic="Maximum")})
    [_, drawn] = widgets(template, rows=[Row("Web", [graph])], alarm_arns={})
    expected = ["AWS/EC2", "CPUUtilization", "Group", "web", {"stat": "Maximum", "period": 60, "label": "cpu"}]
    assert drawn["properties"]["metrics"] == [expected]
    assert drawn["properties"]["region"] == "eu-west-1"


def test_the_metrics_of_a_formula_are_hidden_and_named_once_in_a_graph(template: Callable[..., Any]) -> None:
    part, whole = Metric("Shop", "Part"), Metric("Shop", "Whole")
    share = Formula("100 * part / (part + parts)", {"part": part, "parts": whole})
    [_, drawn] = widgets(template, rows=[Row("Shop", [Graph("Shares", {"a": share, "b": share})])], alarm_arns={})
    lines = drawn["properties"]["metrics"]
    assert [line[-1]["expression"] for line in lines if "expression" in line[-1]] == [
        "100 * part0 / (part0 + parts0)",
        "100 * part1 / (part1 + parts1)",
    ]
    assert [line[-1]["id"] for line in lines] == ["result0", "part0", "parts0", "result1", "part1", "parts1"]
    assert [line[-1].get("visible", True) for line in lines] == [True, False, False, True, False, False]


def test_a_list_of_alarms_whose_length_is_not_known_needs_no_custom_resource(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        arns = cdk.CfnParameter(stack, "Arns", type="CommaDelimitedList").value_as_list
        Dashboard(stack, "Dashboard", alarm_arns={"web": arns}, rows=ROWS)

    found = template(build)
    assert set(found.to_json()["Resources"]) == set(found.find_resources("AWS::CloudWatch::Dashboard"))
    [resource] = found.find_resources("AWS::CloudWatch::Dashboard").values()
    parts = resource["Properties"]["DashboardBody"]["Fn::Join"][1]
    assert parts[0].endswith('"alarms": ["')
    assert parts[1] == {"Fn::Join": ['","', {"Ref": "Arns"}]}
    assert parts[2].startswith('"]}')


def test_a_page_with_nothing_on_it_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/Dashboard: rows is \[\]; expected at least one row"):
        widgets(template, rows=[])


def test_a_row_that_nobody_can_read_is_refused(template: Callable[..., Any]) -> None:
    crowded = Row("Web", [Graph(str(n), {"cpu": Metric("AWS/EC2", "CPUUtilization")}) for n in range(7)])
    with pytest.raises(WrongProperty, match="Stack/Dashboard: graphs of 'Web' is 7; expected 1 to 6 graphs in a row"):
        widgets(template, rows=[crowded])
