"""What the rehearsal measures of itself: processors and load balancers, without either."""

import os
from pathlib import Path

import pytest

from rehearsal.alarms.measures.machines import is_there, scope_of, used_seconds
from rehearsal.balancer.traffic import Traffic

HEADER = "# pxname,svname,scur,stot,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,rtime\n"


def counters(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def test_a_guests_control_group_ends_where_systemd_inside_begins() -> None:
    assert scope_of("/libpod_parent/libpod-5465/init.scope") == "libpod_parent/libpod-5465"
    assert scope_of("/machine.slice/libpod-ab.scope/container") == "machine.slice/libpod-ab.scope"
    with pytest.raises(ValueError, match="no control group"):
        scope_of("/user.slice")


def test_a_process_that_is_no_guest_has_no_processor_time(tmp_path: Path) -> None:
    file = tmp_path / "i-1"
    file.write_text(str(os.getpid()))
    assert used_seconds(file) is None
    assert is_there(file)
    assert not is_there(tmp_path / "absent")
    assert used_seconds(tmp_path / "absent") is None


def test_requests_are_counted_once_whoever_asks_how_often() -> None:
    traffic = Traffic()
    traffic.read(counters("web-1,i-1_80_1,0,10,8,0,0,2,50", "listener-80,FRONTEND,0,10,8,0,0,2,"))
    traffic.read(counters("web-1,i-1_80_1,0,12,9,0,0,3,50", "listener-80,FRONTEND,0,13,9,0,0,4,"))
    taken = traffic.take()
    assert taken.groups["web-1"].requests == 12
    assert taken.groups["web-1"].answers == {"2": 9, "3": 0, "4": 0, "5": 3}
    assert taken.answers["5"] == 4  # one of them was the load balancer's own
    assert taken.groups["web-1"].seconds == pytest.approx(12 * 0.05)
    assert traffic.take().groups == {}


def test_a_reload_and_a_removed_server_take_nothing_away() -> None:
    traffic = Traffic()
    traffic.read(counters("web-1,i-1_80_1,0,10,10,0,0,0,0", "web-1.open,i-1_80_1,0,2,2,0,0,0,0"))
    traffic.read(counters("web-1,i-1_80_1,0,3,3,0,0,0,0"))  # a new worker began at zero
    traffic.read(counters("web-1,i-2_80_2,0,4,4,0,0,0,0"))
    assert traffic.take().groups["web-1"].requests == 10 + 2 + 3 + 4
