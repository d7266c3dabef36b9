#!/bin/bash
# Last on every builder: list what the image holds, then take out what belongs to one machine or to the build.
set -euo pipefail

# The fields of bake/contents/listing.py; what was removed and has left its settings is not installed.
dpkg-query --show \
  --showformat '${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n' \
  | sed --quiet 's/^installed\t//p' > /run/packages.txt
chmod 0644 /run/packages.txt

if command -v cloud-init > /dev/null; then
  cloud-init clean --logs
fi
apt-get clean
rm -f /etc/apt/preferences.d/00kiln-lock
rm -rf /tmp/upload /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/tmp/*
systemctl stop systemd-random-seed.service # it would save a seed when the builder is stopped
# an empty machine-id is filled at boot, a missing one is not on every system: machine-id(5)
truncate --size 0 /etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /etc/ssh/ssh_host_*
# The builder's own key, whatever it is called in there; the connection that runs this stays open. Not removed but emptied:
# Packer looks for its key afterwards, too (ssh_clear_authorized_keys).
find /root /home -path '*/.ssh/authorized_keys' -exec truncate --size 0 {} +
rm -f {/root,/home/*}/.{bash_history,python_history,lesshst,viminfo,mysql_history,wget-hsts}
journalctl --quiet --rotate --vacuum-time=1s
rm -rf /var/log/journal/* # named after the machine-id that it no longer has
find /var/log -type f -exec truncate --size 0 {} +
sync
