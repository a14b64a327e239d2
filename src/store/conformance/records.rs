//! Records, their sources and what identifies them.

use super::kit::{NOW, again, crm, daemon, email, fields, id, later, links, page, reference, seen, text};
use crate::Store;
use model::{
    AgentId, DealOutcome, Event, EventKind, ExternalRef, Field, Fields, GoneHow, Intake, Key, Kind, Links,
    Money, SourceValues, Stage, Timestamp, Value, Version,
};
use std::sync::Arc;

/// A value of each shape for fields that the kinds have, some of them known to be empty, and two that no kind
/// has a column for.
fn everything() -> Fields {
    fields(&[
        (Field::Name, text("Zoë's \"deal\"")),
        (Field::Email, Value::Empty),
        (Field::Domain, text("acme.example")),
        (Field::Phone, text("+49 30 1")),
        (Field::Lifecycle, Value::Empty),
        (Field::LeadStatus, text("OPEN")),
        (Field::Employees, Value::Int(1200)),
        (Field::Owner, Value::Ref("77".into())),
        (Field::Amount, Value::Money(Money::parse("12.345", "KWD".parse().ok()).unwrap())),
        (Field::SourceStage, text("default/won")),
        (Field::Stage, Value::Stage(Stage::Negotiation)),
        (Field::Outcome, Value::Outcome(DealOutcome::Lost)),
        (Field::CloseDate, Value::Time(Timestamp::from_millis(-5))),
        (Field::CreatedAt, Value::Time(NOW)),
        (Field::Body, text("line\nline")),
        (Field::At, Value::Time(NOW)),
        (Field::Done, Value::Bool(false)),
        (Field::Won, Value::Bool(true)),
        (Field::Probability, Value::Int(-1)),
        (Field::Result, text("no show")),
        (Field::Agent, Value::Agent(AgentId::from("WAKE.SDRFORGE"))),
        (Field::Budget, Value::Bool(true)),
        // Not the type that its column has.
        (Field::City, Value::Int(5)),
    ])
}

pub(super) async fn every_field_of_every_kind_reads_back(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    for (number, kind) in (1..).zip(Kind::ALL) {
        let of = reference(kind, "1");
        let mut first = page(&[(id(number), of.clone(), everything())]);
        first.records[0].record.stage_since = Some(later(3));
        store.commit_page(&held, first, NOW).await.unwrap();

        let record = store.record(id(number)).await.unwrap().unwrap();

        assert_eq!((record.id, record.kind, &record.fields), (id(number), kind, &everything()));
        assert_eq!((record.stage_since, record.gone), (Some(later(3)), None));
        let source = SourceValues { reference: of.clone(), modified: NOW, fields: everything() };
        assert_eq!(record.sources, [source]);
        assert_eq!(store.find_ref(&of).await.unwrap(), Some(id(number)));
        // and an update replaces all of it
        let less = fields(&[(Field::Name, text("less")), (Field::Phone, Value::Empty)]);
        store.commit_page(&held, again(page(&[(id(number), of, less.clone())])), NOW).await.unwrap();
        assert_eq!(store.record(id(number)).await.unwrap().unwrap().fields, less);
    }
}

pub(super) async fn a_second_source_is_kept_as_provenance(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let (ours, theirs) =
        (reference(Kind::Contact, "1"), ExternalRef::new(&"odoo".into(), Kind::Contact, "8"));
    let (a, b) = (fields(&[(Field::Name, text("Ann"))]), fields(&[(Field::Phone, text("1"))]));
    let both = fields(&[(Field::Name, text("Ann")), (Field::Phone, text("1"))]);
    store.commit_page(&held, page(&[(id(1), ours.clone(), a.clone())]), NOW).await.unwrap();
    // when another source's record joins
    let (mut record, source) = seen(id(1), &theirs, &both);
    record.new = false;
    record.record.sources = vec![
        SourceValues { reference: ours.clone(), modified: NOW, fields: a },
        SourceValues { reference: theirs.clone(), modified: NOW, fields: b.clone() },
    ];
    let join = Intake { records: vec![record.clone()], sources: vec![source], ..Intake::default() };
    store.commit_page(&held, join, later(1)).await.unwrap();
    // then each source keeps its own values
    let stored = store.record(id(1)).await.unwrap().unwrap();
    assert_eq!((stored.fields, stored.sources), (both, record.record.sources));
    // and one that went is no source any more
    let gone = vec![(ours, GoneHow::Deleted, later(2))];
    store.commit_page(&held, Intake { gone, ..Intake::default() }, later(2)).await.unwrap();
    let left = store.record(id(1)).await.unwrap().unwrap();
    assert_eq!(left.sources, [SourceValues { reference: theirs, modified: NOW, fields: b }]);
    assert_eq!(left.gone, None);
}

async fn stored_links(store: &dyn Store, of: &ExternalRef) -> Vec<Links> {
    store.known(&[Key::Ref(of.clone())]).await.unwrap().links.remove(of).unwrap().links
}

