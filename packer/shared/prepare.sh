#!/bin/bash
# First on every builder: a limit on its life.
set -euo pipefail

# A builder that nobody ends ends itself: powering off terminates it (shutdown_behavior). The timer lives in memory only.
systemd-run --quiet --on-active=2h --unit=bake-limit systemctl poweroff
