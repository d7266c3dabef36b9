"""The wrapper against the real Packer."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bake.packer import (
    BuildFailed,
    Event,
    LimitReached,
    Limits,
    Message,
    Packer,
    PackerNotFound,
    PackerStopped,
    Phase,
    Template,
    TemplateInvalid,
)

NULL = 'source "null" "one" {\n  communicator = "none"\n}\n'
Write = Callable[..., Template]
MINUTE = Limits(overall=timedelta(minutes=1), grace=timedelta(seconds=10))
ONE_FILE = 'source "file" "one" {\n  content = "one"\n  target = "one.txt"\n}\n'


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the wrapper makes its own."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    # a zombie of another parent is dead, too
    return " Z " not in Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return condition()


def test_the_version_is_the_pinned_one(packer: Packer) -> None:
    assert packer.version() == "1.16.0"


def test_what_is_no_packer_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(PackerNotFound):
        Packer(str(tmp_path / "packer")).version()
    with pytest.raises(PackerNotFound):
        Packer("true").version()
    with pytest.raises(PackerNotFound, match="not HashiCorp's Packer"):
        Packer("false").version()


def test_a_build_has_its_one_artifact_though_the_manifest_doubles_it(packer: Packer, template: Write) -> None:
    hcl = ONE_FILE + 'build {\n  sources = ["source.file.one"]\n  post-processor "manifest" {}\n}\n'
    result = packer.build(template(hcl), expected={"file.one"}, limits=MINUTE)
    assert {name: artifact.builder_id for name, artifact in result.artifacts.items()} == {"file.one": "packer.file"}
    assert (template(hcl).path / "one.txt").read_text(encoding="utf-8") == "one"


def test_a_build_that_ends_well_without_its_artifact_has_failed(packer: Packer, shell: Write) -> None:
    with pytest.raises(BuildFailed, match=r"null\.two has no artifact") as caught:
        packer.build(shell('inline = ["true"]'), expected={"null.one", "null.two"}, limits=MINUTE)
    assert caught.value.exit_code == 0


def test_an_artifact_nobody_expects_is_a_failure(packer: Packer, template: Write) -> None:
    hcl = ONE_FILE + 'build {\n  sources = ["source.file.one"]\n}\n'
    with pytest.raises(BuildFailed, match=r"file\.one"):
        packer.build(template(hcl), expected=set(), limits=MINUTE)


def test_a_mistake_in_the_template_has_its_file_and_line(packer: Packer, shell: Write) -> None:
    wrong = shell('inlin = ["true"]')
    for attempt in (lambda: packer.validate(wrong), lambda: packer.build(wrong, expected=(), limits=MINUTE)):
        with pytest.raises(TemplateInvalid) as caught:
            attempt()
        first = caught.value.diagnostics[0]
        assert (Path(str(first.file)).name, first.line) == ("it.pkr.hcl", 6)


def test_variables_reach_the_template_and_an_unset_one_is_a_mistake(packer: Packer, shell: Write) -> None:
    said: list[Event] = []
    given = shell('inline = ["echo it is ${var.word}"]', word="spec,ial")
    packer.build(given, expected={"null.one"}, limits=MINUTE, on_event=said.append)
    assert any(isinstance(event, Message) and "it is spec,ial" in event.text for event in said)
    with pytest.raises(TemplateInvalid, match='Unset variable "word"'):
        packer.validate(Template(given.path))


def test_a_failing_command_is_a_failed_build_with_its_last_words(packer: Packer, shell: Write) -> None:
    with pytest.raises(BuildFailed, match=r"null\.one: .*exit status: 7") as caught:
        packer.build(shell('inline = ["echo alas", "exit 7"]'), expected=(), limits=MINUTE)
    assert caught.value.exit_code == 1
    assert "alas" in caught.value.messages


def test_a_command_that_prints_error_does_not_make_the_template_wrong(packer: Packer, shell: Write) -> None:
    with pytest.raises(BuildFailed):
        packer.build(shell('inline = ["echo Error: mine >&2", "exit 1"]'), expected=(), limits=MINUTE)


def test_secrets_appear_neither_in_events_nor_in_errors(packer: Packer, shell: Write) -> None:
    secret, said = "hunter22-hunter22", list[Event]()
    leaky = shell('inline = ["echo on output ${var.word}", "echo on error ${var.word} >&2", "exit 1"]', word=secret)
    with pytest.raises(BuildFailed) as caught:
        packer.build(leaky, expected=(), limits=MINUTE, sensitive=[secret], on_event=said.append)
    assert any("on error" in repr(event) for event in said)
    assert secret not in repr(said) + repr(caught.value) + str(caught.value) + repr(caught.value.args)


def test_nothing_is_left_in_the_temporary_folder(packer: Packer, shell: Write, scratch: Path) -> None:
    places: list[str] = []
    noisy = shell('inline = ["echo TMPDIR=$TMPDIR", "touch $TMPDIR/left-behind", "exit 1"]')

    def note(event: Event) -> None:
        if isinstance(event, Message) and "TMPDIR=" in event.text:
            places.append(event.text.partition("TMPDIR=")[2].strip())

    with pytest.raises(BuildFailed):
        packer.build(noisy, expected=(), limits=MINUTE, on_event=note)
    assert places
    assert all(Path(place).is_relative_to(scratch) for place in places), "the build has a TMPDIR of its own"
    assert list(scratch.iterdir()) == []


def test_a_temporary_folder_with_a_long_name_does_no_harm(
    packer: Packer, shell: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 60)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(BuildFailed, match="exit status: 7"):
        packer.build(shell('inline = ["exit 7"]'), expected=(), limits=MINUTE)


def test_standard_input_is_empty_and_nobody_is_phoned(packer: Packer, shell: Write) -> None:
    said: list[str] = []
    asking = shell('inline = ["cat", "echo CHECKPOINT=$CHECKPOINT_DISABLE", "exit 1"]')
    with pytest.raises(BuildFailed):
        packer.build(asking, expected=(), limits=MINUTE, on_event=lambda event: said.append(repr(event)))
    assert any("CHECKPOINT=1" in line for line in said)


def test_the_overall_limit_stops_the_build_and_what_it_started(packer: Packer, shell: Write, tmp_path: Path) -> None:
    hanging = shell(f'inline = ["echo $$ > {tmp_path}/pid; exec sleep 600"]')
    began = time.monotonic()
    with pytest.raises(LimitReached, match="longer than 0:00:02"):
        packer.build(hanging, expected=(), limits=Limits(overall=timedelta(seconds=2), grace=timedelta(seconds=1)))
    assert time.monotonic() - began < 10
    sleeper = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert wait_for(lambda: not is_alive(sleeper))


def test_the_limit_of_a_phase_stops_the_build_and_names_the_phase(packer: Packer, shell: Write) -> None:
    limits = Limits(
        overall=timedelta(minutes=1), phases={Phase.PROVISION: timedelta(seconds=1)}, grace=timedelta(seconds=1)
    )
    with pytest.raises(LimitReached, match="phase 'provision' took longer than 0:00:01"):
        packer.build(shell('inline = ["sleep 600"]'), expected=(), limits=limits)


def test_an_exception_in_a_callback_stops_packer_before_it_is_passed_on(
    packer: Packer, shell: Write, tmp_path: Path
) -> None:
    hanging = shell(f'inline = ["echo $$ > {tmp_path}/pid; echo ready; exec sleep 600"]')

    def interrupt(event: Event) -> None:
        if isinstance(event, Message) and "ready" in event.text:
            raise KeyboardInterrupt

    limits = Limits(overall=timedelta(minutes=1), grace=timedelta(seconds=2))
    with pytest.raises(KeyboardInterrupt):
        packer.build(hanging, expected=(), limits=limits, on_event=interrupt)
    sleeper = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert wait_for(lambda: not is_alive(sleeper))


def packer_processes() -> list[int]:
    """Packer processes whose parent is this one."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-x", "packer"], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_packer_ended_by_somebody_else_is_no_success(
    packer: Packer, shell: Write, tmp_path: Path, number: signal.Signals
) -> None:
    hanging = shell(f'inline = ["echo $$ > {tmp_path}/pid; echo ready; exec sleep 600"]')

    def shoot(event: Event) -> None:
        if isinstance(event, Message) and "ready" in event.text:
            (process_id,) = packer_processes()
            os.kill(process_id, number)

    with pytest.raises(PackerStopped):
        packer.build(hanging, expected=(), limits=MINUTE, on_event=shoot)
    sleeper = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert wait_for(lambda: not is_alive(sleeper)), "the whole process group is ended"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the death signal of a parent is Linux's")
