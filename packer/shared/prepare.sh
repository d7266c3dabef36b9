#!/bin/bash
# First on every builder: a limit on its life, the list of what the parent holds, and, where the recipe's packages are
# locked, what apt may do: nothing but install those versions.
set -euo pipefail

# A builder that nobody ends ends itself: powering off terminates it (shutdown_behavior). The timer lives in memory only.
systemd-run --quiet --on-active=2h --unit=bake-limit systemctl poweroff

dpkg-query --show --showformat '${db:Status-Status} ${Package} ${Version}\n' \
  | sed --quiet 's/^installed //p' > /run/packages-before.txt
chmod 0644 /run/packages-before.txt

# packages.lock: a package and its version a line; bake makes it of packages.toml. `kiln-lock:` is what bake listens for.
if [ -e packages.lock ]; then
  apt-get update --quiet --quiet
  cut --delimiter ' ' --fields 1 packages.lock | xargs apt-cache madison 2> /dev/null \
    | sed --regexp-extended 's/^ *([^ ]+) *\| *([^ ]+) *\|.*/\1 \2/' > /run/packages-source.txt || true
  for file in ./*.deb; do
    if [ -e "$file" ]; then dpkg-deb --show --showformat '${Package} ${Version}\n' "$file"; fi
  done >> /run/packages-source.txt
  gone=0
  while read -r name version; do
    if ! grep --quiet --line-regexp --fixed-strings "$name $version" /run/packages-before.txt /run/packages-source.txt; then
      newest=$(awk -v name="$name" '$1 == name {print $2; exit}' /run/packages-source.txt)
      echo "kiln-lock: $name $version ${newest:-none}" >&2
      gone=1
    fi
  done < packages.lock
  if [ "$gone" = 1 ]; then exit 1; fi
  # What is named in that version, what is there as it is, and nothing else at all: apt_preferences(5)
  {
    printf 'Package: *\nPin: release *\nPin-Priority: -10\n'
    awk 'NR == FNR {locked[$1]; print; next} !($1 in locked)' packages.lock /run/packages-before.txt \
      | awk '{printf "\nPackage: %s\nPin: version %s\nPin-Priority: 1001\n", $1, $2}'
  } > /etc/apt/preferences.d/00kiln-lock
fi
