#!/bin/bash
# First on every builder: a limit on its life, and the list of what the parent holds.
set -euo pipefail

# A builder that nobody ends ends itself: powering off terminates it (shutdown_behavior). The timer lives in memory only.
systemd-run --quiet --on-active=2h --unit=bake-limit systemctl poweroff

dpkg-query --show --showformat '${db:Status-Status} ${Package} ${Version}\n' \
  | sed --quiet 's/^installed //p' > /run/packages-before.txt
chmod 0644 /run/packages-before.txt
