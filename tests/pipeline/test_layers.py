"""Images in layers, with the real Packer: what is baked when, side by side, and what a failure leaves."""

import json
import os
import shutil
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline import Pipeline
from tests.pipeline.aftermath import announced, begin, changed, leaves_nothing, until

PARAMETER = "/aws/service/debian/release/12/latest/amd64"

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


def image_of(baked: dict[str, Any]) -> str:
    (found,) = baked["image_ids"].values()
    return str(found)


def overview(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    return {one["recipe"]: one for one in json.loads(pipeline.run("python", "-m", "bake", "--json"))}


def chain(pipeline: Pipeline) -> dict[str, str]:
    """Recipe → what would be done, of Web and what it stands on."""
    return {name: one["action"] for name, one in overview(pipeline).items() if name in ("base", "runtime", "web")}


@pytest.fixture(scope="module")
def first(tooling: Pipeline) -> dict[str, dict[str, Any]]:
    """The first bake of all: recipe → what it said."""
    assert chain(tooling) == {"base": "bake", "runtime": "wait", "web": "wait"}
    web = tooling.bake("web")
    return {one["recipe"]: one for one in (*web["layers"], web)}


@pytest.fixture
def twin(tooling: Pipeline, first: dict[str, Any]) -> Iterator[str]:
    """A second tier, found by its folder alone."""
    folder = tooling.workspace / "packer" / "twin"
    shutil.copytree(tooling.workspace / "packer" / "web", folder)
    try:
        yield folder.name
    finally:
        shutil.rmtree(folder)


def test_the_layers_are_baked_from_the_ground_up(tooling: Pipeline, first: dict[str, dict[str, Any]]) -> None:
    assert [one["action"] for one in first.values()] == ["baked"] * 3
    assert list(first) == ["base", "runtime", "web"]
    ec2 = tooling.client("ec2", "dev")
    for name, parent in (("base", None), ("runtime", "base"), ("web", "runtime")):
        (image,) = ec2.describe_images(ImageIds=[image_of(first[name])])["Images"]
        tags = {tag["Key"]: tag["Value"] for tag in image["Tags"]}
        assert (tags["kiln:tier"], tags["kiln:layer"]) == (name, first[name]["layer"])
        assert tags.get("kiln:parent-digest") == (first[parent]["digest"] if parent else None)
        assert tags["kiln:built-by"].startswith("arn:aws:")
        bucket, _, key = first[name]["record"].removeprefix("s3://").partition("/")
        record = json.loads(tooling.client("s3", "dev").get_object(Bucket=bucket, Key=key)["Body"].read())
        assert record["format"] == 2
        assert record["parent_image_ids"] == (
            first[parent]["image_ids"] if parent else {"eu-west-1": tags["kiln:parent"]}
        )


def test_only_the_tier_is_shared_and_in_the_images_file(tooling: Pipeline, first: dict[str, dict[str, Any]]) -> None:
    stage = tooling.client("ec2", "stage")
    ids = [image_of(one) for one in first.values()]
    seen = stage.describe_images(Filters=[{"Name": "image-id", "Values": ids}])["Images"]
    assert [image["ImageId"] for image in seen] == [image_of(first["web"])]
    assert set(tomllib.loads(tooling.state.identity.images.read_text())) == {"web"}


def test_the_operating_system_is_locked_beside_the_images_file(tooling: Pipeline, first: dict[str, Any]) -> None:
    lock = tooling.state.identity.images.parent / "parents.toml"
    published = tooling.client("ssm", "dev").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    assert tomllib.loads(lock.read_text()) == {PARAMETER: {"eu-west-1": published}}
    tracked = Path("infra", "parents.toml")
    assert (tooling.workspace / tracked).read_text() == (Path(__file__).parents[2] / tracked).read_text()


def test_nothing_is_to_be_done_afterwards(tooling: Pipeline, first: dict[str, dict[str, Any]]) -> None:
    assert set(chain(tooling).values()) == {"reuse"}
    assert overview(tooling)["runtime"]["in_force"] == first["runtime"]["image_ids"]


def test_a_change_in_the_middle_bakes_what_stands_on_it_and_reuses_what_is_below(
    tooling: Pipeline, first: dict[str, dict[str, Any]]
) -> None:
    script = tooling.workspace / "packer" / "runtime" / "provision.sh"
    with changed(script, "set -euo pipefail", "set -euo pipefail\ntouch /etc/changed"):
        web = tooling.bake("web")
    base, runtime = web["layers"]
    assert (base["action"], base["image_ids"]) == ("reused", first["base"]["image_ids"])
    assert (runtime["action"], runtime["reason"]) == ("baked", "file runtime/provision.sh changed")
    assert (web["action"], web["reason"]) == ("baked", "parent runtime is baked anew")
    assert web["digest"] != first["web"]["digest"]
    again = tooling.bake("web")
    assert (again["action"], again["image_ids"]) == ("reused", first["web"]["image_ids"]), "and back"


def test_of_two_side_by_side_the_failure_of_one_does_not_stop_the_other(tooling: Pipeline, twin: str) -> None:
    script = tooling.workspace / "packer" / twin / "provision.sh"
    images = tooling.state.identity.images
    with changed(script, "set -euo pipefail", "set -euo pipefail\necho the twin breaks >&2; exit 7"):
        said = tooling.run("python", "-m", "bake", "web", twin, "--force", expect_failure=True)
    assert "the twin breaks" in said
    assert f"not baked: {twin}" in said
    assert "web: baked ami-" in said
    assert "Traceback" not in said
    assert set(tomllib.loads(images.read_text())) == {"web"}


def test_ctrl_c_ends_all_that_run_side_by_side_and_leaves_nothing(tooling: Pipeline, twin: str, tmp_path: Path) -> None:
    log = tmp_path / "bake.log"
    with leaves_nothing(tooling):
        bake = begin(tooling, log, "web", twin)

        def both() -> bool:
            return announced("provision", log) and announced("provision", log, twin)

        until(lambda: both() or bake.poll() is not None, 90, "both provision")
        os.killpg(bake.pid, signal.SIGINT)
        assert bake.wait(120) == 130, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert said.count("sweep what build") == 2
    assert said.count("interrupted: stopping Packer") == 1
