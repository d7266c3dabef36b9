"""Ids of builds: what makes one makes one that a sweep can read."""

from datetime import UTC, datetime, timedelta

import pytest

from bake import build_id


def test_an_id_tells_when_its_build_began() -> None:
    began = build_id.began(build_id.new("verify-worker-mq"))
    assert began
    assert timedelta(seconds=-1) < datetime.now(UTC) - began < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web",
        "web-20261121-190000",
        "web-20261121-190000-xyz123",
        "-20261121-190000-1f2e3d",
        "web-20261321-190000-1f2e3d",
    ],
)
def test_what_is_no_id_began_at_no_time(text: str) -> None:
    assert build_id.began(text) is None
