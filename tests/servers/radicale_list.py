"""Ids of all records of a calendar: objects by the server's own listing, occurrences of series by Python's
recurring-ical-events. Usage: radicale_list.py BASE CALENDAR FROM TO (dates as 2026-01-31); prints JSON
[[id, start in UTC, title], ...]."""
import base64
import datetime
import json
import sys
import urllib.request
import xml.etree.ElementTree as ET

import icalendar
import recurring_ical_events

base, calendar, first, last = sys.argv[1:5]
DAV, CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
QUERY = b"""<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>"""
request = urllib.request.Request(base + calendar, data=QUERY, method="REPORT")
request.add_header("Authorization", "Basic " + base64.b64encode(b"anna:secret").decode())
request.add_header("Depth", "1")
with urllib.request.urlopen(request, timeout=60) as answer:
    tree = ET.fromstring(answer.read())


def utc(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return value.astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return value.strftime("%Y%m%d")


def rows():
    for response in tree.iter(DAV + "response"):
        path = response.find(DAV + "href").text
        parsed = icalendar.Calendar.from_ical(response.find(f".//{CAL}calendar-data").text)
        events = parsed.walk("VEVENT")
        series = len(events) > 1 or any(name in event for event in events for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        if not series:
            yield [path, utc(events[0]["DTSTART"].dt), str(events[0].get("SUMMARY", ""))]
            continue
        window = [datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc) for day in (first, last)]
        for event in recurring_ical_events.of(parsed).between(*window):
            key = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event["DTSTART"].dt
            yield [f"{path}#{utc(key)}", utc(event["DTSTART"].dt), str(event.get("SUMMARY", ""))]


print(json.dumps(sorted(rows())))
