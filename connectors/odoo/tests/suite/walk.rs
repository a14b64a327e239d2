//! Nothing is skipped and nothing reported twice, whatever shares a second.

use crate::{
    kit::{Rig, Still, ids, seen},
    standin::StandIn,
};
use connect::{Connector, ErrorKind};
use model::{Change, Cursor, GoneHow, Kind, Pass, Timestamp};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

const NOW: Timestamp = Timestamp::from_millis(1_763_797_200_000);
const LEAD: &str = "crm.lead";

fn rig() -> Rig<StandIn> {
    Rig::new("https://crm.example", "key", StandIn::at(NOW), Box::new(Still::at(NOW)))
}

fn lead(name: &str) -> Value {
    json!({
        "name": name, "type": "opportunity", "stage_id": [1, "New"], "user_id": false, "partner_id": false,
        "expected_revenue": 10.5, "company_currency": [1, "USD"], "active": true, "won_status": "pending",
        "date_deadline": false, "date_closed": false, "create_date": "2025-11-22 07:40:00",
    })
}

#[tokio::test]
async fn twelve_hundred_deals_changed_in_one_second_are_all_read_once() {
    // given: a bulk import, one transaction, one write_date; pages are smaller
    let rig = rig();
    (1..=1200).for_each(|id| rig.transport.put(LEAD, id, 696_000, lead("imported")));
    // when
    let (changes, _, complete) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    // then
    let read = ids(&changes);
    assert_eq!((read.len(), read.iter().collect::<BTreeSet<_>>().len(), complete), (1200, 1200, true));
}

#[tokio::test]
async fn a_second_that_the_last_poll_cut_in_two_is_read_again_and_only_news_is_reported() {
    // given: two deals in one second, the higher id first; the poll falls between them
    let rig = rig();
    rig.transport.put(LEAD, 9, 100, lead("first"));
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    rig.transport.put(LEAD, 4, 900_000, lead("second, lower id"));
    // when
    let (changes, cursor, complete) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    // then
    assert_eq!((ids(&changes), complete), (vec!["4".to_owned()], false));
    // and: a change within the same second is news although its write_date looks the same
    rig.transport.put(LEAD, 9, 950_000, lead("renamed"));
    let (changes, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert_eq!(ids(&changes), ["9"]);
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert!(changes.is_empty());
}

#[tokio::test]
async fn a_transaction_that_becomes_visible_late_is_found_in_the_overlap() {
    let rig = rig();
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    rig.transport.pass(Duration::from_secs(60));
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    // when: a row appears whose transaction began a minute ago
    rig.transport.put(LEAD, 3, -55_000_000, lead("slow"));
    // then
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert_eq!(ids(&changes), ["3"]);
}

#[tokio::test]
async fn a_quiet_server_costs_one_request_per_poll_and_says_nothing() {
    let rig = rig();
    rig.transport.put(LEAD, 1, 0, lead("a"));
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    rig.transport.pass(Duration::from_secs(3600));
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    rig.transport.pass(Duration::from_secs(60));
    rig.transport.journal();
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert_eq!((changes.len(), rig.transport.journal().len()), (0, 1));
}

#[tokio::test]
async fn a_deal_that_changes_behind_the_walk_is_in_the_next_one() {
    let rig = rig();
    (1..=700).for_each(|id| rig.transport.put(LEAD, id, 0, lead("old")));
    let first = rig.page(Kind::Deal, &Pass::Full, None).await;
    let connect::Position::More(cursor) = first.position else { panic!("700 deals are two pages") };
    // when: the first page has been read
    rig.transport.pass(Duration::from_secs(5));
    rig.transport.put(LEAD, 2, 0, lead("new"));
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Full, Some(cursor)).await;
    // then
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert!(ids(&changes).contains(&"2".to_owned()));
}

#[tokio::test]
async fn the_census_names_what_is_there_and_the_slices_of_an_audit_cover_everything_once() {
    let rig = rig();
    (1..=1003).filter(|id| id % 3 != 0).for_each(|id| rig.transport.put(LEAD, id, 0, lead("x")));
    rig.transport.remove(LEAD, 4);
    let (census, _, complete) = rig.walk(Kind::Deal, &Pass::Census, None).await;
    assert!(complete && census.iter().all(|change| matches!(change, Change::Exists(_))));
    let mut audited = Vec::new();
    for slice in 0..7 {
        let (changes, _, complete) = rig.walk(Kind::Deal, &Pass::Audit { slice, of: 7 }, None).await;
        assert!(!complete);
        audited.extend(ids(&changes));
    }
    assert_eq!((census.len(), audited.len()), (668, 668));
    assert_eq!(audited.iter().collect::<BTreeSet<_>>().len(), 668);
}

#[tokio::test]
async fn asked_for_by_id_what_is_gone_is_said_to_be_gone() {
    let rig = rig();
    rig.transport.put(LEAD, 1, 0, lead("here"));
    let these = Pass::These(vec!["1".into(), "2".into(), "99999999999".into(), "x".into()]);
    let (changes, ..) = rig.walk(Kind::Deal, &these, None).await;
    assert_eq!(ids(&changes), ["1"]);
    let Change::Gone(gone) = &changes[1] else { panic!("{changes:?}") };
    assert_eq!((gone.reference.id.as_ref(), &gone.how), ("2", &GoneHow::Absent));
}

#[tokio::test]
async fn a_garbled_record_is_parked_with_its_reason_and_the_others_go_on() {
    let rig = rig();
    rig.transport.put(LEAD, 1, 0, lead("good"));
    rig.transport.put(LEAD, 2, 0, json!({"name": ["not", "a", "name"]}));
    rig.transport.put(LEAD, 3, 0, lead("good"));
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    assert_eq!(ids(&changes), ["1", "3"]);
    let parked = changes.iter().find_map(|change| match change {
        Change::Unreadable { reference, reason, raw } => Some((reference.clone().unwrap(), reason, raw)),
        Change::Seen(_) | Change::Gone(_) | Change::Exists(_) => None,
    });
    let (reference, reason, raw) = parked.unwrap();
    assert_eq!((reference.id.as_ref(), reason.is_empty(), raw.is_empty()), ("2", false, false));
}

#[tokio::test]
async fn raw_json_is_kept_as_it_came() {
    let rig = rig();
    rig.transport.put(LEAD, 1, 0, lead("a"));
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    let raw: Value = serde_json::from_slice(&seen(&changes)[0].raw).unwrap();
    assert_eq!(raw["name"], "a");
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_means_a_full_pass() {
    let rig = rig();
    let foreign = Cursor { version: 77, body: "{}".to_owned() };
    let error = rig.odoo.poll(&rig.cx(), Kind::Deal, &Pass::Since, Some(&foreign)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired);
}
