"""A tour of the sandbox by Google's own client (PyPI google-api-python-client 2.202.0).

usage: google_tour.py BASE_URL USER REFRESH_TOKEN [FOLDER_WITH_DISCOVERY_DOCUMENTS]

The sandbox must have the user, without quotas. Where the folder is given, every answer is checked against the
schema that the method's discovery document names.
"""
import base64
import email.message
import json
import pathlib
import re
import sys

import google.oauth2.credentials
import jsonschema
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

base, user, refresh = sys.argv[1:4]
folder = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
steps = checked = 0


def step(name):
    global steps
    steps += 1
    print(f"{steps:2} {name}")


def discovery(name):
    return json.loads((folder / name).read_text()) if folder else None


FORMATS = {
    "uint64": r"^\d+$", "int64": r"^-?\d+$", "date": r"^\d{4}-\d\d-\d\d$", "byte": r"^[A-Za-z0-9_-]*=*$",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}


def schema(node, document):
    """A discovery schema as JSON schema; fields that it does not know are an error."""
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    out = {"type": node["type"]} if node.get("type") != "any" else {}
    if node.get("type") == "object":
        out["properties"] = {k: schema(v, document) for k, v in node.get("properties", {}).items()}
        more = node.get("additionalProperties")
        out["additionalProperties"] = schema(more, document) if more else False
    if node.get("type") == "array":
        out["items"] = schema(node["items"], document)
    if node.get("type") == "string" and node.get("format") in FORMATS:
        out["pattern"] = FORMATS[node["format"]]
    if "enum" in node:
        out["enum"] = node["enum"]
    return out


DOCUMENTS = {"gmail": discovery("gmail.v1.json"), "calendar": discovery("calendar.v3.json")}
DEFS = {
    api: {k: schema(v, document) for k, v in document["schemas"].items()}
    for api, document in DOCUMENTS.items()
    if document
}


def ask(request):
    """Sends a request and checks its answer against the schema of its method."""
    global checked
    answer = request.execute()
    api, _, rest = request.methodId.partition(".")
    if DOCUMENTS[api] and answer != "":
        node = DOCUMENTS[api]
        *path, method = rest.split(".")
        for name in path:
            node = node["resources"][name]
        name = node["methods"][method]["response"]["$ref"]
        jsonschema.validate(answer, {"$ref": f"#/$defs/{name}", "$defs": DEFS[api]})
        checked += 1
    return answer


def refused(request, status, reason):
    try:
        request.execute()
    except HttpError as error:
        assert error.status_code == status, error
        details = json.loads(error.content)["error"]["errors"]
        assert details[0]["reason"] == reason, details
        return
    raise AssertionError(f"{request.uri} was not refused")


credentials = google.oauth2.credentials.Credentials(
    None, refresh_token=refresh, token_uri=f"{base}/token", client_id="sandbox-client",
    client_secret="sandbox-secret",
)


def api(name, version, endpoint):
    return build(name, version, credentials=credentials, static_discovery=True,
                 client_options={"api_endpoint": endpoint})


gmail = api("gmail", "v1", f"{base}/")
calendar = api("calendar", "v3", f"{base}/calendar/v3/")
mails, events = gmail.users().messages(), calendar.events()

step("profile and labels, with a token that the refresh token gave")
profile = ask(gmail.users().getProfile(userId="me"))
assert profile["emailAddress"] == user
start = profile["historyId"]
assert {"INBOX", "SENT", "TRASH"} <= {l["id"] for l in ask(gmail.users().labels().list(userId="me"))["labels"]}

step("every mail by pages, and one in every format")
listed, request = [], mails.list(userId="me", maxResults=5)
while request is not None:
    page = ask(request)
    listed += page.get("messages", [])
    request = mails.list_next(request, page)
assert len(listed) == len({m["id"] for m in listed}) == profile["messagesTotal"] > 5
for form in ["minimal", "metadata", "full", "raw"]:
    mail = ask(mails.get(userId="me", id=listed[0]["id"], format=form))
    assert mail["id"] == listed[0]["id"] and ("payload" in mail) == (form in ["metadata", "full"])
only = ask(mails.get(userId="me", id=listed[0]["id"], format="metadata", metadataHeaders=["From", "subject"]))
assert {h["name"] for h in only["payload"]["headers"]} == {"From", "Subject"}
refused(mails.get(userId="me", id="00000000000000ff"), 404, "notFound")

step("sends a mail and an answer, which is of the same thread")
letter = email.message.EmailMessage()
letter["From"], letter["To"], letter["Subject"] = user, "bob@acme.example", "Grüße"
letter["Message-ID"] = "<tour-1@sandbox.test>"
letter.set_content("Schöne Grüße, and a long line " + "x" * 100)
raw = lambda m: {"raw": base64.urlsafe_b64encode(m.as_bytes()).decode()}
sent = ask(mails.send(userId="me", body=raw(letter)))
assert sent["labelIds"] == ["SENT"]
full = ask(mails.get(userId="me", id=sent["id"]))
assert "Schöne Grüße" in base64.urlsafe_b64decode(full["payload"]["body"]["data"]).decode()
found = ask(mails.list(userId="me", q="rfc822msgid:tour-1@sandbox.test in:sent"))
assert [m["id"] for m in found["messages"]] == [sent["id"]]
answer = email.message.EmailMessage()
answer["From"], answer["To"], answer["Subject"] = user, "bob@acme.example", "Re: Grüße"
answer["In-Reply-To"] = answer["References"] = "<tour-1@sandbox.test>"
answer.set_content("again")
second = ask(mails.send(userId="me", body=raw(answer)))
assert second["threadId"] == sent["threadId"]
assert len(ask(gmail.users().threads().get(userId="me", id=sent["threadId"]))["messages"]) == 2

