"""The end of images and of what killed bakes left, with really baked ones and all accounts."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline import Pipeline
from tests.pipeline.aftermath import announced, begin, leaves_nothing, packer_of, until

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

AT_ONCE = ("--keep", "0", "--younger-than", "0m", "--grace", "0m")


def image_of(baked: dict[str, Any]) -> str:
    (found,) = baked["image_ids"].values()
    return str(found)


def retire(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """The step of each image, by AMI id; what is due is done."""
    answer = json.loads(pipeline.run("python", "-m", "bake", "retire", *AT_ONCE, "--apply", "--json"))
    return {one["image_id"]: one for one in answer["images"]}


def test_an_image_that_nothing_needs_goes_and_one_that_another_accounts_group_uses_stays(tooling: Pipeline) -> None:
    used = image_of(tooling.bake("web"))
    stage = tooling.client("ec2", "stage")
    template = stage.create_launch_template(LaunchTemplateName="elsewhere", LaunchTemplateData={"ImageId": used})
    groups = tooling.client("autoscaling", "stage")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="elsewhere",
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Latest"},
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=["eu-west-1a"],
    )
    tooling.release_version("8.0.0")
    needless = image_of(tooling.bake("web"))
    tooling.release_version("8.0.1")
    in_force = image_of(tooling.bake("web"))

    told = retire(tooling)
    assert told[used]["reason"] == "used by Auto Scaling group elsewhere of Stage in eu-west-1"
    assert told[in_force]["reason"] == "the images file names it as web"
    assert [one["step"] for one in told.values()].count("keep") == 4, "both, and what they stand on"
    assert (told[needless]["step"], told[needless]["done"]) == ("deprecate", True)
    assert retire(tooling)[needless]["step"] == "disable"
    assert stage.describe_images(Filters=[{"Name": "image-id", "Values": [needless]}])["Images"] == []
    last = retire(tooling)[needless]
    assert (last["step"], last["done"]) == ("delete", False)
    assert last["again_after"], "EC2 keeps it for a day"

    tooling.run("python", "-m", "bake", "retire", "--undo", needless, "--apply")
    (again,) = stage.describe_images(ImageIds=[needless])["Images"]
    assert again["State"] == "available"
    (of_dev,) = tooling.client("ec2", "dev").describe_images(ImageIds=[needless])["Images"]
    assert of_dev["DeregistrationProtection"] == "enabled-with-cooldown"
    assert "DeprecationTime" not in of_dev


def test_the_scheduled_sweep_leaves_a_live_build_alone_and_removes_what_is_left_of_a_killed_one(
    tooling: Pipeline, tmp_path: Path
) -> None:
    functions = tooling.client("lambda", "dev")
    (name,) = [one["FunctionName"] for one in functions.list_functions()["Functions"] if "Sweep" in one["FunctionName"]]
    parameters = tooling.client("ssm", "dev")
    bucket = parameters.get_parameter(Name="/kiln/tooling/image-bucket")["Parameter"]["Value"]

    def sweep() -> dict[str, list[str]]:
        event = json.dumps({"bucket": bucket, "older_than_hours": 0})
        answer = functions.invoke(FunctionName=name, Payload=event)
        said: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    tooling.bake("runtime")
    tooling.release_version("8.1.0")
    log = tmp_path / "bake.log"
    with leaves_nothing(tooling):
        bake = begin(tooling, log)
        until(lambda: announced("provision", log) or bake.poll() is not None, 120, "provision")
        assert sweep() == {"removed": [], "left": [], "refused": []}, "its lease is held"
        assert bake.poll() is None, log.read_text()
        packer = packer_of(bake)
        assert packer, log.read_text()
        os.kill(packer, signal.SIGSTOP)  # it would clean up when its parent ends
        os.killpg(bake.pid, signal.SIGKILL)
        os.kill(packer, signal.SIGKILL)
        bake.wait(60)

        def swept() -> bool:
            return any(one.startswith("instance ") for one in sweep()["removed"])

        until(swept, 240, "the lease of the killed one to be dead")
        assert sweep() == {"removed": [], "left": [], "refused": []}
