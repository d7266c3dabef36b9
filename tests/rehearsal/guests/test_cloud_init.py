"""What is written into a guest before it starts."""

import os
from pathlib import Path

import pytest

from rehearsal.front.service import AwsError
from rehearsal.guests import cloud_init
from rehearsal.guests.cloud_init import GuestFile, prepare, refuse_user_data, write

KEY = "ssh-ed25519 AAAA test"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file system with the user admin, who is whoever runs the test, because only root may give files away."""
    (tmp_path / "etc" / "ssh").mkdir(parents=True)
    (tmp_path / "etc" / "passwd").write_text(
        f"root:x:0:0:root:/root:/bin/sh\nadmin:x:{os.getuid()}:{os.getgid()}::/home/admin:/bin/bash\n"
    )
    (tmp_path / "home" / "admin").mkdir(parents=True)
    return tmp_path


def test_the_key_is_the_login_users_and_readable_by_nobody_else(root: Path) -> None:
    prepare(root, [KEY], None)
    keys = root / "home" / "admin" / ".ssh" / "authorized_keys"
    assert keys.read_text() == f"{KEY}\n"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert keys.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_that_the_image_has_stays_and_the_same_key_is_not_added_twice(root: Path) -> None:
    folder = root / "home" / "admin" / ".ssh"
    folder.mkdir()
    (folder / "authorized_keys").write_text("ssh-rsa BBBB of the image\n")
    prepare(root, [KEY], None)
    prepare(root, [KEY], None)
    assert (folder / "authorized_keys").read_text() == f"ssh-rsa BBBB of the image\n{KEY}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="makes root's files")
def test_user_data_is_a_unit_in_run_that_multi_user_wants(root: Path) -> None:
    prepare(root, [], "#!/bin/sh\necho hello\n")
    assert (root / "run/cloud-init/user-data").read_text() == "#!/bin/sh\necho hello\n"
    assert (root / "run/cloud-init/user-data").stat().st_mode & 0o777 == 0o700
    wanted = root / "run/systemd/system/multi-user.target.wants/user-data.service"
    assert os.readlink(wanted) == "/run/systemd/system/user-data.service"


def test_the_images_host_keys_go(root: Path) -> None:
    (root / "etc/ssh/ssh_host_ed25519_key").write_text("of another machine")
    (root / "etc/ssh/sshd_config").write_text("")
    prepare(root, [], None)
    assert os.listdir(root / "etc/ssh") == ["sshd_config"]


def test_a_symbolic_link_in_an_image_leads_nowhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("host")
    (root / "home/admin/.ssh").symlink_to(outside)
    with pytest.raises(OSError, match=r"\.ssh"):
        prepare(root, [KEY], None)
    (root / "home/admin/.ssh").unlink()
    (root / "home/admin/.ssh").mkdir()
    (outside / "file").write_text("the host's")
    (root / "home/admin/.ssh/authorized_keys").symlink_to(outside / "file")
    with pytest.raises(OSError, match="authorized_keys"):
        prepare(root, [KEY], None)
    assert (outside / "file").read_text() == "the host's"


def test_a_key_needs_the_login_user(root: Path) -> None:
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    with pytest.raises(OSError, match="no user admin"):
        prepare(root, [KEY], None)


def test_an_image_without_sshd_is_fine(tmp_path: Path) -> None:
    prepare(tmp_path, [], None)


def test_only_scripts_are_run() -> None:
    refuse_user_data(None)
    refuse_user_data("")
    refuse_user_data("#!/bin/bash\n")
    for text in ("#cloud-config\n", "Content-Type: multipart/mixed", "echo hello"):
        with pytest.raises(AwsError, match="script"):
            refuse_user_data(text)


def test_what_is_written_replaces_what_was_there(root: Path) -> None:
    file = GuestFile("home/admin/file", "long text", owner=cloud_init.LOGIN_USER)
    write(root, file)
    write(root, GuestFile(file.path, "short", owner=cloud_init.LOGIN_USER))
    assert (root / file.path).read_text() == "short"
