"""The code of the scheduled sweep runs with nothing but what its function carries and botocore."""

import runpy
import subprocess
import sys
from pathlib import Path

import botocore

from infra import sweep_code

PROGRAM = """
import sys
sys.path[:0] = {paths!r}
import bake.sweep_function
ours = [m for m in sys.modules.values() if m.__name__.split(".")[0] in ("bake", "console", "infra", "kiln")]
print(sorted({{m.__file__.rpartition("/")[0] for m in ours}}))
print([name for name in ("click", "pydantic", "rich", "boto3") if name in sys.modules])
"""


def test_the_function_carries_all_that_it_needs() -> None:
    with sweep_code.folder() as folder:
        paths = [str(folder), str(Path(botocore.__file__).parent.parent)]
        program = PROGRAM.format(paths=paths)
        done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        places, others = done.stdout.splitlines()
        assert places == str([f"{folder}/bake", f"{folder}/console"])
        assert others == "[]"
    assert not folder.exists()


def test_the_launcher_synthesizes_anew_when_one_of_the_modules_changes() -> None:
    sources = runpy.run_path(str(sweep_code.ROOT / "app.py"))["SOURCES"]
    assert [one for one in sweep_code.MODULES if one not in sources and one.split("/")[0] not in sources] == []
