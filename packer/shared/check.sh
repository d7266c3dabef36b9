#!/bin/bash
# check.sh [ROOT]: after clean.sh, what no test before it can see: nothing of one machine or of the build is left. Every
# finding is a line, and one finding means no image.
set -euo pipefail
shopt -s nullglob dotglob
root=${1:-}
least_free_mib=1024
found=0

complain() {
  echo "kiln-check: $*" >&2
  found=1
}

# nothing <what> <file>…: none of them may be there
nothing() {
  local what=$1
  shift
  for file in "$@"; do
    if [ -e "$file" ] || [ -L "$file" ]; then complain "$what is left: ${file#"$root"}"; fi
  done
}

# empty <what> <file>…: each of them, where it is there, holds nothing
empty() {
  local what=$1
  shift
  for file in "$@"; do
    if [ -s "$file" ]; then complain "$what is not empty: ${file#"$root"}"; fi
  done
}

# An empty machine-id is filled at boot: machine-id(5)
if [ ! -e "$root/etc/machine-id" ]; then complain "there is no /etc/machine-id to be filled at boot"; fi
empty "the machine's id" "$root/etc/machine-id"
nothing "a copy of the machine's id" "$root/var/lib/dbus/machine-id"
nothing "the seed of random numbers" "$root/var/lib/systemd/random-seed"
nothing "a host key" "$root"/etc/ssh/ssh_host_*
empty "a list of keys that may log in" "$root"/{root,home/*}/.ssh/authorized_keys*
nothing "a private key" "$root"/{root,home/*}/.ssh/id_*
nothing "a file of AWS credentials" "$root"/{root,home/*}/.aws/credentials
nothing "a history" "$root"/{root,home/*}/.{bash_history,python_history,lesshst,viminfo,mysql_history,wget-hsts}
nothing "what was uploaded" "$root/tmp/upload"
nothing "a list of packages of apt" "$root"/var/lib/apt/lists/*_{Packages,Sources,InRelease,Release}
nothing "a downloaded package" "$root"/var/cache/apt/archives/*.deb
nothing "a lock of packages" "$root/etc/apt/preferences.d/00kiln-lock"
nothing "what cloud-init remembers of a machine" "$root"/var/lib/cloud/instance "$root"/var/lib/cloud/instances/*
nothing "a journal" "$root"/var/log/journal/*
# Logs are not looked at: clean.sh empties them, and what runs (auditd for one) goes on writing until the machine stops.

free_mib=$(df --output=avail --block-size=M "${root:-/}" | tail -n 1 | tr -d ' M')
if [ "$free_mib" -lt "$least_free_mib" ]; then complain "the disk has $free_mib MiB left, fewer than $least_free_mib"; fi

exit "$found"
