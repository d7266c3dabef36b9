from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from infra.assembly import MACHINES, SHARED_STACKS
from infra.stacks.operations import Operations

Alone = Callable[[type[cdk.Stack]], Any]


def written(template: Any) -> dict[str, Any]:
    resources = template.find_resources("AWS::SSM::Parameter").values()
    return {r["Properties"]["Name"].removeprefix("/kiln/payroll/"): r["Properties"]["Value"] for r in resources}


def test_an_environment_has_it_that_says_when_it_is_patched() -> None:
    assert SHARED_STACKS[Operations] == "operations"


def test_it_writes_what_an_operator_needs(alone: Alone) -> None:
    found = alone(Operations)
    names = written(found)
    assert set(names) == {
        "operations/logs-bucket",
        "operations/operators-policy-arn",
        "operations/status-document",
        "operations/restart-document",
        "operations/logs-document",
    }
    documents = {names[f"operations/{name}-document"]["Ref"] for name in ("status", "restart", "logs")}
    assert documents == set(found.find_resources("AWS::SSM::Document"))


def test_every_machine_is_scanned_or_patched_and_only_the_bastion_is_changed(alone: Alone) -> None:
    targets = alone(Operations).find_resources("AWS::SSM::MaintenanceWindowTarget").values()
    reached = sorted((tag["Values"] for t in targets for tag in t["Properties"]["Targets"]), key=len)
    assert reached == [["bastion"], ["web", "worker", "worker-mq", "worker-calculation"]]
    assert {tier for tiers in reached for tier in tiers} == set(MACHINES)


def test_only_services_of_payroll_can_be_named(alone: Alone) -> None:
    for document in alone(Operations).find_resources("AWS::SSM::Document").values():
        service = document["Properties"]["Content"]["parameters"]["Service"]
        assert service["allowedPattern"].startswith("^payroll-")


def test_the_window_is_that_of_the_environment(alone: Alone) -> None:
    [window] = alone(Operations).find_resources("AWS::SSM::MaintenanceWindow").values()
    assert window["Properties"]["Schedule"] == {"Ref": "OperationsPatchSchedule"}
    assert window["Properties"]["Duration"] == {"Ref": "OperationsPatchHours"}
    assert window["Properties"]["ScheduleTimezone"] == {"Ref": "OperationsTimeZone"}
