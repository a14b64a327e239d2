use crate::desk::{Desk, NOON};
use sandbox::{Config, Effect, Kind, OauthApp, Token};
use serde_json::{Value, json};

fn contact(desk: &Desk, email: &str) -> u64 {
    desk.sandbox.create(Kind::Contact, &[("email", email), ("firstname", "A")]).unwrap()
}

#[test]
fn a_read_shows_the_default_set_unless_asked_and_always_the_three_of_the_system() {
    let desk = Desk::plain();
    let id = contact(&desk, "a@x.test");
    let plain = desk.get(&format!("/crm/v3/objects/contacts/{id}")).json();
    let keys: Vec<&str> = plain["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"]);
    assert_eq!(plain["properties"]["lastname"], Value::Null);
    // unknown properties are left out, unset ones are null
    let asked = desk.get(&format!("/crm/objects/2026-03/0-1/{id}?properties=phone,nonsense")).json();
    let keys: Vec<&str> = asked["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["createdate", "hs_object_id", "lastmodifieddate", "phone"]);
    assert_eq!(asked["properties"]["hs_object_id"], json!(id.to_string()));
}

#[test]
fn a_list_goes_by_id_and_after_is_the_last_id_plus_one() {
    let desk = Desk::plain();
    for n in 0..7 {
        contact(&desk, &format!("{n}@x.test"));
    }
    let mut uri = "/crm/v3/objects/contacts?limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = desk.get(&uri);
        seen.extend(page.ids());
        let Some(after) = page.json()["paging"]["next"]["after"].as_str().map(str::to_owned) else { break };
        assert_eq!(after, (seen.last().unwrap() + 1).to_string());
        uri = format!("/crm/v3/objects/contacts?limit=3&after={after}");
    }
    assert_eq!(seen, desk.sandbox.ids(Kind::Contact));
    assert_eq!(desk.get("/crm/v3/objects/contacts?limit=101").status, 400);
}

#[test]
fn create_answers_201_with_location_and_everything_that_was_derived() {
    let desk = Desk::plain();
    let made = desk.post("/crm/v3/objects/contacts", &json!({"properties": {"email": "T@Example.org"}}));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.status, 201);
    assert_eq!(
        made.header("location"),
        Some(format!("https://api.hubapi.com/crm/v3/objects/contacts/{id}").as_str())
    );
    assert!(made.header("x-hubspot-correlation-id").is_some());
    assert_eq!(made.json()["properties"]["hs_email_domain"], "Example.org");
    assert_eq!(made.json()["properties"]["lifecyclestage"], "lead");
    // the same e-mail again, in other letters
    let twice = desk.post("/crm/v3/objects/contacts", &json!({"properties": {"email": "t@example.org"}}));
    assert_eq!(twice.status, 409);
    assert_eq!(twice.json()["message"], format!("Contact already exists. Existing ID: {id}"));
}

#[test]
fn tasks_need_a_timestamp_and_take_their_associations_at_once() {
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Kind::Deal, &[("dealname", "D")]).unwrap();
    let without = desk.post("/crm/v3/objects/tasks", &json!({"properties": {"hs_task_subject": "x"}}));
    assert_eq!(without.status, 400);
    let link = |id: String| json!([{"to": {"id": id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]}]);
    let body =
        |id: String| json!({"properties": {"hs_timestamp": NOON.to_string()}, "associations": link(id)});
    // an unknown far end refuses the whole create
    assert_eq!(desk.post("/crm/v3/objects/tasks", &body("1".to_owned())).status, 400);
    assert!(desk.sandbox.ids(Kind::Task).is_empty());
    // a known one is there at once, from both ends, without moving the deal's modified date
    let before = desk.sandbox.value(Kind::Deal, deal, "hs_lastmodifieddate");
    desk.clock.advance(1000);
    assert_eq!(desk.post("/crm/v3/objects/tasks", &body(deal.to_string())).status, 201);
    let tasks = desk.get(&format!("/crm/v4/objects/deals/{deal}/associations/tasks")).json();
    assert_eq!(tasks["results"][0]["associationTypes"][0]["typeId"], 215);
    assert!(tasks["results"][0]["toObjectId"].is_number());
    assert_eq!(desk.sandbox.value(Kind::Deal, deal, "hs_lastmodifieddate"), before);
}

