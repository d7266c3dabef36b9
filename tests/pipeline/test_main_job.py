"""The main job, as `make demo` shows it, in order: each test stands on the one before."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.load import Load
from rehearsal.pipeline import TIERS, Pipeline

PROJECT = Path(__file__).parents[2]

STACKS = (
    "Account",
    "Backup",
    "Bastion",
    "Broker",
    "Budget",
    "Config",
    "Database",
    "Dns",
    "Keys",
    "LoadBalancer",
    "Monitoring",
    "Network",
    "Notifications",
    "Operations",
    "Parameters",
    "Table",
    "ThreatDetection",
    "Trail",
    "Web",
    "Worker",
    "WorkerCalculation",
    "WorkerMQ",
)
"""Of Stage, beside `Payroll-Stage` itself."""
CHANGED_STACKS = ("Bastion", "Parameters", "Web")
"""By a new image of Web, which the bastion runs, too."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def images(tooling: Pipeline) -> dict[str, dict[str, Any]]:
    """What each bake said, by tier, and for Web by version; filled by the tests in their order."""
    return {}


def image_id(baked: dict[str, Any]) -> str:
    (found,) = baked["image_ids"].values()
    return str(found)


def test_a_stack_whose_tier_has_no_image_is_refused_with_the_command_that_bakes_it(tooling: Pipeline) -> None:
    said = tooling.deploy("Payroll-Stage", expect_failure=True)
    assert "python -m bake web" in said
    assert not any(name.startswith("Payroll-Stage") for name in tooling.stack_updates("stage"))


def test_bake_makes_an_image_and_records_it(tooling: Pipeline, images: dict[str, Any]) -> None:
    tooling.release_version("1.0.0")
    tiers = tooling.bake_tiers()
    assert {tier: baked["action"] for tier, baked in tiers.items()} == dict.fromkeys(TIERS, "baked")
    images |= tiers
    images["1.0.0"] = baked = tiers["web"]
    (found,) = tooling.client("ec2", "dev").describe_images(ImageIds=[image_id(baked)])["Images"]
    tags = {t["Key"]: t["Value"] for t in found["Tags"]}
    assert tags["kiln:tier"] == "web"
    assert tags["kiln:digest"] == baked["digest"]
    assert found["DeregistrationProtection"] == "enabled-with-cooldown"
    assert image_id(baked) in tooling.state.identity.images.read_text()


def test_the_tracked_images_file_is_not_written(tooling: Pipeline) -> None:
    tracked = Path("infra", "images.toml")
    assert (tooling.workspace / tracked).read_text() == (PROJECT / tracked).read_text()


def test_the_image_is_shared_with_every_environment(tooling: Pipeline, images: dict[str, Any]) -> None:
    for account in tooling.state.accounts:
        seen = tooling.client("ec2", account.environment).describe_images(ImageIds=[image_id(images["1.0.0"])])
        assert len(seen["Images"]) == 1, account.environment


def test_nothing_of_the_bake_is_left(tooling: Pipeline) -> None:
    assert leftovers(tooling) == []


