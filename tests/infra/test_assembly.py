import json
import tarfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from infra import parameters
from infra.assembly import FEATURE_FLAGS, synthesize
from infra.images import Images
from infra.parameters import Environment
from infra.stacks.parameters import Parameters
from kiln.tier import INSTANCE_TYPE_SLOTS

Artifacts = Callable[[Path], dict[str, Any]]

IMAGE = "/kiln/payroll/web/image-id"
STACKS = ("Parameters", "Network", "LoadBalancer", "Web")


def stacks(found: dict[str, Any]) -> dict[str, Any]:
    return {name: artifact for name, artifact in found.items() if artifact["type"] == "aws:cloudformation:stack"}


def template(folder: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.template.json").read_text())
    return read


def test_every_environment_has_all_stacks_under_the_names_people_type(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    found = {name: artifact["displayName"] for name, artifact in stacks(artifacts(assembly)).items()}
    expected = {"Payroll-Tooling": "Payroll-Tooling"}
    for environment in environments:
        base = f"Payroll-{environment.name}"
        expected |= {base: base} | {f"{base}-{stack}": f"{base}/{stack}" for stack in STACKS}
    assert found == expected


def test_all_templates_but_parameters_are_one_file_for_all_environments(assembly: Path, artifacts: Artifacts) -> None:
    files = defaultdict(set)
    for name, artifact in stacks(artifacts(assembly)).items():
        _, _, stack = name.removeprefix("Payroll-").partition("-")
        files[stack].add((assembly / artifact["properties"]["templateFile"]).read_bytes())
    counts = {stack: len(contents) for stack, contents in files.items()}
    # Tooling and the umbrellas have no stack name after that of the environment.
    assert counts == {"Parameters": 6, "Network": 1, "LoadBalancer": 1, "Web": 1, "": 2}


def test_shared_templates_hold_nothing_of_any_environment(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    for name in ("Network", "LoadBalancer", "Web", "Umbrella"):
        text = (assembly / f"{name}.template.json").read_text()
        for environment in environments:
            of_one = (environment.account, environment.region, environment.network.cidr, f'"{environment.name}"')
            assert not [value for value in of_one if value in text]


def test_two_syntheses_give_the_same_bytes(
    assembly: Path, tmp_path: Path, environments: tuple[Environment, ...]
) -> None:
    image = {"web": {"digest": "sha256:" + "0" * 64, "image_ids": {"eu-west-1": "ami-0123456789abcdef0"}}}
    again = synthesize(environments, Images.model_validate(image), tmp_path / "other.toml", tmp_path / "out")
    files = sorted(file.name for file in assembly.iterdir())
    assert files == sorted(file.name for file in again.iterdir())
    assert [f for f in files if (assembly / f).read_bytes() != (again / f).read_bytes()] == []


def test_nothing_of_python_leaks_into_a_template(assembly: Path) -> None:
    for file in assembly.glob("*.template.json"):
        text = file.read_text()
        assert " object at 0x" not in text
        assert "${Token[" not in text


@pytest.mark.parametrize("name", parameters.NAMES.values())
def test_every_stack_goes_to_its_environments_account_with_its_tags(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...], name: str
) -> None:
    environment = next(e for e in environments if e.name == name)
    found = artifacts(assembly)
    for stack in (f"Payroll-{name}", *(f"Payroll-{name}-{stack}" for stack in STACKS)):
        artifact = found[stack]
        assert artifact["environment"] == f"aws://{environment.account}/{environment.region}"
        assert artifact["properties"]["terminationProtection"] is environment.protected
        assert artifact["properties"]["tags"] == {"kiln:application": "Payroll", "kiln:environment": name}
        published = (assembly / found[f"{stack}.assets"]["properties"]["file"]).read_text()
        assert environment.account in published
        assert not [other for other in environments if other is not environment and other.account in published]


def test_the_order_follows_from_who_writes_what(assembly: Path, artifacts: Artifacts) -> None:
    found = artifacts(assembly)
    order = {
        name.removeprefix("Payroll-Stage-"): [
            other.removeprefix("Payroll-Stage-") for other in artifact["dependencies"] if not other.endswith(".assets")
        ]
        for name, artifact in stacks(found).items()
        if name.startswith("Payroll-Stage")
    }
    assert order == {
        "Parameters": [],
        "Network": ["Parameters"],
        "LoadBalancer": ["Parameters", "Network"],
        "Web": ["Parameters", "Network", "LoadBalancer"],
        "Payroll-Stage": ["Parameters", "Network", "LoadBalancer", "Web"],
    }
    assert found["Payroll-Tooling"]["dependencies"] == ["Payroll-Tooling.assets"]


def test_tooling_is_in_the_account_of_the_file_that_has_its_table(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    [home] = [environment for environment in environments if environment.tooling]
    assert artifacts(assembly)["Payroll-Tooling"]["environment"] == f"aws://{home.account}/{home.region}"
    text = (assembly / "Tooling.template.json").read_text()
    assert all(environment.account in text for environment in environments)
    assert home.tooling is not None
    assert home.tooling.cidr in text


def test_tooling_writes_what_a_bake_reads(assembly: Path) -> None:
    resources = template(assembly, "Tooling")["Resources"].values()
    names = {r["Properties"]["Name"] for r in resources if r["Type"] == "AWS::SSM::Parameter"}
    subjects = ("vpc-id", "subnet-id", "security-group-id", "instance-profile", "key-arn", "image-bucket")
    assert names == {f"/kiln/tooling/{subject}" for subject in subjects}


def test_an_image_is_a_literal_id_in_parameters_and_typed_where_it_is_read(assembly: Path) -> None:
    written = template(assembly, "Parameters-Stage")["Resources"]["WriteWebImageId"]["Properties"]
    read = template(assembly, "Web")["Parameters"]["WebImageId"]
    assert (written["Value"], written["DataType"]) == ("ami-0123456789abcdef0", "aws:ec2:image")
    assert read["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert written["Name"] == read["Default"] == IMAGE


def test_a_tier_without_an_image_stops_its_environments_and_nothing_else(
    assembly_without_images: Path, artifacts: Artifacts
) -> None:
    found = stacks(artifacts(assembly_without_images))
    stopped = {name for name, artifact in found.items() if "metadata" in artifact}
    assert stopped == {f"Payroll-{name}-Parameters" for name in parameters.NAMES.values()}
    [[entry]] = found["Payroll-Stage-Parameters"]["metadata"].values()
    assert entry["type"] == "aws:cdk:error"
    for part in ("web", "eu-west-1", "no-images.toml", "python -m bake web"):
        assert part in entry["data"]


def test_without_an_image_only_the_parameter_that_names_it_is_missing(
    assembly: Path, assembly_without_images: Path
) -> None:
    complete, without = (template(folder, "Parameters-Stage") for folder in (assembly, assembly_without_images))
    del complete["Resources"]["WriteWebImageId"]
    assert without == complete
    for name in ("Network", "LoadBalancer", "Web", "Umbrella", "Tooling"):
        assert template(assembly, name) == template(assembly_without_images, name)


def test_no_stack_needs_more_than_plain_cloudformation(assembly: Path) -> None:
    types = {
        r["Type"] for f in assembly.glob("*.template.json") for r in json.loads(f.read_text())["Resources"].values()
    }
    assert not [t for t in types if t.startswith(("Custom::", "AWS::Lambda", "AWS::CloudFormation::CustomResource"))]
    assert not [t for t in types if t == "AWS::CDK::Metadata"]


def test_a_file_offers_as_many_instance_types_as_a_tier_has_places() -> None:
    constraint = parameters.Tier.model_fields["instance_types"].metadata
    assert [m.max_length for m in constraint if hasattr(m, "max_length")] == [INSTANCE_TYPE_SLOTS]


def test_the_feature_flags_are_those_that_the_installed_cdk_recommends() -> None:
    [archive] = (Path(aws_cdk.__file__).parent / "_jsii").glob("*.tgz")
    with tarfile.open(archive) as package:
        recommended = package.extractfile("package/recommended-feature-flags.json")
        assert recommended is not None
        assert json.load(recommended) == FEATURE_FLAGS


@pytest.mark.parametrize("name", ["Parameters-Stage", "Network", "LoadBalancer", "Web", "Umbrella", "Tooling"])
def test_the_stack_is_what_was_reviewed(assembly: Path, snapshot: SnapshotAssertion, name: str) -> None:
    found = template(assembly, name)
    for resource in found["Resources"].values():
        resource.pop("Metadata", None)
    found["Parameters"].pop("BootstrapVersion")
    found["Rules"].pop("CheckBootstrapVersion")
    assert found == snapshot(extension_class=JSONSnapshotExtension)


def test_the_parameters_stack_is_the_only_one_that_is_made_per_environment(assembly: Path) -> None:
    made = {file.name.removesuffix(".template.json") for file in assembly.glob("*.template.json")}
    per_environment = {f"{Parameters.__name__}-{name}" for name in parameters.NAMES.values()}
    assert made - per_environment == {"Network", "LoadBalancer", "Web", "Umbrella", "Tooling"}
