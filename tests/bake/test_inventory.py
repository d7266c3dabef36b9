"""What is listed of which image, and which one is meant by a word: pure. Asking AWS is looks/test_looks."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.choose import FEWEST_DIGITS, choose
from bake.digest import Closure
from bake.image import ImageRecord, Stored
from bake.inventory import Inventory, Seen, state_of
from bake.recipe import Layer
from console.errors import BadInput
from infra.images import Images

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REGION = "eu-west-1"
PARENTS = {"base": "/aws/service/debian", "runtime": "base", "web": "runtime"}
LAYERS = {"base": Layer.BASE, "runtime": Layer.RUNTIME, "web": Layer.TIER}


def ami(number: int) -> str:
    return f"ami-{number:017x}"


def record_of(recipe: str, number: int, parent: int = 0) -> ImageRecord:
    """`number` is its AMI and the day it was baked, `parent` the AMI it was baked from."""
    closure = Closure(parent=f"{parent}", artifact=None, files={"f": f"{recipe} {number}"}, variables={}, tools={})
    return ImageRecord(
        application="Payroll",
        recipe=recipe,
        layer=LAYERS[recipe],
        digest=closure.digest,
        version="1.0.0" if recipe == "web" else None,
        commit="c",
        build=f"{recipe}-{number}",
        baked_at=datetime(2026, 1, number, tzinfo=UTC),
        owner="123456789012",
        image_ids={REGION: ami(number)},
        snapshot_ids={},
        parent=PARENTS[recipe],
        parent_image_ids={REGION: ami(parent)},
        closure=closure,
    )


def description_of(record: ImageRecord, **changes: Any) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
    fields = {"State": "available", "OwnerId": record.owner, "CreationDate": "2026-02-01T00:00:00.000Z", "Tags": tags}
    return {**fields, **changes}


BASE, RUNTIME, OLDER, NEWER = (
    record_of("base", 1),
    record_of("runtime", 2, parent=1),
    record_of("web", 3, parent=2),
    record_of("web", 4, parent=2),
)
RECORDS = (BASE, RUNTIME, OLDER, NEWER)


def stored(record: ImageRecord) -> Stored:
    return Stored(f"s3://b/{record.recipe}/{record.digest}", record.recipe, record.digest, record)


def file_of(record: ImageRecord) -> Images:
    return Images.model_validate({record.recipe: {"digest": record.digest, "image_ids": dict(record.image_ids)}})


INVENTORY = Inventory(
    tuple(map(stored, RECORDS)),
    {REGION: {record.image_ids[REGION]: description_of(record) for record in RECORDS}},
    file_of(OLDER),
)


def described(changed: dict[int, dict[str, Any] | None]) -> Inventory:
    """The inventory where EC2 says otherwise of some images, or does not know them."""
    there = {**INVENTORY.described[REGION], **{ami(number): what for number, what in changed.items()}}
    return replace(INVENTORY, described={REGION: {key: what for key, what in there.items() if what is not None}})


def listed(inventory: Inventory) -> dict[str, Seen]:
    return {one.image_id: one for one in inventory.all(NOW)}


def test_images_are_listed_the_newest_first() -> None:
    assert [one.image_id for one in INVENTORY.all(NOW)] == [ami(4), ami(3), ami(2), ami(1)]
    assert all(one.state == "available" and one.notes == () and one.record for one in INVENTORY.all(NOW))


def test_in_force_is_what_the_images_file_names_and_what_that_was_baked_from() -> None:
    assert {one.image_id for one in INVENTORY.all(NOW) if one.in_force} == {ami(3), ami(2), ami(1)}
    without = replace(INVENTORY, images=Images({}))
    assert not [one for one in without.all(NOW) if one.in_force]


@pytest.mark.parametrize(
    ("description", "state"),
    [
        (None, "gone"),
        ({"State": "available"}, "available"),
        ({"State": "disabled", "DeprecationTime": "2026-05-01T00:00:00.000Z"}, "disabled"),
        ({"State": "pending"}, "pending"),
        ({"State": "available", "DeprecationTime": "2026-05-31T23:59:00.000Z"}, "deprecated"),
        ({"State": "available", "DeprecationTime": "2026-06-01T00:01:00.000Z"}, "available"),
    ],
)
def test_a_state_is_one_word(description: dict[str, Any] | None, state: str) -> None:
    assert state_of(description, NOW) == state


def test_protection_and_the_time_of_deprecation_are_those_that_ec2_says() -> None:
    said = {"DeregistrationProtection": "enabled-with-cooldown", "DeprecationTime": "2027-01-01T00:00:00.000Z"}
    found = listed(described({4: description_of(NEWER, **said), 3: None}))
    assert (found[ami(4)].protected, found[ami(4)].deprecated_from) == (True, datetime(2027, 1, 1, tzinfo=UTC))
    assert (found[ami(3)].protected, found[ami(3)].deprecated_from) == (False, None)
    assert not found[ami(2)].protected


def test_a_record_whose_image_is_gone_says_so() -> None:
    one = listed(described({4: None}))[ami(4)]
    assert (one.state, one.notes) == ("gone", ("its image is gone (deregistered since)",))


def test_tags_that_contradict_the_record_are_notes_and_a_disabled_state_is_none() -> None:
    other = {"Key": "kiln:digest", "Value": "sha256:other"}
    tags = [tag for tag in description_of(NEWER)["Tags"] if tag["Key"] != "kiln:digest"]
    one = listed(described({4: description_of(NEWER, Tags=[*tags, other], State="disabled")}))[ami(4)]
    assert one.state == "disabled"
    assert one.notes == (f"its tag kiln:digest is 'sha256:other', not {NEWER.digest!r}",)


def test_an_image_without_a_record_is_listed_from_its_tags() -> None:
    one = listed(described({9: description_of(record_of("web", 9))}))[ami(9)]
    assert (one.recipe, one.layer, one.build, one.record) == ("web", "tier", "web-9", None)
    assert one.baked_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert one.notes == ("no record",)


def test_an_image_whose_digest_was_baked_again_says_which_one_the_record_names_now() -> None:
    one = listed(described({9: description_of(NEWER)}))[ami(9)]
    assert one.notes == (f"no record: that of its digest names {ami(4)} now",)


def baked_again(region: str = REGION) -> tuple[ImageRecord, Inventory]:
    """The newer Web was baked once before, as AMI 9 from the runtime's AMI 8."""
    before = NEWER.model_copy(
        update={
            "build": "web-9",
            "commit": "b",
            "baked_at": datetime(2025, 12, 1, tzinfo=UTC),
            "image_ids": {region: ami(9)},
            "parent_image_ids": {region: ami(8)},
        }
    )
    records = (BASE, RUNTIME, OLDER, NEWER.model_copy(update={"replaced": before.as_replaced()}))
    return before, replace(described({9: description_of(before)}), stored=tuple(map(stored, records)))


