"""Removes what a killed rehearsal has left of its guests; nothing of another rehearsal, because all is labelled."""

from pathlib import Path

from rehearsal.guests.namespace import Namespace
from rehearsal.guests.podman import Podman


def sweep(name: str, folder: Path) -> dict[str, int]:
    """Remove the containers, networks, images and the namespace of a rehearsal that no process serves any more.

    Args:
        folder: the rehearsal's folder, where podman has its networks on record.

    Returns: how many of each there were.
    """
    namespace = Namespace(name)
    networks = folder / "guests" / "networks"
    networks.mkdir(parents=True, exist_ok=True)
    inside = namespace.path if namespace.path.exists() else None
    try:
        return Podman(name, networks, inside).sweep()
    finally:
        namespace.remove()
