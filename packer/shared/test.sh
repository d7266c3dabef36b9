#!/bin/sh
# Runs the tests of a recipe (KILN_TESTS) against its builder over SSH; results go to KILN_RESULTS/tests.xml.
set -eu
umask 077
trap 'rm -f "$KILN_RESULTS/key"' EXIT
printf '%s\n' "$KILN_SSH_KEY" > "$KILN_RESULTS/key"
unset KILN_SSH_KEY
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$(dirname "$0")" # what tests of recipes share
"$KILN_PYTHON" -m pytest -p service_image --quiet --no-header --color=no --tb=short -p no:cacheprovider \
  -W "ignore:Unknown ssh" --rootdir="$KILN_TESTS" --junit-xml="$KILN_RESULTS/tests.xml" \
  --hosts="paramiko://$KILN_USER@$KILN_HOST:$KILN_PORT" --ssh-identity-file="$KILN_RESULTS/key" --sudo "$KILN_TESTS"
