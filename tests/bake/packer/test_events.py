"""The parser against output that Packer 1.16.0 with the amazon plugin 1.8.2 really printed (folder output/)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.packer.amazon_ebs import phase_of
from bake.packer.events import (
    Artifact,
    ArtifactField,
    BuildError,
    Event,
    Message,
    Other,
    artifacts,
    build_of,
    ending,
    parse,
    unescape,
    words,
)
from bake.packer.phases import Phase

OUTPUT = Path(__file__).parent / "output"


def events_of(name: str) -> list[Event]:
    events = [parse(line) for line in (OUTPUT / name).read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event is not None]


def test_every_line_of_captured_output_is_an_event() -> None:
    for file in OUTPUT.glob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines
        assert [line for line in lines if line and parse(line) is None] == [], file.name


def test_an_image_is_one_artifact_with_region_and_id() -> None:
    found = artifacts(events_of("amazon-ebs-success.txt"))
    assert list(found) == ["amazon-ebs.image"]
    (artifact,) = found["amazon-ebs.image"]
    assert artifact.builder_id == "mitchellh.amazonebs"
    assert artifact.id.startswith("eu-west-1:ami-")
    assert artifact.description == f"AMIs were created:\n{artifact.id.replace(':', ': ')}\n"


def test_the_artifact_that_the_manifest_repeats_counts_once() -> None:
    events = events_of("file-with-manifest.txt")
    assert Other(events[0].seconds, "file.one", "artifact-count", ("2",)) in events
    assert artifacts(events) == {
        "file.one": (Artifact("packer.file", "File", "Stored file: one.txt", ("one.txt",)),),
        "file.two": (Artifact("packer.file", "File", "Stored file: two.txt", ("two.txt",)),),
    }


def test_what_a_post_processor_makes_is_an_artifact_besides_the_builders() -> None:
    found = artifacts(events_of("one-of-three-fails.txt"))
    assert sorted(found) == ["file.kept", "null.good"]
    made, sums = found["file.kept"]
    assert (made.builder_id, made.files) == ("packer.file", ("kept.txt",))
    assert (sums.builder_id, sums.id) == ("packer.post-processor.checksum", "")
    assert sums.files == ("kept.txt", "out.md5", "out.sha256")


def test_four_post_processors_that_make_nothing_leave_one_artifact() -> None:
    events = events_of("several-post-processors.txt")
    assert Other(events[-1].seconds, "pair.null.one", "artifact-count", ("4",)) in events
    assert len(artifacts(events)["pair.null.one"]) == 1


def test_words_in_which_packer_hid_letters_are_still_understood() -> None:
    """A sensitive variable had the value of two lines, `a` and `b`: Packer hides them in its own words, too."""
    events = events_of("sensitive-letters.txt")
    assert {event.level for event in events if isinstance(event, Message)} == {"say"}
    assert [one.builder_id for one in artifacts(events)["file.kept"]] == [
        "p<sensitive>cker.file",
        "p<sensitive>cker.post-processor.checksum",
    ]


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("==> null.one: it: is", "null.one"),
        ("==> tools.null.one (shell-local): it is", "tools.null.one"),
        ("==> my build.null.x: it is", "my build.null.x"),
        ("==> null: of a legacy template", "null"),
        ("--> file.one: Stored file: one.txt", "file.one"),
        ("    null.one: as old plugins say it", "null.one"),
        ("==> null.one:", "null.one"),
        ("\n==> Builds finished. The artifacts of successful builds are:", ""),
        ("\n==> Wait completed after 9 milliseconds", ""),
        ("Build 'null.one' finished after 9 milliseconds.", ""),
        ("    indented: by somebody", ""),
    ],
)
def test_a_message_tells_which_build_says_it(text: str, build: str) -> None:
    assert build_of(Message(0, "", "say", text)) == build


def test_the_words_are_without_the_name_of_who_says_them() -> None:
    text = "==> null.one: first\n==> null.one:     deep: er\n==> null.one:\nbare ==> x.y: z"
    assert words(Message(0, "", "say", text)) == ["first", "    deep: er", "bare ==> x.y: z"]


def test_the_end_of_a_build_is_told_while_others_go_on() -> None:
    told = [one for one in map(ending, events_of("one-of-three-fails.txt")) if one]
    assert [(one.target, one.well) for one in told] == [("file.kept", True), ("null.bad", False), ("null.good", True)]


def test_every_event_has_its_time() -> None:
    assert Message(1795242669, "", "say", "x").at.isoformat() == "2026-11-21T06:31:09+00:00"


def test_images_in_several_regions_are_one_artifact_with_commas_restored() -> None:
    line = "1,amazon-ebs.image,artifact,0,id,eu-west-1:ami-1%!(PACKER_COMMA)eu-north-1:ami-2"
    event = parse(line)
    assert event == ArtifactField(1, "amazon-ebs.image", 0, "id", ("eu-west-1:ami-1,eu-north-1:ami-2",))
    assert artifacts([event])["amazon-ebs.image"][0].id == "eu-west-1:ami-1,eu-north-1:ami-2"


def test_no_artifact_where_nothing_was_built() -> None:
    assert artifacts(events_of("nothing-matched.txt")) == {}
    assert artifacts(events_of("amazon-ebs-provision-fails.txt")) == {}


def test_standard_error_of_a_provisioner_is_a_message_and_no_failure() -> None:
    events = events_of("amazon-ebs-provision-fails.txt")
    said = [event for event in events if isinstance(event, Message) and event.text.endswith("oh, no")]
    assert [event.level for event in said] == ["error"]
    failures = [event for event in events if isinstance(event, BuildError)]
    assert [event.target for event in failures] == ["amazon-ebs.image"]
    assert "non-zero exit status: 7" in failures[0].text


@pytest.mark.parametrize(
    ("file", "phases"),
    [
        ("amazon-ebs-success.txt", [phase for phase in Phase if phase not in (Phase.PREPARE, Phase.POST_PROCESS)]),
        ("amazon-ebs-provision-fails.txt", [Phase.LAUNCH, Phase.CONNECT, Phase.PROVISION, Phase.CLEAN_UP]),
        ("amazon-ebs-sigterm.txt", [Phase.LAUNCH, Phase.CONNECT, Phase.PROVISION, Phase.CLEAN_UP]),
    ],
)
def test_the_phases_are_told_in_order(file: str, phases: list[Phase]) -> None:
    told = [phase for phase in map(phase_of, events_of(file)) if phase]
    assert list(dict.fromkeys(told)) == phases


@pytest.mark.parametrize("line", ["", "panic: runtime error", "a,b,c", "12", "12,only"])
def test_a_line_that_is_no_event_is_none(line: str) -> None:
    assert parse(line) is None


def test_colours_are_removed() -> None:
    assert unescape("\x1b[1;32m==> made\x1b[0m") == "==> made"


@given(st.text(alphabet=st.characters(exclude_characters="\x1b\\%", exclude_categories=["Cs"])))
def test_what_packer_escapes_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace(",", "%!(PACKER_COMMA)").replace("\r", "\\r").replace("\n", "\\n")
    assert parse(f"7,,ui,say,{escaped}") == Message(7, "", "say", text)


STAMPED = st.builds(
    ",".join,
    st.tuples(
        st.from_regex(r"[0-9]{0,12}", fullmatch=True) | st.just("9" * 5000),
        st.sampled_from(["", "null.one", "<sensitive>"]) | st.text(),
        st.sampled_from(["ui", "error", "artifact", "artifact-count", "version"]) | st.text(),
        st.sampled_from(["say", "s<sensitive>y", "<sensitive>", "error", "0", "9" * 5000]) | st.text(),
        st.sampled_from(["id", "i<sensitive>", "==> a.b: c", "Build 'x' finished after 1 s"]) | st.text(),
    ),
)


@given(st.text() | STAMPED | st.binary().map(lambda raw: raw.decode(errors="replace")))
def test_any_line_is_an_event_of_some_time_or_none(line: str) -> None:
    event = parse(line)
    if event:
        assert event.at.year <= 5138
        assert isinstance(build_of(event), str)
        phase_of(event)
        ending(event)
        artifacts([event])
        if isinstance(event, Message):
            words(event)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c"])), max_size=8))
def test_an_artifact_counts_once_however_often_it_is_repeated(repeats: list[tuple[int, str]]) -> None:
    events = [ArtifactField(0, "x", number, "id", (f"id-{name}",)) for number, (_, name) in enumerate(repeats)]
    found = artifacts(events).get("x", ())
    assert [one.id for one in found] == list(dict.fromkeys(f"id-{name}" for _, name in repeats))
