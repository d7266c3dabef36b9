"""The main job, as `make demo` shows it, in order: each test stands on the one before."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.load import Load
from rehearsal.pipeline import Pipeline

PROJECT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def images(tooling: Pipeline) -> dict[str, dict[str, Any]]:
    """What each bake said, by version; filled by the tests in their order."""
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
    images["1.0.0"] = baked = tooling.bake("web")
    assert baked["action"] == "baked"
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
    assert names == {
        "Payroll-Stage",
        "Payroll-Stage-Parameters",
        "Payroll-Stage-Network",
        "Payroll-Stage-LoadBalancer",
        "Payroll-Stage-Web",
    }


def test_the_page_comes_from_an_instance_of_the_baked_image(tooling: Pipeline, images: dict[str, Any]) -> None:
    baked = images["1.0.0"]
    page = tooling.page("stage")
    assert page.image_id == image_id(baked)
    assert (page.tier, page.version, page.environment) == ("Web", "1.0.0", "Stage")
    assert tooling.launch_template_images("stage") == {image_id(baked)}
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


def test_a_new_version_changes_two_stacks_and_no_request_fails(tooling: Pipeline, images: dict[str, Any]) -> None:
    tooling.release_version("1.1.0")
    images["1.1.0"] = baked = tooling.bake("web")
    assert baked["action"] == "baked"
    before, old = tooling.stack_updates("stage"), instances(tooling)
    at = tooling.endpoint("stage")
    with Load(at.address, at.host_name, tooling.state.identity.ca, enter=tooling.enter) as load:
        tooling.deploy("Payroll-Stage")
    after = tooling.stack_updates("stage")
    assert {n for n in after if after[n] != before[n]} == {"Payroll-Stage-Parameters", "Payroll-Stage-Web"}
    figures = load.figures()
    assert figures.failed == 0, figures
    assert figures.requests > 100
    assert not old & instances(tooling)
    page = tooling.page("stage")
    assert (page.version, page.image_id) == ("1.1.0", image_id(baked))


def instances(pipeline: Pipeline) -> set[str]:
    groups = pipeline.client("autoscaling", "stage").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {i["InstanceId"] for g in groups for i in g["Instances"] if i["LifecycleState"] == "InService"}


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
    assert tooling.launch_template_images("production") == {image_id(images["1.1.0"])}
    page = tooling.page("production")
    assert (page.environment, page.image_id) == ("Production", image_id(images["1.1.0"]))


def test_destroy_removes_an_environment_and_leaves_the_other_serving(tooling: Pipeline) -> None:
    tooling.run("cdk", "destroy", "Payroll-Stage{,/*}", "--force")
    assert not [n for n in tooling.stack_updates("stage") if n.startswith("Payroll-")]
    assert tooling.page("production").environment == "Production"