#[test]
fn bad_values_are_refused_with_the_property_named() {
    let desk = Desk::plain();
    let deal =
        desk.sandbox.create(Kind::Deal, &[("dealname", "D"), ("dealstage", "appointmentscheduled")]).unwrap();
    for (name, value, code) in [
        ("nonsense", "1", "PROPERTY_DOESNT_EXIST"),
        ("hs_is_closed", "true", "READ_ONLY_VALUE"),
        ("amount", "a lot", "INVALID_NUMBER"),
        ("closedate", "soon", "INVALID_DATE"),
        ("dealstage", "nowhere", "INVALID_OPTION"),
        ("hubspot_owner_id", "1", "INVALID_OWNER_ID"),
    ] {
        let refused =
            desk.patch(&format!("/crm/v3/objects/deals/{deal}"), &json!({"properties": {name: value}}));
        assert_eq!(refused.status, 400, "{name}");
        assert_eq!(refused.json()["errors"][0]["code"], code, "{name}");
        assert_eq!(refused.json()["category"], "VALIDATION_ERROR");
    }
}

#[test]
fn the_same_value_again_keeps_the_modified_date() {
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Kind::Deal, &[("dealname", "D"), ("amount", "5")]).unwrap();
    let uri = format!("/crm/v3/objects/deals/{deal}");
    desk.clock.advance(5000);
    let same = desk.patch(&uri, &json!({"properties": {"amount": "5"}}));
    assert_eq!((same.status, &same.json()["updatedAt"]), (200, &json!("2025-11-22T12:00:00.000Z")));
    let other = desk.patch(&uri, &json!({"properties": {"amount": "6"}}));
    assert_eq!(other.json()["updatedAt"], "2025-11-22T12:00:05.000Z");
    // clearing leaves an empty value behind
    desk.patch(&uri, &json!({"properties": {"amount": ""}}));
    assert_eq!(desk.get(&uri).json()["properties"]["amount"], "");
}

#[test]
fn winning_a_deal_sets_what_hangs_on_it() {
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Kind::Deal, &[("dealname", "D"), ("dealstage", "contractsent")]).unwrap();
    desk.patch(&format!("/crm/v3/objects/deals/{deal}"), &json!({"properties": {"dealstage": "closedwon"}}));
    let get = |name: &str| desk.sandbox.value(Kind::Deal, deal, name);
    assert_eq!(get("hs_is_closed_won").as_deref(), Some("true"));
    assert_eq!(get("closedate").as_deref(), Some("2025-11-22T12:00:00.000Z"));
    assert_eq!(get("hs_v2_date_entered_closedwon"), get("closedate"));
}

#[test]
fn deleting_is_idempotent_and_the_bin_can_be_listed() {
    let desk = Desk::plain();
    let (kept, gone) = (contact(&desk, "a@x.test"), contact(&desk, "b@x.test"));
    let uri = format!("/crm/v3/objects/contacts/{gone}");
    assert_eq!((desk.delete(&uri).status, desk.delete(&uri).status), (204, 204));
    assert_eq!(desk.delete("/crm/v3/objects/contacts/1").status, 204);
    let page = desk.get(&uri);
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html;charset=iso-8859-1")));
    assert_eq!(desk.get("/crm/v3/objects/contacts").ids(), [kept]);
    let bin = desk.get("/crm/v3/objects/contacts?archived=True");
    assert_eq!(bin.ids(), [gone]);
    assert!(bin.json()["results"][0]["archivedAt"].is_string());
    assert_eq!(desk.get(&format!("{uri}?archived=true")).status, 200);
    // its e-mail is free again, and so it can't come back
    contact(&desk, "b@x.test");
    assert!(desk.sandbox.restore(Kind::Contact, gone).is_err());
    desk.sandbox.with_journal(|j| {
        assert_eq!(j.entries().iter().filter(|e| e.effect == Effect::Archived).count(), 1);
    });
}

