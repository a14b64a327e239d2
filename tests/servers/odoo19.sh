#!/usr/bin/env bash
# A real Odoo 19 with CRM and calendar on loopback, for tests: no container, no service, no system file touched.
#
#   odoo19.sh setup    fetch, unpack, create the database (about a minute; nothing to do the second time)
#   odoo19.sh start    set up if need be, start, wait until it answers; prints "READY <base URL>"
#   odoo19.sh key      print an API key of the administrator
#   odoo19.sh seed     load the generated team, customers and deals; prints what it made, as JSON
#   odoo19.sh reset    put the database back to how it was after `setup` (the server must be stopped)
#   odoo19.sh fresh    the same every time: a running server whose database was just seeded; prints "READY <base URL>"
#   odoo19.sh stop     stop the server and its database
#   odoo19.sh wipe     stop and delete everything
#
# Everything lives under $ODOO_DIR (default: target/odoo of this project). Ports: $ODOO_PORT, $ODOO_PG_PORT.
# Whatever goes wrong is said in one last line "odoo19: REASON" on stderr (exit 75): tests print it as the reason
# for which they were skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${ODOO_DIR:-$(cd "$here/../.." && pwd)/target/odoo}
port=${ODOO_PORT:-28069}
pg_port=${ODOO_PG_PORT:-28432}
suite=${ODOO_SUITE:-sid}
package=odoo-19
database=crm
pristine=pristine
seeded=seeded
# Where Debian's package has Odoo, within itself.
debian=usr/lib/python3/dist-packages
root=$dir/root
packages=$root/$debian
base_url=http://127.0.0.1:$port

fail() { echo "odoo19: $*" >&2; exit 75; }
# Runs a step with its output in a log, and makes its failure one line.
step() {
  local name=$1 log=$dir/log/$1.log; shift
  "$@" >"$log" 2>&1 </dev/null 9>&- || fail "$name failed: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) (log: $log)"
}
done_once() { [ -e "$dir/done/$1" ]; }
mark_done() { : >"$dir/done/$1"; }

# --- PostgreSQL ----------------------------------------------------------------------------------------------
pg_bin() { local found; found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1); echo "${found:-missing}"; }
install_postgres() {
  [ "$(id -u)" = 0 ] || fail "no PostgreSQL server under /usr/lib/postgresql, and only root can install it (apt-get install postgresql)"
  step apt-update apt-get -qq update
  step apt-postgresql env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql
}
# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi
}
sql() { "$(pg_bin)/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$pg_port" -U postgres "$@"; }
start_postgres() {
  local bin; bin=$(pg_bin)
  if [ ! -e "$dir/pg/PG_VERSION" ]; then
    mkdir -p "$dir/pg"; chmod 700 "$dir/pg"
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$dir/pg"
      as_postgres test -w "$dir/pg" || fail "the user postgres cannot reach $dir: set ODOO_DIR to a folder that it can"
    fi
    step initdb as_postgres "$bin/initdb" -D "$dir/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
  fi
  as_postgres "$bin/pg_ctl" -D "$dir/pg" status >/dev/null 2>&1 && return
  # Throw-away data: speed before durability. No socket file: its path may be too long.
  step postgres as_postgres "$bin/pg_ctl" -w -s -D "$dir/pg" -l "$dir/pg/server.log" -o "-p $pg_port \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c autovacuum=off" start
}
stop_postgres() { as_postgres "$(pg_bin)/pg_ctl" -D "$dir/pg" -m fast -s stop >/dev/null 2>&1 || true; }

# --- Odoo ----------------------------------------------------------------------------------------------------
# A private apt root with the suite that has the package: the machine's own sources stay as they are.
fetch_package() {
  local apt=$dir/apt mirror
  mirror=${ODOO_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n 1)}
  [ -n "$mirror" ] || mirror=http://deb.debian.org/debian
  mkdir -p "$apt"/etc/apt/{preferences.d,apt.conf.d,sources.list.d,trusted.gpg.d} "$apt"/state/lists/partial "$apt"/cache/archives/partial
  : >"$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/etc/apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc "$apt/etc/apt";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
