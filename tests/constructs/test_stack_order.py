from collections.abc import Callable, Mapping, Sequence

import aws_cdk as cdk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiln.refusal import WrongProperty
from kiln.shared_values import SharedValues
from kiln.stack_order import order_stacks

VALUES = SharedValues("/test")


def stage(writes: Mapping[str, Sequence[str]], reads: Mapping[str, Sequence[str]]) -> cdk.Stage:
    """A stage with a stack for each name in `writes`."""
    made = cdk.Stage(cdk.App(analytics_reporting=False), "Shop")
    for name, written in writes.items():
        stack = cdk.Stack(made, name)
        for value in written:
            VALUES.write(stack, value, "x")
        for value in reads.get(name, ()):
            VALUES.read(stack, value)
    return made


def needs(of: cdk.Stage) -> dict[str, list[str]]:
    stacks = [node for node in of.node.children if isinstance(node, cdk.Stack)]
    return {stack.node.id: sorted(other.node.id for other in stack.dependencies) for stack in stacks}


def test_a_stack_comes_after_those_that_write_what_it_reads() -> None:
    made = stage({"Web": [], "Network": ["vpc"], "Keys": ["key"]}, {"Web": ["vpc", "key"], "Network": ["key"]})
    order_stacks(made)
    assert needs(made) == {"Web": ["Keys", "Network"], "Network": ["Keys"], "Keys": []}


def test_a_stack_that_reads_its_own_value_needs_nobody() -> None:
    made = stage({"Keys": ["key"]}, {"Keys": ["key"]})
    order_stacks(made)
    assert needs(made) == {"Keys": []}


def test_a_value_in_a_construct_of_a_stack_counts_too_and_a_plain_parameter_does_not() -> None:
    made = stage({"Network": ["vpc"], "Web": []}, {})
    web = made.node.find_child("Web")
    inside = cdk.Stack.of(web)
    VALUES.read(inside, "vpc")
    cdk.CfnParameter(inside, "Plain", default="/test/nobody")
    cdk.CfnParameter(inside, "Cdk", type="AWS::SSM::Parameter::Value<String>", default="/cdk-bootstrap/x/version")
    order_stacks(made)
    assert needs(made)["Web"] == ["Network"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: stage({"Web": []}, {"Web": ["vpc"]}),
            r"^Shop/Web: shared value is '/test/vpc'; expected a value that a stack of Shop writes$",
        ),
        (
            lambda: stage({"One": ["vpc"], "Two": ["vpc"]}, {}),
            r"^Shop/Two: shared value is '/test/vpc'; expected one writer: Shop/One writes it too$",
        ),
    ],
)
def test_a_value_has_one_writer(make: Callable[[], cdk.Stage], text: str) -> None:
    with pytest.raises(WrongProperty, match=text):
        order_stacks(make())


def test_two_stages_do_not_know_each_other() -> None:
    app = cdk.App(analytics_reporting=False)
    for name in ("Test", "Live"):
        keys, web = (
            cdk.Stack(cdk.Stage(app, name) if stack == "Keys" else app.node.find_child(name), stack)
            for stack in ("Keys", "Web")
        )
        VALUES.write(keys, "key", "x")
        VALUES.read(web, "key")
        order_stacks(app.node.find_child(name))
        assert [other.node.path for other in web.dependencies] == [f"{name}/Keys"]


def test_stacks_that_need_each_other_are_refused() -> None:
    made = stage({"A": ["a"], "B": ["b"]}, {"A": ["b"], "B": ["a"]})
    with pytest.raises(RuntimeError, match="cycl"):
        order_stacks(made)


@settings(max_examples=20)
@given(st.permutations(range(5)), st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_it_does_not_matter_in_which_order_the_stacks_are_made(order: list[int], pairs: set[tuple[int, int]]) -> None:
    earlier = {(low, high) for low, high in pairs if low < high}
    writes = {f"S{number}": [f"v{number}"] for number in order}
    made = stage(writes, {f"S{high}": [f"v{low}" for low, one in earlier if one == high] for high in order})
    order_stacks(made)
    assert {(name, other) for name, found in needs(made).items() for other in found} == {
        (f"S{high}", f"S{low}") for low, high in earlier
    }
