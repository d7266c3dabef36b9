"""What a killed rehearsal has left on the machine: HAProxy processes, guests, networks, images, its namespace."""

from pathlib import Path

from rehearsal import guests
from rehearsal.balancer.process import sweep as sweep_balancers


def sweep_all(name: str, folder: Path) -> None:
    """Remove everything that carries the rehearsal's name; its process must be gone already."""
    sweep_balancers(folder / "balancers")
    guests.sweep(name, folder)