pub(super) async fn links_are_complete_sets_per_kind(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let deal = reference(Kind::Deal, "1");
    let mut first = page(&[(id(1), deal.clone(), Fields::default())]);
    first.sources[0].links = vec![links(Kind::Company, &[("5", true)]), links(Kind::Contact, &[])];
    store.commit_page(&held, first.clone(), NOW).await.unwrap();
    // an empty set that was asked for is known to be empty
    assert_eq!(stored_links(&*store, &deal).await, first.sources[0].links);
    // when only contacts are seen again, without a body
    let mut next = again(first.clone());
    next.records.clear();
    next.sources[0].raw = None;
    next.sources[0].version = Version::Tag("v2".into());
    next.sources[0].links = vec![links(Kind::Contact, &[("2", false), ("3", true)])];
    store.commit_page(&held, next, NOW).await.unwrap();
    // then companies stay, and the version is the new one
    let wanted = [links(Kind::Company, &[("5", true)]), links(Kind::Contact, &[("2", false), ("3", true)])];
    assert_eq!(stored_links(&*store, &deal).await, wanted);
    let known = store.known(&[Key::Ref(deal.clone()), Key::Ref(reference(Kind::Deal, "404"))]).await.unwrap();
    assert_eq!(known.links.len(), 1);
    assert_eq!(known.links[&deal].version, Version::Tag("v2".into()));
    assert!(known.records.contains_key(&id(1)));
}

pub(super) async fn match_keys_follow_their_record(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut two = page(&[
        (id(1), reference(Kind::Contact, "1"), Fields::default()),
        (id(2), reference(Kind::Contact, "2"), Fields::default()),
    ]);
    two.records[0].match_keys = Some(vec![email("a@x.example"), email("b@x.example")]);
    two.records[1].match_keys = Some(vec![email("a@x.example")]);
    store.commit_page(&held, two.clone(), NOW).await.unwrap();
    let known =
        store.known(&[Key::Match(email("a@x.example")), Key::Match(email("a@x.example"))]).await.unwrap();
    assert_eq!(known.matches[&email("a@x.example")], [id(1), id(2)]);
    assert_eq!(known.records.len(), 2);
    // when one gets other keys, and the other's are left alone
    let mut next = again(two);
    next.records[0].match_keys = Some(vec![email("c@x.example")]);
    next.records[1].match_keys = None;
    store.commit_page(&held, next, NOW).await.unwrap();
    // then
    let keys = ["a@x.example", "b@x.example", "c@x.example"].map(|key| Key::Match(email(key)));
    let matches = store.known(&keys).await.unwrap().matches;
    assert_eq!(matches.get(&email("a@x.example")), Some(&vec![id(2)]));
    assert_eq!(matches.get(&email("b@x.example")), None);
    assert_eq!(matches.get(&email("c@x.example")), Some(&vec![id(1)]));
}

pub(super) async fn a_record_is_gone_when_no_source_lives_and_back_with_one(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let deal = reference(Kind::Deal, "1");
    let first = page(&[(id(1), deal.clone(), Fields::default())]);
    store.commit_page(&held, first.clone(), NOW).await.unwrap();

    let gone = vec![(deal.clone(), GoneHow::Absent, later(1))];
    store.commit_page(&held, Intake { gone, ..Intake::default() }, later(1)).await.unwrap();

    let known = store.known(&[Key::Ref(deal.clone())]).await.unwrap();
    assert_eq!(known.links[&deal].gone, Some(GoneHow::Absent));
    assert_eq!(known.records[&id(1)].gone, Some(GoneHow::Absent));
    assert!(known.records[&id(1)].sources.is_empty());
    assert!(store.freshness().await.unwrap().iter().all(|stream| stream.records == 0));
    // when its source shows it again
    let mut back = again(first);
    back.records.clear();
    store.commit_page(&held, back, later(2)).await.unwrap();
    // then it lives
    let known = store.known(&[Key::Ref(deal.clone())]).await.unwrap();
    assert_eq!((&known.links[&deal].gone, &known.records[&id(1)].gone), (&None, &None));
}

pub(super) async fn a_merge_changes_only_the_link(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let (loser, winner) = (reference(Kind::Deal, "1"), reference(Kind::Deal, "2"));
    let two = [(id(1), loser.clone(), Fields::default()), (id(2), winner.clone(), Fields::default())];
    store.commit_page(&held, page(&two), NOW).await.unwrap();
    // when the vendor merged the first into the second
    let how = GoneHow::Merged { into: "2".into() };
    let event = Event { at: NOW, subject: Some(id(2)), kind: EventKind::FirstSeen, source: "crm".into() };
    let merge = Intake {
        gone: vec![(loser.clone(), how.clone(), later(1))],
        relinks: vec![(loser.clone(), id(2))],
        events: vec![event],
        ..Intake::default()
    };
    store.commit_page(&held, merge, later(1)).await.unwrap();
    // then the old reference leads to the survivor for good, and the old record is gone
    let known = store.known(&[Key::Ref(loser.clone()), Key::Canonical(id(1))]).await.unwrap();
    assert_eq!((known.links[&loser].record, &known.links[&loser].gone), (id(2), &Some(how)));
    assert!(matches!(known.records[&id(1)].gone, Some(GoneHow::Merged { .. })));
    assert_eq!(known.records[&id(2)].sources.len(), 1, "a merged reference is no living source");
    assert_eq!(store.find_ref(&loser).await.unwrap(), Some(id(2)));
    assert_eq!(store.find_ref(&ExternalRef::new(&crm(), Kind::Deal, "3")).await.unwrap(), None);
}
