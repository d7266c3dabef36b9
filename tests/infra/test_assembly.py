import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

import infra
from infra import parameters
from infra.assembly import FEATURE_FLAGS, synthesize
from infra.images import Images, load
from infra.parameters import Environment
from infra.parameters.tiers import WebTier
from infra.stacks.parameters import Parameters
from kiln.tiers.tier import INSTANCE_TYPE_SLOTS

Artifacts = Callable[[Path], dict[str, Any]]

IMAGE = "/kiln/payroll/web/image-id"
IMAGES_FILE = Path(__file__).parent / "images.toml"
EVERYWHERE = ("Parameters", "Keys", "Account", "Notifications", "Trail", "Config", "ThreatDetection", "Budget")
SERVING = (
    *(
        "Network",
        "Dns",
        "LoadBalancer",
        "Database",
        "Table",
        "Broker",
        "Web",
        "Worker",
        "WorkerMQ",
        "WorkerCalculation",
    ),
    *("Bastion", "Operations", "Monitoring"),
)
OPTIONAL = ("Container", "Function", "Cdn")
STACKS = {
    "Dev": {*EVERYWHERE, *SERVING, *OPTIONAL},
    "InternalTest": {*EVERYWHERE, *SERVING},
    "Acceptance": {*EVERYWHERE, *SERVING},
    "Stage": {*EVERYWHERE, *SERVING, "Backup"},
    "Production": {*EVERYWHERE, *SERVING, "Backup"},
    "Backup": {*EVERYWHERE, "Vault"},
}
SHARED = {stack for stacks in STACKS.values() for stack in stacks} - {"Parameters"} | {"Umbrella"}
TIER_OF_STACK = {
    "Web": "web",
    "Worker": "worker",
    "WorkerMQ": "worker-mq",
    "WorkerCalculation": "worker-calculation",
    "Bastion": "bastion",
}
ACCOUNT_ID = re.compile(r"(?<![0-9A-Fa-f])\d{12}(?![0-9A-Fa-f])")
MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def stacks(found: dict[str, Any]) -> dict[str, Any]:
    return {name: artifact for name, artifact in found.items() if artifact["type"] == "aws:cloudformation:stack"}


