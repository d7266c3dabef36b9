#!/bin/bash
# Debian patched to this day and hardened after CIS Debian Linux 12, level 1; what each setting is for stands in files/.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# put <file> <destination> [mode]
put() { install -D --owner root --group root --mode "${3:-0644}" "$1" "$2"; }

# --- packages ---------------------------------------------------------------------------------------------------------
put apt.conf /etc/apt/apt.conf.d/99kiln
apt-get update --quiet --quiet
apt-get upgrade --quiet --quiet --yes > /dev/null
apt-get install --quiet --quiet --yes --no-install-recommends auditd chrony > /dev/null
systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer
for package in telnet rsh-client talk nis unattended-upgrades; do
  if dpkg-query --show "$package" > /dev/null 2>&1; then
    apt-get purge --quiet --quiet --yes "$package" > /dev/null
  fi
done

# --- SSH: host keys of each machine's own, made at its first boot; clean.sh takes the builder's out -----------------------
put ssh-host-keys.service /etc/systemd/system/ssh-host-keys.service
put cloud.cfg /etc/cloud/cloud.cfg.d/99-kiln.cfg
put sshd.conf /etc/ssh/sshd_config.d/10-hardening.conf 0600
chmod 0600 /etc/ssh/sshd_config
sshd -t
systemctl enable --quiet ssh-host-keys.service

# --- kernel, audit, time, journal: they take effect when a machine boots ------------------------------------------------
# the last of all files: Debian has one named 99-protect-links
put sysctl.conf /etc/sysctl.d/99-zz-hardening.conf
put modprobe.conf /etc/modprobe.d/60-hardening.conf
put limits.conf /etc/security/limits.d/60-hardening.conf
rm -f /etc/audit/rules.d/audit.rules
put auditd.conf /etc/systemd/system/auditd.service.d/60-kiln.conf
put audit.rules /etc/audit/rules.d/60-kiln.rules 0640
put chrony.conf /etc/chrony/chrony.conf
put journald.conf /etc/systemd/journald.conf.d/60-kiln.conf
systemctl daemon-reload
systemctl reset-failed # what its package has started before it was set up
systemctl enable --quiet auditd.service chrony.service
systemctl try-restart chrony.service

# --- accounts and files -------------------------------------------------------------------------------------------------
passwd --quiet --lock root
sed --in-place --regexp-extended 's/^(UMASK\s+).*/\1027/; s/^#?(PASS_MAX_DAYS\s+).*/\1365/' /etc/login.defs
chmod 0700 /root
for folder in /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d; do
  if [ -d "$folder" ]; then chmod 0700 "$folder"; fi
done
# Nobody changes a password, a shell or a group here, and only root mounts; the override outlives an upgrade.
for file in $(find / -xdev -type f -perm /6000 ! -path /usr/bin/sudo ! -name dbus-daemon-launch-helper ! -name unix_chkpwd); do
  dpkg-statoverride --force-statoverride-add --update --add root root 0755 "$file" 2> /dev/null
done
