"""Runs of the real Packer with several builds, post-processors, and options."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from bake.packer import (
    BuildEnded,
    BuildFailed,
    Event,
    LimitReached,
    Limits,
    Options,
    Packer,
    PhaseBegan,
    Reading,
    State,
    Template,
    TemplateInvalid,
)

Write = Callable[..., Template]
MINUTE = Limits(overall=timedelta(minutes=1), grace=timedelta(seconds=10))
SOURCES = """
source "null" "good" { communicator = "none" }
source "null" "bad" { communicator = "none" }
source "file" "kept" {
  content = "kept"
  target = "kept.txt"
}
"""
ONE_FAILS = (
    SOURCES
    + """
build {
  sources = ["source.null.good", "source.null.bad", "source.file.kept"]
  provisioner "shell-local" {
    only = ["null.bad"]
    inline = ["echo alas", "exit 7"]
  }
  provisioner "shell-local" {
    only = ["null.good"]
    inline = ["echo fine"]
  }
  error-cleanup-provisioner "shell-local" {
    inline = ["echo swept"]
  }
}
"""
)
PROCESSED = (
    SOURCES
    + """
build {
  name = "tools"
  sources = ["source.file.kept", "source.null.good"]
  post-processor "manifest" { output = "manifest.json" }
  post-processors {
    post-processor "checksum" {
      name = "sums"
      checksum_types = ["md5", "sha256"]
      output = "kept.{{.ChecksumType}}"
    }
    post-processor "shell-local" { inline = ["echo processed $PACKER_BUILD_NAME"] }
  }
}
"""
)


def test_of_several_builds_each_has_its_own_result_when_one_has_failed(packer: Packer, template: Write) -> None:
    said: list[Event] = []
    with pytest.raises(BuildFailed, match=r"null\.bad: .*exit status: 7") as caught:
        packer.build(template(ONE_FAILS), limits=MINUTE, on_event=said.append)
    builds = caught.value.builds
    assert {name: build.state for name, build in builds.items()} == {
        "file.kept": State.FINISHED,
        "null.bad": State.FAILED,
        "null.good": State.FINISHED,
    }
    assert builds["file.kept"].artifacts[0].files == ("kept.txt",)
    assert "exit status: 7" in str(builds["null.bad"].error)
    assert builds["null.bad"].phase == "provision"
    assert "alas" in builds["null.bad"].messages
    assert "alas" in caught.value.messages
    assert "file.kept has finished: Stored file: kept.txt" in str(caught.value)
    ended = {event.target: event.well for event in said if isinstance(event, BuildEnded)}
    assert ended == {"file.kept": True, "null.bad": False, "null.good": True}


def test_a_run_without_expectations_returns_every_build_with_all_its_artifacts(packer: Packer, template: Write) -> None:
    written = template(PROCESSED)
    result = packer.build(written, limits=MINUTE)
    assert sorted(result.builds) == ["tools.file.kept", "tools.null.good"]
    made, sums = result.builds["tools.file.kept"].artifacts
    assert (made.files, sums.files) == (("kept.txt",), ("kept.txt", "kept.md5", "kept.sha256"))
    assert result.artifacts["tools.file.kept"] == made, "the builder's own comes first"
    assert len(json.loads((written.path / "manifest.json").read_text(encoding="utf-8"))["builds"]) == 2
    assert {"prepare", "post-process"} <= set(result.seconds)


def test_the_builds_of_an_inspection_are_those_of_a_run(packer: Packer, template: Write) -> None:
    written = template(PROCESSED)
    names = packer.inspect(written).builds
    assert set(packer.build(written, limits=MINUTE, expected=names).builds) == set(names)


def test_only_and_except_choose_builds_and_post_processors(packer: Packer, template: Write) -> None:
    one = packer.build(template(PROCESSED), limits=MINUTE, options=Options(only=("*.file.*",)))
    assert list(one.builds) == ["tools.file.kept"]
    without = Options(except_for=("tools.null.good", "sums"))
    other = packer.build(template(PROCESSED), limits=MINUTE, options=without, expected={"tools.file.kept"})
    assert len(other.builds["tools.file.kept"].artifacts) == 1, "no checksums"


@pytest.mark.parametrize("only", [("nobody",), ("file.kept", "nobody")])
def test_a_name_that_no_build_has_is_a_mistake_that_tells_the_names(
    packer: Packer, template: Write, only: tuple[str, ...]
) -> None:
    written, options = template(ONE_FAILS), Options(only=only)
    with pytest.raises(TemplateInvalid, match="no build for each name") as caught:
        packer.validate(written, options=options)
    assert "null.good null.bad file.kept" in caught.value.diagnostics[0].detail
    # BuildFailed where a build was under way before Packer's warning was read: on a busy machine these take no time
    with pytest.raises((TemplateInvalid, BuildFailed), match="no build for each name"):
        packer.build(written, limits=MINUTE, options=options)


def test_builds_run_one_after_the_other_where_that_is_asked_for(packer: Packer, template: Write) -> None:
    hcl = 'source "null" "a" { communicator = "none" }\nsource "null" "b" { communicator = "none" }\n'
    hcl += 'build {\n  sources = ["null.a", "null.b"]\n  provisioner "shell-local" { inline = ["sleep 0.3"] }\n}\n'
    said: list[Event] = []
    packer.build(template(hcl), limits=MINUTE, options=Options(parallel_builds=1), on_event=said.append)
    turns = [(type(event), event.target) for event in said if isinstance(event, PhaseBegan | BuildEnded)]
    (first, *_), (second, *_) = [name for _, name in turns[:1]], [name for _, name in turns[-1:]]
    assert turns == [(PhaseBegan, first), (BuildEnded, first), (PhaseBegan, second), (BuildEnded, second)]


def test_force_and_a_cleanup_provisioner_are_passed_on(packer: Packer, template: Write) -> None:
    said: list[str] = []
    options = Options(force=True, on_error="run-cleanup-provisioner", only=("null.bad",))
    with pytest.raises(BuildFailed):
        packer.build(
            template(ONE_FAILS), limits=MINUTE, options=options, on_event=lambda event: said.append(repr(event))
        )
    assert any("swept" in line for line in said)


def test_a_phase_of_ones_own_reading_can_have_a_limit(packer: Packer, template: Write) -> None:
    hcl = SOURCES + (
        'build {\n  sources = ["null.good", "file.kept"]\n'
        '  provisioner "shell-local" {\n    only = ["null.good"]\n'
        '    inline = ["echo warming up", "sleep 600"]\n  }\n}\n'
    )
    limits = Limits(timedelta(minutes=1), {"warm": timedelta(seconds=0.5)}, grace=timedelta(seconds=1))
    with pytest.raises(LimitReached, match=r"null\.good: phase 'warm' took longer") as caught:
        packer.build(template(hcl), limits=limits, readings={"null": Reading.of({"warming up": "warm"})})
    builds = caught.value.builds
    assert builds["file.kept"].state is State.FINISHED
    assert (builds["null.good"].state, builds["null.good"].phase) == (State.UNFINISHED, "warm")
