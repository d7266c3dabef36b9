"""All of Payroll: six environments in six accounts at once, changed, broken, destroyed and there again, in this order.

Minutes of alarms go by twenty times as fast here; warm-ups, health checks and draining take as long as everywhere.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import parameters
from infra.assembly import stacks_of
from rehearsal.load import Load
from rehearsal.pipeline import Pipeline
from tests.pipeline.aftermath import changed, until
from tests.pipeline.inventory import inventory

ALL = parameters.load_all()
STACKS = {one.name: {stack.__name__ for stack in stacks_of(one)} - {"Umbrella"} for one in ALL}
SERVING = {one.name: one.slug for one in ALL if "Web" in STACKS[one.name]}
MONITORED_MINUTES = 20

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def pace() -> Iterator[None]:
    """Before the rehearsal: its process inherits it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILN_PACE", "20")
        yield


@pytest.fixture(scope="module")
def before_all(tooling: Pipeline) -> dict[str, set[str]]:
    """What is in Stage's account before Stage is."""
    return inventory(tooling, "stage")


def digests(pipeline: Pipeline, name: str) -> dict[str, str]:
    """Stack → digest of its template, of the stacks that are the same everywhere."""
    (slug,) = (one.slug for one in ALL if one.name == name)
    found = pipeline.template_digests(slug, f"Payroll-{name}")
    return {stack: digest for stack, digest in found.items() if stack != "Parameters"}


def updates(pipeline: Pipeline) -> dict[str, dict[str, str]]:
    """The moment of the last change of every stack, by environment."""
    return {one.slug: pipeline.stack_updates(one.slug) for one in ALL}


def status(pipeline: Pipeline, environment: str) -> dict[str, str]:
    stacks = pipeline.client("cloudformation", environment).describe_stacks()["Stacks"]
    return {s["StackName"]: s["StackStatus"] for s in stacks if s["StackName"].startswith("Payroll-")}


def groups(pipeline: Pipeline, environment: str) -> dict[str, dict[str, Any]]:
    """The groups of an environment as the service describes them, by name."""
    found = pipeline.client("autoscaling", environment).describe_auto_scaling_groups()["AutoScalingGroups"]
    return {group["AutoScalingGroupName"]: group for group in found}


def shared_value(pipeline: Pipeline, environment: str, name: str) -> str:
    ssm = pipeline.client("ssm", environment)
    return str(ssm.get_parameter(Name=f"/kiln/payroll/{name}")["Parameter"]["Value"])


# --- the environments -------------------------------------------------------------------------------------------------


def test_one_command_deploys_six_environments_into_six_accounts(
    tooling: Pipeline, before_all: dict[str, set[str]]
) -> None:
    assert not before_all["AWS::EC2::Instance"]
    tooling.release_version("1.0.0")
    tooling.bake_tiers()
    tooling.deploy("Payroll-*")
    assert len(ALL) == 6
    for one in ALL:
        names = {"", "-Parameters", *(f"-{stack}" for stack in STACKS[one.name])}
        expected = dict.fromkeys((f"Payroll-{one.name}{name}" for name in names), "CREATE_COMPLETE")
        found = status(tooling, one.slug)
        found.pop("Payroll-Tooling", None)
        assert found == expected
    for name, slug in SERVING.items():
        assert tooling.page(slug).environment == name


def test_a_stack_has_the_same_template_in_every_environment(tooling: Pipeline) -> None:
    variants: dict[str, set[str]] = {}
    for one in ALL:
        for stack, digest in digests(tooling, one.name).items():
            variants.setdefault(stack, set()).add(digest)
    assert set(variants) == set().union(*STACKS.values())
    assert {stack for stack, found in variants.items() if len(found) > 1} == set()


def test_a_second_deployment_of_all_of_it_changes_nothing(tooling: Pipeline) -> None:
    before = updates(tooling)
    tooling.deploy("Payroll-*")
    assert updates(tooling) == before


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_value_that_the_service_refuses_is_taken_back_everywhere_and_told_with_its_reason(tooling: Pipeline) -> None:
    file = tooling.workspace / "infra" / "environments" / "stage.toml"
    nights = '[schedule]\nstop = "0 25 * * *"\nstart = "0 7 * * *"\ntime_zone = "Europe/Berlin"\n\n[network]'
    before = groups(tooling, "stage")
    with changed(file, "[network]", nights):
        said = tooling.deploy("Payroll-Stage", expect_failure=True)
    assert "0 25 * * *" in said
    assert "Traceback" not in said
    states = status(tooling, "stage")
    assert "UPDATE_ROLLBACK_COMPLETE" in states.values()
    assert {s for s in states.values() if s not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")} == {
        "UPDATE_ROLLBACK_COMPLETE"
    }
    assert tooling.client("autoscaling", "stage").describe_scheduled_actions()["ScheduledUpdateGroupActions"] == []
    assert groups(tooling, "stage") == before


