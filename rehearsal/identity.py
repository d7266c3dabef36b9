"""Which rehearsal: its name, its folder on disk, its endpoint; and what the commands remember of it between calls."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from console.errors import BadInput, NotReady

DEFAULT_NAME = "default"
NAME = re.compile(r"[a-z][a-z0-9-]{0,10}")  # names a network interface too: at most 15 characters with its prefix


def home() -> Path:
    """Where rehearsals keep their state: $XDG_STATE_HOME/kiln/rehearsals."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kiln" / "rehearsals"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the rehearsal with the keys of its administrator."""

    environment: str  # the environment's slug, which is also the name of the AWS profile
    id: str
    region: str
    access_key_id: str = ""
    secret_access_key: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """One rehearsal on this machine."""

    name: str
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The endpoint; the word localhost matters, S3 template URLs are only recognized with it."""
        return f"http://localhost:{self.port}"

    @property
    def images(self) -> Path:
        """The images file of this rehearsal, so that the tracked one is never written."""
        return self.folder / "images.toml"

    @property
    def ca(self) -> Path:
        """The certificate of the rehearsal's own certificate authority."""
        return self.folder / "certificates" / "ca.pem"


@dataclass(frozen=True, slots=True)
class State:
    """What `up` leaves for the later commands."""

    name: str
    port: int
    pid: int
    started: str
    default_profile: str
    accounts: tuple[Account, ...]

    @property
    def identity(self) -> Identity:
        return Identity(self.name, folder_of(self.name), self.port)


def folder_of(name: str) -> Path:
    """The folder of a rehearsal. Raises BadInput for a name that cannot be one."""
    if not NAME.fullmatch(name):
        raise BadInput(
            "this is no name for a rehearsal",
            where="--name",
            found=name,
            expected="a lower-case letter, then at most 10 lower-case letters, digits or hyphens",
        )
    return home() / name


def save(state: State) -> None:
    """Write the state at once and whole."""
    path = folder_of(state.name) / "state.json"
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(state), indent=2))
    give_to_owner(draft)
    draft.replace(path)


def give_to_owner(path: Path) -> None:
    """Where sudo started this process, what it writes belongs to the user who asked for it: the owner of its folder."""
    owner = path.parent.stat()
    if owner.st_uid != os.geteuid():
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def load(name: str) -> State | None:
    """The state of a rehearsal, or None where there is none; a state whose process is gone counts as none."""
    path = folder_of(name) / "state.json"
    if not path.is_file():
        return None
    raw = json.loads(path.read_text())
    state = State(**{**raw, "accounts": tuple(Account(**a) for a in raw["accounts"])})
    return state if is_server(state.pid, name) else None


def others(name: str) -> list[str]:
    """The names of the other rehearsals that are up on this machine, for this user."""
    folders = sorted(home().glob("*/state.json"))
    return [f.parent.name for f in folders if f.parent.name != name and load(f.parent.name)]


def require(name: str) -> State:
    """The state of a rehearsal that is up. Raises NotReady where it is not."""
    state = load(name)
    if state is None:
        raise NotReady(f"the rehearsal {name!r} is not up", next_step=f"python -m rehearsal up --name {name}")
    return state


def is_server(pid: int, name: str) -> bool:
    """Whether the process is the server of this rehearsal and not another one that got its number."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"serve" in arguments and name.encode() in arguments
