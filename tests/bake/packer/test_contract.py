import ast
import sys
from pathlib import Path

import bake.packer


def test_the_wrapper_imports_the_standard_library_and_itself_only() -> None:
    for file in Path(str(bake.packer.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                own = name == "bake.packer" or name.startswith("bake.packer.")
                assert own or name.partition(".")[0] in sys.stdlib_module_names, f"{file.name} imports {name}"