APT::Sandbox::User "root";
CONF
  step apt-index env APT_CONFIG="$apt/apt.conf" apt-get -qq update
  (cd "$apt" && step apt-download env APT_CONFIG="$apt/apt.conf" apt-get -qq download "$package")
}
# Only the modules that CRM pulls in, and every other module's manifest (base data names their categories):
# a fifth of the package.
unpack_package() {
  local deb inside=./$debian/odoo
  deb=$(find "$dir/apt" -maxdepth 1 -name "${package}_*.deb" | sort -V | tail -n 1)
  [ -n "$deb" ] || fail "apt-get downloaded no $package"
  mkdir -p "$dir/root"
  unpack() { dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --exclude='*/i18n/*' --exclude='*/static/tests/*' --exclude='*/static/description/*' --wildcards "$@"; }
  step unpack-core unpack "$inside/[!a]*" "$inside/api/*" "$inside/addons/*/__manifest__.py" "$inside/addons/*/__init__.py"
  local modules; modules=$(python3 "$here/odoo_modules.py" "$packages/odoo/addons" crm calendar) || fail "module list: odoo_modules.py failed"
  # shellcheck disable=SC2086 # one pattern per module
  step unpack-modules unpack $(printf "$inside/addons/%s/* " $modules)
}
make_venv() {
  step venv python3 -m venv "$dir/venv"
  step pip "$dir/venv/bin/pip" install -q --disable-pip-version-check -r "$here/odoo19.requirements.txt"
}
write_config() {
  cat >"$dir/odoo.conf" <<CONF
[options]
db_host = 127.0.0.1
db_port = $pg_port
db_user = odoo
db_password = odoo
db_name = $database
dbfilter = ^$database$
list_db = False
http_interface = 127.0.0.1
http_port = $port
gevent_port = $((port + 3))
data_dir = $dir/data
addons_path = $packages/odoo/addons
workers = 0
max_cron_threads = 0
CONF
}
odoo() { PYTHONPATH=$packages "$dir/venv/bin/python" -m odoo "$@"; }
create_database() {
  sql -c "drop database if exists $database" -c "drop database if exists $pristine" >/dev/null 2>&1
  sql -c "select 1 from pg_roles where rolname = 'odoo'" | grep -q 1 || sql -c 'create role odoo login createdb'
  step create-database odoo -c "$dir/odoo.conf" -i crm,calendar --with-demo --stop-after-init --log-level=error
  mint_key
  sql -c "create database $pristine template $database" >/dev/null
}
mint_key() {
  local key
  key=$(echo "k = env['res.users.apikeys'].with_user(env.ref('base.user_admin'))._generate('rpc', 'tests', None); env.cr.commit(); print('KEY=' + k)" |
    odoo shell -c "$dir/odoo.conf" --no-http --log-level=critical 2>"$dir/log/key.log" | sed -n 's/^KEY=//p')
  [ -n "$key" ] || fail "no API key could be made (log: $dir/log/key.log)"
  (umask 077; echo "$key" >"$dir/key")
}

# --- verbs ---------------------------------------------------------------------------------------------------
setup() {
  mkdir -p "$dir/log" "$dir/done"
  exec 9>"$dir/lock"; flock -w 300 9 || fail "another setup holds $dir/lock"
  local tool
  for tool in python3 curl apt-get dpkg-deb setpriv flock; do command -v "$tool" >/dev/null || fail "$tool is missing"; done
  [ "$(pg_bin)" != missing ] || install_postgres
  python3 -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || fail "Odoo 19 needs Python 3.10 to 3.13"
  done_once package || { fetch_package; mark_done package; }
  done_once unpacked || { unpack_package; mark_done unpacked; }
  local pins; pins=venv-$(sha256sum <"$here/odoo19.requirements.txt" | cut -c 1-12)
  done_once "$pins" || { make_venv; mark_done "$pins"; }
  write_config
  start_postgres
  done_once database || { create_database; rm -f "$dir"/done/seeded-*; mark_done database; }
  flock -u 9; exec 9>&-
}
answers() { curl -fs -m 5 -o /dev/null "$base_url/web/health"; }
running() { [ -e "$dir/odoo.pid" ] && kill -0 "$(cat "$dir/odoo.pid")" 2>/dev/null; }
start() {
  setup
  if ! running; then
    if answers; then fail "port $port is taken by another server: set ODOO_PORT"; fi
    PYTHONPATH=$packages setsid nohup "$dir/venv/bin/python" -m odoo -c "$dir/odoo.conf" --log-level=warn >"$dir/log/odoo.log" 2>&1 </dev/null &
    echo $! >"$dir/odoo.pid"
  fi
  local _
  for _ in $(seq 240); do
    if answers; then echo "READY $base_url"; return; fi
    running || fail "the server died: $(tail -n 1 "$dir/log/odoo.log") (log: $dir/log/odoo.log)"
    sleep 0.25
  done
  fail "the server did not answer within a minute (log: $dir/log/odoo.log)"
}
stop_odoo() {
  local pid _
  running || { rm -f "$dir/odoo.pid"; return 0; }
  pid=$(cat "$dir/odoo.pid"); kill "$pid" 2>/dev/null || true
  for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null || break; sleep 0.25; done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$dir/odoo.pid"
}
reset() {
  if running; then fail "stop the server before resetting its database"; fi
  setup
  restore "$pristine"
}
restore() {
  sql -c "drop database if exists $database" -c "create database $database owner odoo template $1" >/dev/null ||
    fail "the database could not be put back"
}
seed() {
  answers || fail "the server is not running"
  python3 "$here/odoo_seed.py" "$base_url" "$dir/key" || fail "seeding failed"
}
fresh() {
  stop_odoo
  setup
  local made; made=seeded-$(sha256sum <"$here/odoo_seed.py" | cut -c 1-12)
  if ! done_once "$made"; then
    restore "$pristine"
    start >/dev/null; seed >"$dir/log/seed.log"; stop_odoo
    sql -c "drop database if exists $seeded" -c "create database $seeded owner odoo template $database" >/dev/null 2>&1 ||
      fail "the seeded database could not be kept"
    mark_done "$made"
  fi
  restore "$seeded"
  start
}
case ${1:-} in
  setup) setup ;;
  start) start ;;
  key) cat "$dir/key" 2>/dev/null || fail "no API key yet: run setup" ;;
  seed) seed ;;
  reset) reset ;;
  fresh) fresh ;;
  stop) stop_odoo; stop_postgres ;;
  wipe) stop_odoo; stop_postgres; rm -rf "$dir" ;;
  *) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