def leftovers(pipeline: Pipeline) -> list[str]:
    """What a bake may leave in the account where images are made."""
    ec2 = pipeline.client("ec2", "dev")
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    found = [i["InstanceId"] for r in ec2.describe_instances(Filters=alive)["Reservations"] for i in r["Instances"]]
    found += [k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]]
    found += [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"] if "packer" in g["GroupName"]]
    return found


def test_all_stacks_of_stage_are_deployed_in_order(tooling: Pipeline, images: dict[str, Any]) -> None:
    tooling.deploy("Payroll-Stage")
    names = {n for n in tooling.stack_updates("stage") if n.startswith("Payroll-")}
    assert names == {"Payroll-Stage", *(f"Payroll-Stage-{stack}" for stack in STACKS)}
    assert tooling.output("stage", "Payroll-Stage", "ServiceUrl") == url(tooling, "https")


def test_every_instance_says_whose_it_is(tooling: Pipeline) -> None:
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    reservations = tooling.client("ec2", "stage").describe_instances(Filters=alive)["Reservations"]
    tagged = [{t["Key"]: t["Value"] for t in i["Tags"]} for r in reservations for i in r["Instances"]]
    assert {t["kiln:tier"] for t in tagged} == {"web", "worker", "worker-mq", "worker-calculation", "bastion"}
    for tags in tagged:
        common = ("kiln:application", "kiln:environment", "kiln:cost-centre")
        assert [tags[key] for key in common] == ["Payroll", "Stage", "payroll-stage"]


def test_the_page_comes_from_an_instance_of_the_baked_image(tooling: Pipeline, images: dict[str, Any]) -> None:
    baked = images["1.0.0"]
    page = tooling.page("stage")
    assert page.image_id == image_id(baked)
    assert (page.tier, page.version, page.environment) == ("Web", "1.0.0", "Stage")
    assert tooling.launch_template_images("stage") == {image_id(images[tier]) for tier in TIERS}
    record = tooling.client("s3", "dev").get_object(**bucket_and_key(baked["record"]))
    assert image_id(baked) in record["Body"].read().decode()


def bucket_and_key(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def test_plain_http_is_redirected_to_https(tooling: Pipeline) -> None:
    said = tooling.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url(tooling, "http"))
    assert said == f"301 {url(tooling, 'https', ':443')}"


def url(pipeline: Pipeline, scheme: str, port: str = "") -> str:
    return f"{scheme}://{pipeline.endpoint('stage').host_name}{port}/"


def test_a_plain_curl_finds_the_page_by_its_name(tooling: Pipeline) -> None:
    said = tooling.run("curl", "-sf", "-H", "Accept: application/json", url(tooling, "https"))
    assert json.loads(said)["environment"] == "Stage"


def test_a_second_deployment_of_the_same_changes_nothing(tooling: Pipeline) -> None:
    before = tooling.stack_updates("stage")
    tooling.deploy("Payroll-Stage")
    assert tooling.stack_updates("stage") == before


def test_a_new_version_changes_what_names_the_image_and_no_request_fails(
    tooling: Pipeline, images: dict[str, Any]
) -> None:
    tooling.release_version("1.1.0")
    images["1.1.0"] = baked = tooling.bake("web")
    assert baked["action"] == "baked"
    before, old = tooling.stack_updates("stage"), instances(tooling, "Payroll-Stage-Web-")
    workers = instances(tooling, "Payroll-Stage-Worker")
    at = tooling.endpoint("stage")
    with Load(at.address, at.host_name, tooling.state.identity.ca, enter=tooling.enter) as load:
        tooling.deploy("Payroll-Stage")
    after = tooling.stack_updates("stage")
    assert {n for n in after if after[n] != before[n]} == {f"Payroll-Stage-{stack}" for stack in CHANGED_STACKS}
    figures = load.figures()
    assert figures.failed == 0, figures
    assert figures.requests > 100
    assert not old & instances(tooling, "Payroll-Stage-Web-")
    assert workers == instances(tooling, "Payroll-Stage-Worker")
    page = tooling.page("stage")
    assert (page.version, page.image_id) == ("1.1.0", image_id(baked))


def instances(pipeline: Pipeline, prefix: str) -> set[str]:
    """Those in service, of the groups whose name begins so."""
    groups = pipeline.client("autoscaling", "stage").describe_auto_scaling_groups()["AutoScalingGroups"]
    its = [i for g in groups if g["AutoScalingGroupName"].startswith(prefix) for i in g["Instances"]]
    return {i["InstanceId"] for i in its if i["LifecycleState"] == "InService"}


def test_a_payslip_goes_through_three_tiers_and_comes_back(tooling: Pipeline) -> None:
    said = tooling.payslip("stage", employee="4711", month="2026-01", gross_cents=350_000)
    assert (said["state"], said["net_cents"]) == ("done", 246_900)
    said = tooling.payslip("stage", employee="4711", month="2999-01", gross_cents=350_000)
    assert (said["state"], said["problem"]) == ("refused", "2999-01 has not begun yet")


def test_an_unchanged_image_is_reused_without_packer(tooling: Pipeline, images: dict[str, Any]) -> None:
    again = tooling.bake("web")
    assert again["action"] == "reused"
    assert again["image_ids"] == images["1.1.0"]["image_ids"]
    assert not {"launch", "connect", "provision", "image"} & set(again["seconds"])


def test_production_gets_the_templates_and_the_image_of_stage(tooling: Pipeline, images: dict[str, Any]) -> None:
    tooling.deploy("Payroll-Production")
    stage = tooling.template_digests("stage", "Payroll-Stage")
    production = tooling.template_digests("production", "Payroll-Production")
    assert set(stage) == set(production)
    assert {n for n in stage if stage[n] != production[n]} == {"Parameters"}
    assert tooling.launch_template_images("production") == tooling.launch_template_images("stage")
    page = tooling.page("production")
    assert (page.environment, page.image_id) == ("Production", image_id(images["1.1.0"]))


def test_the_backup_account_has_a_locked_vault_and_nothing_that_serves(tooling: Pipeline) -> None:
    tooling.deploy("Payroll-Backup")
    vaults = tooling.client("backup", "backup").describe_backup_vault(BackupVaultName="payroll-copies")
    assert (vaults["Locked"], vaults["MinRetentionDays"]) == (True, 30)
    plans = tooling.client("backup", "stage").list_backup_plans()["BackupPlansList"]
    (plan,) = [p for p in plans if p["BackupPlanName"] == "Payroll-Stage-Backup"]
    rules = tooling.client("backup", "stage").get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    copies = [c["DestinationBackupVaultArn"] for rule in rules for c in rule["CopyActions"]]
    assert copies == [vaults["BackupVaultArn"]]
    assert not tooling.client("autoscaling", "backup").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert not tooling.client("ec2", "backup").describe_instances()["Reservations"]


def test_destroy_removes_an_environment_and_leaves_the_other_serving(tooling: Pipeline) -> None:
    tooling.run("cdk", "destroy", "Payroll-Stage{,/*}", "--force")
    assert not [n for n in tooling.stack_updates("stage") if n.startswith("Payroll-")]
    assert tooling.page("production").environment == "Production"
