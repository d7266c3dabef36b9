"""The stacks of the tiers: what they leave for others, whom they may reach, and what runs in which environment."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.parameters import Environment
from infra.stacks import function_handler
from infra.stacks.values import LISTENER

Artifacts = Callable[[Path], dict[str, Any]]

TIERS = {"Web": "web", "Worker": "worker", "WorkerMQ": "worker-mq", "WorkerCalculation": "worker-calculation"}
EXAMPLES = Path(__file__).parents[3] / "examples" / "payroll"
VALUE = re.compile(r'"((?:broker|table|worker|worker-calculation)/[a-z-]+)"')  # a value of the environment
LEFT = {"group-name", "log-group", "rollback-alarm-arns"}
QUEUE = {"queue-arn", "queue-url"}


def template(folder: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.template.json").read_text())
    return read


def of_type(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in found["Resources"].values() if resource["Type"] == f"AWS::{kind}"]


def only(found: dict[str, Any], kind: str) -> dict[str, Any]:
    [properties] = of_type(found, kind)
    return properties


def statements(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    policies = of_type(found, "IAM::Policy")
    return {s["Sid"]: s for policy in policies for s in policy["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize("stack", TIERS)
def test_a_tier_leaves_its_group_its_log_and_the_alarms_that_end_a_deployment(assembly: Path, stack: str) -> None:
    found = template(assembly, stack)
    written = {p["Name"].removeprefix("/kiln/payroll/"): p for p in of_type(found, "SSM::Parameter")}
    tier = TIERS[stack]
    extra = QUEUE if tier in ("worker", "worker-calculation") else set()
    assert written.keys() == {f"{tier}/{name}" for name in LEFT | extra}
    alarms = written[f"{tier}/rollback-alarm-arns"]
    [group] = [r for r in found["Resources"].values() if r["Type"] == "AWS::AutoScaling::AutoScalingGroup"]
    watched = group["UpdatePolicy"]["AutoScalingInstanceRefresh"]["Preferences"]["AlarmSpecification"]["Alarms"]
    assert alarms["Type"] == "StringList"
    assert all(alarm["Ref"] in json.dumps(alarms["Value"]) for alarm in watched)


@pytest.mark.parametrize("stack", TIERS)
def test_every_size_of_a_tier_is_a_value_of_its_environment(assembly: Path, stack: str) -> None:
    found, tier = template(assembly, stack), TIERS[stack]
    prefix = "".join(part.capitalize() for part in tier.split("-"))
    group = only(found, "AutoScaling::AutoScalingGroup")
    distribution = group["MixedInstancesPolicy"]["InstancesDistribution"]
    assert (group["MinSize"], group["MaxSize"]) == ({"Ref": f"{prefix}Minimum"}, {"Ref": f"{prefix}Maximum"})
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == {"Ref": f"{prefix}OnDemandPercent"}
    image = found["Parameters"][f"{prefix}ImageId"]
    assert image["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert image["Default"] == f"/kiln/payroll/{tier}/image-id"


@pytest.mark.parametrize("stack", TIERS)
def test_a_tier_signs_in_to_the_database_as_itself(assembly: Path, stack: str) -> None:
    found = template(assembly, stack)
    login = statements(found)["Databases"]
    user = f"/payroll_{TIERS[stack].replace('-', '_')}"
    assert login["Action"] == "rds-db:connect"
    assert login["Resource"]["Fn::Join"][1][-2:] == [{"Ref": "DatabaseResourceId"}, user]
    ports = [rule["FromPort"] for rule in of_type(found, "EC2::SecurityGroupEgress")]
    assert {"Ref": "DatabasePort"} in ports


def test_web_sends_jobs_to_worker_and_worker_to_the_calculations(assembly: Path) -> None:
    sent = {stack: statements(template(assembly, stack)).get("Send", {}).get("Resource") for stack in TIERS}
    assert sent == {
        "Web": {"Ref": "WorkerQueueArn"},
        "Worker": {"Ref": "WorkerCalculationQueueArn"},
        "WorkerMQ": None,
        "WorkerCalculation": None,
    }


def test_payslips_lie_in_the_table_for_those_who_work_on_them(assembly: Path) -> None:
    kept = {stack: statements(template(assembly, stack)).get("Tables", {}).get("Resource") for stack in TIERS}
    table = {"Ref": "TableArn"}
    assert kept == {"Web": table, "Worker": table, "WorkerMQ": None, "WorkerCalculation": table}


@pytest.mark.parametrize("stack", TIERS)
def test_every_value_that_a_service_asks_for_is_one_that_its_role_may_read(assembly: Path, stack: str) -> None:
    folder = EXAMPLES / TIERS[stack]
    asked = {name for file in folder.rglob("*.py") for name in VALUE.findall(file.read_text("utf-8"))}
    if stack != "WorkerMQ":
        asked.add("table/name")  # named by what the services share
    allowed = json.dumps(statements(template(assembly, stack))["Parameters"]["Resource"])
    assert asked, "the service asks for nothing, or not in the way that this test knows"
    assert [name for name in asked if f':parameter/kiln/payroll/{name}"' not in allowed] == []


def test_the_service_of_calculations_completes_the_hook_that_its_group_has(assembly: Path) -> None:
    hook = only(template(assembly, "WorkerCalculation"), "AutoScaling::LifecycleHook")["LifecycleHookName"]
    service = EXAMPLES / "worker-calculation" / "payroll_worker_calculation" / "lifecycle.py"
    assert f'HOOK = "{hook}"' in service.read_text("utf-8")


def test_only_web_is_behind_the_load_balancer(assembly: Path) -> None:
    behind = [stack for stack in TIERS if of_type(template(assembly, stack), "ElasticLoadBalancingV2::TargetGroup")]
    assert behind == ["Web"]


def test_each_tier_scales_on_its_own_work(assembly: Path) -> None:
    kinds = {
        stack: only(template(assembly, stack), "AutoScaling::ScalingPolicy")["TargetTrackingConfiguration"]
        for stack in TIERS
    }
    predefined = {
        stack: tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        for stack, tracking in kinds.items()
    }
    assert predefined == {
        "Web": "ALBRequestCountPerTarget",
        "Worker": None,
        "WorkerMQ": "ASGAverageCPUUtilization",
        "WorkerCalculation": None,
    }
    targets = [tracking["TargetValue"]["Ref"] for tracking in kinds.values()]
    assert targets == [
        "WebRequestsPerInstance",
        "WorkerBacklogPerInstance",
        "WorkerMqCpuPercent",
        "WorkerCalculationBacklogPerInstance",
    ]


def test_a_calculation_may_last_as_long_as_its_message_is_hidden(assembly: Path) -> None:
    found = template(assembly, "WorkerCalculation")
    [hidden] = [q["VisibilityTimeout"] for q in of_type(found, "SQS::Queue") if "VisibilityTimeout" in q]
    assert (
        only(found, "AutoScaling::LifecycleHook")["HeartbeatTimeout"]
        == hidden
        == {"Ref": "WorkerCalculationJobSeconds"}
    )


def test_what_templates_cannot_calculate_is_written_by_parameters(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    for environment in environments:
        found = template(assembly, f"Parameters-{environment.name}")
        written = {p["Name"].removeprefix("/kiln/payroll/"): p["Value"] for p in of_type(found, "SSM::Parameter")}
        tiers = {"web": environment.web, "worker": environment.worker, "worker-mq": environment.worker_mq}
        for name, tier in tiers.items():
            percent = written.get(f"{name}/on-demand-percent")
            assert percent == (str(100 - tier.spot_percent) if tier else None)
        function = environment.function
        weight = written.get("function/new-version-weight")
        assert weight == (f"{function.new_version_percent / 100:g}" if function else None)


def test_options_are_there_only_where_the_parameter_file_has_their_table(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    made = artifacts(assembly)
    for environment in environments:
        for stack in ("Container", "Function"):
            assert (f"Payroll-{environment.name}-{stack}" in made) is (getattr(environment, stack.lower()) is not None)


def test_every_rule_of_the_listener_has_the_priority_that_is_kept_for_it(assembly: Path) -> None:
    priorities = {
        rule["Priority"]
        for stack in ("Web", "Container", "Function")
        for rule in of_type(template(assembly, stack), "ElasticLoadBalancingV2::ListenerRule")
    }
    assert priorities == set(LISTENER.by_tier.values())


def test_the_function_says_which_version_of_it_answered() -> None:
    answer = function_handler.handler({"path": "/function/x"}, SimpleNamespace(function_version="7"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"tier": "Function", "version": "7", "path": "/function/x"}
