"""Instance refreshes through the API, against moto over HTTP."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

SURPLUS = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110, "InstanceWarmup": 0}


def new_version(cloud: Any, name: str, template: str, image: str) -> str:
    version = str(cloud.version(template, image))
    cloud.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateId": template, "Version": version}
    )
    return version


def images(cloud: Any, name: str) -> set[str]:
    return {i["ImageId"] for i in cloud.instances(*cloud.members(name))}


def test_a_new_version_replaces_all_without_a_gap_and_keeps_the_zones(cloud: Any) -> None:
    template = cloud.template("r-new", "ami-1")
    cloud.create("web", template, 3)
    old = set(cloud.settled("web", 3))
    new_version(cloud, "web", template, "ami-2")
    refresh_id = cloud.refresh("web", Preferences=SURPLUS | {"SkipMatching": True})
    healthy_least = 3

    def over() -> Any:
        nonlocal healthy_least
        healthy_least = min(healthy_least, list(cloud.targets().values()).count("healthy"))
        found = cloud.autoscaling.describe_instance_refreshes(
            AutoScalingGroupName="web", InstanceRefreshIds=[refresh_id]
        )["InstanceRefreshes"][0]
        return found if found["Status"] == "Successful" else None

    done = cloud.until(over)
    assert (done["PercentageComplete"], done["InstancesToUpdate"]) == (100, 0)
    assert done["Preferences"]["MaxHealthyPercentage"] == 110
    new = cloud.settled("web", 3)
    assert not old & set(new)
    assert images(cloud, "web") == {"ami-2"}
    assert max(Counter(m["AvailabilityZone"] for m in new.values()).values()) == 1
    assert healthy_least == 3
    assert {i["State"]["Name"] for i in cloud.instances(*old)} == {"terminated"}


def test_a_rollback_to_old_data_under_a_new_number_skips_what_matches(cloud: Any) -> None:
    template = cloud.template("r-skip", "ami-1")
    cloud.create("web", template, 2)
    before = set(cloud.settled("web", 2))
    cloud.version(template, "ami-2")
    new_version(cloud, "web", template, "ami-1")
    cloud.refresh("web", Preferences=SURPLUS | {"SkipMatching": True})
    assert cloud.refreshed("web", "Successful")["PercentageComplete"] == 100
    assert set(cloud.settled("web", 2)) == before


def test_a_bad_image_fails_the_refresh_with_instance_and_reason_and_the_old_ones_serve_on(cloud: Any) -> None:
    template = cloud.template("r-bad", "ami-1")
    cloud.create("web", template, 2, HealthCheckGracePeriod=1)
    old = set(cloud.settled("web", 2))
    cloud.health.states["ami-bad"] = "unhealthy"
    new_version(cloud, "web", template, "ami-bad")
    cloud.refresh("web", Preferences=SURPLUS)
    failed = cloud.refreshed("web", "Failed", "Successful")
    assert failed["Status"] == "Failed"
    assert "Target.ResponseCodeMismatch" in failed["StatusReason"]
    assert "Instance i-" in failed["StatusReason"]
    assert set(cloud.settled("web", 2)) == old


def test_a_desired_configuration_becomes_the_groups_own_when_it_succeeds(cloud: Any) -> None:
    template = cloud.template("r-desired", "ami-1")
    cloud.create("web", template, 1)
    cloud.settled("web", 1)
    wanted = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": cloud.version(template, "ami-2")}}
    cloud.refresh("web", Preferences=SURPLUS, DesiredConfiguration=wanted)
    assert cloud.group("web")["LaunchTemplate"]["Version"] == "1"
    cloud.refreshed("web", "Successful")
    assert cloud.group("web")["LaunchTemplate"]["Version"] == "2"
    assert images(cloud, "web") == {"ami-2"}


def test_a_failing_refresh_with_auto_rollback_goes_back_by_itself(cloud: Any) -> None:
    template = cloud.template("r-auto", "ami-1")
    cloud.create("web", template, 3)
    cloud.settled("web", 3)
    cloud.health.states["ami-bad"] = "unhealthy"
    wanted = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": cloud.version(template, "ami-bad")}}
    preferences = {"MinHealthyPercentage": 60, "InstanceWarmup": 0, "AutoRollback": True}
    cloud.refresh("web", Preferences=preferences, DesiredConfiguration=wanted)
    done = cloud.refreshed("web", "RollbackSuccessful", "RollbackFailed", "Failed", "Successful")
    assert done["Status"] == "RollbackSuccessful"
    assert "Target.ResponseCodeMismatch" in done["RollbackDetails"]["RollbackReason"]
    cloud.settled("web", 3)
    assert images(cloud, "web") == {"ami-1"}
    assert cloud.group("web")["LaunchTemplate"]["Version"] == "1"


def test_a_rollback_on_request_ends_what_was_new(cloud: Any) -> None:
    template = cloud.template("r-request", "ami-1")
    cloud.create("web", template, 2)
    cloud.settled("web", 2)
    wanted = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": cloud.version(template, "ami-2")}}
    preferences = SURPLUS | {"CheckpointPercentages": [50, 100], "CheckpointDelay": 600}
    cloud.refresh("web", Preferences=preferences, DesiredConfiguration=wanted)
    cloud.until(lambda: "Checkpoint" in cloud.refreshed("web", "Pending", "InProgress").get("StatusReason", ""))
    cloud.autoscaling.rollback_instance_refresh(AutoScalingGroupName="web")
    cloud.refreshed("web", "RollbackSuccessful")
    cloud.settled("web", 2)
    assert images(cloud, "web") == {"ami-1"}


def test_a_cancelled_refresh_replaces_no_more(cloud: Any) -> None:
    template = cloud.template("r-cancel", "ami-1")
    cloud.create("web", template, 2)
    cloud.settled("web", 2)
    new_version(cloud, "web", template, "ami-2")
    cloud.refresh("web", Preferences=SURPLUS | {"CheckpointPercentages": [50, 100]})
    cloud.until(lambda: "Checkpoint" in cloud.refreshed("web", "Pending", "InProgress").get("StatusReason", ""))
    cloud.autoscaling.cancel_instance_refresh(AutoScalingGroupName="web")
    cloud.refreshed("web", "Cancelled")
    cloud.settled("web", 2)
    assert images(cloud, "web") == {"ami-1", "ami-2"}


def test_an_alarm_that_goes_off_fails_the_refresh(cloud: Any) -> None:
    template = cloud.template("r-alarm", "ami-1")
    cloud.create("web", template, 1)
    cloud.settled("web", 1)
    cloud.cloudwatch.put_metric_alarm(
        AlarmName="errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Namespace="Payroll",
        MetricName="Errors",
        Period=60,
        Statistic="Sum",
    )
    cloud.refresh("web", Preferences=SURPLUS | {"AlarmSpecification": {"Alarms": ["errors"]}, "BakeTime": 600})
    cloud.refreshed("web", "Baking")
    cloud.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    assert "errors" in cloud.refreshed("web", "Failed")["StatusReason"]


def test_what_cannot_be_launched_fails_the_refresh(cloud: Any) -> None:
    template = cloud.template("r-launch", "ami-1")
    cloud.create("web", template, 1)
    old = set(cloud.settled("web", 1))
    version = cloud.version(template, "ami-2", IamInstanceProfile={"Name": "nobody"})
    launch = {"LaunchTemplateId": template, "Version": version}
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", LaunchTemplate=launch)
    cloud.refresh("web", Preferences=SURPLUS)
    assert "nobody" in cloud.refreshed("web", "Failed")["StatusReason"]
    assert set(cloud.settled("web", 1)) == old


def test_requests_that_do_not_fit_are_refused_as_aws_does(cloud: Any) -> None:
    template = cloud.template("r-refused", "ami-1")
    cloud.create("web", template, 1)
    cloud.settled("web", 1)
    call = cloud.autoscaling

    def refused(operation: Any, **request: Any) -> str:
        with pytest.raises(ClientError) as error:
            operation(AutoScalingGroupName="web", **request)
        return str(error.value.response["Error"]["Code"])

    assert refused(call.cancel_instance_refresh) == "ActiveInstanceRefreshNotFound"
    assert refused(call.start_instance_refresh, Preferences={"AutoRollback": True}) == "ValidationError"
    assert refused(call.start_instance_refresh, Strategy="ReplaceRootVolume") == "ValidationError"
    cloud.refresh("web", Preferences=SURPLUS | {"BakeTime": 600})
    assert refused(call.start_instance_refresh) == "InstanceRefreshInProgress"
    assert refused(call.rollback_instance_refresh) == "IrreversibleInstanceRefresh"
    with pytest.raises(ClientError, match="not found"):
        call.describe_instance_refreshes(AutoScalingGroupName="nobody")


def test_refreshes_are_listed_page_by_page_the_newest_first(cloud: Any) -> None:
    template = cloud.template("r-pages", "ami-1")
    cloud.create("web", template, 0)
    made = []
    for _ in range(3):
        made.append(cloud.refresh("web"))
        cloud.refreshed("web", "Successful")
    first = cloud.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web", MaxRecords=2)
    second = cloud.autoscaling.describe_instance_refreshes(AutoScalingGroupName="web", NextToken=first["NextToken"])
    found = [r["InstanceRefreshId"] for page in (first, second) for r in page["InstanceRefreshes"]]
    assert found == made[::-1]
    assert "NextToken" not in second
