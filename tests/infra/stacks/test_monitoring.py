import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from infra.assembly import SHARED_STACKS, _tier_of
from infra.parameters import NEEDS
from infra.stacks.monitoring import TIERS, Monitoring

Alone = Callable[[type[cdk.Stack]], Any]


@pytest.fixture
def widgets(alone: Alone) -> list[dict[str, Any]]:
    [dashboard] = alone(Monitoring).find_resources("AWS::CloudWatch::Dashboard").values()
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    read: list[dict[str, Any]] = json.loads("".join(p if isinstance(p, str) else "token" for p in parts))["widgets"]
    return read


def test_an_environment_with_web_has_it_and_everything_that_it_watches() -> None:
    assert SHARED_STACKS[Monitoring] == "web"
    assert _tier_of(Monitoring) == ""
    reached, waiting = set(), {"web"}
    while waiting:
        table = waiting.pop()
        reached.add(table)
        waiting |= set(NEEDS.get(table, ())) - reached
    assert reached >= {"worker", "worker_mq", "worker_calculation", "database", "broker", "load_balancer"}


def test_every_tier_has_a_row_and_its_alarms_on_top(widgets: list[dict[str, Any]]) -> None:
    headings = [w["properties"]["markdown"] for w in widgets if w["type"] == "text"]
    assert headings == ["## Web", "## Worker", "## Worker-MQ", "## Worker-Calculation", "## Database"]
    assert [w["properties"]["title"] for w in widgets if w["type"] == "alarm"] == list(TIERS)


def test_the_service_is_unhealthy_when_an_alarm_goes_off_that_would_end_a_deployment(alone: Alone) -> None:
    [alarm] = alone(Monitoring).find_resources("AWS::CloudWatch::CompositeAlarm").values()
    lists = [p["Fn::Join"][1]["Ref"] for p in alarm["Properties"]["AlarmRule"]["Fn::Join"][1] if isinstance(p, dict)]
    assert lists == [
        "WebRollbackAlarmArns",
        "WorkerRollbackAlarmArns",
        "WorkerMqRollbackAlarmArns",
        "WorkerCalculationRollbackAlarmArns",
    ]
    assert alarm["Properties"]["AlarmActions"] == [{"Ref": "NotificationsUrgentTopicArn"}]
