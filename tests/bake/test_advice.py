from pathlib import Path

from bake import advice
from bake.packer import Phase
from bake.platforms import Platform

LOG = Path("the.log")
WAITED = "Waiting for auto-generated password for instance..."


def test_a_builder_without_a_password_and_one_without_winrm_are_told_apart() -> None:
    without = advice.next_step(Platform.WINDOWS, Phase.CONNECT, f"Timeout waiting for password.\n{WAITED}", LOG)
    assert "sealed by EC2Launch" in without
    silent = f"Timeout waiting for WinRM.\n{WAITED}\nPassword retrieved!"
    assert "port 5986" in advice.next_step(Platform.WINDOWS, Phase.CONNECT, silent, LOG)


def test_a_builder_that_never_stops_was_not_sealed() -> None:
    assert "setuperr.log" in advice.next_step(Platform.WINDOWS, Phase.STOP, "it took longer", LOG)


def test_the_log_is_named_always_and_alone_where_it_says_everything() -> None:
    for platform in Platform:
        for phase in Phase:
            assert advice.next_step(platform, phase, "", LOG).endswith("read the log: the.log")
    assert advice.next_step(Platform.WINDOWS, Phase.PROVISION, "", LOG) == "read the log: the.log"
