"""Lists all events of anna's calendar "sales" at BASE: their names by calendar-query (RFC 4791, 7.8), then what they are
by calendar-multiget (7.9). One calendar-query for everything is refused by Radicale beyond 10,000 events.

usage: plain_events.py BASE      prints {"items": events, "seconds": wall time} as its last line
"""

import base64
import json
import sys
import time
import urllib.request
import xml.etree.ElementTree as ElementTree

SOME = 250
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
QUERY = f"""<C:calendar-query {SPACES}><prop><getetag/></prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>
</C:calendar-query>"""
HREF = "{DAV:}response/{DAV:}href"
DATA = ".//{urn:ietf:params:xml:ns:caldav}calendar-data"


def report(body, depth):
    request = urllib.request.Request(sys.argv[1].rstrip("/") + "/anna/sales/", body.encode(), method="REPORT")
    request.add_header("Authorization", "Basic " + base64.b64encode(b"anna:secret").decode())
    request.add_header("Content-Type", "application/xml")
    request.add_header("Depth", depth)
    with urllib.request.urlopen(request, timeout=3600) as answer:
        return ElementTree.fromstring(answer.read())


began = time.monotonic()
names = [href.text for href in report(QUERY, "1").iterfind(HREF)]
events = []
for at in range(0, len(names), SOME):
    hrefs = "".join(f"<href>{name}</href>" for name in names[at : at + SOME])
    prop = "<prop><getetag/><C:calendar-data/></prop>"
    found = report(f"<C:calendar-multiget {SPACES}>{prop}{hrefs}</C:calendar-multiget>", "0")
    events += [data.text for data in found.iterfind(DATA)]
seconds = time.monotonic() - began
print(json.dumps({"items": len(events), "seconds": seconds}))
