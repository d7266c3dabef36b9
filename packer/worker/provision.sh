#!/bin/bash
# Installs the Worker service from its artifact, so that an instance works as soon as it has booted, without user data.
set -euo pipefail

adduser --quiet --system --group --no-create-home --home /nonexistent payroll-worker
install -d -o root -g root -m 0755 /opt/payroll-worker
tar --extract --no-same-owner --file artifact.tar --directory /opt/payroll-worker
python3 -m compileall -q /opt/payroll-worker # the service may not write there

install -o root -g root -m 0644 /opt/payroll-worker/payroll-worker.service /etc/systemd/system/payroll-worker.service
systemctl daemon-reload
systemctl enable --quiet --now payroll-worker.service
