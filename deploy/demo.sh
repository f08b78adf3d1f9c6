#!/usr/bin/env bash
# The main job on a small fleet: one source and nine targets in three regions,
# one coordinator, one agent per region. Installs and builds what is missing.
#
#   deploy/demo.sh [--engine sqlite|postgres|mariadb] [--keep]
#
# --keep leaves the fleet running and prints the commands to try.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

engine=sqlite
keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --engine) engine=${2:?--engine needs sqlite, postgres or mariadb}; shift ;;
    --engine=*) engine=${1#*=} ;;
    --keep) keep=yes ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; see deploy/demo.sh --help" >&2; exit 64 ;;
  esac
  shift
done
[ -f "deploy/demo/${engine}_v1.sql" ] || {
  echo "no demo for engine $engine; use sqlite, postgres or mariadb" >&2
  exit 64
}

deploy/install.sh
deploy/build.sh release fleetctl fleet-coordinator fleet-agent
export PATH=$root/build/release/bin:$PATH
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done

# Short: a unix socket's path has at most 107 bytes.
work=$(mktemp -d /tmp/fleet-demo.XXXXXX)
chmod 755 "$work"
port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
export FLEETCTL_COORDINATOR=127.0.0.1:$port
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    echo "the demo failed; logs of the daemons:" >&2
    tail -n 5 "$work"/*.log >&2 || true
  fi
  if [ "$keep" = no ] || [ "$status" -ne 0 ]; then stop; fi
}
trap finish EXIT

title() {
  if [ -t 1 ]; then printf '\n\033[1m== %s\033[0m\n' "$*"; else printf '\n== %s\n' "$*"; fi
}
run() {
  printf '\n$ %s\n' "$*"
  "$@"
}
start() {  # NAME COMMAND…: in the background, logging to NAME.log
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
}
# --- databases

as_postgres=()
[ "$(id -u)" -ne 0 ] || as_postgres=(runuser -u postgres --)

start_postgres() {
  mkdir "$work/pg"
  [ "$(id -u)" -ne 0 ] || chown postgres "$work/pg"
  (cd "$work/pg" &&
    "${as_postgres[@]}" "$(command -v initdb)" -D "$work/pg/data" -U postgres \
      -A trust -E UTF8 --no-sync >/dev/null)
  start postgres "${as_postgres[@]}" "$(command -v postgres)" -D "$work/pg/data" \
    -k "$work/pg" -c listen_addresses= -c max_connections=200 -c fsync=off
  for _ in $(seq 100); do
    psql -Xqh "$work/pg" -U postgres -c 'select 1' >/dev/null 2>&1 && return
    sleep 0.1
  done
  echo "PostgreSQL did not start" >&2
  return 1
}
as_mysql=()
[ "$(id -u)" -ne 0 ] || as_mysql=(runuser -u mysql --)

mariadb_client() { mariadb --no-defaults --default-character-set=utf8mb4 -S "$work/my/s" -uroot -NB "$@"; }
start_mariadb() {
  mkdir "$work/my"
  [ "$(id -u)" -ne 0 ] || chown mysql "$work/my"
  "${as_mysql[@]}" mariadb-install-db --no-defaults --datadir="$work/my/data" \
    --auth-root-authentication-method=normal --skip-test-db >/dev/null 2>&1
  start mariadb "${as_mysql[@]}" "$(command -v mariadbd)" --no-defaults --datadir="$work/my/data" \
    --socket="$work/my/s" --pid-file="$work/my/pid" --skip-networking --max-connections=200 \
    --character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0
  for _ in $(seq 200); do
    mariadb_client -e 'select 1' >/dev/null 2>&1 && return
    sleep 0.1
  done
  echo "MariaDB did not start" >&2
  return 1
}
create_database() {
  case $engine in
    mariadb) mariadb_client -e "CREATE DATABASE \`$1\`" ;;
    sqlite) sqlite3 "$work/$1.db" 'PRAGMA journal_mode=WAL; CREATE TABLE x(y); DROP TABLE x' >/dev/null ;;
    postgres) psql -Xqh "$work/pg" -U postgres -c "CREATE DATABASE \"$1\"" ;;
  esac
}
run_sql() {  # DATABASE <SQL
  case $engine in
    mariadb) mariadb_client "$1" ;;
    sqlite) sqlite3 -bail "$work/$1.db" ;;
    postgres) psql -XqAth "$work/pg" -U postgres -v ON_ERROR_STOP=1 -d "$1" -f - ;;
  esac
}
url() {
  case $engine in
    mariadb) echo "mariadb://root@localhost/$1?socket=$work/my/s" ;;
    sqlite) echo "sqlite:$work/$1.db" ;;
    postgres) echo "postgres://postgres@/$1?host=$work/pg" ;;
  esac
}

regions=(eu-west us-east ap-south)
targets=()
for region in "${regions[@]}"; do
  for n in 01 02 03; do targets+=("saas-${region%%-*}-$n"); done
done

agent_config() {  # REGION
  echo "version: 1"
  echo "name: agent-$1"
  echo "region: $1"
  echo "coordinator: {address: \"$FLEETCTL_COORDINATOR\"}"
  echo "state_dir: $work/agent-$1"
  [ "$engine" != postgres ] || echo "scratch: {postgres: \"$(url postgres)\"}"
  [ "$engine" != mariadb ] || echo "scratch: {mariadb: \"$(url information_schema)\"}"
  echo "fingerprint_every: 2s"
  echo "targets:"
  [ "$1" != eu-west ] || echo "  - {name: prod-eu, url: \"$(url prod-eu)\", tags: [source], read_only: true}"
  for target in "${targets[@]}"; do
    [[ $target != saas-${1%%-*}-* ]] ||
      echo "  - {name: $target, url: \"$(url "$target")\", tags: [saas]}"
  done
}

title "A fleet: prod-eu and nine tenants' databases on $engine"
[ "$engine" != postgres ] || start_postgres
[ "$engine" != mariadb ] || start_mariadb
for database in prod-eu "${targets[@]}"; do create_database "$database"; done
run_sql prod-eu <"deploy/demo/${engine}_v1.sql"
start coordinator fleet-coordinator --listen "$FLEETCTL_COORDINATOR" --state-dir "$work/coordinator"
for region in "${regions[@]}"; do
  agent_config "$region" >"$work/$region.yaml"
  start "agent-$region" fleet-agent --config "$work/$region.yaml"
done
for _ in $(seq 150); do
  ready=$(fleetctl target list -o json 2>/dev/null | grep -c '"fingerprint"' || true)
  [ "$ready" -ge 10 ] && break
  sleep 0.1
done
run fleetctl target list

title "1. First sync: every target gets the source's schema"
run fleetctl sync --source prod-eu --targets tag:saas --policy deploy/demo/policy.yaml --summary --auto-approve -m "first schema"
for target in "${targets[@]}"; do run_sql "$target" <"deploy/demo/${engine}_rows.sql"; done

title "2. The source changes; the second sync goes in waves"
run_sql prod-eu <"deploy/demo/${engine}_v2.sql"
run fleetctl plan --source prod-eu --targets tag:saas --policy deploy/demo/approval.yaml --allow-hazards DELETES_DATA
run fleetctl sync --source prod-eu --targets tag:saas --policy deploy/demo/approval.yaml --allow-hazards DELETES_DATA --summary --auto-approve --detach -m "webhooks, refunds" >"$work/sync.out"
tail -2 "$work/sync.out"
second=$(grep -o 'r-[0-9]*' "$work/sync.out" | head -1)
for _ in $(seq 200); do
  fleetctl rollout status "$second" | grep -q 'waits for approval' && break
  sleep 0.1
done
run fleetctl rollout status "$second"
run fleetctl rollout approve "$second" -m "canary looks good" --watch

title "3. Somebody changes a target by hand: drift, found and put back"
echo 'CREATE INDEX hotfix_1109 ON users (full_name);' | run_sql saas-us-02
run fleetctl drift --targets tag:saas --refresh
version=$(fleetctl drift --targets tag:saas -o json | python3 -c '
import json, sys
print(json.load(sys.stdin)["findings"][0]["expected"]["number"])')
run fleetctl rollback --targets name:saas-us-02 --to "$version" --policy deploy/demo/policy.yaml --auto-approve -m "put back"

title "4. Back to the earlier recorded version, everywhere"
run fleetctl rollback --rollout "$second" --policy deploy/demo/policy.yaml --allow-hazards DELETES_DATA --allow-drop-tables --summary --auto-approve -m "refunds can wait"

title "5. What happened to one target"
run fleetctl history saas-us-02
echo
echo "rows kept through it all: $(echo 'SELECT count(*) FROM orders;' | run_sql saas-us-02 | tr -dc '0-9 ') orders"

if [ "$keep" = yes ]; then
  disown -a
  title "The fleet is still running"
  cat <<TXT
  export PATH=$root/build/release/bin:\$PATH FLEETCTL_COORDINATOR=$FLEETCTL_COORDINATOR
  fleetctl target list
  fleetctl plan --source prod-eu --targets tag:saas,region:eu-west --allow-hazards DELETES_DATA
  fleetctl sync --source prod-eu --targets tag:saas --allow-hazards DELETES_DATA
  fleetctl rollout list

Databases and logs are in $work. To stop it all:
  kill ${pids[*]}; rm -rf $work
TXT
fi
