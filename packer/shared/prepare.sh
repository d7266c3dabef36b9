#!/bin/bash
# First on every builder: a limit on its life, and host keys that no two instances share.
set -euo pipefail

# A builder that nobody ends ends itself: powering off terminates it (shutdown_behavior). The timer lives in memory only.
systemd-run --quiet --on-active=2h --unit=bake-limit systemctl poweroff

# Debian makes host keys when the package is installed, not when a machine starts; clean.sh takes them out of the image.
install -o root -g root -m 0644 /tmp/ssh-host-keys.service /etc/systemd/system/ssh-host-keys.service
rm /tmp/ssh-host-keys.service
systemctl enable --quiet ssh-host-keys.service