#[test]
fn a_merged_id_answers_with_the_winner() {
    let desk = Desk::plain();
    let (winner, loser) = (contact(&desk, "a@x.test"), contact(&desk, "b@x.test"));
    let company = desk.sandbox.create(Kind::Company, &[("name", "C")]).unwrap();
    desk.sandbox.associate((Kind::Contact, loser), (Kind::Company, company)).unwrap();
    let body = json!({"primaryObjectId": winner.to_string(), "objectIdToMerge": loser.to_string()});
    assert_eq!(desk.post("/crm/v3/objects/contacts/merge", &body).status, 200);
    let found = desk.get(&format!("/crm/v3/objects/contacts/{loser}?properties=hs_merged_object_ids")).json();
    assert_eq!(found["id"], winner.to_string());
    assert_eq!(found["properties"]["hs_merged_object_ids"], loser.to_string());
    assert_eq!(desk.get("/crm/v3/objects/contacts").ids(), [winner]);
    assert!(desk.get("/crm/v3/objects/contacts?archived=true").ids().is_empty());
    // associations and the secondary e-mail went over
    assert_eq!(
        desk.sandbox.snapshot().get(Kind::Company, company).unwrap().associations["contacts"].len(),
        1
    );
    let by_email = desk.get("/crm/v3/objects/contacts/b@x.test?idProperty=email").json();
    assert_eq!(by_email["id"], winner.to_string());
    // merging again finds nothing to merge
    assert_eq!(desk.post("/crm/v3/objects/contacts/merge", &body).status, 400);
}

#[test]
fn a_privacy_deletion_leaves_nothing() {
    let desk = Desk::plain();
    let (id, company) =
        (contact(&desk, "a@x.test"), desk.sandbox.create(Kind::Company, &[("name", "C")]).unwrap());
    desk.sandbox.associate((Kind::Contact, id), (Kind::Company, company)).unwrap();
    let body = json!({"objectId": "a@x.test", "idProperty": "email"});
    assert_eq!(desk.post("/crm/v3/objects/contacts/gdpr-delete", &body).status, 204);
    assert!(desk.get("/crm/v3/objects/contacts?archived=true").ids().is_empty());
    assert!(desk.sandbox.snapshot().get(Kind::Company, company).unwrap().associations.is_empty());
    contact(&desk, "a@x.test");
}

#[test]
fn newer_accounts_give_a_merged_company_a_new_id() {
    let desk = Desk::new(&Config { merge_makes_new_id: true, ..Config::plain(1) });
    let ids: Vec<u64> =
        ["a", "b"].iter().map(|n| desk.sandbox.create(Kind::Company, &[("name", n)]).unwrap()).collect();
    let kept = desk.sandbox.merge(Kind::Company, ids[0], ids[1]).unwrap();
    assert!(!ids.contains(&kept));
    for id in ids {
        assert_eq!(desk.get(&format!("/crm/v3/objects/companies/{id}")).json()["id"], kept.to_string());
    }
}

#[test]
fn batches_are_shuffled_and_tell_apart_what_failed() {
    let desk = Desk::plain();
    let ids: Vec<String> = (0..20).map(|n| contact(&desk, &format!("{n}@x.test")).to_string()).collect();
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).chain([json!({"id": 77})]).collect();
    let read =
        desk.post("/crm/v3/objects/contacts/batch/read", &json!({"inputs": inputs, "properties": ["email"]}));
    let got: Vec<String> = read.ids().iter().map(u64::to_string).collect();
    assert_eq!(read.status, 207);
    assert_eq!(read.json()["errors"][0]["context"]["ids"], json!(["77"]));
    let newer = desk.post("/crm/objects/2026-09/contacts/batch/read", &json!({"inputs": [{"id": "77"}]}));
    assert_eq!((newer.status, &newer.json()["numErrors"]), (200, &json!(1)));
    assert_ne!(got, ids, "in the order of the inputs");
    assert_eq!(got.iter().collect::<std::collections::BTreeSet<_>>().len(), 20);
    let many: Vec<Value> = (0..101).map(|n| json!({"id": n.to_string()})).collect();
    assert_eq!(desk.post("/crm/v3/objects/contacts/batch/read", &json!({"inputs": many})).status, 400);
}

