use crate::desk::{Answer, Desk};
use sandbox::{Config, Kind, Lag};
use serde_json::{Value, json};

fn search(desk: &Desk, kind: &str, body: &Value) -> Answer {
    desk.post(&format!("/crm/v3/objects/{kind}/search"), body)
}

fn filter(name: &str, operator: &str, value: &str) -> Value {
    json!({"propertyName": name, "operator": operator, "value": value})
}

fn one_group(filters: &[Value]) -> Value {
    json!({"filterGroups": [{"filters": filters}], "limit": 200})
}

#[test]
fn groups_are_or_and_filters_are_and() {
    let desk = Desk::plain();
    let make = |name: &str, amount: &str| {
        desk.sandbox.create(Kind::Deal, &[("dealname", name), ("amount", amount)]).unwrap()
    };
    let (small, large, other) = (make("Alpha one", "9"), make("Alpha two", "100"), make("Beta", "50"));
    let ids = |body: &Value| {
        let mut ids = search(&desk, "deals", body).ids();
        ids.sort_unstable();
        ids
    };
    let sorted = |mut ids: Vec<u64>| {
        ids.sort_unstable();
        ids
    };
    let alpha = filter("dealname", "CONTAINS_TOKEN", "alpha");
    assert_eq!(ids(&one_group(&[alpha.clone(), filter("amount", "GT", "10")])), [large]);
    let either = json!({"filterGroups": [{"filters": [filter("amount", "LT", "10")]}, {"filters": [filter("dealname", "EQ", "beta")]}]});
    assert_eq!(ids(&either), sorted(vec![small, other]));
    let between = json!({"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "BETWEEN", "value": "9", "highValue": "50"}]}]});
    assert_eq!(ids(&between), sorted(vec![small, other]));
    let listed = json!({"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "IN", "values": ["9", "100"]}]}]});
    assert_eq!(ids(&listed), sorted(vec![small, large]));
    assert_eq!(
        ids(&one_group(&[json!({"propertyName": "closedate", "operator": "HAS_PROPERTY"})])),
        Vec::<u64>::new()
    );
    assert_eq!(ids(&json!({"query": "two"})), [large]);
    // by amount, descending: as numbers
    let by = json!({"sorts": [{"propertyName": "amount", "direction": "DESCENDING"}]});
    assert_eq!(search(&desk, "deals", &by).ids(), [large, other, small]);
}

#[test]
fn mistakes_are_refused() {
    let desk = Desk::plain();
    for body in [
        one_group(&[filter("nonsense", "EQ", "1")]),
        one_group(&[filter("amount", "LIKE", "1")]),
        one_group(&vec![filter("amount", "EQ", "1"); 7]),
        json!({"filterGroups": vec![json!({"filters": []}); 6]}),
        json!({"limit": 201}),
        json!({"limit": 200, "after": "9801"}),
    ] {
        let refused = search(&desk, "deals", &body);
        assert_eq!(
            (refused.status, &refused.json()["category"]),
            (400, &json!("VALIDATION_ERROR")),
            "{body}"
        );
    }
}

#[test]
fn contacts_are_not_found_by_the_modified_property_of_all_others() {
    let desk = Desk::plain();
    desk.sandbox.create(Kind::Contact, &[("email", "a@x.test")]).unwrap();
    let since = |name: &str| {
        search(&desk, "contacts", &one_group(&[filter(name, "GTE", "0")])).json()["total"].clone()
    };
    assert_eq!((since("lastmodifieddate"), since("hs_lastmodifieddate")), (json!(1), json!(0)));
}

#[test]
fn results_past_ten_thousand_are_out_of_reach_but_counted() {
    let desk = Desk::plain();
    for n in 0..10_050 {
        desk.sandbox.create(Kind::Note, &[("hs_timestamp", "0"), ("hs_note_body", &n.to_string())]).unwrap();
    }
    let last = search(&desk, "notes", &json!({"limit": 200, "after": "9800"}));
    assert_eq!((last.ids().len(), &last.json()["total"]), (200, &json!(10_050)));
    assert_eq!(last.json()["paging"]["next"]["after"], "10000");
    assert_eq!(search(&desk, "notes", &json!({"limit": 1, "after": "10000"})).status, 400);
    // keyset on the id reaches them all
    let (mut seen, mut after) = (0, 0);
    loop {
        let mut body = one_group(&[filter("hs_object_id", "GT", &after.to_string())]);
        body["sorts"] = json!(["hs_object_id"]);
        let ids = search(&desk, "notes", &body).ids();
        let Some(last) = ids.last() else { break };
        assert!(*last > after);
        (seen, after) = (seen + ids.len(), *last);
    }
    assert_eq!(seen, 10_050);
}

fn lagging() -> Desk {
    Desk::new(&Config { lag: Lag { low_ms: 5_000, high_ms: 5_000 }, ..Config::plain(1) })
}

#[test]
fn a_new_record_is_found_only_after_the_lag_but_read_at_once() {
    let desk = lagging();
    let id = desk.sandbox.create(Kind::Contact, &[("email", "a@x.test")]).unwrap();
    let hits = || search(&desk, "contacts", &one_group(&[filter("email", "EQ", "a@x.test")])).ids();
    desk.clock.advance(4_999);
    assert!(hits().is_empty());
    assert_eq!(desk.get(&format!("/crm/v3/objects/contacts/{id}")).status, 200);
    desk.clock.advance(1);
    assert_eq!(hits(), [id]);
}

#[test]
fn a_changed_record_is_found_by_its_old_value_and_shown_with_the_new_one() {
    let desk = lagging();
    let id = desk.sandbox.create(Kind::Contact, &[("email", "old@x.test")]).unwrap();
    desk.clock.advance(60_000);
    desk.sandbox.edit(Kind::Contact, id, &[("email", "new@x.test")]).unwrap();
    let by = |email: &str| search(&desk, "contacts", &one_group(&[filter("email", "EQ", email)])).json();
    assert_eq!(by("old@x.test")["results"][0]["properties"]["email"], "new@x.test");
    assert_eq!(by("new@x.test")["total"], 0);
    desk.clock.advance(5_000);
    assert_eq!((&by("old@x.test")["total"], &by("new@x.test")["total"]), (&json!(0), &json!(1)));
}

#[test]
fn an_archived_record_still_counts_but_is_not_shown() {
    let desk = lagging();
    let id = desk.sandbox.create(Kind::Contact, &[("email", "a@x.test")]).unwrap();
    desk.clock.advance(60_000);
    desk.sandbox.archive(Kind::Contact, id);
    let all = || search(&desk, "contacts", &json!({})).json();
    assert_eq!((&all()["total"], all()["results"].as_array().map(Vec::len)), (&json!(1), Some(0)));
    desk.clock.advance(5_000);
    assert_eq!(all()["total"], 0);
}

#[test]
fn a_change_moves_a_record_out_of_a_frozen_window() {
    // given a record that was modified in the window
    let desk = Desk::plain();
    let id = desk.sandbox.create(Kind::Deal, &[("dealname", "D")]).unwrap();
    let to = desk.clock.now() + 1;
    desk.clock.advance(10_000);
    let window = one_group(&[
        filter("hs_lastmodifieddate", "GTE", "0"),
        filter("hs_lastmodifieddate", "LT", &to.to_string()),
    ]);
    assert_eq!(search(&desk, "deals", &window).ids(), [id]);
    // when it changes again
    desk.sandbox.edit(Kind::Deal, id, &[("amount", "1")]).unwrap();
    // then the window no longer holds it
    assert!(search(&desk, "deals", &window).ids().is_empty());
}
