from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.promises.paths import MISSING, places, put

BODY: dict[str, Any] = {
    "DeletionPolicy": "Retain",
    "Properties": {
        "Encrypted": True,
        "Options": {"Tokens": "required"},
        "Volumes": [{"Size": 8}, {"Size": 9, "Type": "gp3"}],
        "Attributes": [{"Key": "a.b", "Value": "1"}, {"Key": "c", "Value": "2"}],
        "Later": "⟨?Fn::If⟩",
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Encrypted", [("Properties.Encrypted", True)]),
        ("Options.Tokens", [("Properties.Options.Tokens", "required")]),
        ("^DeletionPolicy", [("DeletionPolicy", "Retain")]),
        ("Volumes[].Size", [("Properties.Volumes[0].Size", 8), ("Properties.Volumes[1].Size", 9)]),
        ("Volumes[].Type", [("Properties.Volumes[0].Type", MISSING), ("Properties.Volumes[1].Type", "gp3")]),
        ("Attributes[Key=a.b].Value", [("Properties.Attributes[0].Value", "1")]),
        ("Attributes[Key=x].Value", [("Properties.Attributes.[Key=x].Value", MISSING)]),
        ("Nothing[].Here", [("Properties.Nothing.[].Here", MISSING)]),
        ("Encrypted.Deeper", [("Properties.Encrypted.Deeper", MISSING)]),
        ("Later.Inside", [("Properties.Later", "⟨?Fn::If⟩")]),
    ],
)
def test_a_path_means_these_places(path: str, expected: list[tuple[str, Any]]) -> None:
    assert [(place.path, place.value) for place in places(BODY, path)] == expected


@pytest.mark.parametrize("path", ["Encrypted", "Options.Tokens", "Volumes[].Size", "Attributes[Key=c].Value"])
def test_what_is_put_at_a_place_is_found_there_and_the_original_stays(path: str) -> None:
    before = repr(BODY)
    for place in places(BODY, path):
        changed = put(BODY, place.steps, "new")
        assert "new" in [found.value for found in places(changed, path)]
        assert "new" not in repr(BODY)
    assert repr(BODY) == before


def test_what_is_taken_away_is_not_there() -> None:
    [place] = places(BODY, "Options.Tokens")
    assert places(put(BODY, place.steps, MISSING), "Options.Tokens")[0].value is MISSING
    assert put({"a": [1, 2, 3]}, ("a", 1), MISSING) == {"a": [1, 3]}


def test_what_is_not_there_yet_is_made() -> None:
    assert put({}, ("Properties", "A", "B"), 1) == {"Properties": {"A": {"B": 1}}}


@given(st.text(alphabet="ABab.[]=^", max_size=20))
def test_no_path_makes_it_stumble(path: str) -> None:
    places(BODY, path)
