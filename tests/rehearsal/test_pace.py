"""How fast AWS's minutes go by."""

import pytest

from console.errors import BadInput
from rehearsal.pace import VARIABLE, Pace


def test_a_minute_is_a_minute_unless_asked_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Pace.of_environment().real(60) == 60
    monkeypatch.setenv(VARIABLE, "30")
    assert Pace.of_environment().real(60) == 2


@pytest.mark.parametrize("text", ["fast", "0", "0.5", "-1", "601", "nan", ""])
def test_a_pace_that_cannot_be_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(BadInput) as error:
        Pace.of_environment()
    assert VARIABLE in str(error.value) or VARIABLE in repr(vars(error.value))
