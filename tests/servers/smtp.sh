#!/usr/bin/env bash
# A mail submission server on loopback that keeps what it takes and misbehaves on request, for tests.
#
#   smtp.sh DIR PORT [start]   in the foreground; prints "READY smtp 127.0.0.1:PORT" (PORT 0: any free one)
#   smtp.sh DIR PORT stop      from another shell
#
# Signs in alice/secret (PLAIN, LOGIN); with SMTP_AUTH=no anybody. What it took: one line of JSON per mail in
# DIR/log.jsonl, the mail itself in DIR/mails/. The beginning of a recipient's address says what goes wrong:
#   t451 451 at RCPT      r550 550 at RCPT      d452 452 after the mail      d554 554 after the mail
#   drop keeps the mail and closes before it says so      slow says so 3 s late      once 451 the first time
# The Python package comes from PyPI into SMTP_VENV (default: target/servers/smtp-venv of this project).
# Whatever goes wrong is said in one last line "smtp: REASON" on stderr (exit 75): tests print it as the reason for
# which they were skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?dir} port=${2:?port} verb=${3:-start}
venv=${SMTP_VENV:-$(cd "$here/../.." && pwd)/target/servers/smtp-venv}
fail() { echo "smtp: $*" >&2; exit 75; }
mkdir -p "$dir"

stop() { if [ -f "$dir/pid" ]; then kill "$(cat "$dir/pid")" 2>/dev/null || :; rm -f "$dir/pid"; fi; }
case $verb in start) ;; stop) stop; exit 0 ;; *) fail "no such verb: $verb" ;; esac

install() {
  command -v python3 >/dev/null || fail "no python3"
  mkdir -p "$(dirname "$venv")"
  exec 9>"$venv.lock"
  flock 9
  "$venv/bin/python" -c 'import aiosmtpd' 2>/dev/null && return
  python3 -m venv "$venv" >"$dir/install.log" 2>&1 || fail "no Python environment: $(tail -n 1 "$dir/install.log")"
  "$venv/bin/pip" install -q 'aiosmtpd==1.4.6' >>"$dir/install.log" 2>&1 \
    || fail "aiosmtpd can't be installed: $(tail -n 1 "$dir/install.log")"
}
install
exec 9>&-
stop
echo $$ >"$dir/pid"
exec "$venv/bin/python" -W ignore "$here/smtp_sink.py" "$dir" "$port"
