"""Names that CloudFormation generates."""

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.front.clients import Clients
from rehearsal.resources.identify import generated_name
from rehearsal.resources.resource import Place, Resource
from rehearsal.resources.table import TABLE
from rehearsal.resources.waiting import Patience

WORDS = st.text(alphabet="abcdefXYZ0", min_size=1, max_size=100)
NAMED = sorted(name for name, kind in TABLE.items() if kind.name)


def resource(type_name: str, stack: str, logical_id: str) -> Resource:
    place = Place("123400000001", "eu-west-1", stack, logical_id)
    return Resource(TABLE, Clients("http://localhost:9"), Patience(), place, type_name)


@given(st.sampled_from(NAMED), WORDS, WORDS)
def test_generated_names_fit_their_limit_and_never_meet(type_name: str, stack: str, logical_id: str) -> None:
    rule = TABLE[type_name].name
    assert rule is not None
    one, other = (generated_name(resource(type_name, stack, logical_id)) for _ in range(2))
    assert one is not None
    assert one[0] == rule.prop
    assert len(one[1]) <= rule.max_length
    assert one != other
    assert not rule.lower or one[1] == one[1].lower()


def test_short_names_are_stack_logical_id_and_a_random_tail() -> None:
    made = generated_name(resource("AWS::IAM::Role", "Payroll-Stage-Web", "Role"))
    assert made is not None
    assert made[1].startswith("Payroll-Stage-Web-Role-")
    assert len(made[1]) == len("Payroll-Stage-Web-Role-") + 12


def test_a_name_that_is_given_is_not_generated() -> None:
    given_one = resource("AWS::IAM::Role", "s", "r")
    given_one.properties = given_one.asked = {"RoleName": "mine"}
    assert generated_name(given_one) is None
    assert given_one.own_name == "mine"