def template(folder: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.template.json").read_text())
    return read


def test_every_environment_has_the_stacks_of_its_file_under_the_names_people_type(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    found = {name: artifact["displayName"] for name, artifact in stacks(artifacts(assembly)).items()}
    expected = {"Payroll-Tooling": "Payroll-Tooling"}
    for environment in environments:
        base = f"Payroll-{environment.name}"
        expected |= {base: base} | {f"{base}-{stack}": f"{base}/{stack}" for stack in STACKS[environment.name]}
    assert found == expected


def test_all_templates_but_parameters_are_one_file_for_all_environments(assembly: Path, artifacts: Artifacts) -> None:
    files = defaultdict(set)
    for name, artifact in stacks(artifacts(assembly)).items():
        _, _, stack = name.removeprefix("Payroll-").partition("-")
        files[stack].add((assembly / artifact["properties"]["templateFile"]).read_bytes())
    counts = {stack: len(contents) for stack, contents in files.items()}
    # Tooling and the umbrellas have no stack name after that of the environment.
    assert counts.pop("") == 2
    assert counts == {stack: 6 if stack == "Parameters" else 1 for stack in {*SHARED, "Parameters"} - {"Umbrella"}}


def test_shared_templates_hold_nothing_of_any_environment(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    for name in SHARED:
        text = (assembly / f"{name}.template.json").read_text()
        for environment in environments:
            network = environment.network.cidr if environment.network else environment.account
            of_one = (environment.account, environment.region, network, f'"{environment.name}"')
            assert not [value for value in of_one if value in text], name


def test_no_shared_template_holds_an_account_id_or_a_mail_address(assembly: Path) -> None:
    for name in SHARED:
        text = (assembly / f"{name}.template.json").read_text()
        assert (ACCOUNT_ID.findall(text), MAIL_ADDRESS.findall(text)) == ([], []), name


def test_no_python_file_holds_an_account_id_or_a_mail_address() -> None:
    root = Path(infra.__file__).parent.parent
    for room in ("constructs", "infra"):
        for file in (root / room).rglob("*.py"):
            text = file.read_text()
            assert not ACCOUNT_ID.findall(text), file
            assert not [address for address in MAIL_ADDRESS.findall(text) if "payroll.example" not in address], file


def test_two_syntheses_give_the_same_bytes(
    assembly: Path, tmp_path: Path, environments: tuple[Environment, ...]
) -> None:
    again = synthesize(environments, load(IMAGES_FILE), tmp_path / "other.toml", tmp_path / "out")
    files, others = (sorted(f.relative_to(one) for f in one.rglob("*") if f.is_file()) for one in (assembly, again))
    assert files == others
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
    for stack in (f"Payroll-{name}", *(f"Payroll-{name}-{stack}" for stack in STACKS[name])):
        artifact = found[stack]
        assert artifact["environment"] == f"aws://{environment.account}/{environment.region}"
        assert artifact["properties"]["terminationProtection"] is environment.protected
        tier = TIER_OF_STACK.get(stack.removeprefix(f"Payroll-{name}-"))
        assert artifact["properties"]["tags"] == {
            "kiln:application": "Payroll",
            "kiln:environment": name,
            "kiln:cost-centre": environment.cost_centre,
            **({"kiln:tier": tier} if tier else {}),
        }
        published = (assembly / found[f"{stack}.assets"]["properties"]["file"]).read_text()
        assert environment.account in published
        assert not [other for other in environments if other is not environment and other.account in published]


def test_a_release_is_a_tag_of_every_stack(tmp_path: Path, environments: tuple[Environment, ...]) -> None:
    folder = synthesize(environments, Images({}), tmp_path / "images.toml", tmp_path / "out", release="payroll-main-7")
    for artifact in stacks(json.loads((folder / "manifest.json").read_text())["artifacts"]).values():
        tags = artifact["properties"]["tags"]
        assert tags.get("kiln:release") == ("payroll-main-7" if "kiln:environment" in tags else None)


def test_the_order_follows_from_who_writes_what(assembly: Path, artifacts: Artifacts) -> None:
    found = artifacts(assembly)
    order = {
        name.removeprefix("Payroll-Stage-"): {
            other.removeprefix("Payroll-Stage-") for other in artifact["dependencies"] if not other.endswith(".assets")
        }
        for name, artifact in stacks(found).items()
        if name.startswith("Payroll-Stage")
    }
    assert order["Parameters"] == set()
    assert order["Payroll-Stage"] == STACKS["Stage"]
    assert order["Network"] >= {"Parameters", "Keys"}
    assert order["LoadBalancer"] >= {"Network", "Dns", "Notifications"}
    assert order["Web"] >= {"Network", "LoadBalancer", "Database", "Table", "Worker"}
    assert order["Worker"] >= {"Table", "WorkerCalculation"}
    assert order["WorkerMQ"] >= {"Network", "Database", "Broker"}
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
    subjects = ("vpc-id", "subnet-ids", "security-group-id", "instance-profile", "key-arn", "image-bucket")
    assert names == {f"/kiln/tooling/{subject}" for subject in subjects}


def test_an_image_is_a_literal_id_in_parameters_and_typed_where_it_is_read(assembly: Path) -> None:
    written = template(assembly, "Parameters-Stage")["Resources"]["WriteWebImageId"]["Properties"]
    read = template(assembly, "Web")["Parameters"]["WebImageId"]
    assert (written["Value"], written["DataType"]) == ("ami-0123456789abcdef0", "aws:ec2:image")
    assert read["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert written["Name"] == read["Default"] == IMAGE


def test_every_tier_has_its_own_image_and_what_has_no_recipe_that_of_web(assembly: Path) -> None:
    written = template(assembly, "Parameters-Stage")["Resources"]
    machines = ("Web", "Worker", "WorkerMq", "WorkerCalculation", "Bastion")
    ids = [written[f"Write{machine}ImageId"]["Properties"]["Value"] for machine in machines]
    assert ids == [*(f"ami-{number}123456789abcdef{number}" for number in range(4)), ids[0]]


def test_webs_image_stands_in_for_no_tier_that_has_a_recipe(
    tmp_path: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    images = Images.model_validate(
        {"web": {"digest": f"sha256:{'0' * 64}", "image_ids": {"eu-west-1": "ami-01234567"}}}
    )
    folder = synthesize(environments, images, tmp_path / "images.toml", tmp_path / "out")
    [entries] = artifacts(folder)["Payroll-Stage-Parameters"]["metadata"].values()
    assert [entry["data"].split()[2] for entry in entries] == ["worker", "worker-mq", "worker-calculation"]


def test_a_tier_without_an_image_stops_its_environments_and_nothing_else(
    assembly_without_images: Path, artifacts: Artifacts
) -> None:
    found = stacks(artifacts(assembly_without_images))
    stopped = {name for name, artifact in found.items() if "metadata" in artifact}
    serving = [name for name, its in STACKS.items() if "Web" in its]
    assert stopped == {f"Payroll-{name}-Parameters" for name in serving}
    [entries] = found["Payroll-Stage-Parameters"]["metadata"].values()
    assert {entry["type"] for entry in entries} == {"aws:cdk:error"}
    for entry, tier in zip(entries, ("web", "worker", "worker-mq", "worker-calculation"), strict=True):
        for part in (f"the tier {tier} ", "eu-west-1", "no-images.toml", f"python -m bake {tier}"):
            assert part in entry["data"]


def test_without_an_image_only_the_parameter_that_names_it_is_missing(
    assembly: Path, assembly_without_images: Path
) -> None:
    complete, without = (template(folder, "Parameters-Stage") for folder in (assembly, assembly_without_images))
    for machine in ("Web", "Worker", "WorkerMq", "WorkerCalculation", "Bastion"):
        del complete["Resources"][f"Write{machine}ImageId"]
    assert without == complete
    for name in (*SHARED, "Tooling"):
        assert template(assembly, name) == template(assembly_without_images, name)


CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


def test_what_plain_cloudformation_cannot_do_is_done_in_three_stacks_only(assembly: Path) -> None:
    having = {
        file.name.removesuffix(".template.json")
        for file in assembly.glob("*.template.json")
        for resource in json.loads(file.read_text())["Resources"].values()
        if resource["Type"].startswith(CUSTOM)
    }
    assert having == {"Account", "Network", "Vault"}


def test_a_file_offers_as_many_instance_types_as_a_tier_has_places() -> None:
    constraint = WebTier.model_fields["instance_types"].metadata
    assert [m.max_length for m in constraint if hasattr(m, "max_length")] == [INSTANCE_TYPE_SLOTS]


def test_the_feature_flags_are_those_that_the_installed_cdk_recommends() -> None:
    [archive] = (Path(aws_cdk.__file__).parent / "_jsii").glob("*.tgz")
    with tarfile.open(archive) as package:
        recommended = package.extractfile("package/recommended-feature-flags.json")
        assert recommended is not None
        assert json.load(recommended) == FEATURE_FLAGS


@pytest.mark.parametrize("name", ["Parameters-Stage", "Parameters-Backup", "Tooling", *sorted(SHARED)])
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
    assert made - per_environment == {*SHARED, "Tooling"}
