import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.errors import BadInput
from infra.manifest import ASSETS, STACK, Group, Placement, dependencies, placed_assets, placed_stack, rewrite


def template(reads: list[str], writes: list[str]) -> dict[str, Any]:
    value = "AWS::SSM::Parameter::Value<String>"
    parameters = {f"P{n}": {"Type": value, "Default": name} for n, name in enumerate(reads)}
    bootstrap = {"Type": value, "Default": "/cdk-bootstrap/hnb659fds/version"}
    resources = {f"W{n}": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": w}} for n, w in enumerate(writes)}
    return {"Parameters": parameters | {"BootstrapVersion": bootstrap}, "Resources": resources}


def placement(source: str, **changes: Any) -> Placement:
    fields = {
        "source": source,
        "name": f"P-{source}",
        "display_name": f"P/{source}",
        "account": "1",
        "region": "eu-west-1",
    }
    return Placement(**fields | changes)


@st.composite
def layered(draw: st.DrawFn) -> dict[str, tuple[list[str], list[str]]]:
    """Stacks that write one value each and read any values of those before them."""
    count = draw(st.integers(1, 8))
    return {
        f"S{n}": (draw(st.lists(st.sampled_from([f"/v/{i}" for i in range(n)]), unique=True)) if n else [], [f"/v/{n}"])
        for n in range(count)
    }


@given(stacks=layered(), seed=st.randoms())
def test_a_stack_needs_exactly_those_that_write_what_it_reads(
    stacks: dict[str, tuple[list[str], list[str]]], seed: Any
) -> None:
    names = list(stacks)
    seed.shuffle(names)
    found = dependencies({name: template(*stacks[name]) for name in names}, Group(()))
    assert {name: set(needs) for name, needs in found.items()} == {
        name: {f"S{value.removeprefix('/v/')}" for value in reads} for name, (reads, _) in stacks.items()
    }


@given(stacks=layered())
def test_the_umbrella_needs_all_others_and_nobody_needs_itself(
    stacks: dict[str, tuple[list[str], list[str]]],
) -> None:
    templates = {name: template(*stacks[name]) for name in stacks} | {"All": template([], ["/all"])}
    found = dependencies(templates, Group((), umbrella="All"))
    assert set(found["All"]) == set(stacks)
    assert not [name for name, needs in found.items() if name in needs]


def test_a_value_that_nobody_writes_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="Web reads what no stack writes") as caught:
        dependencies({"Web": template(["/kiln/a", "/kiln/b"], ["/kiln/a"])}, Group(()))
    assert caught.value.found == "/kiln/b"


def test_a_value_with_two_writers_is_refused() -> None:
    with pytest.raises(BadInput, match="both write /kiln/a"):
        dependencies({"A": template([], ["/kiln/a"]), "B": template([], ["/kiln/a"])}, Group(()))


def test_a_withheld_value_counts_as_written_by_the_stack_that_would_write_it() -> None:
    templates = {"Parameters": template([], []), "Web": template(["/image"], [])}
    assert dependencies(templates, Group((), withheld={"/image": "Parameters"}))["Web"] == ("Parameters",)


def test_a_stack_that_reads_its_own_value_does_not_need_itself() -> None:
    assert dependencies({"A": template(["/a"], ["/a"])}, Group(())) == {"A": ()}


ARTIFACT = {
    "type": STACK,
    "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "Web.template.json", "assumeRoleArn": "arn:${AWS::Partition}:…"},
    "dependencies": ["Web.assets"],
    "displayName": "Web",
}


def test_a_placed_stack_says_where_it_goes_what_it_is_called_and_what_it_needs() -> None:
    given_before = copy.deepcopy(ARTIFACT)
    where = placement("Web", protected=True, tags={"kiln:environment": "Stage"})
    placed = placed_stack(ARTIFACT, where, ["P-Network"])
    assert placed["environment"] == "aws://1/eu-west-1"
    assert placed["displayName"] == "P/Web"
    assert placed["dependencies"] == ["P-Network", "P-Web.assets"]
    assert placed["properties"] == {
        "templateFile": "Web.template.json",
        "assumeRoleArn": "arn:${AWS::Partition}:…",
        "stackName": "P-Web",
        "terminationProtection": True,
        "tags": {"kiln:environment": "Stage"},
        "additionalDependencies": ["P-Web.assets"],
    }
    assert "metadata" not in placed
    assert given_before == ARTIFACT


def test_an_error_is_metadata_that_the_cli_refuses() -> None:
    placed = placed_stack(ARTIFACT, placement("Web", errors=("no image",)), [])
    assert placed["metadata"] == {"/P/Web": [{"type": "aws:cdk:error", "data": "no image"}]}


@settings(max_examples=50)
@given(account=st.from_regex(r"\d{12}", fullmatch=True), region=st.sampled_from(["eu-west-1", "us-gov-east-1"]))
def test_an_asset_manifest_has_account_and_region_filled_in_everywhere(account: str, region: str) -> None:
    destination = {
        "bucketName": "assets-${AWS::AccountId}-${AWS::Region}",
        "assumeRoleArn": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/publish-${AWS::AccountId}-${AWS::Region}",
    }
    content = {"version": "1", "files": {"a": {"destinations": {"here": destination, "there": dict(destination)}}}}
    placed = placed_assets(content, placement("Web", account=account, region=region))
    text = json.dumps(placed)
    assert "${AWS::AccountId}" not in text
    assert "${AWS::Region}" not in text
    assert "${AWS::Partition}" in text
    for found in placed["files"]["a"]["destinations"].values():
        assert found["region"] == region
        assert found["bucketName"] == f"assets-{account}-{region}"


def test_rewriting_gives_every_place_its_own_artifacts_over_one_template(tmp_path: Path) -> None:
    tree = {"type": "cdk:tree", "properties": {"file": "tree.json"}}
    assets = {"type": ASSETS, "properties": {"file": "Web.assets.json"}}
    given_before = {"Web": ARTIFACT, "Web.assets": assets, "Tree": tree}
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": given_before}))
    (tmp_path / "Web.assets.json").write_text(json.dumps({"files": {}}))
    (tmp_path / "Web.template.json").write_text(json.dumps(template([], ["/a"])))
    places = [placement("Web", name=f"P-{name}-Web", display_name=f"P-{name}/Web") for name in ("A", "B")]
    rewrite(tmp_path, [Group((place,)) for place in places])
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["version"] == "55.0.0"
    assert set(manifest["artifacts"]) == {"Tree", "P-A-Web", "P-A-Web.assets", "P-B-Web", "P-B-Web.assets"}
    assert manifest["artifacts"]["Tree"] == tree
    for name in ("P-A-Web", "P-B-Web"):
        assert manifest["artifacts"][name]["properties"]["templateFile"] == "Web.template.json"
        assert (tmp_path / manifest["artifacts"][f"{name}.assets"]["properties"]["file"]).exists()
    assert not (tmp_path / "Web.assets.json").exists()
