from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.patching import Patching, Window
from kiln.refusal import WrongProperty

WINDOW = Window(schedule="cron(0 2 ? * SUN *)", hours=3, time_zone="Europe/Berlin")


@pytest.fixture
def patching(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        hours = cdk.Token.as_number(cdk.CfnParameter(stack, "Hours").value)
        window = Window(WINDOW.schedule, hours, WINDOW.time_zone)
        Patching(
            stack, "Patching", window=window, scanned=["web", "worker"], updated=["bastion"], topic_arn="arn:warning"
        )

    return template(build)


def only(patching: Any, resource_type: str) -> dict[str, Any]:
    [resource] = patching.find_resources(resource_type).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def tasks(patching: Any) -> dict[str, dict[str, Any]]:
    """Operation → task."""
    found = [r["Properties"] for r in patching.find_resources("AWS::SSM::MaintenanceWindowTask").values()]
    return {_command(task)["Parameters"]["Operation"][0]: task for task in found}


def _command(task: dict[str, Any]) -> dict[str, Any]:
    command: dict[str, Any] = task["TaskInvocationParameters"]["MaintenanceWindowRunCommandParameters"]
    return command


def test_every_security_update_of_debian_is_approved_and_instances_are_compared_with_that(patching: Any) -> None:
    found = only(patching, "AWS::SSM::PatchBaseline")
    assert found["OperatingSystem"] == "DEBIAN"
    assert found["PatchGroups"] == ["web", "worker", "bastion"]
    assert "DefaultBaseline" not in found
    [rule] = found["ApprovalRules"]["PatchRules"]
    assert rule["ComplianceLevel"] == "HIGH"
    assert rule["EnableNonSecurity"] is False
    assert "ApproveAfterDays" not in rule


def test_the_window_is_when_it_is_told(patching: Any) -> None:
    found = only(patching, "AWS::SSM::MaintenanceWindow")
    assert (found["Schedule"], found["ScheduleTimezone"]) == (WINDOW.schedule, WINDOW.time_zone)
    assert (found["Duration"], found["Cutoff"]) == ({"Ref": "Hours"}, 1)
    assert found["AllowUnassociatedTargets"] is False


def test_tiers_are_scanned_and_only_the_bastion_is_changed(patching: Any) -> None:
    targets = patching.find_resources("AWS::SSM::MaintenanceWindowTarget")
    reached = {}
    for operation, task in tasks(patching).items():
        [chosen] = task["Targets"]
        assert chosen["Key"] == "WindowTargetIds"
        [target] = chosen["Values"]
        [tag] = targets[target["Ref"]]["Properties"]["Targets"]
        reached[operation] = (tag["Key"], tag["Values"])
    assert reached == {"Scan": ("tag:kiln:tier", ["web", "worker"]), "Install": ("tag:kiln:tier", ["bastion"])}


def test_a_scan_never_reboots_and_an_update_changes_one_instance_after_the_other(patching: Any) -> None:
    found = tasks(patching)
    assert _command(found["Scan"])["Parameters"]["RebootOption"] == ["NoReboot"]
    assert _command(found["Install"])["Parameters"]["RebootOption"] == ["RebootIfNeeded"]
    assert (found["Install"]["MaxConcurrency"], found["Install"]["MaxErrors"]) == ("1", "0")
    for task in found.values():
        assert (task["TaskType"], task["TaskArn"]) == ("RUN_COMMAND", "AWS-RunPatchBaseline")


def test_the_role_may_send_this_document_to_these_instances_for_windows_of_this_account(patching: Any) -> None:
    role = only(patching, "AWS::IAM::Role")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    document, instances, outcomes = only(patching, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert document["Resource"]["Fn::Join"][1][-1] == "::document/AWS-RunPatchBaseline"
    assert instances["Condition"] == {"StringEquals": {"ssm:resourceTag/kiln:tier": ["web", "worker", "bastion"]}}
    assert outcomes["Resource"] == "*"
    assert not [action for action in outcomes["Action"] if not action.startswith(("ssm:Get", "ssm:List"))]


def test_a_task_that_fails_is_told(patching: Any) -> None:
    [window] = patching.find_resources("AWS::SSM::MaintenanceWindow")
    rule = only(patching, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"] == {"window-id": [{"Ref": window}], "status": ["FAILED", "TIMED_OUT"]}
    assert rule["Targets"][0]["Arn"] == "arn:warning"


def test_without_anything_to_update_there_is_only_a_scan(template: Callable[..., Any]) -> None:
    found = template(
        lambda stack: Patching(stack, "Patching", window=WINDOW, scanned=["web"], updated=[], topic_arn="arn:warning")
    )
    assert set(tasks(found)) == {"Scan"}


def test_what_is_scanned_only_cannot_be_updated(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="Stack/Patching: updated is 'web'; expected none of those"):
        template(
            lambda stack: Patching(
                stack, "Patching", window=WINDOW, scanned=["web"], updated=["web"], topic_arn="arn:warning"
            )
        )


def test_a_window_that_closes_before_it_opens_is_refused(template: Callable[..., Any]) -> None:
    window = Window(WINDOW.schedule, 1, WINDOW.time_zone)
    with pytest.raises(WrongProperty, match=r"Stack/Patching: window.hours is 1; expected 2 to 24 hours"):
        template(
            lambda stack: Patching(
                stack, "Patching", window=window, scanned=["web"], updated=[], topic_arn="arn:warning"
            )
        )
