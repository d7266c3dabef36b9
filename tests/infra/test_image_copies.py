"""Who may launch from images and their copies: the keys of Tooling and of each region in its parameter file."""

import json
from pathlib import Path
from typing import Any

import pytest

from bake.sharing.organization import NEEDED, Organization, lacking
from infra import images
from infra.assembly import synthesize
from infra.images import KEY_ALIAS
from infra.parameters import Environment
from infra.parameters.resources import Tooling

REGION = "eu-central-1"
WHOLE = Organization.of("arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5")
UNIT = Organization.of("arn:aws:organizations::999999999999:ou/o-f6a7b8c9d0/ou-ab12-11111111")
OTHERS = [
    Organization.of("arn:aws:organizations::999999999999:organization/o-f6a7b8c9d0"),
    Organization.of("arn:aws:organizations::999999999999:ou/o-f6a7b8c9d0/ou-ab12-22222222"),
]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory, environments: tuple[Environment, ...]) -> Path:
    def with_copies(one: Environment) -> Environment:
        if one.tooling is None:
            return one
        table = Tooling(cidr=one.tooling.cidr, copy_regions=(REGION, "us-east-1"), organizations=(WHOLE.id, UNIT.path))
        return one.model_copy(update={"tooling": table})

    file = Path(__file__).parent / "images.toml"
    folder = tmp_path_factory.mktemp("cdk.out")
    return synthesize([with_copies(one) for one in environments], images.load(file), file, folder)


def test_there_is_one_in_each_region_in_the_account_where_images_are_baked(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    artifacts: dict[str, Any] = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    found = {name: one["environment"] for name, one in artifacts.items() if "ImageCopies" in name and "." not in name}
    [home] = [one for one in environments if one.tooling]
    assert found == {
        f"Payroll-ImageCopies-{region}": f"aws://{home.account}/{region}" for region in (REGION, "us-east-1")
    }


def test_its_key_has_the_alias_that_a_copy_asks_for_and_lets_the_other_accounts_launch(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    template = json.loads((assembly / f"ImageCopies-{REGION}.template.json").read_text())
    by_type = {one["Type"]: one for one in template["Resources"].values()}
    assert by_type["AWS::KMS::Alias"]["Properties"]["AliasName"] == KEY_ALIAS
    key = by_type["AWS::KMS::Key"]
    assert (key["DeletionPolicy"], key["Properties"]["EnableKeyRotation"]) == ("Retain", True)
    policy = json.dumps(key["Properties"]["KeyPolicy"])
    assert all(one.account in policy for one in environments if not one.tooling)
    assert REGION in json.dumps(template["Rules"])


@pytest.mark.parametrize("stack", ["Tooling", f"ImageCopies-{REGION}"])
def test_the_key_lets_the_organizations_and_units_of_the_parameter_file_launch_and_no_other(
    assembly: Path, stack: str
) -> None:
    resources = json.loads((assembly / f"{stack}.template.json").read_text())["Resources"].values()
    [policy] = [
        one["Properties"]["KeyPolicy"]
        for one in resources
        if one["Type"] == "AWS::KMS::Key" and "mages" in one["Properties"]["Description"]
    ]
    for one in (WHOLE, UNIT):
        assert lacking(policy, one) == (), "as `share` asks it"
    for other in OTHERS:
        assert lacking(policy, other) == NEEDED


def test_there_is_none_where_the_file_names_no_region(environments: tuple[Environment, ...], tmp_path: Path) -> None:
    [home] = [one for one in environments if one.tooling]
    assert home.tooling and home.tooling.copy_regions == ()
