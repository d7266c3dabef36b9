#!/bin/bash
# Installs the Worker-MQ service from its artifact, so that an instance works as soon as it has booted, without user data.
set -euo pipefail

adduser --quiet --system --group --no-create-home --home /nonexistent payroll-worker-mq
install -d -o root -g root -m 0755 /opt/payroll-worker-mq
tar --extract --no-same-owner --file artifact.tar --directory /opt/payroll-worker-mq
python3 -m compileall -q /opt/payroll-worker-mq # the service may not write there

install -o root -g root -m 0644 /opt/payroll-worker-mq/payroll-worker-mq.service /etc/systemd/system/payroll-worker-mq.service
systemctl daemon-reload
systemctl enable --quiet --now payroll-worker-mq.service
