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
# One line for every tenth of the work, and whatever the compiler refuses.
show_progress() {
  local line last=0 step
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      step=$((BASH_REMATCH[1] * 10 / BASH_REMATCH[2]))
      if [ "$step" -gt "$last" ]; then
        echo "building $preset: ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
        last=$step
      fi
    elif [[ $line =~ error:|FAILED|"undefined reference" ]]; then
      echo "$line" >&2
    fi
  done
}
NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" "$@" 2>&1 | tee -a "$log" |
  show_progress || {
  echo "building failed; the whole log is $log" >&2
  exit 1
}
