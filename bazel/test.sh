#!/usr/bin/env bash
# Builds everything and runs the unit tests with Bazel, offline.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
bazel test --keep_going //... || status=$?
bazel shutdown
exit "$status"
