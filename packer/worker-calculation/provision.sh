#!/bin/bash
# Installs the Worker-Calculation service from its artifact, so that an instance works as soon as it has booted, without user data.
set -euo pipefail

adduser --quiet --system --group --no-create-home --home /nonexistent payroll-worker-calculation
install -d -o root -g root -m 0755 /opt/payroll-worker-calculation
tar --extract --no-same-owner --file artifact.tar --directory /opt/payroll-worker-calculation
python3 -m compileall -q /opt/payroll-worker-calculation # the service may not write there

install -o root -g root -m 0644 /opt/payroll-worker-calculation/payroll-worker-calculation.service /etc/systemd/system/payroll-worker-calculation.service
systemctl daemon-reload
systemctl enable --quiet --now payroll-worker-calculation.service
