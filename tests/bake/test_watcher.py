from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bake.log import BuildLog
from bake.packer import BuildFailed, LimitReached, Message, PackerStopped, Phase
from bake.side_by_side import Cancelled
from bake.watcher import Watcher
from console.progress import Progress

SAID = {
    Phase.LAUNCH: "Launching a source AWS instance...",
    Phase.PROVISION: "Provisioning with x",
    Phase.IMAGE: "Creating AMI x from instance i-1",
    Phase.CLEAN_UP: "Terminating the source AWS instance",
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[BuildLog]:
    with BuildLog(tmp_path / "b.log") as log:
        yield log


def told(log: BuildLog, phases: Iterable[Phase]) -> Watcher:
    watch = Watcher("web", Progress(), log)
    for phase in phases:
        watch.event(Message(0, "", "say", SAID[phase]))
    return watch


def test_the_phase_of_a_failure_is_the_one_before_packer_cleaned_up(log: BuildLog) -> None:
    watch = told(log, (Phase.LAUNCH, Phase.PROVISION, Phase.CLEAN_UP))
    assert (watch.phase, watch.failed_in) == (Phase.CLEAN_UP, Phase.PROVISION)
    assert log.path.read_text(encoding="utf-8").count("\n") == 3


@pytest.mark.parametrize(
    ("phases", "problem", "waits"),
    [
        ((), PackerStopped("by a signal"), True),
        ((Phase.LAUNCH,), PackerStopped("by a signal"), True),
        ((Phase.LAUNCH, Phase.CLEAN_UP), PackerStopped("by a signal"), True),
        ((Phase.LAUNCH,), LimitReached("overall"), True),
        ((Phase.LAUNCH,), KeyboardInterrupt(), True),
        ((Phase.LAUNCH,), Cancelled(), True),
        ((Phase.IMAGE,), PackerStopped("by a signal"), True),
        ((Phase.LAUNCH, Phase.PROVISION), PackerStopped("by a signal"), False),
        ((Phase.LAUNCH, Phase.PROVISION, Phase.CLEAN_UP), KeyboardInterrupt(), False),
        ((Phase.LAUNCH,), BuildFailed("EC2 refuses"), False),
    ],
)
def test_a_packer_that_was_cut_short_while_it_made_something_may_have_calls_under_way(
    log: BuildLog,
    monkeypatch: pytest.MonkeyPatch,
    phases: tuple[Phase, ...],
    problem: BaseException,
    waits: bool,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("bake.watcher.time.sleep", waited.append)
    told(log, phases).await_answers(problem)
    assert bool(waited) == waits
