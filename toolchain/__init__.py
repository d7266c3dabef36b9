"""Obtains and checks the tools that Kiln pins. It knows nothing of AWS or of Payroll, and imports only `console`.

`bootstrap` makes the virtual environment with nothing but Python's standard library; everything after that is
`python -m toolchain setup`. Each part of the set-up is stamped with the digest of its inputs, so that a second run
costs nothing, and everything that was fetched or built is kept in a cache, so that it also works offline.
"""
