"""What the kernel gives to all guests together."""

from pathlib import Path

import pytest

from rehearsal.guests.kernel_limits import raise_inotify_limit


@pytest.mark.parametrize(("found", "afterwards"), [(128, 500), (500, 500), (9000, 9000)])
def test_a_limit_is_raised_and_never_lowered(tmp_path: Path, found: int, afterwards: int) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{found}\n")
    raise_inotify_limit(limit, 500)
    assert int(limit.read_text()) == afterwards
