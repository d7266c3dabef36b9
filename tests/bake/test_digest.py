"""The digest: whatever can reach an image changes it, whatever cannot does not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import digest
from bake.digest import Closure
from bake.recipe import Recipe

NAMES = st.text(alphabet="abcd/._", min_size=1, max_size=6)
HASHES = st.text(alphabet="0123456789abcdef", min_size=8, max_size=8)
CLOSURES = st.builds(
    Closure,
    parent=HASHES,
    artifact=st.one_of(st.none(), HASHES),
    files=st.dictionaries(NAMES, HASHES, max_size=5),
    variables=st.dictionaries(NAMES, st.one_of(st.text(max_size=4), st.integers(), st.booleans()), max_size=5),
    tools=st.dictionaries(NAMES, HASHES, max_size=3),
)


def closure_of(tier: Recipe) -> Closure:
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(tier).items()}
    return Closure(parent="ami-1", artifact="a", files=files, variables=tier.contents.variables, tools={"packer": "1"})


@given(CLOSURES)
def test_the_digest_has_the_form_that_the_images_file_expects(closure: Closure) -> None:
    kind, _, value = closure.digest.partition(":")
    assert kind == "sha256"
    assert len(value) == 64
    assert int(value, 16) >= 0


@given(CLOSURES, st.randoms())
def test_order_does_not_matter(closure: Closure, chance: object) -> None:
    def shuffled(table: object) -> dict[str, object]:
        items = list(dict(table).items())  # type: ignore[call-overload]
        chance.shuffle(items)  # type: ignore[attr-defined]
        return dict(items)

    fields = {name: getattr(closure, name) for name in ("files", "variables", "tools")}
    again = closure.model_copy(update={name: shuffled(table) for name, table in fields.items()})
    assert again.digest == closure.digest


@given(CLOSURES, CLOSURES)
def test_closures_that_differ_have_different_digests_and_the_difference_is_told(one: Closure, other: Closure) -> None:
    def content(closure: Closure) -> list[object]:
        tables = (closure.files, closure.variables, closure.tools)
        return [closure.parent, closure.artifact, *(sorted((k, repr(v)) for k, v in table.items()) for table in tables)]

    same = content(one) == content(other)
    assert (one.digest == other.digest) == same
    assert bool(digest.changes(one, other)) == (not same)


@given(st.binary(max_size=64), st.integers(0, 63), st.integers(1, 255))
def test_a_changed_byte_of_a_file_changes_the_digest(contents: bytes, position: int, change: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(contents)
        before = digest.fingerprint(file)
        changed = bytearray(contents or b"\0")
        changed[position % len(changed)] ^= change
        file.write_bytes(changed)
        assert digest.fingerprint(file) != before


def test_a_changed_byte_anywhere_in_the_closure_changes_the_digest(tier: Recipe) -> None:
    before = closure_of(tier).digest
    covered = digest.files_of(tier)
    assert sorted(covered) == [
        "shared/clean.sh",
        "shared/image.pkr.hcl",
        "web/files/unit.conf",
        "web/provision.sh",
        "web/tests/test_image.py",
    ]
    for file in covered.values():
        original = file.read_bytes()
        file.write_bytes(original + b" ")
        assert closure_of(tier).digest != before, file
        file.write_bytes(original)
    assert closure_of(tier).digest == before


Change = Callable[[Closure], dict[str, object]]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: {"parent": "ami-2"},
        lambda c: {"artifact": "b"},
        lambda c: {"artifact": None},
        lambda c: {"variables": {**c.variables, "instance_type": "t3.large"}},
        lambda c: {"variables": {}},
        lambda c: {"tools": {"packer": "2"}},
        lambda c: {"files": {**c.files, "web/new.sh": "0"}},
        lambda c: {"files": {}},
    ],
)
def test_each_part_of_the_closure_counts(tier: Recipe, change: Change) -> None:
    closure = closure_of(tier)
    assert closure.model_copy(update=change(closure)).digest != closure.digest


def test_a_new_a_renamed_and_a_removed_file_change_the_digest(tier: Recipe) -> None:
    seen = {closure_of(tier).digest}
    (tier.folder / "new.sh").write_text("true\n", encoding="utf-8")
    seen.add(closure_of(tier).digest)
    (tier.folder / "new.sh").rename(tier.folder / "newer.sh")
    seen.add(closure_of(tier).digest)
    (tier.folder.parent / "shared" / "clean.sh").unlink()
    seen.add(closure_of(tier).digest)
    assert len(seen) == 4


def test_the_executable_bit_counts(tier: Recipe) -> None:
    before = closure_of(tier).digest
    (tier.folder.parent / "shared" / "clean.sh").chmod(0o755)
    assert closure_of(tier).digest != before


def test_time_stamps_other_modes_caches_and_comments_of_the_recipe_do_not_count(tier: Recipe) -> None:
    before = closure_of(tier).digest
    for file in digest.files_of(tier).values():
        os.utime(file, (0, 0))
        file.chmod(0o600)
    (tier.folder / "tests" / "__pycache__").mkdir()
    (tier.folder / "tests" / "__pycache__" / "test_image.pyc").write_bytes(b"x")
    (tier.folder / ".provision.sh.swp").write_bytes(b"x")
    (tier.folder / "recipe.toml").open("a", encoding="utf-8").write("# a comment\n")
    assert closure_of(tier).digest == before


def test_the_digest_of_a_known_closure_stays_the_same() -> None:
    closure = Closure(parent="ami-1", artifact="a", files={"f": "1"}, variables={"v": 1}, tools={"packer": "1.16.0"})
    # a change here makes every image be baked anew: then raise digest.FORMAT and say so in the changelog
    assert closure.digest == "sha256:844e042d7945c123a80c8f09342e37d506fbdacb02162647b65742b1892eebfa"


def test_changes_are_told_in_words() -> None:
    before = Closure(
        parent="ami-1", artifact="a" * 64, files={"f": "1", "g": "1"}, variables={"v": 1}, tools={"packer": "1"}
    )
    after = Closure(
        parent="ami-2", artifact="b" * 64, files={"f": "2", "h": "1"}, variables={"v": 2}, tools={"packer": "2"}
    )
    assert digest.changes(before, after) == (
        "the parent is ami-2, it was ami-1",
        "the artifact changed (aaaaaaaaaaaa → bbbbbbbbbbbb)",
        "file h is new",
        "file g is gone",
        "file f changed",
        "variable v changed: 1 → 2",
        "tool packer changed: 1 → 2",
    )
    assert digest.changes(before, before) == ()
