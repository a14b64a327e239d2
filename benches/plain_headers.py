"""Fetches the headers of all mails of alice's inbox at BASE (imap://HOST:PORT) with imaplib, in one command.

usage: plain_headers.py BASE      prints {"items": mails, "seconds": wall time} as its last line
"""

import imaplib
import json
import sys
import time
from urllib.parse import urlsplit

# imaplib refuses long answers to SEARCH by default; none is asked for, but a header may have long lines.
imaplib._MAXLINE = 10_000_000
base = urlsplit(sys.argv[1])
began = time.monotonic()
client = imaplib.IMAP4(base.hostname, base.port)
client.login("alice", "secret")
client.select("INBOX", readonly=True)
status, answers = client.fetch("1:*", "(UID FLAGS BODY.PEEK[HEADER])")
seconds = time.monotonic() - began
assert status == "OK", answers
mails = sum(1 for answer in answers if isinstance(answer, tuple) and answer[1].startswith(b"Return-Path:"))
client.logout()
print(json.dumps({"items": mails, "seconds": seconds}))
