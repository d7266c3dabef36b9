"""What was set up, and from what: one stamp per part holds the digest of the inputs it was made from.

A part is current when its stamp says the digest of today's inputs and all that it made is still there. Reading a few
small files decides it, so a set-up with nothing to do costs next to nothing and asks no network.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path


def digest(*inputs: str | Path) -> str:
    """SHA-256 over texts and the contents of files, in the order given, each framed by its length."""
    total = hashlib.sha256()
    for each in inputs:
        content = each.read_bytes() if isinstance(each, Path) else each.encode()
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Stamp:
    """One part of the set-up.

    Args:
        path: the stamp file.
        inputs: the digest of everything that the part is made from.
        products: what must be there when the part is done.
    """

    path: Path
    inputs: str
    products: tuple[Path, ...]

    def reason_to_run(self) -> str | None:
        """Why the part has to be made (again); None if it is current."""
        if not self.path.exists():
            return "not set up yet"
        if self.path.read_text() != self.inputs:
            return "its pins changed"
        return next((f"{product} is gone" for product in self.products if not product.exists()), None)

    def write(self) -> None:
        """Say that the part is done."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.inputs)
