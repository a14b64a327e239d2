#!/usr/bin/env bash
# A real IMAP server (Dovecot 2.3) on loopback, for tests: no service, no system file touched, everything in DIR.
#
#   dovecot.sh DIR PORT start           write its configuration, start it, wait until it answers;
#                                      prints "READY imap://127.0.0.1:PORT"
#   dovecot.sh DIR PORT stop            stop it
#   dovecot.sh DIR PORT doveadm ...     its own tool on this instance
#
# Every user exists, with the password "secret" and a mailbox of their own.
# OAUTH_URL=http://127.0.0.1:N/ adds XOAUTH2: the server posts `token=...` there and is told
# {"active":true,"email":"alice"}. DIR must be reachable for other users: mail is not read as root.
# Whatever goes wrong is said in one last line "dovecot: REASON" on stderr (exit 75).
set -euo pipefail
dir=${1:?dir} port=${2:?port} verb=${3:-start}
shift 3 || shift $#
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "dovecot: $*" >&2; exit 75; }
conf=$dir/dovecot.conf

if [ "$(id -u)" = 0 ]; then user=mail group=mail login=dovenull internal=dovecot
else user=$(id -un) group=$(id -gn); login=$user internal=$user; fi

install_it() {
  command -v apt-get >/dev/null || fail "it is not installed, and there is no apt-get"
  [ "$(id -u)" = 0 ] || fail "it is not installed, and only root can install it (apt-get install dovecot-imapd)"
  exec 9>/tmp/dovecot-install.lock
  flock -w 300 9 || fail "another installation holds /tmp/dovecot-install.lock"
  if ! command -v dovecot >/dev/null; then
    local policy=/usr/sbin/policy-rc.d ours=
    # The package would start a service.
    if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; ours=1; fi
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends dovecot-imapd; } \
      >"$dir/install.log" 2>&1 </dev/null 9>&- || { [ -z "$ours" ] || rm -f $policy; fail "apt-get failed (log: $dir/install.log)"; }
    [ -z "$ours" ] || rm -f $policy
  fi
  flock -u 9; exec 9>&-
}
write_oauth() {
  cat >"$dir/oauth2.conf" <<CONF
introspection_mode = post
introspection_url = $OAUTH_URL
username_attribute = email
active_attribute = active
active_value = true
force_introspection = yes
CONF
  cat <<CONF
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $dir/oauth2.conf
}
CONF
}
write_conf() {
  local oauth='' mechanisms='plain login'
  if [ -n "${OAUTH_URL:-}" ]; then oauth=$(write_oauth); mechanisms+=' xoauth2 oauthbearer'; fi
  cat >"$conf" <<CONF
base_dir = $dir/run
state_dir = $dir/state
instance_name = test$port
log_path = $dir/dovecot.log
info_log_path = $dir/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = $mechanisms
auth_failure_delay = 0
$oauth
default_internal_user = $internal
default_internal_group = $([ "$internal" = dovecot ] && echo dovecot || echo "$group")
default_login_user = $login
first_valid_uid = 1
mail_uid = $user
mail_gid = $group
mail_location = maildir:$dir/mail/%u
mail_fsync = never
mail_max_userip_connections = 50
mailbox_list_index = yes
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$user gid=$group home=$dir/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \\Drafts
  }
  mailbox Junk {
    auto = create
    special_use = \\Junk
  }
  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
  # No pause after a refused login.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
CONF
}
stop() { [ ! -f "$conf" ] || doveadm -c "$conf" stop >/dev/null 2>&1 || true; }
start() {
  mkdir -p "$dir/run" "$dir/state" "$dir/mail"
  command -v dovecot >/dev/null || install_it
  case $(dovecot --version) in 2.3.*) ;; *) fail "its configuration is written for Dovecot 2.3" ;; esac
  if [ "$(id -u)" = 0 ]; then chmod 755 "$dir"; chown "$user:$group" "$dir/mail"; fi
  stop
  write_conf
  dovecot -c "$conf" >"$dir/start.log" 2>&1 </dev/null || fail "it does not start: $(tail -n 1 "$dir/start.log")"
  local _
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port" && read -r -t 2 line <&3 && [[ $line == '* OK'* ]]) 2>/dev/null; then
      echo "READY imap://127.0.0.1:$port"
      return
    fi
    sleep 0.1
  done
  fail "no answer on port $port: $(tail -n 1 "$dir/dovecot.log" 2>/dev/null)"
}

case $verb in
  start) start ;;
  stop) stop ;;
  doveadm) exec doveadm -c "$conf" "$@" ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
