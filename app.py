"""Synthesize Payroll, unless the folder already holds exactly what these inputs give.

An unchanged synthesis costs about 0.05 s instead of two seconds. It must never return a stale assembly, so:

- The digest covers every source and setting that can change the outcome, every installed distribution, and every byte
  that was written; beside it, size and time of every library file that the synthesis loaded.
- What the digest does not cover, the synthesis does not see: other environment variables are taken away first.
- Bytecode is checked by the hash of its source. Python by itself compares times in seconds and sizes, and would run the
  old code after a quick edit that keeps the length.
- Where foreign code may come in through PYTHONPATH, and where an input changes meanwhile, nothing is remembered.

This file imports nothing of Kiln before that is settled, and runs as a script only. Some 500 files are read each time:
what only a synthesis needs is imported where it is used, and the files are listed without an object for each.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator

TYPE_CHECKING = False  # typing itself, like pathlib, takes longer to import than all files to list
if TYPE_CHECKING:
    from typing import Any

ROOT = os.path.dirname(os.path.realpath(__file__))
SOURCE_ROOTS = (os.path.join(ROOT, "constructs"), ROOT)
SEARCH_PATH = tuple(sys.path)
SWEEP = ("agreement.py", "application.py", "build_id.py", "remains.py", "sweep.py", "sweep_function.py")
"""What a function of Tooling carries of bake; the list is that of `infra.sweep_code`, and a test compares the two."""
SOURCES = (
    *("app.py", "cdk.json", "requirements.lock", "package-lock.json", "console", "constructs", "infra"),
    *(f"bake/{name}" for name in SWEEP),
)
STAMP = ".inputs-and-outputs"
MODULE_SUFFIXES = (".py", ".pth", ".so")

INPUT_VARIABLES = (
    "CDK_BLOCK_DEPRECATIONS",
    "CDK_DEBUG",
    "CDK_DEBUG_DEPS",
    "CDK_DISABLE_STACK_TRACE",
    "CDK_NO_PERF_BUILTINS",
    "CDK_VALIDATION",
    "JSII_DEBUG",
    "JSII_DEPRECATED",
    "JSII_NODE",
    "JSII_RUNTIME",
    "KILN_IMAGES",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NODE_PATH",
)
"""What aws-cdk-lib 2.275.0, jsii and Kiln itself read; `process.env` and `os.environ` in their sources."""
OTHER_VARIABLES = ("CDK_ERROR_FILE", "CDK_PERF_COUNTERS_FILE", "HOME", "LANG", "LC_ALL", "PATH", "TERM", "TMPDIR")
"""Where to report and how to run: they cannot change what is synthesized."""
PER_COMMAND_CONTEXT = ("aws:cdk:bundling-stacks",)
"""Context that names the stacks of one command; nothing here is bundled, and the synthesis does not see it."""


def main() -> None:
    """Synthesize into `CDK_OUTDIR`, or `cdk.out` beside this file."""
    folder = os.path.abspath(os.environ.get("CDK_OUTDIR") or os.path.join(ROOT, "cdk.out"))
    stamp = os.path.join(folder, STAMP)
    context = given_context()
    before = inputs(context)
    if not _foreign_code() and _is_current(_remembered(stamp), before, folder):
        return
    if os.path.exists(stamp):
        os.remove(stamp)
    _isolate(context)
    _synthesize(folder, context)
    if not _foreign_code() and before == inputs(context):
        _remember(stamp, {"inputs": before, "outputs": outputs(folder), "loaded": _states(_loaded())})


def given_context() -> dict[str, object]:
    """The context that the CLI passes, in a variable or, where it is too long for one, in a file."""
    context = json.loads(os.environ.get("CDK_CONTEXT_JSON") or "{}")
    if overflow := os.environ.get("CONTEXT_OVERFLOW_LOCATION_ENV"):
        with open(overflow, encoding="utf-8") as file:
            context |= json.load(file)
    return {key: value for key, value in context.items() if key not in PER_COMMAND_CONTEXT}


def _foreign_code() -> bool:
    return bool(os.environ.get("PYTHONPATH")) and not sys.flags.ignore_environment


def inputs(context: dict[str, object]) -> str:
    digest = hashlib.sha256()
    settings = {
        "python": [sys.version, sys.prefix, SEARCH_PATH],
        "libraries": sorted(_libraries()),
        "node": _node(),
        "context": context,
        "variables": {name: os.environ.get(name) for name in INPUT_VARIABLES},
        "images": images_file(context),
        "folder": os.getcwd(),
    }
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    sources = [file for source in SOURCES for file in _files(os.path.join(ROOT, source))]
    return _add_files(digest, [*sources, images_file(context)])


def images_file(context: dict[str, object]) -> str:
    """The images file in force; the rule is that of `infra.images.path_in_force`, and a test compares the two."""
    named = context.get("kiln:images") or os.environ.get("KILN_IMAGES")
    return os.path.join(os.getcwd(), str(named)) if named else os.path.join(ROOT, "infra", "images.toml")


def _libraries() -> Iterator[tuple[str, int, int]]:
    """Every installed distribution, by the list of its files: a new installation writes a new one.

    And every module beside them, with what Python runs at its start: `sitecustomize.py`, `*.pth`.
    """
    for folder in filter(os.path.isdir, SEARCH_PATH):
        for entry in os.scandir(folder):
            installed = entry.name.endswith(".dist-info")
            if installed or entry.name.endswith(MODULE_SUFFIXES):
                file = os.stat(os.path.join(entry.path, "RECORD") if installed else entry.path)
                yield entry.path, file.st_size, file.st_mtime_ns


def _node() -> tuple[str, int, int] | None:
    """The Node that jsii would run."""
    named = os.environ.get("JSII_NODE", "node")
    node: str | None = named
    if not os.path.isabs(named):
        from shutil import which

        node = which(named)
    if not node or not (os.path.isfile(node) and os.access(node, os.X_OK)):
        return None
    found = os.stat(node)
    return node, found.st_size, found.st_mtime_ns


def outputs(folder: str) -> str:
    ours = (os.path.join(folder, STAMP), ".lock")
    return _add_files(hashlib.sha256(), (file for file in _files(folder) if not file.endswith(ours)))


def _files(path: str) -> list[str]:
    """The file itself, or every file below the folder, sorted."""
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def _add_files(digest: hashlib._Hash, files: Iterable[str]) -> str:
    for file in files:
        digest.update(f"{file}\0{_content(file)}\0".encode())
    return digest.hexdigest()


def _content(file: str) -> str:
    try:
        with open(file, "rb", buffering=0) as opened:
            return hashlib.sha256(opened.read()).hexdigest()
    except (FileNotFoundError, IsADirectoryError):
        return "absent"


def _isolate(context: dict[str, object]) -> None:
    """Leave only what the digest covers: variables, context, and sources instead of old bytecode."""
    import compileall
    import py_compile

    kept = {name: os.environ[name] for name in (*INPUT_VARIABLES, *OTHER_VARIABLES) if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, CDK_CONTEXT_JSON=json.dumps(context))
    sys.path[:0] = SOURCE_ROOTS
    for source in filter(os.path.isdir, (os.path.join(ROOT, name) for name in SOURCES)):
        compileall.compile_dir(
            source, quiet=2, force=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
        )


def _synthesize(folder: str, context: dict[str, object]) -> None:
    from pathlib import Path

    from console.errors import KilnError
    from infra import images, parameters

    try:
        environments, file = parameters.load_all(), images.path_in_force(context=context)
        known = images.load(file)
        from infra.assembly import synthesize

        synthesize(environments, known, file, Path(folder), release=str(context.get("kiln:release", "")))
    except KilnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _is_current(known: dict[str, Any], before: str, folder: str) -> bool:
    """Whether what was remembered is still so; the cheapest comparison first."""
    return (
        known.get("inputs") == before
        and known.get("loaded") == _states(known["loaded"])
        and known.get("outputs") == outputs(folder)
    )


def _loaded() -> list[str]:
    """The files of every module that the synthesis has loaded, and what jsii gives to Node: kernel and packages."""
    files = {file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    kernels = [file for file in files if os.path.basename(os.path.dirname(file)) == "_jsii" or "_embedded" in file]
    loaded = files | {given for file in kernels for given in _files(os.path.dirname(file))}
    own = tuple(os.path.join(ROOT, source) for source in SOURCES)  # these are compared by their contents
    return sorted(file for file in loaded if file not in own and not file.startswith(tuple(f"{one}/" for one in own)))


def _states(files: Iterable[str]) -> dict[str, list[int] | None]:
    """Size and time of each file: a library that was edited where it is installed is another library."""
    return {file: _state(file) for file in files}


def _state(file: str) -> list[int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _remembered(stamp: str) -> dict[str, Any]:
    try:
        with open(stamp, encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(stamp: str, known: dict[str, Any]) -> None:
    unfinished = f"{stamp}.lock"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(known, file)
    os.replace(unfinished, stamp)


if __name__ == "__main__":
    main()