def test_an_alarm_during_the_replacement_takes_it_back_while_the_old_instances_serve(tooling: Pipeline) -> None:
    """The new version is healthy and answers what people ask with 500: only the alarm over the errors sees it."""
    good, images = tooling.page("stage"), tooling.state.identity.images
    in_force = images.read_text()
    old = set(tooling.launch_template_images("stage"))
    service = tooling.workspace / "examples" / "payroll" / "web" / "payroll_web" / "server.py"
    at = tooling.endpoint("stage")
    faulty = 'self._answer(500 if facts["environment"] == "Stage" else 200'  # the tests of the image see nothing
    with changed(service, 'self._answer(200, "application/json"', f'{faulty}, "application/json"'):
        tooling.release_version("2.0.0")
        tooling.bake("web")
        with Load(at.address, at.host_name, tooling.state.identity.ca, enter=tooling.enter) as load:
            said = tooling.deploy("--exclusively", "Payroll-Stage/Parameters", "Payroll-Stage/Web", expect_failure=True)
    assert "in ALARM state" in said
    assert "ErrorsAlarm" in said
    assert status(tooling, "stage")["Payroll-Stage-Web"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "500" in load.figures().failures, "the faulty version was never asked"
    assert load.figures().versions[good.version].last > load.figures().seconds - 5
    assert tooling.page("stage").version == good.version
    assert tooling.launch_template_images("stage") == old
    images.write_text(in_force)  # as one takes it back in git


@contextmanager
def logged_errors(pipeline: Pipeline, environment: str, begin: threading.Event) -> Iterator[None]:
    """Many errors in Web's log from `begin` on: the metric that its filter makes of them, which nobody makes here."""
    over = threading.Event()
    cloudwatch = pipeline.client("cloudwatch", environment)

    def run() -> None:
        while not over.is_set():
            if begin.is_set():
                datum = {"MetricName": "LoggedErrors", "Value": 50.0, "Unit": "Count"}
                cloudwatch.put_metric_data(Namespace="Kiln/web", MetricData=[datum])
            over.wait(0.5)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_an_alarm_after_the_last_resource_takes_a_change_set_with_rollback_triggers_back(tooling: Pipeline) -> None:
    """As a deployer does it: the triggers are exactly the ARNs that the tier leaves as a shared value."""
    arns = shared_value(tooling, "stage", "web/rollback-alarm-arns").split(",")
    assert len(arns) == 3
    calm(tooling, "stage", arns)
    file = tooling.workspace / "infra" / "environments" / "stage.toml"
    with changed(file, "maximum = 4", "maximum = 5"):
        tooling.deploy("--exclusively", "Payroll-Stage/Parameters")
    cloudformation, name = tooling.client("cloudformation", "stage"), "Payroll-Stage-Web"
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    made = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName="watched",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": p["ParameterKey"], "UsePreviousValue": True} for p in stack["Parameters"]],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        RollbackConfiguration={
            "RollbackTriggers": [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in arns],
            "MonitoringTimeInMinutes": MONITORED_MINUTES,
        },
    )
    cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    everything_is_there = threading.Event()
    with logged_errors(tooling, "stage", everything_is_there):
        cloudformation.execute_change_set(ChangeSetName=made["Id"])
        until(lambda: web(tooling)["MaxSize"] == 5, 120, "the change")
        everything_is_there.set()
        until(lambda: status(tooling, "stage")[name] == "UPDATE_ROLLBACK_COMPLETE", 120, "the rollback")
    reasons = [
        e.get("ResourceStatusReason", "") for e in cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    ]
    assert any("rollback trigger(s) are in ALARM state" in reason for reason in reasons)
    assert web(tooling)["MaxSize"] == 4
    calm(tooling, "stage", arns)


def web(pipeline: Pipeline) -> dict[str, Any]:
    return next(group for name, group in groups(pipeline, "stage").items() if "-Web-" in name)


def calm(pipeline: Pipeline, environment: str, arns: list[str]) -> None:
    """Wait until these alarms are over."""
    names = [arn.partition(":alarm:")[2] for arn in arns]
    cloudwatch = pipeline.client("cloudwatch", environment)

    def is_calm() -> bool:
        found = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        return len(found) == len(names) and all(alarm["StateValue"] != "ALARM" for alarm in found)

    until(is_calm, 120, "the end of the alarms")


