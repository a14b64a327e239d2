"""dlt reads all contacts at BASE with the given PROPERTIES and merges them by id into SQLite under WORK.

usage: dlt_contacts.py BASE WORK PROPERTIES      prints records per second as its last line
"""

import sys
import time

import dlt
from dlt.sources.rest_api import rest_api_source

base, work, properties = sys.argv[1:4]
contacts = rest_api_source(
    {
        "client": {
            "base_url": base,
            "auth": {"type": "bearer", "token": "pat-eu1-sandbox"},
            # The sandbox names HubSpot's own host in its links, as HubSpot does: the cursor is followed instead.
            "paginator": {
                "type": "cursor",
                "cursor_path": "paging.next.after",
                "cursor_param": "after",
            },
        },
        "resources": [
            {
                "name": "contacts",
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {
                    "path": "crm/v3/objects/contacts",
                    "params": {"limit": 100, "properties": properties},
                    "data_selector": "results",
                },
            }
        ],
    }
)
pipeline = dlt.pipeline(
    "contacts",
    destination=dlt.destinations.sqlalchemy(f"sqlite:///{work}/contacts.sqlite"),
    dataset_name="main",
    pipelines_dir=f"{work}/state",
)
began = time.monotonic()
pipeline.run(contacts)
seconds = time.monotonic() - began
with pipeline.sql_client() as client:
    rows = client.execute_sql("select count(*) from contacts")[0][0]
print(rows / seconds)
