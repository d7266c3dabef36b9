from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.edge.listener_priorities import HIGHEST, LOWEST, ListenerPriorities
from kiln.refusal import WrongProperty

HERE: Any = SimpleNamespace(node=SimpleNamespace(path="Shop/Rule"))


def test_each_tier_has_the_priority_that_it_was_given() -> None:
    assert ListenerPriorities({"api": 100, "web": 1000}).of(HERE, "web") == 1000


def test_two_tiers_with_one_priority_are_refused_where_one_is_used() -> None:
    found = "Shop/Rule: priority is 100; expected one of its own for web: api has it too"
    with pytest.raises(WrongProperty, match=found):
        ListenerPriorities({"api": 100, "web": 100, "other": 7}).of(HERE, "web")


@pytest.mark.parametrize("priority", [0, -1, 50_001])
def test_a_priority_that_no_rule_can_have_is_refused(priority: int) -> None:
    with pytest.raises(WrongProperty, match=f"Shop/Rule: priority is {priority}; expected 1 to 50000"):
        ListenerPriorities({"web": priority}).of(HERE, "web")


def test_a_tier_without_a_priority_is_refused_where_it_is_used() -> None:
    with pytest.raises(WrongProperty, match="Shop/Rule: priority is 'app'; expected a tier of the listener: api, web"):
        ListenerPriorities({"api": 100, "web": 1000}).of(HERE, "app")


@given(st.dictionaries(st.text(min_size=1), st.integers(LOWEST, LOWEST + 5) | st.integers(LOWEST, HIGHEST)))
def test_a_tier_gets_its_priority_exactly_where_no_other_has_the_same(by_tier: dict[str, int]) -> None:
    for tier, priority in by_tier.items():
        if list(by_tier.values()).count(priority) == 1:
            assert ListenerPriorities(by_tier).of(HERE, tier) == priority
        else:
            with pytest.raises(WrongProperty):
                ListenerPriorities(by_tier).of(HERE, tier)
