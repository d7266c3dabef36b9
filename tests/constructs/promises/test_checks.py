"""The algebra: what it finds, and that each of its mutations is found."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.promises.checks import Check, both, every, some
from kiln.promises.demands import count_at_least, includes, own_key
from kiln.promises.promise import Promise, findings
from kiln.promises.proof import prove
from kiln.promises.template import Environment

DISK = every("Disk")


def environment(*disks: dict[str, Any], more: dict[str, Any] | None = None, **settings: bool) -> Environment:
    resources = {f"Disk{number}": {"Type": "Disk", "Properties": of} for number, of in enumerate(disks)}
    return Environment.of("Test", {"Shop": {"Resources": resources | (more or {})}}, **settings)


def promise(check: Check) -> Promise:
    return Promise("a-promise", "It holds", "Because", (), "https://aws.example/", check)


def found(check: Check, where: Environment) -> Sequence[tuple[str, str]]:
    return [(finding.place, finding.found) for finding in findings(where, [promise(check)])]


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (DISK.has("A", True), {"A": True}, {"A": False}),
        (DISK.has("A", True), {"A": "true"}, {}),
        (DISK.has("A", 3), {"A": "3"}, {"A": 4}),
        (DISK.one_of("A", "x", "y"), {"A": "y"}, {"A": "z"}),
        (DISK.never("A", "x"), {}, {"A": "x"}),
        (DISK.at_least("A", 7), {"A": "7"}, {"A": 6}),
        (DISK.at_least("A", 7), {"A": 8}, {"A": "many"}),
        (DISK.at_most("A", 7), {"A": 7}, {"A": 8}),
        (DISK.present("A"), {"A": 0}, {"A": ""}),
        (DISK.absent("A", "x"), {}, {"A": 1}),
        (DISK.asks(includes("A", ("x", "y"))), {"A": ["z", "y", "x"]}, {"A": ["x"]}),
        (DISK.asks(includes("A", ("x", "y"))), {"A": "x,y"}, {"A": "y"}),
        (DISK.asks(count_at_least("A", 2)), {"A": [1, 2]}, {"A": [1]}),
        (DISK.asks(own_key("A", "alias/aws/x")), {"A": {"Ref": "Key"}}, {"A": "alias/aws/x"}),
        (DISK.has("A[].B", 1), {"A": [{"B": 1}, {"B": 1}]}, {"A": [{"B": 1}, {}]}),
        (DISK.where("T", "ssd").has("A", 1), {"T": "hdd"}, {"T": "ssd"}),
        (DISK.unless("T", "hdd").has("A", 1), {"T": "hdd"}, {}),
        (DISK.where("T").has("A", 1), {}, {"T": 1}),
    ],
)
def test_a_demand_tells_right_from_wrong(check: Check, right: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert not found(check, environment(right))
    assert len(found(check, environment(wrong))) == 1


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (DISK.has("A", True), {"A": True}),
        (DISK.has("A", 3).one_of("B", "x"), {"A": 3, "B": "x"}),
        (DISK.at_least("A", 7).at_most("A", 9), {"A": 8}),
        (DISK.present("A", "B"), {"A": {"Ref": "Asked"}, "B": 1}),
        (DISK.absent("A", "x").never("B", 1, 2), {}),
        (DISK.asks(includes("A", ("x", "y"))), {"A": ["x", "y"]}),
        (DISK.asks(count_at_least("A", 2)), {"A": [1, 2, 3]}),
        (DISK.has("A[].B", 1), {"A": [{"B": 1}, {"B": 1}]}),
        (some(DISK.has("A", 1)), {"A": 1}),
    ],
)
def test_every_mutation_of_the_algebra_bites(check: Check, right: dict[str, Any]) -> None:
    [proof] = prove([promise(check)], [environment(right, whole=True)])
    assert proof.holds, proof.survivors


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_as_many_mutations_are_caught_as_there_are_ways_to_break_what_holds(encrypted: list[bool]) -> None:
    where = environment(*({"Encrypted": value} for value in encrypted))
    [proof] = prove([promise(DISK.has("Encrypted", True))], [where])
    assert proof.caught == 2 * sum(encrypted)
    assert not proof.survivors


def test_a_check_that_does_not_look_is_found_out() -> None:
    class Blind:
        def breaches(self, where: Environment) -> Any:
            return iter(())

        def mutations(self, where: Environment) -> Any:
            return DISK.has("A", 1).mutations(where)

    [proof] = prove([promise(Blind())], [environment({"A": 1})])
    assert not proof.holds
    assert [survivor.what for survivor in proof.survivors] == [
        "Shop/Disk0: set Properties.A to 2",
        "Shop/Disk0: take away Properties.A",
    ]


def test_a_promise_that_nothing_could_break_is_not_proven() -> None:
    [proof] = prove([promise(DISK.has("A", 1))], [environment()])
    assert not proof.holds


def test_what_only_a_deployment_knows_passes_unless_all_values_should_be_here() -> None:
    later = {"A": {"Fn::GetAtt": ["Other", "Size"]}}
    assert not found(DISK.has("A", 1), environment(later))
    assert found(DISK.has("A", 1), environment(later, complete=True)) == [("Properties.A", "⟨Shop/Other.Size⟩")]
    assert not found(DISK.present("A"), environment(later, complete=True))


def test_one_of_a_kind_is_missed_only_where_all_should_be() -> None:
    assert not found(some(DISK), environment())
    assert found(some(DISK), environment(whole=True)) == [("Disk", "none")]
    assert not found(some(DISK), environment({}, whole=True))


def test_one_of_a_kind_is_missed_beside_another() -> None:
    rack = {"Rack": {"Type": "Rack"}}
    assert found(some(DISK, where="Rack"), environment(more=rack, whole=True)) == [("Disk", "none")]
    assert not found(some(DISK, where="Rack"), environment(whole=True))
    assert not found(some(DISK, where="Rack"), environment(more=rack))


def lock(of: Any, **properties: Any) -> dict[str, Any]:
    return {"Lock": {"Type": "Lock", "Properties": {"Of": of, **properties}}}


def test_a_companion_must_refer_to_it_and_be_right_itself() -> None:
    check = DISK.beside(every("Lock").has("Shut", True), via="Of")
    assert not found(check, environment({}, more=lock({"Ref": "Disk0"}, Shut=True)))
    assert not found(check, environment({}, more=lock([{"Fn::GetAtt": ["Disk0", "Arn"]}], Shut=True)))
    assert found(check, environment({}, more=lock({"Ref": "Disk10"}, Shut=True))) == [("Lock", "none")]
    assert found(check, environment({}, more=lock({"Ref": "Disk0"}, Shut=False))) == [("Properties.Shut", "false")]
    assert found(check, environment({})) == [("Lock", "none")]
    [proof] = prove([promise(check)], [environment({}, more=lock({"Ref": "Disk0"}, Shut=True))])
    assert proof.caught == 3
    assert proof.holds


def test_all_checks_of_a_promise_are_made() -> None:
    assert len(found(both(DISK.has("A", 1), DISK.has("B", 1)), environment({}))) == 2


def test_what_is_retained_says_so_twice() -> None:
    kept = {"Type": "Disk", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    where = Environment.of("Test", {"Shop": {"Resources": {"Kept": kept}}})
    assert not found(DISK.retained(), where)
    assert len(found(DISK.retained(), environment({}))) == 2
    [proof] = prove([promise(DISK.retained())], [where])
    assert proof.holds
    assert proof.caught == 4
