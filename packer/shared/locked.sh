#!/bin/bash
# After the recipe's provision.sh: what is locked is there, in that very version.
set -euo pipefail

if [ -e packages.lock ]; then
  wrong=0
  while read -r name version; do
    found=$(dpkg-query --show --showformat '${Version}' "$name" 2> /dev/null || true)
    if [ "$found" != "$version" ]; then
      echo "kiln-lock: $name $version ${found:-none}" >&2
      wrong=1
    fi
  done < packages.lock
  exit "$wrong"
fi