#[test]
fn without_trace_ids_one_bad_input_fails_the_whole_batch() {
    let desk = Desk::plain();
    contact(&desk, "used@x.test");
    let input = |email: &str, trace: Option<&str>| json!({"properties": {"email": email}, "objectWriteTraceId": trace});
    let uri = "/crm/v3/objects/contacts/batch/create";
    let plain = desk.post(uri, &json!({"inputs": [input("new@x.test", None), input("used@x.test", None)]}));
    assert_eq!((plain.status, desk.sandbox.ids(Kind::Contact).len()), (409, 1));
    let within = desk.post(uri, &json!({"inputs": [input("n@x.test", None), input("N@x.test", None)]}));
    assert_eq!((within.status, desk.sandbox.ids(Kind::Contact).len()), (409, 1));
    let inputs = [input("new@x.test", Some("t1")), input("used@x.test", Some("t2"))];
    let traced = desk.post(uri, &json!({"inputs": inputs}));
    assert_eq!((traced.status, desk.sandbox.ids(Kind::Contact).len()), (207, 2));
    assert_eq!(traced.json()["errors"][0]["context"]["objectWriteTraceId"], json!(["t2"]));
    assert_eq!(traced.json()["results"][0]["objectWriteTraceId"], "t1");
}

#[test]
fn an_upsert_by_a_unique_property_becomes_an_update_the_second_time() {
    let desk = Desk::plain();
    let property = json!({"name": "so_key", "label": "key", "type": "string", "fieldType": "text",
        "groupName": "task", "hasUniqueValue": true});
    assert_eq!(desk.post("/crm/v3/properties/tasks", &property).status, 201);
    assert_eq!(desk.post("/crm/v3/properties/tasks", &property).status, 409);
    let body = json!({"inputs": [{"id": "k1", "idProperty": "so_key",
        "properties": {"so_key": "k1", "hs_timestamp": NOON.to_string(), "hs_task_subject": "Call"}}]});
    let first = desk.post("/crm/objects/2026-03/tasks/batch/upsert", &body).json();
    let second = desk.post("/crm/objects/2026-03/tasks/batch/upsert", &body).json();
    assert_eq!((&first["results"][0]["new"], &second["results"][0]["new"]), (&json!(true), &json!(false)));
    assert_eq!(first["results"][0]["id"], second["results"][0]["id"]);
    assert_eq!(desk.sandbox.ids(Kind::Task).len(), 1);
    // and a plain create with the same key is refused
    let again = json!({"properties": {"so_key": "K1", "hs_timestamp": NOON.to_string()}});
    assert_eq!(desk.post("/crm/v3/objects/tasks", &again).status, 409);
    // where the account doesn't allow it, the property is refused
    let strict = Desk::new(&Config { unique_allowed: ["contacts".to_owned()].into(), ..Config::plain(1) });
    assert_eq!(strict.post("/crm/v3/properties/tasks", &property).status, 400);
}

