"""What happens without Packer: reuse, sharing with new accounts, a dry run. The bake itself is tests/pipeline's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bake import artifact, parents, recipe
from bake.downloads import Fetched
from bake.flow import Baker, in_force, with_layers
from bake.outcome import Outcome
from console.errors import KilnError
from infra import images as images_file
from tests.bake.bakers import BUCKET, DEBIAN, bake_before

NOTHING = Fetched({}, {})  # no downloads


def run(baker: Baker) -> dict[str, Outcome]:
    done, failed = baker.run(baker.plan())
    for problem in failed.values():
        raise problem
    return done


def would(baker: Baker) -> dict[str, Outcome]:
    return baker.outcomes(baker.plan())


def actions(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: one.action for name, one in outcomes.items()}


def writes(baker: Baker) -> list[str]:
    """Collects the names of AWS calls that change something, from now on."""
    found: list[str] = []

    def note(model: Any, **rest: Any) -> None:
        if not model.name.startswith(("Describe", "Get", "List", "Head")):
            found.append(model.name)

    for service in ("ec2", "s3", "kms"):
        baker.aws.client(service).meta.events.register("before-call", note)
    return found


def test_unchanged_recipes_are_reused_and_the_tier_is_written_into_the_images_file(baker: Baker) -> None:
    records = bake_before(baker)
    outcomes = run(baker)
    assert set(actions(outcomes).values()) == {"reused"}
    assert (outcomes["web"].digest, outcomes["web"].image_ids) == (records["web"].digest, records["web"].image_ids)
    assert outcomes["web"].record == baker.store.url("web", records["web"].digest)
    assert set(outcomes["web"].seconds) == {"lookup", "plan", "record"}
    assert set(images_file.load(baker.images).root) == {"web"}
    assert parents.load(parents.path_beside(baker.images)) == {
        baker.recipes["base"].contents.parent: {baker.aws.region: DEBIAN}
    }


def test_an_unchanged_bake_changes_nothing_on_aws(baker: Baker) -> None:
    bake_before(baker)
    run(baker)
    found = writes(baker)
    run(baker)
    assert found == []


def test_the_outcome_of_a_tier_holds_those_of_the_layers_below(baker: Baker) -> None:
    bake_before(baker)
    whole = with_layers("web", baker.recipes, run(baker)).as_object()
    assert [one["recipe"] for one in whole["layers"]] == ["base", "runtime"]
    assert "closure" not in whole


def test_only_tiers_are_shared(baker: Baker) -> None:
    records = bake_before(baker)
    run(baker)
    ec2 = baker.aws.client("ec2")
    shared = {}
    for name, record in records.items():
        (image,) = record.image_ids.values()
        answer = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        shared[name] = [one.get("UserId") for one in answer["LaunchPermissions"]]
    assert shared == {"base": [], "runtime": [], "web": list(baker.home.others)}


def test_an_environment_that_was_added_gets_the_reused_image_too(baker: Baker) -> None:
    record = bake_before(baker)["web"]
    more = ("444444444444", "555555555555")
    baker = replace(baker, home=replace(baker.home, others=more))
    assert actions(run(baker))["web"] == "reused"
    (image,) = record.image_ids.values()
    shared = baker.aws.client("ec2").describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert {one.get("UserId") for one in shared["LaunchPermissions"]} == set(more)
    found = baker.store.get("web", record.digest)
    assert found
    assert found.shared_with == more


def test_a_plan_says_what_would_be_done_and_writes_nothing(baker: Baker) -> None:
    outcomes = would(baker)
    assert actions(outcomes) == {"base": "bake", "runtime": "wait", "web": "wait"}
    assert outcomes["base"].reason == "there is no image of this recipe yet"
    assert (outcomes["web"].image_ids, outcomes["web"].record) == ({}, None)
    bake_before(baker)
    assert set(actions(would(baker)).values()) == {"reuse"}
    assert not baker.images.exists()
    assert not parents.path_beside(baker.images).exists()


def test_an_image_that_was_deregistered_since_would_be_baked_again(baker: Baker) -> None:
    (image,) = bake_before(baker)["web"].image_ids.values()
    baker.aws.client("ec2").deregister_image(ImageId=image)
    outcomes = would(baker)
    assert actions(outcomes) == {"base": "reuse", "runtime": "reuse", "web": "bake"}
    assert outcomes["web"].reason == f"its image {image} in {baker.aws.region} is gone (deregistered since)"


def with_recipes(baker: Baker, folder: Path) -> Baker:
    return replace(baker, recipes={one.name: one for one in recipe.with_parents(["web"], folder)})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("web", {"base": "reuse", "runtime": "reuse", "web": "bake"}),
        ("runtime", {"base": "reuse", "runtime": "bake", "web": "wait"}),
        ("base", {"base": "bake", "runtime": "wait", "web": "wait"}),
    ],
)
def test_what_changed_in_a_layer_since_the_images_in_force_is_told(
    baker: Baker, payroll: Path, changed: str, expected: dict[str, str]
) -> None:
    record = bake_before(baker)["web"]
    images_file.record(baker.images, "web", record.digest, dict(record.image_ids))
    (payroll / changed / "provision.sh").open("a", encoding="utf-8").write("true\n")
    outcomes = would(with_recipes(baker, payroll))
    assert actions(outcomes) == expected
    assert outcomes[changed].changes == (f"file {changed}/provision.sh changed",)
    assert outcomes["web"].in_force == record.image_ids


def test_the_image_in_force_of_a_layer_below_is_the_one_that_the_tier_was_baked_from(baker: Baker) -> None:
    records = bake_before(baker)
    assert baker.plan().known["base"].in_force == records["base"], "the one of this very digest"
    nothing, look = images_file.load(baker.images), baker._look()
    assert in_force("base", nothing, look) == (None, ""), "nothing is in force yet"
    images_file.record(baker.images, "web", records["web"].digest, dict(records["web"].image_ids))
    in_file = images_file.load(baker.images)
    assert {name: in_force(name, in_file, look) for name in records} == {n: (r, "") for n, r in records.items()}


def test_a_record_that_its_image_contradicts_stops_the_layers_above_and_touches_nothing(baker: Baker) -> None:
    (image,) = bake_before(baker)["runtime"].image_ids.values()
    run(baker)
    baker.aws.client("ec2").create_tags(Resources=[image], Tags=[{"Key": "kiln:digest", "Value": "sha256:other"}])
    found = writes(baker)
    done, failed = baker.run(baker.plan())
    assert (set(done), set(failed)) == ({"base"}, {"runtime", "web"})
    said = failed["runtime"].details()
    assert "its tag kiln:digest is 'sha256:other'" in said["found"]
    assert said["where"].startswith(f"s3://{BUCKET}/images/runtime/")
    assert "python -m bake runtime --force" in said["next step"]
    assert found == []


def test_an_operating_system_that_moved_on_is_not_taken(baker: Baker) -> None:
    bake_before(baker)
    (parameter,) = baker.parents
    locked = {parameter: {baker.aws.region: DEBIAN}}
    moved = {parameter: "ami-99999999"}
    stays = replace(baker, parents=parents.choose(moved, locked, baker.aws.region))
    assert set(actions(would(stays)).values()) == {"reuse"}
    taken = replace(baker, parents=parents.choose(moved, locked, baker.aws.region, update=True))
    outcomes = would(taken)
    assert actions(outcomes) == {"base": "bake", "runtime": "wait", "web": "wait"}


def test_another_encryption_key_is_another_image(baker: Baker) -> None:
    one, made = baker.recipes["web"], artifact.make(baker.recipes["web"])
    other = replace(baker, workshop=replace(baker.workshop, key="arn:another"))
    assert baker.close(one, made, "sha256:p", NOTHING).digest != other.close(one, made, "sha256:p", NOTHING).digest


def test_where_the_bake_takes_place_does_not_change_the_image(baker: Baker) -> None:
    one, made = baker.recipes["web"], artifact.make(baker.recipes["web"])
    other = replace(baker, workshop=replace(baker.workshop, subnets=("s",), security_group="g", bucket="b"))
    assert baker.close(one, made, "sha256:p", NOTHING).digest == other.close(one, made, "sha256:p", NOTHING).digest


def test_an_error_of_a_layer_is_the_error_of_what_stands_on_it(baker: Baker) -> None:
    from bake.report import cause
    from bake.side_by_side import ParentFailed

    first = KilnError("no image of base")
    assert cause({"base": first, "runtime": ParentFailed("x"), "web": ParentFailed("x")}) is first
