from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import parents
from bake.parents import choose
from console.errors import BadInput

PARAMETER = "/aws/service/debian/release/12/latest/amd64"
REGION = "eu-west-1"
OLD, NEW = "ami-00000000000000001", "ami-00000000000000002"


def chosen(locked: str | None, *, update: bool = False) -> parents.Parent:
    lock = {PARAMETER: {REGION: locked}} if locked else {}
    return choose({PARAMETER: NEW}, lock, REGION, update=update)[PARAMETER]


def test_what_is_not_locked_yet_is_taken_and_told() -> None:
    parent = chosen(None)
    assert (parent.image_id, parent.is_new) == (NEW, True)
    assert parent.note(for_real=True) == f"parent {PARAMETER}: {NEW} is taken and locked"
    assert parent.note(for_real=False) == f"parent {PARAMETER}: {NEW} would be taken and locked"


def test_a_parent_that_moved_is_reported_and_not_taken() -> None:
    parent = chosen(OLD)
    assert (parent.image_id, parent.is_new) == (OLD, False)
    assert f"names {NEW} now; {OLD} stays in force" in str(parent.note(for_real=True))
    assert "--update-parents" in str(parent.note(for_real=True))


def test_a_parent_that_moved_is_taken_by_who_asks_for_it() -> None:
    parent = chosen(OLD, update=True)
    assert (parent.image_id, parent.is_new) == (NEW, True)
    assert str(parent.note(for_real=True)).endswith(f"is taken and locked instead of {OLD}")


@pytest.mark.parametrize("update", [False, True])
def test_of_a_parent_that_is_the_same_nothing_is_said(update: bool) -> None:
    parent = chosen(NEW, update=update)
    assert (parent.image_id, parent.is_new, parent.note(for_real=True)) == (NEW, False, None)


@given(st.sampled_from([None, OLD, NEW]))
def test_without_being_asked_nothing_that_is_locked_ever_changes(locked: str | None) -> None:
    assert chosen(locked).image_id == (locked or NEW)


def test_the_lock_keeps_comments_and_other_regions_and_is_read_again(tmp_path: Path) -> None:
    file = parents.path_beside(tmp_path / "images.toml")
    assert parents.load(file) == {}
    file.write_text(f'# why\n["{PARAMETER}"]\nus-east-1 = "{OLD}"\n', encoding="utf-8")
    parents.record(file, [chosen(None)], REGION)
    assert parents.load(file) == {PARAMETER: {"us-east-1": OLD, REGION: NEW}}
    assert file.read_text(encoding="utf-8").startswith("# why\n")
    written = file.stat().st_mtime_ns
    parents.record(file, [chosen(NEW)], REGION)
    assert file.stat().st_mtime_ns == written, "nothing new, nothing written"


@pytest.mark.parametrize("text", ["x = ", f'["{PARAMETER}"]\neu-west-1 = "latest"\n', f'"{PARAMETER}" = "{OLD}"\n'])
def test_a_lock_that_no_bake_writes_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "parents.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        parents.load(file)
    assert str(file) in str(caught.value.where)


def test_the_lock_of_the_repository_can_be_read() -> None:
    from infra import images

    parents.load(parents.path_beside(images.DEFAULT))
