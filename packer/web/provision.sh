#!/bin/bash
# Installs the Web service from its artifact, so that an instance serves as soon as it has booted, without user data.
set -euo pipefail

adduser --quiet --system --group --no-create-home --home /nonexistent payroll-web
install -d -o root -g root -m 0755 /opt/payroll-web
tar --extract --no-same-owner --file artifact.tar --directory /opt/payroll-web
python3 -m compileall -q /opt/payroll-web # the service may not write there

install -o root -g root -m 0644 /opt/payroll-web/payroll-web.service /etc/systemd/system/payroll-web.service
systemctl daemon-reload
systemctl enable --quiet --now payroll-web.service
