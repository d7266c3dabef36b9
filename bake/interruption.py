"""Ctrl-C in a command that has to clean up: once is enough, and a second time does not cut the cleaning up short."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from console.command import ENDING_SIGNALS


@contextmanager
def one_interruption(doing: str) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP interrupt once; what follows (Packer's clean-up, the sweep) is left to finish.

    `doing` says what that is.
    """
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            click.echo("still cleaning up, a moment please", err=True)
            return
        interrupted = True
        click.echo(f"interrupted: {doing}", err=True)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
