"""A bake that came to no image of its own."""

from console.errors import KilnError


class BakeFailed(KilnError):
    """No image was made or kept. `swept` says what became of what was made until then, once that is known."""

    swept: str | None = None

    def details(self) -> dict[str, str]:
        return {**super().details(), **({"swept": self.swept} if self.swept else {})}


class NoCapacity(BakeFailed):
    """EC2 has no machine of that type in the zone; in another one it may."""


class Overtaken(BakeFailed):
    """Another machine has taken this bake over, or has recorded its image first."""
