use super::*;
use crate::fields::object;

fn read(kind: Kind, json: &str) -> Result<Seen, Unread> {
    let (object, connection) = (object(kind, None).unwrap().unwrap(), ConnectionId::from("hubspot"));
    let page = Bytes::copy_from_slice(json.as_bytes());
    let raw: &RawValue = serde_json::from_slice(&page).unwrap();
    Reader { object: &object, connection: &connection, linked: true }.read(&page, raw)
}

fn record(properties: &str) -> String {
    format!(
        r#"{{"id":"77","properties":{properties},"createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-11-22T07:40:00Z","archived":false}}"#
    )
}

#[test]
fn a_deal_is_put_together_from_its_properties() {
    let seen = read(
        Kind::Deal,
        &record(
            r#"{"dealname":"Fleet","amount":"1250.5","deal_currency_code":"EUR","pipeline":"default","dealstage":"closedwon","closedate":"2026-12-24T00:00:00Z","hubspot_owner_id":"41629779","hs_is_closed":"true","hs_is_closed_won":"true","unknown":{"x":[1]}}"#,
        ),
    )
    .unwrap();
    let fields = &seen.record.fields;
    assert_eq!(fields.text(Field::Name), Some("Fleet"));
    assert_eq!(fields.money(Field::Amount).unwrap().to_string(), "1250.50 EUR");
    assert_eq!(fields.text(Field::SourceStage), Some("default/closedwon"));
    assert_eq!(fields.outcome(), DealOutcome::Won);
    assert_eq!(fields.get(Field::Owner), Some(&Value::Ref("41629779".into())));
    assert_eq!(fields.time(Field::CreatedAt).unwrap().to_string(), "2026-01-02T03:04:05.006Z");
    assert_eq!(seen.record.version, Version::At(Timestamp::parse("2026-11-22T07:40:00Z").unwrap()));
}

