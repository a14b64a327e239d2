"""A tour of the sandbox by HubSpot's own client for v3/v4 (PyPI hubspot-api-client 12.0.0).

usage: tour_v3.py BASE_URL TOKEN        The account must hold a generated team, without limits and index lag.
"""
import sys
import uuid

import hubspot
from hubspot.crm.associations.v4 import (
    BatchInputPublicAssociationMultiArchive,
    BatchInputPublicAssociationMultiPost,
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
)
from hubspot.crm.companies import ApiException as CompaniesError
from hubspot.crm.deals import ApiException as DealsError
from hubspot.crm.contacts import ApiException, BatchInputSimplePublicObjectBatchInputForCreate
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.properties import PropertyCreate

base, token = sys.argv[1], sys.argv[2]
client = hubspot.HubSpot(access_token=token, host=base)
crm = client.crm
tag = uuid.uuid4().hex[:8]
steps = 0


def step(name):
    global steps
    steps += 1
    print(f"{steps:2} {name}")


def email(n):
    return f"tour.{tag}.{n}@x.test"


def create(api, properties, associations=()):
    body = SimplePublicObjectInputForCreate(properties=properties, associations=list(associations))
    return api.basic_api.create(simple_public_object_input_for_create=body)


step("account and owners")
owners = crm.owners.owners_api.get_page(limit=100, archived=False).results
assert len(owners) >= 6 and all(o.user_id and o.email for o in owners)
by_mail = crm.owners.owners_api.get_page(email=owners[2].email, limit=1).results
assert [o.id for o in by_mail] == [owners[2].id]
gone = crm.owners.owners_api.get_page(archived=True).results
assert len(gone) == 1 and gone[0].archived and gone[0].user_id is None
assert crm.owners.owners_api.get_by_id(owner_id=int(owners[0].id)).email == owners[0].email

step("pipelines and their stages")
pipelines = crm.pipelines.pipelines_api.get_all(object_type="deals").results
assert [s.id for s in pipelines[0].stages][-2:] == ["closedwon", "closedlost"]
assert pipelines[0].stages[5].metadata == {"isClosed": "true", "probability": "1.0"}
stages = crm.pipelines.pipeline_stages_api.get_all(object_type="deals", pipeline_id="default").results
assert len(stages) == 7

step("properties: list, one, a unique one of our own")
names = {p.name: p for p in crm.properties.core_api.get_all(object_type="contacts", archived=False).results}
assert names["email"].has_unique_value and names["hubspot_owner_id"].referenced_object_type == "OWNER"
assert names["hs_object_id"].modification_metadata.read_only_value
group = crm.properties.groups_api.get_all(object_type="tasks").results[0].name
own = crm.properties.core_api.create(
    object_type="tasks",
    property_create=PropertyCreate(
        name=f"key_{tag}", label="key", type="string", field_type="text", group_name=group, has_unique_value=True
    ),
)
assert own.has_unique_value and own.name == f"key_{tag}"

step("create, and what is refused")
person = create(crm.contacts, {"email": email(1), "firstname": "Ada"})
assert person.properties["hs_email_domain"] == "x.test" and person.archived is False
try:
    create(crm.contacts, {"email": email(1)})
    raise SystemExit("the same e-mail was taken twice")
except ApiException as error:
    assert error.status == 409 and f"Existing ID: {person.id}" in error.body, error
try:
    create(crm.contacts, {"email": email(2), "nonsense": "1"})
    raise SystemExit("an unknown property was taken")
except ApiException as error:
    assert error.status == 400 and "PROPERTY_DOESNT_EXIST" in error.body, error

