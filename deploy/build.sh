#!/usr/bin/env bash
# Configures and builds a preset (default: release). Arguments after the preset
# are targets. Prints progress, not commands; compiler messages only on failure.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
[ $# -gt 0 ] && shift
mkdir -p build
log=build/$preset.log
cmake --preset "$preset" >"$log" 2>&1 || {
  tail -30 "$log" >&2
  echo "configuring failed; the whole log is $log" >&2
  exit 1
}
NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" "$@" 2>&1 | tee -a "$log" |
  awk -v preset="$preset" '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), n, "/")
      step = int(n[1] * 10 / n[2])
      if (step > last || (n[1] == n[2] && n[2] > 1)) {
        if (step > last) printf "building %s: %d of %d\n", preset, n[1], n[2]
        last = step
        fflush()
      }
      next
    }
    /error:|FAILED|undefined reference/ { print > "/dev/stderr" }' || {
  echo "building failed; the whole log is $log" >&2
  exit 1
}