#[test]
fn empty_text_and_null_both_mean_empty_and_what_was_not_sent_is_not_known() {
    let seen =
        read(Kind::Contact, &record(r#"{"phone":"","jobtitle":null,"firstname":"Ann","lastname":null}"#));
    let fields = seen.unwrap().record.fields;
    assert_eq!(fields.get(Field::Phone), Some(&Value::Empty));
    assert_eq!(fields.get(Field::JobTitle), Some(&Value::Empty));
    assert_eq!(fields.get(Field::Email), None);
    assert_eq!(fields.text(Field::Name), Some("Ann"));
}

#[test]
fn a_value_that_is_not_of_its_type_is_no_news_and_stops_nothing() {
    // Seen in the wild: two ids in a number, a number in scientific form, a number that is none.
    let seen = read(Kind::Company, &record(r#"{"numberofemployees":"134;137","name":"Acme"}"#)).unwrap();
    assert_eq!(seen.record.fields.get(Field::Employees), None);
    let seen = read(Kind::Company, &record(r#"{"numberofemployees":"1.2E3"}"#)).unwrap();
    assert_eq!(seen.record.fields.int(Field::Employees), Some(1200));
    let seen = read(Kind::Deal, &record(r#"{"amount":"a lot","closedate":"soon","dealname":12}"#)).unwrap();
    assert_eq!(seen.record.fields.get(Field::Amount), None);
    assert_eq!(seen.record.fields.get(Field::CloseDate), None);
    assert_eq!(seen.record.fields.text(Field::Name), Some("12"));
}

#[test]
fn times_come_in_three_forms() {
    let text = |text| instant(text).map(|at| at.to_string());
    assert_eq!(text("1773300826615").as_deref(), Some("2026-03-12T07:33:46.615Z"));
    assert_eq!(text("2024-12-31T23:59:59Z").as_deref(), Some("2024-12-31T23:59:59.000Z"));
    assert_eq!(text("2024-02-29").as_deref(), Some("2024-02-29T00:00:00.000Z"));
    assert_eq!(text("1.7E12").as_deref(), Some("2023-11-14T22:13:20.000Z"));
    assert_eq!(text("tomorrow"), None);
}

#[test]
fn links_are_complete_sets_with_the_primary_one_marked_and_each_once() {
    let seen = read(
        Kind::Deal,
        r#"{"id":"1","properties":{},"updatedAt":"2026-11-22T07:40:00Z","associations":{
        "companies":{"results":[{"id":"501","type":"deal_to_company_unlabeled"},{"id":"501","type":"deal_to_company"},{"id":"500","type":"deal_to_company_unlabeled"}]}}}"#,
    )
    .unwrap();
    let target = |id: &str, primary| Target { id: id.into(), primary };
    assert_eq!(
        seen.record.links,
        [
            Links { to: Kind::Company, targets: vec![target("500", false), target("501", true)] },
            Links { to: Kind::Contact, targets: vec![] },
        ]
    );
    assert!(seen.cut.is_empty());
}

#[test]
fn links_that_were_cut_off_are_told() {
    let seen = read(
        Kind::Contact,
        r#"{"id":"1","updatedAt":"2026-11-22T07:40:00Z","associations":{"companies":{"results":[{"id":"5","type":"contact_to_company"}],"paging":{"next":{"after":"6","link":"x"}}}}}"#,
    );
    assert_eq!(seen.unwrap().cut, [Kind::Company]);
}

#[test]
fn merged_ids_come_from_both_lists_without_times_and_without_the_winner() {
    let seen = read(
        Kind::Contact,
        &record(
            r#"{"hs_merged_object_ids":"5;6","hs_calculated_merged_vids":"6:1700000000000;9:1700000000001;77:1"}"#,
        ),
    );
    let merged: Vec<String> = seen.unwrap().merged.iter().map(ToString::to_string).collect();
    assert_eq!(merged, ["5", "6", "9"]);
}

#[test]
fn our_key_is_read_from_the_property_and_from_the_body() {
    const KEY: &str = "00c0ffee00c0ffee00c0ffee00c0ffee";
    let by_body = format!(r#"{{"hs_task_body":"<p>Call.</p>[so:{KEY}]","hs_task_status":"COMPLETED"}}"#);
    let seen = read(Kind::Task, &record(&by_body)).unwrap().record;
    assert_eq!(seen.marker, KEY.parse().ok());
    assert_eq!(seen.fields.text(Field::Body), Some("Call."));
    assert_eq!(seen.fields.bool(Field::Done), Some(true));
    let by_property = format!(r#"{{"so_key":"{KEY}","hs_task_body":null,"hs_task_status":"NOT_STARTED"}}"#);
    let seen = read(Kind::Task, &record(&by_property)).unwrap().record;
    assert_eq!((seen.marker, seen.fields.bool(Field::Done)), (KEY.parse().ok(), Some(false)));
}

#[test]
fn a_record_without_id_or_date_is_unreadable_and_says_why() {
    for (json, id, why) in [
        (r#"{"properties":{},"updatedAt":"2026-11-22T07:40:00Z"}"#, None, "no id"),
        (r#"{"id":"5","properties":{}}"#, Some("5"), "no modification date"),
        (r#"{"id":"5","properties":{},"updatedAt":"yesterday"}"#, Some("5"), "yesterday"),
        (r#"{"id":"5","properties":[]}"#, Some("5"), "properties"),
        ("7", None, "a record"),
    ] {
        let unread = read(Kind::Deal, json).unwrap_err();
        assert_eq!(unread.id.as_deref(), id, "{json}");
        assert!(unread.reason.contains(why), "{}", unread.reason);
        assert_eq!(&unread.raw[..], json.as_bytes());
    }
}

#[test]
fn the_end_of_a_call_follows_from_its_duration() {
    let seen =
        read(Kind::Call, &record(r#"{"hs_call_duration":"90000","hs_timestamp":"2026-11-22T07:40:00Z"}"#));
    assert_eq!(
        seen.unwrap().record.fields.time(Field::EndAt).unwrap().to_string(),
        "2026-11-22T07:41:30.000Z"
    );
}

/// A page as a full pass of wide contacts gets it: 100 records of 36 properties, 1.3 KB each.
fn wide_page() -> Bytes {
    let own = [
        "email",
        "firstname",
        "lastname",
        "phone",
        "jobtitle",
        "industry",
        "city",
        "country",
        "lifecyclestage",
        "hs_lead_status",
        "hubspot_owner_id",
        "hs_merged_object_ids",
        "lastmodifieddate",
    ];
    let records: Vec<String> = (0..100)
        .map(|n| {
            let mut properties: Vec<String> =
                own.iter().map(|name| format!(r#""{name}":"value {n} of it""#)).collect();
            properties.extend((0..23).map(|k| format!(r#""hs_other_property_{k}":"some text {n}""#)));
            properties.sort();
            let properties = properties.join(",").replace("\"lastmodifieddate\":\"value", "\"lastmodifieddate\":\"");
            format!(r#"{{"id":"{}","properties":{{{properties}}},"createdAt":"2026-01-02T03:04:05.006Z","updatedAt":"2026-11-22T07:40:00.123Z","archived":false}}"#, 70_000_000_000_u64 + n)
        })
        .collect();
    format!(r#"{{"results":[{}]}}"#, records.join(",")).into()
}

#[test]
fn a_page_of_wide_records_is_read_whole() {
    let (api, object, connection) = crate::calls::testing::setting(Kind::Contact);
    let reader = Reader { object: &object, connection: &connection, linked: true };
    let call = crate::calls::list::List { api: &api, reader, archived: false, after: None };
    let (parts, _) = crate::calls::testing::answer(200, "");
    let records = connect::Call::parse(&call, &parts, &wide_page()).unwrap();
    assert!(records.items.len() == 100 && records.items.iter().all(Result::is_ok));
}
