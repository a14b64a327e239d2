"""What Python's `email` package makes of mails: one line of JSON for each path read from the standard input."""

import email
import email.policy
import email.utils
import json
import sys
import warnings

warnings.simplefilter("ignore")


def addresses(message, names):
    fields = [str(value) for name in names for value in message.get_all(name, [])]
    return [address for _, address in email.utils.getaddresses(fields) if address]


def instant(text):
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None


for path in sys.stdin.read().splitlines():
    with open(path, "rb") as file:
        message = email.message_from_bytes(file.read(), policy=email.policy.compat32)
    ids = message.get("Message-ID")
    date = message.get("Date")
    print(json.dumps({
        "sender": addresses(message, ["From"])[:1] or addresses(message, ["Sender"])[:1],
        "recipients": addresses(message, ["To", "Cc"]),
        "id": str(ids) if ids is not None else None,
        "date": instant(str(date)) if date is not None else None,
    }))