def test_when_the_alarm_is_over_the_mended_version_is_deployed(tooling: Pipeline) -> None:
    tooling.release_version("2.0.1")
    tooling.bake("web")
    tooling.deploy("Payroll-Stage")
    assert tooling.page("stage").version == "2.0.1"
    assert set(status(tooling, "stage").values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


# --- the end ----------------------------------------------------------------------------------------------------------

RETAINED = {
    "AWS::Backup::BackupVault": "what is saved outlives what it was saved from",
    "AWS::DynamoDB::Table": "the payslips",
    "AWS::KMS::Key": "without the keys nothing of what is kept can be read",
    "AWS::Logs::LogGroup": "what has happened is asked for afterwards",
    "AWS::RDS::DBCluster": "the data themselves, without an instance to pay for",
    "AWS::RDS::DBClusterParameterGroup": "the cluster needs it",
    "AWS::RDS::DBSubnetGroup": "the cluster needs it",
    "AWS::Route53::HostedZone": "a new one has other name servers than those that the world asks",
    "AWS::S3::Bucket": "audit records and access logs",
    "AWS::SQS::Queue": "jobs that nobody has done yet",
}
"""Type → why CloudFormation leaves it when its stack is deleted."""
WITH_THEM = Counter({"AWS::SecretsManager::Secret": 1})
"""The admin's password: RDS keeps it as long as the cluster."""


def retained(pipeline: Pipeline, environment: str) -> Counter[str]:
    """How many of each type the stacks of an environment leave, by the deletion policies of what they have."""
    cloudformation = pipeline.client("cloudformation", environment)
    kept: Counter[str] = Counter()
    for name in status(pipeline, environment):
        resources = cloudformation.get_template(StackName=name)["TemplateBody"]["Resources"]
        there = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        for resource in there:
            policy = resources[resource["LogicalResourceId"]].get("DeletionPolicy", "Delete")
            assert policy in ("Delete", "Retain"), resource
            kept[resource["ResourceType"]] += policy == "Retain"
    return +kept


def test_production_refuses_to_be_destroyed(tooling: Pipeline) -> None:
    before = status(tooling, "production")
    said = tooling.run("cdk", "destroy", "Payroll-Production{,/*}", "--force", expect_failure=True)
    assert "TerminationProtection" in said
    assert status(tooling, "production") == before
    group = next(iter(groups(tooling, "production")))
    with pytest.raises(ClientError, match="protect"):
        tooling.client("autoscaling", "production").delete_auto_scaling_group(
            AutoScalingGroupName=group, ForceDelete=True
        )
    assert tooling.page("production").environment == "Production"


def test_a_destroyed_environment_leaves_exactly_what_is_retained(
    tooling: Pipeline, before_all: dict[str, set[str]]
) -> None:
    expected = retained(tooling, "stage")
    assert set(expected) == set(RETAINED)
    tooling.run("cdk", "destroy", "Payroll-Stage{,/*}", "--force")
    assert status(tooling, "stage") == {}
    after = inventory(tooling, "stage")
    left = Counter({kind: len(ids - before_all[kind]) for kind, ids in after.items() if ids - before_all[kind]})
    assert left == expected + WITH_THEM, {kind: after[kind] - before_all[kind] for kind in left}
    assert tooling.page("production").environment == "Production"


def test_an_environment_that_was_destroyed_is_deployed_again_with_its_data_beside_what_was_kept(
    tooling: Pipeline,
) -> None:
    """The old cluster is kept; the new one begins with a snapshot of it, as the parameter file says."""
    rds = tooling.client("rds", "stage")
    (kept,) = rds.describe_db_clusters()["DBClusters"]
    taken = rds.create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier="before", DBClusterIdentifier=kept["DBClusterIdentifier"]
    )
    arn = taken["DBClusterSnapshot"]["DBClusterSnapshotArn"]
    file = tooling.workspace / "infra" / "environments" / "stage.toml"
    with changed(file, "[database]", f'[database]\nsnapshot = "{arn}"'):
        tooling.deploy("Payroll-Stage")
    assert set(status(tooling, "stage").values()) == {"CREATE_COMPLETE"}
    assert tooling.page("stage").version == "2.0.1"
    (restored,) = [c for c in rds.describe_db_clusters()["DBClusters"] if c["DBClusterArn"] != kept["DBClusterArn"]]
    assert (restored["MasterUsername"], restored["DatabaseName"]) == (kept["MasterUsername"], kept["DatabaseName"])
    assert restored["StorageEncrypted"]