step("trash, untrash, delete, and the history of all that")
ask(mails.trash(userId="me", id=second["id"]))
assert second["id"] not in {m["id"] for m in ask(mails.list(userId="me"))["messages"]}
ask(mails.untrash(userId="me", id=second["id"]))
ask(mails.modify(userId="me", id=second["id"], body={"addLabelIds": ["STARRED"]}))
mails.delete(userId="me", id=second["id"]).execute()
kinds, request = [], gmail.users().history().list(userId="me", startHistoryId=start, maxResults=2)
while request is not None:
    page = ask(request)
    kinds += [k for entry in page.get("history", []) for k in entry if k not in ("id", "messages")]
    request = gmail.users().history().list_next(request, page)
assert kinds[:2] == ["messagesAdded"] * 2 and kinds[-1] == "messagesDeleted", kinds
assert {"labelsAdded", "labelsRemoved"} <= set(kinds)
refused(gmail.users().history().list(userId="me", startHistoryId="1"), 404, "notFound")

step("calendars, and all events by pages")
calendars = ask(calendar.calendarList().list())["items"]
assert [c["id"] for c in calendars if c.get("primary")] == [user]


def walk(**parameters):
    items, request = [], events.list(calendarId="primary", singleEvents=True, maxResults=4, **parameters)
    while request is not None:
        page = ask(request)
        items += page["items"]
        request = events.list_next(request, page)
    return items, page["nextSyncToken"]


items, token = walk(showDeleted=True)
assert len(items) == len({i["id"] for i in items})

step("inserts by an id of its own, once")
body = {
    "id": "tour0001", "summary": "Tour",
    "start": {"dateTime": "2026-12-01T09:00:00Z"}, "end": {"dateTime": "2026-12-01T09:30:00Z"},
    "attendees": [{"email": "bob@acme.example"}], "extendedProperties": {"private": {"so_key": "k1"}},
}
made = ask(events.insert(calendarId="primary", body=body, sendUpdates="none"))
assert made["start"]["dateTime"] == "2026-12-01T10:00:00+01:00" and made["iCalUID"] == "tour0001@google.com"
refused(events.insert(calendarId="primary", body=body, sendUpdates="none"), 409, "duplicate")
refused(events.insert(calendarId="primary", body={**body, "id": "with-dash"}), 400, "invalid")
keyed = ask(events.list(calendarId="primary", privateExtendedProperty="so_key=k1"))
assert [i["id"] for i in keyed["items"]] == ["tour0001"]

step("patches under its etag, and is refused under an old one")
request = events.patch(calendarId="primary", eventId="tour0001", body={"summary": "Longer"}, sendUpdates="none")
request.headers["If-Match"] = made["etag"]
patched = ask(request)
assert patched["summary"] == "Longer" and patched["attendees"] == made["attendees"]
request = events.patch(calendarId="primary", eventId="tour0001", body={"summary": "Late"}, sendUpdates="none")
request.headers["If-Match"] = made["etag"]
refused(request, 412, "conditionNotMet")

step("a series: occurrences, one moved, one cancelled, then all")
series = ask(events.insert(calendarId="primary", body={
    "summary": "Weekly", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "start": {"dateTime": "2026-12-02T09:00:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-12-02T10:00:00", "timeZone": "Europe/Berlin"},
}))
times = ask(events.instances(calendarId="primary", eventId=series["id"]))["items"]
assert len(times) == 4 and re.fullmatch(r".*_20261202T080000Z", times[0]["id"])
moved = ask(events.patch(calendarId="primary", eventId=times[1]["id"], body={
    "start": {"dateTime": "2026-12-10T09:00:00Z"}, "end": {"dateTime": "2026-12-10T10:00:00Z"}}))
assert moved["recurringEventId"] == series["id"] and moved["originalStartTime"] != moved["start"]
events.delete(calendarId="primary", eventId=times[2]["id"]).execute()
news, token = walk(syncToken=token, showDeleted=True)
status = {n["id"]: n["status"] for n in news}
assert status.pop("tour0001") == "confirmed" and len(status) == 4
assert [s for s in status.values()].count("cancelled") == 1 and status[times[2]["id"]] == "cancelled"

step("a deleted event keeps its id; the increment tells it")
events.delete(calendarId="primary", eventId="tour0001", sendUpdates="none").execute()
refused(events.delete(calendarId="primary", eventId="tour0001"), 410, "deleted")
refused(events.insert(calendarId="primary", body=body), 409, "duplicate")
assert ask(events.get(calendarId="primary", eventId="tour0001"))["status"] == "cancelled"
news, token = walk(syncToken=token, showDeleted=True)
assert [(n["id"], n["status"]) for n in news] == [("tour0001", "cancelled")]
assert walk(syncToken=token, showDeleted=True)[0] == []

step("refusals: foreign mailbox, unknown calendar, a sync token beside a window")
refused(gmail.users().getProfile(userId="else@sandbox.test"), 403, "forbidden")
refused(events.list(calendarId="none@sandbox.test"), 404, "notFound")
refused(events.list(calendarId="primary", singleEvents=True, syncToken=token, timeMin="2026-01-01T00:00:00Z"),
        400, "invalid")

print(f"{steps} steps, {checked} answers checked against their schemas")
