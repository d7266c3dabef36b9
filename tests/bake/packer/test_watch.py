"""What is known of a run, from captured output (folder output/) and a clock of the test's own."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.packer import READINGS, BuildEnded, Event, Limits, Message, Phase, PhaseBegan, Reading, State, phase_of
from bake.packer.events import parse
from bake.packer.watch import Watch

OUTPUT = Path(__file__).parent / "output"
HOUR = Limits(overall=timedelta(hours=1))


def watched(name: str) -> tuple[Watch, list[Event]]:
    """A watch over captured output, with a second between one line and the next; what followed from the lines."""
    watch, told = Watch(HOUR, 0, READINGS), list[Event]()
    for second, line in enumerate((OUTPUT / name).read_text(encoding="utf-8").splitlines()):
        event = parse(line)
        assert event
        told += watch.note(event, second)
    watch.close(100)
    return watch, told


def say(text: str, level: str = "say") -> Message:
    event = parse(f"1,,ui,{level},{text}")
    assert isinstance(event, Message)
    return event


def test_one_of_three_that_fails_does_not_hide_what_the_others_made() -> None:
    outcomes = watched("one-of-three-fails.txt")[0].outcomes()
    assert {name: one.state for name, one in outcomes.items()} == {
        "file.kept": State.FINISHED,
        "null.bad": State.FAILED,
        "null.good": State.FINISHED,
    }
    assert outcomes["file.kept"].artifacts[0].files == ("kept.txt",)
    bad = outcomes["null.bad"]
    assert bad.error == "Script exited with non-zero exit status: 7. Allowed exit codes are: [0]"
    assert (bad.phase, bad.artifacts) == (Phase.PROVISION, ())
    assert "alas, it broke" in bad.messages
    assert not any("cleaning after" in line for line in bad.messages), "the reason is before it cleaned up"


def test_the_last_messages_are_those_of_the_build_that_failed() -> None:
    watch, _ = watched("one-of-three-fails.txt")
    assert "alas, it broke" in watch.last_messages()
    assert "fine" not in watch.last_messages()


def test_each_build_has_its_own_phases() -> None:
    _, told = watched("one-of-three-fails.txt")
    began = [(one.target, one.phase) for one in told if isinstance(one, PhaseBegan)]
    assert [phase for name, phase in began if name == "file.kept"] == ["post-process"]
    assert [phase for name, phase in began if name == "null.good"] == ["provision", "post-process"]
    assert [phase for name, phase in began if name == "null.bad"] == ["provision", "cleanup"]
    assert [(one.target, one.well) for one in told if isinstance(one, BuildEnded)] == [
        ("file.kept", True),
        ("null.bad", False),
        ("null.good", True),
    ]


def test_the_seconds_of_a_build_end_with_it() -> None:
    outcomes = watched("one-of-three-fails.txt")[0].outcomes()
    lines = (OUTPUT / "one-of-three-fails.txt").read_text(encoding="utf-8").splitlines()
    for name in ("file.kept", "null.good"):
        (end,) = [second for second, line in enumerate(lines) if f"Build '{name}' finished" in line]
        assert sum(outcomes[name].seconds.values()) == end


def test_one_by_one_a_build_begins_where_the_one_before_it_has_ended() -> None:
    watch = Watch(HOUR, 0, READINGS, one_by_one=True)
    for second, text in enumerate(
        ["==> null.a: Provisioning with x", "Build 'null.a' finished after 1 s", "==> null.b: Provisioning with x"]
    ):
        list(watch.note(say(text), second))
    watch.close(5)
    assert watch.outcomes()["null.b"].seconds == {"prepare": 1, "provision": 3}


def test_a_build_that_was_cancelled_has_not_finished_whatever_packer_says() -> None:
    """Packer says of the cancelled one of amazon-ebs that it `finished`, of the one of null that it `errored`."""
    watch, told = watched("amazon-ebs-sigterm.txt")
    assert watch.cancelled
    assert watch.outcomes()["amazon-ebs.image"].state is State.UNFINISHED
    assert watch.outcomes()["amazon-ebs.image"].phase == Phase.PROVISION
    assert told[-1] == BuildEnded(told[-1].seconds, "amazon-ebs.image", well=False)


def test_of_two_builds_the_one_that_had_finished_before_the_signal_is_told() -> None:
    outcomes = watched("two-builds-sigterm.txt")[0].outcomes()
    assert {name: one.state for name, one in outcomes.items()} == {
        "null.quick": State.FINISHED,
        "null.slow": State.UNFINISHED,
    }
    assert outcomes["null.quick"].artifacts == (), "Packer does not tell them any more"


@pytest.mark.parametrize("text", ["==> null.x: Stopping the source instance", "==> file.x: Creating AMI"])
def test_the_lines_of_amazon_ebs_mean_nothing_for_another_builder(text: str) -> None:
    watch = Watch(HOUR, 0, READINGS)
    assert list(watch.note(say(text), 1)) == []
    assert phase_of(say(text)) in (Phase.STOP, Phase.IMAGE), "read as of amazon-ebs they do"


def test_a_reading_of_ones_own_has_phases_of_its_own_and_packers() -> None:
    docker = Reading.of({"Pulling Docker image": "pull"}, also=READINGS["amazon-ebs"])
    watch = Watch(HOUR, 0, {"docker": docker})
    told = [
        one for text in ("==> docker.x: Pulling Docker image: a", "==> docker.x: Provisioning with shell script")
        for one in watch.note(say(text), 1)
    ]  # fmt: skip
    assert [one.phase for one in told if isinstance(one, PhaseBegan)] == ["pull", "provision"]


def test_what_a_provisioner_or_a_post_processor_prints_begins_no_phase() -> None:
    watch = Watch(HOUR, 0, READINGS)
    for message in (
        say("==> null.x: he said: Provisioning with care"),
        say("==> null.x: Provisioning with an error", level="error"),
        say("==> null.x (shell-local): Running local shell script: /tmp/x"),
    ):
        assert list(watch.note(message, 1)) == []


def test_a_phase_limit_holds_for_each_build_and_not_for_one_that_has_ended() -> None:
    watch = Watch(Limits(timedelta(hours=1), {"provision": timedelta(seconds=10)}), 0, READINGS)
    list(watch.note(say("==> null.a: Provisioning with x"), 0))
    list(watch.note(say("==> null.b: Provisioning with x"), 8))
    list(watch.note(say("Build 'null.a' finished after 9 s"), 9))
    assert watch.exceeded(12) is None
    assert watch.exceeded(19) == "null.b: phase 'provision' took longer than 0:00:10"


def test_the_overall_limit_names_what_still_runs() -> None:
    watch = Watch(HOUR, 0, READINGS)
    assert watch.exceeded(3601) == "it took longer than 1:00:00 (nothing ran yet)"
    list(watch.note(say("==> null.b: Provisioning with x"), 8))
    assert watch.exceeded(3601) == "it took longer than 1:00:00 (null.b in phase 'provision')"


LINES = [
    line
    for file in sorted(OUTPUT.glob("*.txt"))
    for line in file.read_text(encoding="utf-8").splitlines()
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES) | st.text(), max_size=40))
def test_lines_in_any_order_make_some_sense(lines: list[str]) -> None:
    watch = Watch(HOUR, 0, READINGS)
    for second, line in enumerate(lines):
        if event := parse(line):
            list(watch.note(event, second))
    watch.close(len(lines))
    for outcome in watch.outcomes().values():
        assert all(seconds >= 0 for seconds in outcome.seconds.values())
        assert sum(outcome.seconds.values()) <= len(lines)
        assert not (outcome.error and outcome.state is State.FINISHED)
    watch.last_messages()