#[test]
fn more_than_a_hundred_associations_are_cut_inline_and_paged_elsewhere() {
    let desk = Desk::plain();
    let company = desk.sandbox.create(Kind::Company, &[("name", "C")]).unwrap();
    for n in 0..600 {
        let id = contact(&desk, &format!("{n}@x.test"));
        desk.sandbox.associate((Kind::Contact, id), (Kind::Company, company)).unwrap();
    }
    let inline = desk.get(&format!("/crm/v3/objects/companies/{company}?associations=contacts")).json();
    let part = &inline["associations"]["contacts"];
    assert_eq!(part["results"].as_array().unwrap().len(), 100);
    assert!(part["paging"]["next"]["after"].is_string());
    // batch read goes on with `after` beside the id
    let read = |after: Value| {
        let body = json!({"inputs": [{"id": company.to_string(), "after": after}]});
        desk.post("/crm/v4/associations/companies/contacts/batch/read", &body).json()["results"][0].clone()
    };
    let first = read(Value::Null);
    let second = read(first["paging"]["next"]["after"].clone());
    let count = |page: &Value| page["to"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (500, 100));
    assert!(second.get("paging").is_none());
}

#[test]
fn a_record_without_associations_is_an_error_entry_and_not_a_result() {
    let desk = Desk::plain();
    let deals: Vec<u64> =
        (0..2).map(|_| desk.sandbox.create(Kind::Deal, &[("dealname", "D")]).unwrap()).collect();
    let companies: Vec<u64> =
        (0..2).map(|_| desk.sandbox.create(Kind::Company, &[("name", "C")]).unwrap()).collect();
    for company in &companies {
        desk.sandbox.associate((Kind::Deal, deals[0]), (Kind::Company, *company)).unwrap();
    }
    let inputs: Vec<Value> = deals.iter().map(|d| json!({"id": d.to_string()})).collect();
    let read = desk.post("/crm/associations/2026-03/deals/companies/batch/read", &json!({"inputs": inputs}));
    let body = read.json();
    assert_eq!((read.status, body["results"].as_array().unwrap().len()), (207, 1));
    assert_eq!(body["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
    assert_eq!(body["errors"][0]["context"]["fromObjectId"], json!([deals[1].to_string()]));
    // the first company is the primary one, and only it
    let types: Vec<usize> = body["results"][0]["to"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["associationTypes"].as_array().unwrap().len())
        .collect();
    assert_eq!(types, if companies[0] < companies[1] { [2, 1] } else { [1, 2] });
}

#[test]
fn associations_can_be_put_and_taken_by_every_endpoint() {
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Kind::Deal, &[("dealname", "D")]).unwrap();
    let person = contact(&desk, "a@x.test");
    let count = || desk.sandbox.snapshot().get(Kind::Deal, deal).unwrap().associations.len();
    let one = format!("/crm/v4/objects/deal/{deal}/associations");
    for _ in 0..2 {
        assert_eq!(desk.put(&format!("{one}/default/contact/{person}"), &Value::Null).status, 200);
    }
    assert_eq!(count(), 1);
    assert_eq!(desk.delete(&format!("{one}/contacts/{person}")).status, 204);
    assert_eq!(count(), 0);
    let types = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]);
    assert_eq!(desk.put(&format!("{one}/contacts/{person}"), &types).status, 201);
    let pair = json!({"inputs": [{"from": {"id": deal.to_string()}, "to": [{"id": person.to_string()}]}]});
    assert_eq!(desk.post("/crm/v4/associations/deals/contacts/batch/archive", &pair).status, 204);
    assert_eq!(count(), 0);
    let pair = json!({"inputs": [{"from": {"id": deal.to_string()}, "to": {"id": person.to_string()}, "types": types}]});
    assert_eq!(desk.post("/crm/v4/associations/deals/contacts/batch/create", &pair).status, 201);
    let v3 = desk.post(
        "/crm/v3/associations/deals/contacts/batch/read",
        &json!({"inputs": [{"id": deal.to_string()}]}),
    );
    assert_eq!(v3.json()["results"][0]["to"][0]["type"], "deal_to_contact");
    let wrong = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4}]);
    assert_eq!(desk.put(&format!("{one}/contacts/{person}"), &wrong).status, 400);
    let api = desk.sandbox.with_journal(|j| j.by_api().count());
    assert_eq!(api, 5, "an idempotent repeat is no effect");
}

