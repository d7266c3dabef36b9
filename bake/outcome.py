"""What a command reports of a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bake.digest import Closure


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fields of the command's JSON.

    `action` is `baked` or `reused`, where nothing is done `bake`, `wait`, `reuse` or `refuse`; `seconds` are by phase;
    `record` is a URL; `in_force` is the image, by region, that is in force before anything is done; `layers` are those
    below it, the base first.
    """

    recipe: str
    layer: str
    digest: str
    action: str
    reason: str
    image_ids: Mapping[str, str]
    record: str | None
    seconds: Mapping[str, float]
    in_force: Mapping[str, str]
    changes: tuple[str, ...] = ()
    closure: Closure | None = None
    layers: tuple["Outcome", ...] = ()

    def as_object(self, *, explain: bool = False) -> dict[str, Any]:
        """For JSON; the closure only where it was asked for."""
        found: dict[str, Any] = {
            "recipe": self.recipe,
            "layer": self.layer,
            "digest": self.digest,
            "action": self.action,
            "reason": self.reason,
            "image_ids": dict(self.image_ids),
            "record": self.record,
            "seconds": dict(self.seconds),
            "in_force": dict(self.in_force),
            "changes": list(self.changes),
            "closure": self.closure.model_dump() if explain and self.closure else None,
            "layers": [one.as_object(explain=explain) for one in self.layers] or None,
        }
        return {key: value for key, value in found.items() if value is not None}
