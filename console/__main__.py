"""`kiln COMMAND …`: the same as `python -m COMMAND …`."""

import runpy
import sys

COMMANDS = {
    "bake": "bake the images of tiers (python -m bake)",
    "infra": "check the parameter files (python -m infra)",
    "rehearsal": "the embedded AWS (python -m rehearsal)",
    "doctor": "tools and services: found, wanted, what to do (python -m toolchain doctor)",
}

HELP = "usage: kiln COMMAND [OPTIONS]\n\n" + "\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items())


def main() -> None:
    """Dispatch by name; a room is imported only when its command is called."""
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if command in ("-h", "--help"):
        print(f"{HELP}\n\nexample: kiln bake web --dry-run\n\nexit codes: 2 no such command, else those of the command")
        sys.exit(0)
    if command not in COMMANDS:
        print(f"error: kiln has no command {command!r}\n\n{HELP}", file=sys.stderr)
        sys.exit(2)
    if command == "doctor":
        sys.argv[0:2] = ["kiln", "doctor"]
        runpy.run_module("toolchain", run_name="__main__", alter_sys=True)
    else:
        sys.argv[0:2] = [f"kiln {command}"]
        runpy.run_module(command, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
