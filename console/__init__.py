"""What every command of Kiln has in common: errors a user sees, exit codes, progress, JSON. It knows no other room."""

import importlib.util
import sys

# The one mistake that is made before any of Kiln's own errors can be.
if not all(map(importlib.util.find_spec, ("click", "pydantic", "rich"))):
    print("error: Kiln's packages are not here\n  next step: make setup && source .venv/bin/activate", file=sys.stderr)
    sys.exit(3)
