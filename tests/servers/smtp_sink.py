"""The server behind smtp.sh."""

import asyncio
import json
import os
import signal
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

home, port = Path(sys.argv[1]), int(sys.argv[2])
need_auth = os.environ.get("SMTP_AUTH") != "no"


class Sink:
    def __init__(self):
        self.seen_once = set()
        self.number = 0
        (home / "mails").mkdir(parents=True, exist_ok=True)

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0].lower()
        if name.startswith("t451"):
            return "451 4.3.0 try again later"
        if name.startswith("r550"):
            return "550 5.1.1 no such user"
        if name.startswith("once") and address not in self.seen_once:
            self.seen_once.add(address)
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        names = [address.split("@")[0].lower() for address in envelope.rcpt_tos]
        begins = lambda word: any(name.startswith(word) for name in names)
        if begins("d452"):
            return "452 4.3.1 out of storage"
        if begins("d554"):
            return "554 5.7.1 refused"
        self.keep(session, envelope)
        if begins("drop"):
            server.transport.abort()
        if begins("slow"):
            await asyncio.sleep(3)
        return f"250 2.0.0 kept as {self.number}"

    def keep(self, session, envelope):
        self.number += 1
        (home / "mails" / f"{self.number}.eml").write_bytes(envelope.content)
        mail = message_from_bytes(envelope.content, policy=default)
        user = getattr(session.auth_data, "login", b"").decode() or None
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": user,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": mail.get_body(("plain",)).get_content(),
        }
        with open(home / "log.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def sign_in(server, session, envelope, mechanism, data):
    good = mechanism in ("PLAIN", "LOGIN") and (data.login, data.password) == (b"alice", b"secret")
    return AuthResult(success=good, handled=False, auth_data=data if good else None)


async def main():
    loop, stopped, sink = asyncio.get_running_loop(), asyncio.Event(), Sink()
    for sort in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sort, stopped.set)
    one = lambda: SMTP(sink, hostname="sink.test", authenticator=sign_in, auth_required=need_auth,
                       auth_require_tls=False, enable_SMTPUTF8=True, loop=loop)
    server = await loop.create_server(one, "127.0.0.1", port)
    print(f"READY smtp 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()


asyncio.run(main())
