"""Rules of composite alarms."""

import pytest

from rehearsal.alarms.rules import BadRule, alarms, holds, parse

STATES = {"errors": "ALARM", "slow": "OK", "quiet": "INSUFFICIENT_DATA", "a (b)": "ALARM"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ALARM(errors)", True),
        ('ALARM("errors") AND ALARM("slow")', False),
        ('ALARM("errors") OR ALARM("slow")', True),
        ("NOT OK(slow)", False),
        ("OK(slow) AND (ALARM(slow) OR INSUFFICIENT_DATA(quiet))", True),
        ("ALARM(arn:aws:cloudwatch:eu-west-1:111111111111:alarm:errors)", True),
        ('ALARM("a (b)")', True),
        ("FALSE OR TRUE AND NOT FALSE", True),
        ("ALARM(absent)", False),
        ("NOT ALARM(absent)", True),
    ],
)
def test_a_rule_holds_as_the_states_say(text: str, found: bool) -> None:
    assert holds(parse(text), lambda name: STATES.get(name, "")) is found


def test_a_rule_knows_its_alarms() -> None:
    assert list(alarms(parse("ALARM(a) AND NOT (OK(b) OR TRUE)"))) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "ALARM", "ALARM()", "ALARM(a", "BROKEN(a)", "ALARM(a) OK(b)", "NOT", '"a"'])
def test_a_text_that_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadRule):
        parse(text)
