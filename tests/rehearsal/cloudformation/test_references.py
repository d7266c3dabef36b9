"""The graph of dependencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloudformation.references import check_references, dependencies, needs, order, references
from rehearsal.cloudformation.template import parse
from rehearsal.cloudformation.walk import reversed_graph
from rehearsal.front.service import AwsError

NODES = [f"N{i}" for i in range(8)]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Graphs without circles: a node needs only nodes of lower number."""
    return {n: set(draw(st.lists(st.sampled_from(NODES[:i] or [n]), max_size=4))) - {n} for i, n in enumerate(NODES)}


@given(graphs())
def test_every_node_comes_after_those_it_needs(graph: dict[str, set[str]]) -> None:
    done = order(graph)
    assert sorted(done) == sorted(graph)
    assert all(done.index(need) < done.index(node) for node in graph for need in graph[node])


@given(graphs())
def test_turned_round_twice_a_graph_is_the_same(graph: dict[str, set[str]]) -> None:
    assert reversed_graph(reversed_graph(graph)) == graph


def test_a_circle_is_refused_and_named() -> None:
    with pytest.raises(AwsError, match=r"\[A, B\]"):
        order({"A": {"B"}, "B": {"A"}, "C": set()})


def test_references_are_found_in_every_function() -> None:
    node = {
        "a": [{"Ref": "One"}, {"Fn::GetAtt": ["Two", "Arn"]}, {"Fn::GetAtt": "Three.Arn"}],
        "b": {"Fn::Sub": "${Four}-${Five.Arn}-${!Literal}-${AWS::Region}"},
        "c": {"Fn::Sub": ["${Local}-${Six}", {"Local": {"Ref": "Seven"}}]},
        "d": {"Fn::If": ["Condition", {"Ref": "Eight"}, {"Fn::Join": ["", [{"Ref": "Nine"}]]}]},
    }
    named = {"One", "Two", "Three", "Four", "Five", "AWS::Region", "Six", "Seven", "Eight", "Nine"}
    assert set(references(node)) == named


def test_depends_on_and_update_policy_are_dependencies_too() -> None:
    resource = {"DependsOn": "A", "UpdatePolicy": {"X": {"Ref": "B"}}, "Properties": {"Y": {"Ref": "C"}}}
    assert needs(resource) == {"A", "B", "C"}
    assert dependencies({"R": resource, "A": {}, "B": {}, "C": {}}, ["R", "A", "C"])["R"] == {"A", "C"}


@pytest.mark.parametrize("block", ["Resources", "Outputs"])
def test_a_name_that_the_template_does_not_have_is_refused(block: str) -> None:
    lost = {"Ref": "Nope"}
    body = {
        "Resources": f'{{"Resources": {{"T": {{"Type": "X", "Properties": {{"A": {str(lost)!s}}}}}}}}}',
        "Outputs": f'{{"Resources": {{"T": {{"Type": "X"}}}}, "Outputs": {{"O": {{"Value": {str(lost)!s}}}}}}}',
    }[block].replace("'", '"')
    with pytest.raises(AwsError, match=rf"\[Nope\] in the {block} block"):
        check_references(parse(body))
