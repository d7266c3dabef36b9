#!/bin/bash
# install-service.sh NAME: installs the service NAME from artifact.tar, so that an instance works as soon as it has booted.
set -euo pipefail
name=$1

adduser --quiet --system --group --no-create-home --home /nonexistent "$name"
install -d -o root -g root -m 0755 "/opt/$name"
tar --extract --no-same-owner --file artifact.tar --directory "/opt/$name"
python3 -m compileall -q "/opt/$name" # the service may not write there

install -o root -g root -m 0644 "/opt/$name/$name.service" "/etc/systemd/system/$name.service"
systemctl daemon-reload
systemctl enable --quiet --now "$name.service"
