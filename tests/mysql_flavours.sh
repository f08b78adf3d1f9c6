#!/usr/bin/env bash
# Runs the MySQL cases on other members of the family than the installed
# MariaDB: MySQL 9 and MariaDB 11.8 out of Debian unstable, each in a folder of
# its own (debootstrap, about 700 MB each, kept for the next run).
#
#   tests/mysql_flavours.sh [--folder DIR] [mysql mariadb] [-- COMMAND…]
#
# COMMAND runs with FLEET_MYSQL_URL set to the server's; by default the cases
# and what their statements say of algorithms.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "this needs root, for debootstrap and chroot" >&2; exit 77; }

folder=/tmp/fleet-mysql-flavours
flavours=()
command=(bash -c 'build/release/bin/cases_test --gtest_brief=1 "--gtest_filter=*mysql*" &&
  build/release/bin/algorithm_test --gtest_brief=1')
while [ $# -gt 0 ]; do
  case $1 in
    --folder) folder=$2; shift ;;
    mysql | mariadb) flavours+=("$1") ;;
    --) shift; command=("$@"); break ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1" >&2; exit 64 ;;
  esac
  shift
done
[ ${#flavours[@]} -gt 0 ] || flavours=(mysql mariadb)
mkdir -p "$folder"

packages_mysql=mysql-server-core,mysql-client-core
packages_mariadb=mariadb-server
pid=
stop() {
  [ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null || true; }
  pid=
  umount "$root/proc" 2>/dev/null || true
}
root=
trap stop EXIT

status=0
for flavour in "${flavours[@]}"; do
  root=$folder/$flavour
  packages=packages_$flavour
  if [ ! -e "$root/.complete" ]; then
    debootstrap --variant=minbase --include="${!packages}" sid "$root" >"$root.log" 2>&1
    chroot "$root" getent passwd mysql >/dev/null || chroot "$root" useradd --system mysql
    touch "$root/.complete"
  fi
  mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
  rm -rf "$root/var/fleet"
  install -d -m 755 -o "$(chroot "$root" id -u mysql)" "$root/var/fleet"
  arguments=(--no-defaults --user=mysql --datadir=/var/fleet/data --socket=/var/fleet/s
    --pid-file=/var/fleet/pid --skip-networking --character-set-server=utf8mb4
    --innodb-flush-log-at-trx-commit=0 --log-bin-trust-function-creators=1)
  if [ "$flavour" = mysql ]; then
    chroot "$root" mysqld --no-defaults --initialize-insecure --user=mysql \
      --datadir=/var/fleet/data >"$root.log" 2>&1
    chroot "$root" mysqld "${arguments[@]}" --mysqlx=OFF --secure-file-priv=NULL \
      --disable-log-bin >>"$root.log" 2>&1 &
  else
    chroot "$root" mariadb-install-db --no-defaults --user=mysql --datadir=/var/fleet/data \
      --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --force >"$root.log" 2>&1
    chroot "$root" mariadbd "${arguments[@]}" >>"$root.log" 2>&1 &
  fi
  pid=$!
  socket=$root/var/fleet/s
  for _ in $(seq 300); do
    mariadb --no-defaults -S "$socket" -uroot -e 'select 1' >/dev/null 2>&1 && break
    sleep 0.2
  done
  echo "== $(mariadb --no-defaults -S "$socket" -uroot -NBe 'select version()')"
  FLEET_MYSQL_URL="mysql://root@localhost/information_schema?socket=$socket" \
    FLEET_MYSQL_FLAVOUR=$flavour "${command[@]}" || status=1
  stop
done
exit $status
