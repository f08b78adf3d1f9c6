#!/usr/bin/env bash
# Installs what is missing, builds and runs all tests; ends with ctest's own
# summary.
#
#   tests/run.sh [--full] [ctest arguments…]
#
# --full also runs clang-tidy, the unit tests and the agent's and coordinator's
# server tests under ASan+UBSan and TSan, checks locking with clang, and builds
# and tests with Bazel, and runs the PostgreSQL cases on versions 12 to 18.
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
if [ "${1:-}" = --full ]; then
  full=yes
  shift
fi

deploy/install.sh
deploy/build.sh release
git diff --exit-code --stat -- bazel/sources.bzl || {
  echo "bazel/sources.bzl was out of date and is written anew: commit it" >&2
  exit 1
}

if [ "$full" = yes ]; then
  deploy/install.sh tests/packages_full.txt
  tests/lint.sh
  for preset in asan tsan; do
    deploy/build.sh "$preset"
    ctest --test-dir "build/$preset" --output-on-failure -L unit
    ctest --test-dir "build/$preset" --output-on-failure -R '^agent_server_test$'
  done
  deploy/build.sh thread-safety
  bazel/test.sh
  tests/postgres_majors.sh
  tests/mysql_flavours.sh
fi

ctest --test-dir build/release --output-on-failure "$@"
