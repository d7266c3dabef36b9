"""The parser against output that Packer 1.16.0 with the amazon plugin 1.8.2 really printed (folder output/)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.packer.events import (
    Artifact,
    ArtifactField,
    BuildError,
    Event,
    Message,
    Other,
    Phase,
    artifacts,
    parse,
    phase_of,
    unescape,
)

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
        "file.one": (Artifact("packer.file", "File", "Stored file: one.txt"),),
        "file.two": (Artifact("packer.file", "File", "Stored file: two.txt"),),
    }


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
        ("amazon-ebs-success.txt", list(Phase)[1:]),
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


@given(st.text(alphabet=st.characters(exclude_characters="\x1b\\%\r", exclude_categories=["Cs"])))
def test_what_packer_escapes_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace(",", "%!(PACKER_COMMA)").replace("\n", "\\n")
    assert parse(f"7,,ui,say,{escaped}") == Message(7, "", "say", text)


@given(st.text())
def test_the_parser_takes_any_line(line: str) -> None:
    parse(line)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c"])), max_size=8))
def test_an_artifact_counts_once_however_often_it_is_repeated(repeats: list[tuple[int, str]]) -> None:
    events = [ArtifactField(0, "x", number, "id", (f"id-{name}",)) for number, (_, name) in enumerate(repeats)]
    found = artifacts(events).get("x", ())
    assert [one.id for one in found] == list(dict.fromkeys(f"id-{name}" for _, name in repeats))
