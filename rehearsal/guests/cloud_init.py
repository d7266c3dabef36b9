"""What cloud-init does on a real image, done from outside before the guest's first program starts.

The login user gets the key pair's public key, an instance booted from an image gets SSH host keys of its own, and a
user data script runs once, at the first boot, with its output on the console. Everything but the key lies in /run,
which is never part of an image. Only scripts are run: cloud-config and multi-part user data are refused at launch.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.front.service import AwsError

LOGIN_USER = "admin"  # of Debian's official AMIs
SCRIPT = "run/cloud-init/user-data"
UNIT = "run/systemd/system/user-data.service"
UNIT_TEXT = f"""[Unit]
Description=User data of this instance
After=network.target ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/{SCRIPT}
StandardOutput=journal+console
StandardError=journal+console
TimeoutStartSec=infinity
"""


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file to write into a guest before it starts.

    Args:
        path: from the guest's root, without a leading slash.
        owner: a user of the guest.
        append: add the text to what is there, unless it is there already.
    """

    path: str
    text: str
    mode: int = 0o644
    owner: str = "root"
    append: bool = False


def refuse_user_data(text: str | None) -> None:
    """Raises AwsError for user data that cloud-init would act on and the embedded AWS does not."""
    if text and not text.startswith("#!"):
        raise AwsError(
            "Unsupported", "The embedded AWS runs user data that is a script (#!…), no other kind of user data."
        )


def files(public_keys: Sequence[str], user_data: str | None) -> list[GuestFile]:
    """The files of an instance's first boot."""
    keys = "".join(f"{key.strip()}\n" for key in public_keys)
    found = []
    if keys:
        home = f"home/{LOGIN_USER}/.ssh/authorized_keys"
        found.append(GuestFile(home, keys, 0o600, LOGIN_USER, append=True))
    if user_data:
        found += [GuestFile(SCRIPT, user_data, 0o700), GuestFile(UNIT, UNIT_TEXT)]
    return found


def prepare(root: Path, public_keys: Sequence[str], user_data: str | None) -> None:
    """Write the files of the first boot into the guest's file system at `root`.

    Raises OSError where the image has no such user, or a symbolic link where a file of the guest should be.
    """
    for file in files(public_keys, user_data):
        write(root, file)
    if user_data:
        wants = _folder(root, "run/systemd/system/multi-user.target.wants", (0, 0), 0o755)
        try:
            os.symlink(f"/{UNIT}", Path(UNIT).name, dir_fd=wants)
        finally:
            os.close(wants)
    remove_host_keys(root)


def remove_host_keys(root: Path) -> None:
    """An image's SSH host keys are another machine's; the base image's unit makes new ones where there are none."""
    try:
        folder = _open_folder(root, "etc/ssh")
    except FileNotFoundError:
        return  # an image without sshd
    try:
        for name in os.listdir(folder):
            if name.startswith("ssh_host_"):
                os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)


def write(root: Path, file: GuestFile) -> None:
    """Write one file; no step of its path may be a symbolic link, which would lead out of the guest."""
    owner = owner_of(root, file.owner)
    folder = _folder(root, str(Path(file.path).parent), owner, 0o755 if file.owner == "root" else 0o700)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | (0 if file.append else os.O_TRUNC)
        descriptor = os.open(Path(file.path).name, flags, file.mode, dir_fd=folder)
        with open(descriptor, "r+", encoding="utf-8") as out:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"{file.path} is not a file")
            os.fchown(descriptor, *owner)
            os.fchmod(descriptor, file.mode)
            if not (file.append and file.text in out.read()):
                out.write(file.text)
    finally:
        os.close(folder)


def owner_of(root: Path, user: str) -> tuple[int, int]:
    """The user and group number of a guest's user. Raises OSError where the image has none of this name."""
    if user == "root":
        return 0, 0
    folder = _open_folder(root, "etc")
    try:
        descriptor = os.open("passwd", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
    with open(descriptor, encoding="utf-8") as lines:
        for line in lines:
            name, _, number, group, *_ = line.split(":")
            if name == user:
                return int(number), int(group)
    raise OSError(f"the image has no user {user}, which a key pair needs")


def _open_folder(root: Path, path: str) -> int:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for part in Path(path).parts:
        descriptor = _step(descriptor, part)
    return descriptor


def _folder(root: Path, path: str, owner: tuple[int, int], mode: int) -> int:
    """A descriptor of a folder below `root`; folders that are missing are made, with this owner and mode."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for part in Path(path).parts:
        try:
            os.mkdir(part, mode, dir_fd=descriptor)
            os.chown(part, *owner, dir_fd=descriptor, follow_symlinks=False)
        except FileExistsError:
            pass  # what matters is what `_step` finds
        descriptor = _step(descriptor, part)
    return descriptor


def _step(folder: int, part: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