def test_an_image_that_was_replaced_is_listed_as_the_record_knows_it_also_when_it_is_gone() -> None:
    before, inventory = baked_again()
    note = f"replaced: its digest was baked again, the record names {ami(4)} now"
    one = inventory.all(NOW)[-1]
    assert (one.image_id, one.build, one.commit, one.baked_at) == (ami(9), "web-9", "b", before.baked_at)
    assert (one.state, one.notes) == ("available", (note,))
    gone = replace(inventory, described=INVENTORY.described).all(NOW)[-1]
    assert (gone.image_id, gone.state) == (ami(9), "gone")
    assert gone.notes == (note, "its image is gone (deregistered since)")
    elsewhere = baked_again("us-east-1")[1].all(NOW)[-1]
    assert elsewhere.notes[0] == "replaced: its digest was baked again, the record names no image here now"


def test_what_a_replaced_image_was_baked_from_is_in_force_where_the_images_file_names_it() -> None:
    before, inventory = baked_again()
    assert {ami(9), ami(8)} <= replace(inventory, images=file_of(before)).in_force
    assert not {ami(9), ami(8)} & replace(inventory, images=file_of(NEWER)).in_force


def test_a_replaced_image_is_chosen_only_where_it_is_asked_for() -> None:
    _, inventory = baked_again()
    newest = inventory.records[0]
    for word, said in ((ami(9), f"{ami(9)} has no record of its own"), ("web-9", "there is no image 'web-9'")):
        assert choose(word, inventory, NOW, also_replaced=True) == newest.earlier[0]
        assert said in refused(word, inventory)
    assert choose(NEWER.digest, inventory, NOW, also_replaced=True) == newest


def test_an_image_whose_record_is_of_an_earlier_format_says_so() -> None:
    early = Stored("s3://b/x", "web", NEWER.digest, None, "it is of an earlier format", is_earlier=True)
    inventory = replace(INVENTORY, stored=(early,))
    assert listed(inventory)[ami(4)].notes == ("no record that can be read: it is of an earlier format",)


