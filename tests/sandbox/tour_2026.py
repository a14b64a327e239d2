"""A tour of the sandbox by HubSpot's own client for the date-based API (PyPI hubspot-sdk 0.1.0a9, 2026-03).

usage: tour_2026.py BASE_URL TOKEN      The account must hold a generated team, without limits and index lag.
"""
import sys
import uuid
import warnings

import hubspot_sdk
from hubspot_sdk import HubSpot

# The client's models say that `toObjectId` is a string; real answers, and ours, have a number.
warnings.filterwarnings("ignore")

base, token = sys.argv[1], sys.argv[2]
client = HubSpot(access_token=token, base_url=base, max_retries=0)
crm = client.crm
tag = uuid.uuid4().hex[:8]
steps = 0


def step(name):
    global steps
    steps += 1
    print(f"{steps:2} {name}")


def email(n):
    return f"date.{tag}.{n}@x.test"


step("account")
account = client.account.get()
assert account.time_zone == "Europe/Berlin" and account.portal_id

step("owners")
owners = list(crm.owners.list(limit=3))
assert len(owners) == 6 and len({o.id for o in owners}) == 6
assert crm.owners.get(owners[0].id).email == owners[0].email

step("pipelines")
pipelines = crm.pipelines.list("deals").results
assert pipelines[0].stages[0].metadata["isClosed"] == "false"

step("properties")
every = {p.name for p in crm.properties.list("deals").results}
assert {"dealname", "dealstage", "amount", "hs_is_closed_won"} <= every
own = crm.properties.create(
    "tasks", name=f"k_{tag}", label="k", type="string", field_type="text", group_name="task", has_unique_value=True
)
assert own.has_unique_value

step("contacts: create, get, update, list, auto-paging")
person = crm.objects.contacts.create(properties={"email": email(1), "firstname": "Ada"}, associations=[])
same = crm.objects.contacts.get(person.id, properties=["email", "phone"], archived=False)
assert same.properties["email"] == email(1) and same.properties["phone"] is None
changed = crm.objects.contacts.update(person.id, properties={"firstname": "Eva"})
assert changed.properties["firstname"] == "Eva"
page = crm.objects.contacts.list(limit=10, properties=["email", "firstname"], associations=["companies", "deals"])
assert len(page.results) == 10
ids = [int(c.id) for c in crm.objects.contacts.list(limit=20)]
assert ids == sorted(set(ids)) and int(person.id) in ids and len(ids) > 40

step("search by type id")
hits = crm.objects.deals.search(
    after="0", filter_groups=[{"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}]}],
    limit=200, properties=["dealname"], sorts=["hs_lastmodifieddate"],
)
assert hits.total == len(hits.results) and hits.total >= 40

step("batch: create, read, upsert")
made = crm.objects.contacts.batch.create(inputs=[{"properties": {"email": email(n)}, "associations": []} for n in (5, 6)])
assert {r.properties["email"] for r in made.results} == {email(5), email(6)}
read = crm.objects.contacts.batch.get(
    inputs=[{"id": r.id} for r in made.results] + [{"id": "7"}], properties=["email"], properties_with_history=[]
)
assert len(read.results) == 2
upserted = crm.objects.contacts.batch.upsert(
    inputs=[{"id": email(n), "idProperty": "email", "objectWriteTraceId": str(n), "properties": {"city": "Ulm"}} for n in (6, 7)]
)
assert {r.properties["email"]: r.new for r in upserted.results} == {email(6): False, email(7): True}

step("a task with its deal; both kinds of association reads")
deal = crm.objects.deals.create(properties={"dealname": f"Date {tag}"}, associations=[])
company = crm.objects.companies.create(properties={"name": f"Date {tag}"}, associations=[])
task = crm.objects.tasks.create(
    properties={"hs_timestamp": "2026-11-23T09:00:00Z", "hs_task_subject": "Call", f"k_{tag}": "1"},
    associations=[{"to": {"id": deal.id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]}],
)
crm.associations.create(
    to_object_id=company.id, from_object_type="deals", from_object_id=deal.id, to_object_type="companies"
)
rows = crm.associations.batch.get(
    to_object_type="companies", from_object_type="deals", inputs=[{"id": deal.id}]
).results
assert [(t.type_id, t.label) for t in rows[0].to[0].association_types] == [(5, "Primary"), (341, None)]
tasks = crm.associations.list(to_object_type="tasks", object_type="deals", object_id=deal.id)
assert [str(t.to_object_id) for t in tasks] == [task.id]

step("merge and archive")
loser = crm.objects.contacts.create(properties={"email": email(9)}, associations=[])
crm.objects.contacts.merge(object_id_to_merge=loser.id, primary_object_id=person.id)
assert crm.objects.contacts.get(loser.id).id == person.id
crm.objects.tasks.delete(task.id)
try:
    crm.objects.tasks.get(task.id)
    raise SystemExit("read a deleted task")
except hubspot_sdk.NotFoundError:
    pass
crm.objects.contacts.batch.delete(inputs=[{"id": r.id} for r in made.results])

step("privacy deletion")
crm.objects.contacts.gdpr_delete(object_id=person.id)
assert person.id not in {c.id for c in crm.objects.contacts.list(limit=100, archived=True)}

step("OAuth token")
answer = client.auth.oauth.create_token(
    grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret", refresh_token="sandbox-refresh-0"
)
assert HubSpot(access_token=answer.access_token, base_url=base).crm.objects.deals.list(limit=1).results

info = client.auth.oauth.introspect_token(
    token=answer.access_token, client_id="sandbox-client", client_secret="sandbox-secret", token_type_hint="access_token"
)
assert info.active and info.hub_id == account.portal_id and "crm.objects.deals.read" in info.scopes
client.auth.oauth.revoke_token(
    token="sandbox-refresh-0", client_id="sandbox-client", client_secret="sandbox-secret", token_type_hint="refresh_token"
)
try:
    client.auth.oauth.create_token(
        grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret", refresh_token="sandbox-refresh-0"
    )
    raise SystemExit("refreshed by a revoked token")
except hubspot_sdk.BadRequestError as error:
    assert error.body["category"] == "BAD_REFRESH_TOKEN", error

print(f"tour of 2026-03 done: {steps} steps")
