"""The commands of `python -m infra`: one file each, thin bodies."""

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 bad input, 3 not ready (no credentials), 130 interrupted."