#[test]
fn history_is_newest_first() {
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Kind::Deal, &[("dealname", "D"), ("amount", "1")]).unwrap();
    desk.clock.advance(1000);
    desk.patch(&format!("/crm/v3/objects/deals/{deal}"), &json!({"properties": {"amount": "2"}}));
    let body = desk.get(&format!("/crm/v3/objects/deals/{deal}?propertiesWithHistory=amount")).json();
    let values: Vec<&str> = body["propertiesWithHistory"]["amount"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["2", "1"]);
}

#[test]
fn a_missing_scope_is_a_403_without_rate_limit_headers() {
    let tokens = vec![Token::without("narrow", &["crm.objects.companies.read"])];
    let mut desk = Desk::new(&Config { tokens, ..Config::default() });
    desk.token = "narrow".to_owned();
    let refused = desk.get("/crm/v3/objects/companies");
    assert_eq!((refused.status, &refused.json()["category"]), (403, &json!("MISSING_SCOPES")));
    let needed = &refused.json()["errors"][0]["context"]["requiredGranularScopes"];
    assert_eq!(needed, &json!(["crm.objects.companies.read"]));
    assert!(refused.header("x-hubspot-ratelimit-max").is_none());
    let allowed = desk.get("/crm/v3/objects/contacts");
    assert_eq!((allowed.status, allowed.header("x-hubspot-ratelimit-max")), (200, Some("190")));
    desk.token = "unknown".to_owned();
    assert_eq!(desk.get("/crm/v3/objects/contacts").status, 401);
}

#[test]
fn an_access_token_expires_and_a_rotated_refresh_token_is_void() {
    let oauth = Some(OauthApp { rotate: true, lifetime_s: 60, ..OauthApp::default() });
    let mut desk = Desk::new(&Config { oauth, ..Config::plain(1) });
    let refresh = |desk: &Desk, token: &str| {
        let form = format!(
            "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token={token}"
        );
        desk.raw(http::Method::POST, "/oauth/v1/token", form.into()).unwrap()
    };
    let first = refresh(&desk, "sandbox-refresh-0").json();
    assert_eq!(first["expires_in"], 60);
    desk.token = first["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/crm/v3/objects/contacts").status, 200);
    assert_eq!(desk.get(&format!("/oauth/v1/access-tokens/{}", desk.token)).json()["hub_id"], 48_151_623);
    // the old refresh token is no good any more, the new one is
    assert_eq!(refresh(&desk, "sandbox-refresh-0").status, 400);
    desk.clock.advance(60_000);
    let late = desk.get("/crm/v3/objects/contacts");
    assert_eq!((late.status, &late.json()["category"]), (401, &json!("EXPIRED_AUTHENTICATION")));
    let second = refresh(&desk, first["refresh_token"].as_str().unwrap());
    assert_eq!(second.status, 200);
}

#[test]
fn owners_pipelines_properties_and_account_are_there() {
    let desk = Desk::plain();
    desk.sandbox.populate(&sandbox::team::Size::small());
    assert_eq!(desk.get("/crm/v3/owners/?limit=100").json()["results"].as_array().unwrap().len(), 6);
    let gone = desk.get("/crm/owners/2026-03?archived=true").json();
    assert_eq!(gone["results"].as_array().unwrap().len(), 1);
    assert!(gone["results"][0].get("userId").is_none());
    let line = desk.get("/crm/v3/pipelines/deals").json();
    assert_eq!(
        line["results"][0]["stages"][5]["metadata"],
        json!({"isClosed": "true", "probability": "1.0"})
    );
    let owner = desk.get("/crm/properties/2026-09/0-3/hubspot_owner_id").json();
    assert_eq!((&owner["referencedObjectType"], &owner["options"]), (&json!("OWNER"), &json!([])));
    assert_eq!(desk.get("/account-info/v3/details").json()["timeZone"], "Europe/Berlin");
    assert_eq!(desk.get("/crm/v3/nowhere").status, 404);
}