step("read by id and by e-mail, with and without properties")
plain = crm.contacts.basic_api.get_by_id(contact_id=person.id, archived=False)
assert set(plain.properties) == {"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}
asked = crm.contacts.basic_api.get_by_id(contact_id=person.id, properties=["phone", "nonsense"])
assert asked.properties["phone"] is None and "nonsense" not in asked.properties
assert crm.contacts.basic_api.get_by_id(contact_id=email(1), id_property="email").id == person.id

step("update; the same again changes nothing")
update = SimplePublicObjectInput(properties={"phone": "+49 1", "firstname": ""})
first = crm.contacts.basic_api.update(contact_id=person.id, simple_public_object_input=update)
again = crm.contacts.basic_api.update(contact_id=person.id, simple_public_object_input=update)
assert first.updated_at > person.updated_at and again.updated_at == first.updated_at
assert first.properties["firstname"] == ""

step("list pages by id, and get_all ends")
page = crm.contacts.basic_api.get_page(limit=10, properties=["email"], associations=["companies", "deals"])
assert len(page.results) == 10 and page.paging.next.after == str(int(page.results[-1].id) + 1)
everyone = crm.contacts.get_all(properties=["email"])
ids = [int(c.id) for c in everyone]
assert ids == sorted(ids) and len(set(ids)) == len(ids) and int(person.id) in ids

step("search: filters, keyset on the id, cap, errors")
found, after = [], "0"
while True:
    request = PublicObjectSearchRequest(
        filter_groups=[{"filters": [
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"},
            {"propertyName": "hs_object_id", "operator": "GT", "value": after},
        ]}],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=["dealname"], limit=17,
    )
    part = crm.deals.search_api.do_search(public_object_search_request=request)
    found += [d.id for d in part.results]
    if len(part.results) < 17:
        break
    after = part.results[-1].id
assert found == [d.id for d in crm.deals.get_all()]
by_string = crm.contacts.search_api.do_search(
    public_object_search_request=PublicObjectSearchRequest(query=email(1), sorts=["lastmodifieddate"])
)
assert by_string.total == 1 and by_string.results[0].id == person.id
try:
    crm.deals.search_api.do_search(public_object_search_request=PublicObjectSearchRequest(limit=200, after="10000"))
    raise SystemExit("searched past 10,000")
except DealsError as error:
    assert error.status == 400, error

step("batch create, read, update, upsert, archive")
inputs = [{"properties": {"email": email(n)}, "associations": []} for n in range(10, 20)]
made = crm.contacts.batch_api.create(
    batch_input_simple_public_object_batch_input_for_create=BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
)
assert made.status == "COMPLETE" and {r.properties["email"] for r in made.results} == {email(n) for n in range(10, 20)}
read = crm.contacts.batch_api.read(
    batch_read_input_simple_public_object_id=BatchReadInputSimplePublicObjectId(
        inputs=[{"id": email(10)}, {"id": "nobody@x.test"}], id_property="email",
        properties=["email"], properties_with_history=[],
    )
)
assert [r.properties["email"] for r in read.results] == [email(10)] and read.num_errors == 1
changed = crm.contacts.batch_api.update(
    batch_input_simple_public_object_batch_input=BatchInputSimplePublicObjectBatchInput(
        inputs=[{"id": r.id, "properties": {"city": "Ulm"}} for r in made.results]
    )
)
assert all(r.properties["city"] == "Ulm" for r in changed.results)
upserts = [
    {"id": email(10), "idProperty": "email", "objectWriteTraceId": "t1", "properties": {"city": "Bonn"}},
    {"id": email(30), "idProperty": "email", "objectWriteTraceId": "t2", "properties": {"city": "Kiel"}},
    {"id": email(31), "idProperty": "email", "objectWriteTraceId": "t3", "properties": {"lifecyclestage": "bogus"}},
]
upserted = crm.contacts.batch_api.upsert(
    batch_input_simple_public_object_batch_input_upsert=BatchInputSimplePublicObjectBatchInputUpsert(inputs=upserts)
)
assert {r.object_write_trace_id: r.new for r in upserted.results} == {"t1": False, "t2": True}
assert upserted.errors[0].context["objectWriteTraceId"] == ["t3"]
crm.contacts.batch_api.archive(
    batch_input_simple_public_object_id=BatchInputSimplePublicObjectId(inputs=[{"id": r.id} for r in made.results])
)
archived = {c.id for c in crm.contacts.get_all(archived=True)}
assert {r.id for r in made.results} <= archived

step("task and note with associations, from both ends")
company = create(crm.companies, {"name": f"Tour {tag}", "domain": "x.test"})
assert company.properties["website"] == "x.test"
deal = create(crm.deals, {"dealname": f"Tour {tag}", "dealstage": "appointmentscheduled", "hubspot_owner_id": owners[0].id})


def link(to, type_id):
    return {"to": {"id": to.id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]}


task = create(
    crm.objects.tasks,
    {"hs_timestamp": "2026-11-23T09:00:00Z", "hs_task_subject": "Call", "hs_task_body": f"so:{tag}", f"key_{tag}": "1"},
    [link(deal, 216), link(person, 204)],
)
note = create(crm.objects.notes, {"hs_timestamp": "1763797200000", "hs_note_body": "text"}, [link(company, 190)])
v4 = crm.associations.v4
there = v4.basic_api.get_page(object_type="deals", object_id=deal.id, to_object_type="tasks", limit=500).results
assert [str(r.to_object_id) for r in there] == [task.id] and there[0].association_types[0].type_id == 215
notes = v4.basic_api.get_page(object_type="company", object_id=company.id, to_object_type="note").results
assert [str(r.to_object_id) for r in notes] == [note.id]

step("associations: default, labelled, labels, batch read with 207, archive")
v4.basic_api.create_default(from_object_type="deal", from_object_id=deal.id, to_object_type="company", to_object_id=company.id)
done = v4.basic_api.create(
    object_type="contacts", object_id=person.id, to_object_type="companies", to_object_id=company.id,
    association_spec=[{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
)
assert done.labels == ["Primary"] and done.from_object_type_id == "0-1"
labels = crm.associations.v4.schema.definitions_api.get_all("deals", "companies").results
assert {(r.type_id, r.label) for r in labels} == {(5, "Primary"), (341, None)}
lonely = create(crm.deals, {"dealname": "alone"})
fetched = v4.batch_api.get_page(
    "deals", "companies",
    batch_input_public_fetch_associations_batch_request=BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[{"id": deal.id}, {"id": lonely.id}]
    ),
)
assert [r._from.id for r in fetched.results] == [deal.id]
assert {t.type_id for t in fetched.results[0].to[0].association_types} == {5, 341}
assert fetched.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"
pair = {"from": {"id": lonely.id}, "to": {"id": person.id}}
v4.batch_api.create(
    "deals", "contacts",
    batch_input_public_association_multi_post=BatchInputPublicAssociationMultiPost(
        inputs=[{**pair, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]}]
    ),
)
v4.batch_api.create_default(
    "deals", "companies",
    batch_input_public_default_association_multi_post=BatchInputPublicDefaultAssociationMultiPost(
        inputs=[{"from": {"id": lonely.id}, "to": {"id": company.id}}]
    ),
)
inline = crm.deals.basic_api.get_by_id(deal_id=lonely.id, associations=["contacts", "companies"]).associations
assert [a.id for a in inline["contacts"].results] == [person.id]
assert {a.type for a in inline["companies"].results} == {"deal_to_company", "deal_to_company_unlabeled"}
v4.batch_api.archive(
    "deals", "contacts",
    batch_input_public_association_multi_archive=BatchInputPublicAssociationMultiArchive(
        inputs=[{"from": {"id": lonely.id}, "to": [{"id": person.id}]}]
    ),
)
v4.basic_api.archive(object_type="deals", object_id=lonely.id, to_object_type="companies", to_object_id=company.id)
assert crm.deals.basic_api.get_by_id(deal_id=lonely.id, associations=["contacts", "companies"]).associations is None

step("stage change with history")
won = SimplePublicObjectInput(properties={"dealstage": "closedwon"})
crm.deals.basic_api.update(deal_id=deal.id, simple_public_object_input=won)
after = crm.deals.basic_api.get_by_id(
    deal_id=deal.id, properties=["hs_is_closed_won", "closedate"], properties_with_history=["dealstage"]
)
assert after.properties["hs_is_closed_won"] == "true" and after.properties["closedate"]
assert [v.value for v in after.properties_with_history["dealstage"]] == ["closedwon", "appointmentscheduled"]

step("merge: the loser answers with the winner")
loser = create(crm.contacts, {"email": email(40)})
crm.contacts.basic_api.merge(
    public_merge_input=PublicMergeInput(primary_object_id=person.id, object_id_to_merge=loser.id)
)
merged = crm.contacts.basic_api.get_by_id(contact_id=loser.id, properties=["hs_merged_object_ids"])
assert merged.id == person.id and merged.properties["hs_merged_object_ids"] == loser.id

step("delete: idempotent; a missing record is an HTML page")
crm.companies.basic_api.archive(company_id=company.id)
crm.companies.basic_api.archive(company_id=company.id)
try:
    crm.companies.basic_api.get_by_id(company_id=company.id)
    raise SystemExit("read a deleted company")
except CompaniesError as error:
    assert error.status == 404 and "<html>" in error.body, error
assert crm.companies.basic_api.get_by_id(company_id=company.id, archived=True).archived_at

step("OAuth: refresh, token info, use")
tokens = hubspot.HubSpot(host=base).oauth
answer = tokens.tokens_api.create(
    grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret",
    refresh_token="sandbox-refresh-0", redirect_uri="https://x.test/cb",
)
assert answer.expires_in == 1800
info = tokens.access_tokens_api.get(answer.access_token)
assert info.token == answer.access_token and "crm.objects.deals.read" in info.scopes
other = hubspot.HubSpot(access_token=answer.access_token, host=base)
assert other.crm.deals.basic_api.get_page(limit=1).results

step("an unknown token")
try:
    hubspot.HubSpot(access_token="nobody", host=base).crm.contacts.basic_api.get_page(limit=1)
    raise SystemExit("let a stranger in")
except ApiException as error:
    assert error.status == 401, error

print(f"tour of v3/v4 done: {steps} steps")
