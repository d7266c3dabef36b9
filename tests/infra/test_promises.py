"""Kiln's promises over the whole of Payroll: they hold, and every break of them is found."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from console.errors import BadInput
from infra import exceptions, parameters, synthesized
from infra.promises import environments as places_of
from infra.promises import hold, observed
from infra.synthesized import Stack
from kiln.promises import PROMISES, Environment, findings
from kiln.promises.proof import prove
from kiln.promises.specimens import SPECIMENS

ROOT = Path(__file__).resolve().parents[2]
Stacks = tuple[Stack, ...]
Known = tuple[parameters.Environment, ...]


@pytest.fixture(scope="module")
def stacks(assembly: Path) -> Stacks:
    return synthesized.read(assembly)


@pytest.fixture(scope="module")
def places(stacks: Stacks, environments: Known) -> tuple[Environment, ...]:
    return places_of(stacks, environments)


def broken(stacks: Stacks, kind: str, change: Callable[[dict[str, Any]], object]) -> Stacks:
    """The stacks with every resource of a type changed."""
    copies = tuple(replace(stack, template=json.loads(json.dumps(stack.template))) for stack in stacks)
    for stack in copies:
        for _, resource in stack.resources(kind):
            change(resource)
    return copies


def test_there_is_one_place_per_account_and_tooling_belongs_to_the_one_it_is_in(places: Any) -> None:
    assert [place.name for place in places] == ["Dev", "InternalTest", "Acceptance", "Stage", "Production", "Backup"]
    assert [place.name for place in places if any(resource.stack == "Tooling" for resource in place)] == ["Dev"]
    assert [place.name for place in places if place.protected] == ["Production", "Backup"]
    assert all(place.whole and place.complete for place in places)


def test_every_promise_holds_or_is_explained(stacks: Stacks, environments: Known) -> None:
    hold(stacks, environments, exceptions.load())


def test_every_break_of_every_promise_in_every_template_is_found(places: tuple[Environment, ...]) -> None:
    proofs = list(prove(PROMISES, places, [SPECIMENS]))
    assert not [survivor for proof in proofs for survivor in proof.survivors]
    assert not [proof.promise.id for proof in proofs if not proof.holds]
    assert sum(proof.caught for proof in proofs) > 1000


def test_few_promises_need_a_specimen(places: tuple[Environment, ...]) -> None:
    on_specimens = [proof.promise.id for proof in prove(PROMISES, places, [SPECIMENS]) if proof.on_specimens]
    assert len(on_specimens) < 10, on_specimens


def test_a_break_fails_the_synthesis_with_every_place(stacks: Stacks, environments: Known) -> None:
    def unlock(bucket: dict[str, Any]) -> None:
        bucket["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"] = False

    with pytest.raises(BadInput) as error:
        hold(broken(stacks, "AWS::S3::Bucket", unlock), environments, exceptions.load())
    said = str(error.value)
    assert "bucket-blocks-public-access" in said
    assert "Trail/Trail/Records/Default/Resource" in said
    assert "BlockPublicAcls" in said
    assert "exempt(resource" in said


def test_a_long_list_of_breaks_is_cut_short(stacks: Stacks, environments: Known) -> None:
    def forget(group: dict[str, Any]) -> None:
        group["Properties"].pop("KmsKeyId", None)
        group["Properties"].pop("RetentionInDays", None)

    with pytest.raises(BadInput, match=r"… and \d+ more: python -m infra promises"):
        hold(broken(stacks, "AWS::Logs::LogGroup", forget), environments, exceptions.load())


def test_a_value_of_a_parameter_file_can_break_a_promise(stacks: Stacks, environments: Known) -> None:
    def expose(parameter: dict[str, Any]) -> None:
        if parameter["Properties"]["Name"] == "/kiln/payroll/protected":
            parameter["Properties"]["Value"] = "false"

    changed = places_of(broken(stacks, "AWS::SSM::Parameter", expose), environments)
    ids = {
        one.rule for place in changed for one in observed(findings(place, PROMISES)) if one.environment == "Production"
    }
    assert ids >= {"alb-is-protected-from-deletion", "database-is-protected-from-deletion"}


def test_what_the_ledger_explains_does_not_fail_the_synthesis(stacks: Stacks, environments: Known) -> None:
    def unlock(bucket: dict[str, Any]) -> None:
        bucket["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"] = False

    entry = exceptions.Entry(
        rules=("bucket-blocks-public-access",),
        where=("*/Default/Resource",),
        owner="platform",
        reason="a test breaks it on purpose",
        expires=date(2000, 1, 1),  # what has expired still explains here: no deployment at night fails for it
    )
    hold(broken(stacks, "AWS::S3::Bucket", unlock), environments, [*exceptions.load(), entry])


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "infra", "promises", *arguments]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_list_names_every_promise_and_json_has_its_fields() -> None:
    assert f"{len(PROMISES)} promises" in command().stdout
    [said] = json.loads(command("vpc-flow-log", "--json").stdout)["promises"]
    assert said["id"] == "vpc-flow-log"
    assert {"standard": "FSBP", "id": "EC2.6"} in said["controls"]


def test_an_id_that_no_promise_has_is_refused() -> None:
    done = command("vpc-flow-logs")
    assert done.returncode == 2
    assert "no promise has this id" in done.stderr
