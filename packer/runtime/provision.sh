#!/bin/bash
# The language runtime of the tiers. What a tier needs of Debian's packages belongs here: a tier's own bake has no apt in it.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

apt-get update --quiet --quiet
apt-get install --quiet --quiet --yes --no-install-recommends ca-certificates python3 > /dev/null

# What recipe.toml names under [downloads]: agents that Debian does not package. apt takes what they need from its source.
shopt -s nullglob
for package in ./*.deb; do
  apt-get install --quiet --quiet --yes --no-install-recommends "$package" > /dev/null
done
# The agent of Systems Manager has no settings of ours; that of CloudWatch does nothing without some, and stays as it is.
if dpkg-query --show amazon-ssm-agent > /dev/null 2>&1; then systemctl enable --quiet amazon-ssm-agent.service; fi