def test_an_images_file_that_says_another_digest_of_an_image_is_a_note() -> None:
    table = {"digest": NEWER.digest, "image_ids": dict(OLDER.image_ids)}
    inventory = replace(INVENTORY, images=Images.model_validate({"web": table}))
    assert listed(inventory)[ami(3)].notes == (f"the images file names it as web {NEWER.digest[:19]}",)
    assert choose("web", inventory, NOW) == OLDER, "what is deployed is the AMI"


def test_an_image_that_only_the_images_file_knows_is_listed_as_gone() -> None:
    lost = record_of("web", 8)
    one = listed(replace(INVENTORY, images=file_of(lost)))[ami(8)]
    assert (one.state, one.in_force, one.baked_at) == ("gone", True, None)
    assert "the images file names it" in one.notes[0]


@given(st.permutations(INVENTORY.stored), st.sets(st.integers(1, 4)))
def test_every_record_is_listed_once_in_whatever_order_it_was_read(order: list[Stored], gone: set[int]) -> None:
    inventory = replace(described(dict.fromkeys(gone)), stored=tuple(order))
    found = inventory.all(NOW)
    assert [one.image_id for one in found] == [ami(4), ami(3), ami(2), ami(1)]
    assert {one.image_id for one in found if one.state == "gone"} == {ami(number) for number in gone}


# --- which image is meant ---------------------------------------------------------------------------------------------
def meant(word: str, inventory: Inventory = INVENTORY) -> ImageRecord:
    return choose(word, inventory, NOW)


def refused(word: str, inventory: Inventory = INVENTORY) -> str:
    with pytest.raises(BadInput) as caught:
        meant(word, inventory)
    return str(caught.value)


@given(st.sampled_from(RECORDS), st.integers(FEWEST_DIGITS, 64), st.booleans())
def test_an_ami_id_a_build_and_the_beginning_of_a_digest_name_an_image(
    record: ImageRecord, digits: int, prefixed: bool
) -> None:
    digest = record.digest if prefixed else record.digest.removeprefix("sha256:")
    beginning = digest[: digits + len("sha256:") * prefixed]
    for word in (record.image_ids[REGION], record.build, beginning):
        assert meant(word) == record


def test_an_ami_id_of_any_region_names_an_image() -> None:
    copied = NEWER.model_copy(update={"image_ids": {**NEWER.image_ids, "eu-central-1": ami(7)}})
    assert meant(ami(7), replace(INVENTORY, stored=(stored(copied),))) == copied


def test_a_tier_is_its_image_in_force_and_a_layer_its_newest() -> None:
    assert meant("web") == OLDER
    newer = record_of("base", 9)
    assert meant("base", replace(INVENTORY, stored=(*INVENTORY.stored, stored(newer)))) == newer


def test_a_tier_without_an_image_in_force_names_those_that_there_are() -> None:
    text = refused("web", replace(INVENTORY, images=Images({})))
    assert "no image of web is in force" in text
    assert ami(3) in text and ami(4) in text


def test_an_image_in_force_without_a_record_is_not_replaced_by_another_one() -> None:
    text = refused("web", replace(INVENTORY, images=file_of(record_of("web", 8))))
    assert "the image in force of web has no record" in text
    assert ami(8) in text and ami(4) in text


@pytest.mark.parametrize("word", ["wbe", "12345", "sha256:12345", "ami-0", "", "fffffffff", "web-9", "../x"])
def test_a_word_that_names_nothing_is_told_what_there_is(word: str) -> None:
    text = refused(word)
    assert f"there is no image {word!r}" in text
    assert ami(4) in text
    assert "python -m bake list" in text


def test_a_beginning_of_several_digests_names_them() -> None:
    twins = tuple(
        one.model_copy(update={"digest": f"sha256:abcdef{number}{'0' * 57}"}) for number, one in enumerate(RECORDS)
    )
    text = refused("abcdef", replace(INVENTORY, stored=tuple(map(stored, twins))))
    assert "several images begin with abcdef" in text
    assert all(ami(number) in text for number in (1, 2, 3, 4))
    assert meant("abcdef2", replace(INVENTORY, stored=tuple(map(stored, twins)))) == twins[2]


def test_an_image_without_a_record_is_told_by_its_tags() -> None:
    text = refused(ami(9), described({9: description_of(record_of("web", 9))}))
    assert "has no record" in text
    assert "build web-9" in text


def test_where_there_is_nothing_at_all_that_is_said() -> None:
    assert "images of none" in refused("web", Inventory((), {REGION: {}}, Images({})))