def test_packer_does_not_outlive_a_killed_parent(shell: Write, tmp_path: Path, scratch: Path) -> None:
    folder = shell(f'inline = ["echo $$ > {tmp_path}/pid; exec sleep 600"]').path
    program = f"""
import datetime, pathlib
from bake import toolchain
from bake.packer import Limits, Template
packer = toolchain.find(toolchain.load_versions()).packer
limits = Limits(overall=datetime.timedelta(minutes=1))
packer.build(Template(pathlib.Path({str(folder)!r})), expected=(), limits=limits)
"""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True) as parent:
        assert wait_for((tmp_path / "pid").exists)
        children = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True, check=True)
        (process_id,) = [int(line) for line in children.stdout.split()]
        parent.kill()
        parent.wait()
        try:
            assert wait_for(lambda: not is_alive(process_id))
        finally:
            sleeper = int((tmp_path / "pid").read_text(encoding="utf-8"))
            if is_alive(sleeper):
                os.kill(sleeper, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the children of a process are asked of Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_wrapper_that_is_told_to_end_lets_packer_clean_up_and_leaves_nothing(
    template: Write, tmp_path: Path, scratch: Path, number: signal.Signals
) -> None:
    folder = template(
        NULL + 'build {\n  sources = ["source.null.one"]\n  provisioner "shell-local" {\n'
        f'    inline = ["echo $$ > {tmp_path}/pid; exec sleep 600"]\n  }}\n}}\n'
        'variable "token" { default = "" }\n'
    ).path
    program = f"""
import datetime, pathlib, signal
from bake import toolchain
from bake.packer import Limits, Secret, Template
packer = toolchain.find(toolchain.load_versions()).packer
limits = Limits(overall=datetime.timedelta(minutes=1))
template = Template(pathlib.Path({str(folder)!r}), {{"token": Secret("hunter66")}})
try:
    packer.build(template, limits=limits)
finally:
    pathlib.Path({str(tmp_path / "left")!r}).write_text(str(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL))
"""
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True) as parent:
        assert wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        parent.send_signal(number)
        assert parent.wait(20) == 128 + number
    assert not is_alive(int((tmp_path / "pid").read_text(encoding="utf-8")))
    assert list(scratch.iterdir()) == [], "no file with the values of variables stays"
    assert (tmp_path / "left").read_text(encoding="utf-8") == "True", "the program has its own handling again"
