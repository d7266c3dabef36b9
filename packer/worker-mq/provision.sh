#!/bin/bash
# Installs the service of this tier; `files` of ../shared has how.
set -euo pipefail

bash install-service.sh payroll-worker-mq
