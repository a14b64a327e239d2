#!/usr/bin/env bash
# A real CalDAV server (Radicale, from PyPI) on loopback, for tests: nothing outside DIR and the shared virtual
# environment is touched.
#
#   radicale.sh DIR PORT start   start, wait until it answers; prints "READY <base URL>"; data in DIR stays
#   radicale.sh DIR PORT list CALENDAR FROM TO
#                                ids of all records of a calendar by its own and Python's account, a JSON list
#   radicale.sh DIR PORT stop    stop it
#
# Users: anna and bert, password "secret". RADICALE_TOKEN_AGE: seconds after which an unused sync token is forgotten.
# RADICALE_VENV: where the Python packages are (default: target/radicale-venv of this project).
# Whatever goes wrong is said in one last line "radicale: REASON" on stderr (exit 75): tests print it as the reason for
# which they were skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "radicale: $*" >&2; exit 75; }
[ $# -ge 3 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd); port=$2; verb=$3
venv=${RADICALE_VENV:-$(cd "$here/../.." && pwd)/target/radicale-venv}
base_url=http://127.0.0.1:$port/

install() {
  command -v python3 >/dev/null || fail "python3 is missing"
  mkdir -p "$venv"
  exec 9>"$venv/lock"; flock -w 300 9 || fail "another setup holds $venv/lock"
  if [ ! -e "$venv/ready-1" ]; then
    python3 -m venv "$venv/env" >"$venv/log" 2>&1 || fail "no virtual environment (apt-get install python3-venv)"
    "$venv/env/bin/pip" install -q --disable-pip-version-check radicale==3.9.0 'recurring-ical-events>=3,<4' >"$venv/log" 2>&1 ||
      fail "pip failed: $(tail -n 1 "$venv/log")"
    : >"$venv/ready-1"
  fi
  flock -u 9; exec 9>&-
}
answers() { curl -fs -m 3 -o /dev/null -u anna:secret -X PROPFIND -H 'Depth: 0' "$base_url"; }
running() { [ -e "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; }
start() {
  install
  command -v curl >/dev/null || fail "curl is missing"
  if running; then echo "READY $base_url"; return; fi
  printf 'anna:secret\nbert:secret\n' >"$dir/users"
  cat >"$dir/config" <<CONF
[server]
hosts = 127.0.0.1:$port
max_connections = 50
[auth]
type = htpasswd
htpasswd_filename = $dir/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = $dir/collections
max_sync_token_age = ${RADICALE_TOKEN_AGE:-2592000}
[web]
type = none
[logging]
level = warning
CONF
  setsid nohup "$venv/env/bin/python" -m radicale --config "$dir/config" >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  local _
  for _ in $(seq 120); do
    if answers; then echo "READY $base_url"; return; fi
    running || fail "the server died: $(tail -n 1 "$dir/log")"
    sleep 0.25
  done
  fail "the server did not answer within 30 s (log: $dir/log)"
}
stop() {
  running || return 0
  kill "$(cat "$dir/pid")" 2>/dev/null || true
  rm -f "$dir/pid"
}
case $verb in
  start) start ;;
  list) "$venv/env/bin/python" "$here/radicale_list.py" "${base_url%/}" "${@:4}" || fail "the listing failed" ;;
  stop) stop ;;
  *) fail "unknown verb $verb" ;;
esac
