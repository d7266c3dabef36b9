#!/bin/bash
# The language runtime of the tiers. What a tier needs of Debian's packages belongs here: a tier's own bake has no apt in it.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

apt-get update --quiet --quiet
apt-get install --quiet --quiet --yes --no-install-recommends ca-certificates python3 > /dev/null

# Agents that Debian does not package (Systems Manager, CloudWatch): whatever .deb lies in files/.
shopt -s nullglob
for package in ./*.deb; do
  apt-get install --quiet --quiet --yes --no-install-recommends "$package" > /dev/null
done
