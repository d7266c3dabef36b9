"""The code of the scheduled sweep: the few modules of ours that it needs, in a folder of their own.

The modules are named and not found: what a function carries is decided here, and a test runs it with nothing else. The
packages' own __init__ stay behind, because console's asks for libraries that a function has not.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HANDLER = "bake.sweep_function.handler"
MODULES = (
    "bake/agreement.py",
    "bake/application.py",
    "bake/build_id.py",
    "bake/remains.py",
    "bake/sweep.py",
    "bake/sweep_function.py",
    "console/aws.py",
    "console/errors.py",
)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder with the modules, as long as the block lasts; the same modules give the same folder."""
    with tempfile.TemporaryDirectory(prefix="kiln-sweep-") as name:
        for module in MODULES:
            target = Path(name, module)
            target.parent.mkdir(exist_ok=True)
            (target.parent / "__init__.py").touch()
            shutil.copyfile(ROOT / module, target)
        yield Path(name)
