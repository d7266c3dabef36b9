import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from infra import synthesized
from infra.cli import infra
from infra.commands import lock as command
from infra.lock import LOST, compare, take
from infra.synthesized import Stack
from provider_schemas import schema

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "NetworkCidr": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/network/cidr"},
        "Snapshot": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/database/snapshot"},
    },
    "Conditions": {"Restored": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Snapshot"}, "none"]}]}},
    "Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "NetworkCidr"}}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"FifoQueue": True, "VisibilityTimeout": 30},
            "Metadata": {"aws:cdk:path": "Data/Jobs/Queue"},
        },
        "Cluster": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {"SnapshotIdentifier": {"Fn::If": ["Restored", "x", {"Ref": "AWS::NoValue"}]}},
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
    },
}


def stacks(template: dict[str, Any] = TEMPLATE, cidr: str = "10.1.0.0/16", snapshot: str = "none") -> list[Stack]:
    written = {
        name: {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/shop/{name}", "Value": value}}
        for name, value in (("network/cidr", cidr), ("database/snapshot", snapshot))
    }
    parameters = Stack("S-Parameters", "Parameters-Stage", "Stage", "444444444444", "eu-west-1", {"Resources": written})
    return [parameters, Stack("S-Data", "Data", "Stage", "444444444444", "eu-west-1", template)]


def changed(**resources: dict[str, Any] | None) -> dict[str, Any]:
    """The template with other resources; None takes one away."""
    template = copy.deepcopy(TEMPLATE)
    kept = {**template["Resources"], **resources}
    template["Resources"] = {name: resource for name, resource in kept.items() if resource is not None}
    return template


def findings(template: dict[str, Any] = TEMPLATE, **values: str) -> list[tuple[str, str, str]]:
    found = compare(take(stacks()), take(stacks(template, **values)))
    return [(finding.where, finding.what, finding.lost) for finding in found]


def test_what_has_not_changed_loses_nothing() -> None:
    assert findings() == []


def test_a_stateful_resource_that_is_gone_is_named_with_what_is_lost() -> None:
    assert findings(changed(Queue=None)) == [("Data/Queue", "deleted: Data/Jobs/Queue", "the messages in it")]


def test_a_new_logical_id_of_the_same_construct_is_a_deletion_and_says_so() -> None:
    moved = changed(Queue=None, QueueB=TEMPLATE["Resources"]["Queue"])
    first, second = findings(moved)
    assert first == ("Data/Queue", "deleted: Data/Jobs/Queue has the new logical id QueueB", "the messages in it")
    assert second == ("Data/QueueB", "new: Data/Jobs/Queue", "")


def test_a_create_only_property_replaces() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": False, "VisibilityTimeout": 30}}
    assert ("Data/Queue", "replaced: FifoQueue cannot be changed in place", "the messages in it") in findings(
        changed(Queue=queue)
    )


def test_a_property_that_changes_in_place_is_no_finding() -> None:
    queue = copy.deepcopy(TEMPLATE["Resources"]["Queue"])
    queue["Properties"]["VisibilityTimeout"] = 60
    assert findings(changed(Queue=queue)) == []


def test_what_holds_no_state_may_come_and_go() -> None:
    assert findings(changed(Role=None, Other={"Type": "AWS::IAM::Role", "Properties": {}})) == []


def test_a_value_of_a_parameter_file_that_a_create_only_property_refers_to_is_locked_too() -> None:
    [(where, what, lost)] = findings(cidr="10.2.0.0/16")
    assert where == "Data/Vpc"
    assert what == "replaced: in Stage the value /shop/network/cidr changes from '10.1.0.0/16' to '10.2.0.0/16'"
    assert lost == "the network and everything in it"


def test_a_value_behind_a_condition_is_locked_too() -> None:
    [(where, what, lost)] = findings(snapshot="arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:a")
    assert (where, lost) == ("Data/Cluster", "the database")
    assert "/shop/database/snapshot" in what


@given(gone=st.sets(st.sampled_from(["Vpc", "Queue", "Cluster"])))
def test_every_loss_is_reported_and_nothing_else(gone: set[str]) -> None:
    found = findings(changed(**dict.fromkeys(gone)))
    assert {where for where, _, lost in found if lost} == {f"Data/{name}" for name in gone}


def test_every_stateful_type_has_a_provider_schema() -> None:
    assert [name for name in LOST if schema("eu-west-1", name) is None] == []


def test_the_lock_in_the_tree_is_that_of_the_templates(application: tuple[Stack, ...]) -> None:
    assert command.read() == take(application), "run: python -m infra lock"


@pytest.fixture(scope="module")
def lost_queue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lock") / "stateful.lock.json"
    file.write_text(command.text(take(stacks())))
    return file


def test_a_loss_is_not_written_unless_it_is_named(lost_queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FILE", lost_queue)
    monkeypatch.setattr(command.read, "__defaults__", (lost_queue,))
    monkeypatch.setattr(synthesized, "synthesize", lambda: stacks(changed(Queue=None)))
    before, runner = lost_queue.read_text(), CliRunner()
    refused = runner.invoke(infra, ["lock", "--write", "--json"], standalone_mode=False)
    assert refused.return_value == 1
    assert json.loads(refused.output)["written"] is False
    assert lost_queue.read_text() == before
    accepted = runner.invoke(infra, ["lock", "--write", "--lose", "Data/Queue"], standalone_mode=False)
    assert accepted.return_value == 0
    assert "Queue" not in json.loads(lost_queue.read_text())["Data"]


def test_a_loss_that_nobody_would_suffer_cannot_be_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesized, "synthesize", lambda: stacks())
    result = CliRunner().invoke(infra, ["lock", "--lose", "Data/Nothing"], standalone_mode=False)
    assert isinstance(result.exception, BadInput)


def test_a_broken_lock_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    file = tmp_path / "stateful.lock.json"
    file.write_text('{"Data": 3}')
    with pytest.raises(BadInput, match="take the file back from git"):
        command.read(file)
