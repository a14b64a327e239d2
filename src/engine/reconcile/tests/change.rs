//! What changed, and which source's word counts.

use crate::reconcile::{MergePolicy, Reason, explain_field, testing::*};
use bytes::Bytes;
use model::{Change, EventKind, Field, Kind, Value, Version};

fn memory() -> Memory {
    Memory::new(MergePolicy::default())
}

#[test]
fn one_event_lists_all_fields_that_differ_and_no_other() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [(Field::Name, text("Ann")), (Field::City, text("Bonn"))])]);
    let fields = [(Field::Name, text("Anna")), (Field::City, text("Bonn")), (Field::Phone, Value::Empty)];
    let plan = store.take(vec![seen("crm/contact:1", 6, fields)]);
    let changed = vec![(Field::Name, text("Ann"), text("Anna"))];
    assert_eq!(
        plan.events.iter().map(|one| &one.kind).collect::<Vec<_>>(),
        [&EventKind::Changed { fields: changed }]
    );
}

#[test]
fn a_new_version_without_new_values_stores_the_version_and_tells_nothing() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [(Field::Name, text("Ann"))])]);
    let plan = store.take(vec![seen("crm/contact:1", 6, [(Field::Name, text("Ann"))])]);
    assert_eq!((plan.sources.len(), plan.records.len(), plan.events.len()), (1, 0, 0));
}

#[test]
fn a_value_that_moved_no_version_is_taken_all_the_same() {
    let mut store = memory();
    store.take(vec![seen("crm/company:1", 5, [(Field::Employees, Value::Int(10))])]);
    let plan = store.take(vec![seen("crm/company:1", 5, [(Field::Employees, Value::Int(11))])]);
    assert_eq!(told(&plan), ["changed"]);
    assert_eq!(store.of(&reference("crm/company:1")).fields.int(Field::Employees), Some(11));
}

#[test]
fn an_older_version_overwrites_nothing() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 9, [(Field::Name, text("new"))])]);
    let plan = store.take(vec![seen("crm/contact:1", 8, [(Field::Name, text("old"))])]);
    assert!(nothing(&plan));
    let both = vec![
        seen("crm/contact:2", 9, [(Field::Name, text("new"))]),
        seen("crm/contact:2", 8, [(Field::Name, text("old"))]),
    ];
    store.take(both);
    assert_eq!(store.of(&reference("crm/contact:2")).fields.text(Field::Name), Some("new"));
}

#[test]
fn a_record_twice_in_a_page_is_stored_once_as_last_seen() {
    let mut store = memory();
    let plan = store.take(vec![
        seen("crm/contact:1", 5, [(Field::Name, text("Ann"))]),
        seen("crm/contact:1", 5, [(Field::Name, text("Anna"))]),
    ]);
    assert_eq!((plan.records.len(), plan.sources.len()), (1, 1));
    assert_eq!(told(&plan), ["first_seen"]);
    assert_eq!(store.of(&reference("crm/contact:1")).fields.text(Field::Name), Some("Anna"));
}

#[test]
fn fields_that_an_answer_does_not_speak_of_stay() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [(Field::Name, text("Ann")), (Field::City, text("Bonn"))])]);
    store.take(vec![seen("crm/contact:1", 6, [(Field::Name, text("Anna"))])]);
    assert_eq!(store.of(&reference("crm/contact:1")).fields.text(Field::City), Some("Bonn"));
    store.take(vec![seen("crm/contact:1", 7, [(Field::City, Value::Empty)])]);
    assert_eq!(store.of(&reference("crm/contact:1")).fields.text(Field::City), None);
}

#[test]
fn the_newest_source_wins_but_nothing_never_replaces_something() {
    let mut store = memory();
    let ann = (Field::Email, text("ann@acme.com"));
    store.take(vec![seen(
        "crm/contact:1",
        5,
        [ann.clone(), (Field::Name, text("A")), (Field::City, text("Bonn"))],
    )]);
    store.take(vec![seen("erp/contact:1", 6, [ann, (Field::Name, text("B")), (Field::City, Value::Empty)])]);
    let record = store.of(&reference("crm/contact:1"));
    assert_eq!((record.fields.text(Field::Name), record.fields.text(Field::City)), (Some("B"), Some("Bonn")));

    let why = explain_field(&record, Field::Name, &store.policy);
    let reasons: Vec<_> = why.iter().map(|one| (one.won, one.reason.clone())).collect();
    assert_eq!(reasons, [(true, Reason::Newest(at(6))), (false, Reason::Older(at(6)))]);
    let why = explain_field(&record, Field::City, &store.policy);
    assert_eq!((why[0].reason.clone(), why[1].reason.clone()), (Reason::OnlyValue, Reason::Empty));
}

#[test]
fn a_preferred_connection_wins_however_old_its_value_is() {
    let mut policy = MergePolicy::default();
    policy.precedence.insert(Field::Name, vec!["crm".into()]);
    let mut store = Memory::new(policy);
    let ann = (Field::Email, text("ann@acme.com"));
    store.take(vec![seen("crm/contact:1", 5, [ann.clone(), (Field::Name, text("A"))])]);
    store.take(vec![seen("erp/contact:1", 6, [ann, (Field::Name, text("B"))])]);
    let record = store.of(&reference("crm/contact:1"));
    assert_eq!(record.fields.text(Field::Name), Some("A"));
    let why = explain_field(&record, Field::Name, &store.policy);
    assert_eq!((&why[0].reason, &why[1].reason), (&Reason::Preferred, &Reason::LessPreferred));
}

#[test]
fn at_the_same_time_the_connections_name_decides() {
    let mut store = memory();
    let ann = (Field::Email, text("ann@acme.com"));
    store.take(vec![seen("erp/contact:1", 5, [ann.clone(), (Field::Name, text("B"))])]);
    store.take(vec![seen("crm/contact:1", 5, [ann, (Field::Name, text("A"))])]);
    let record = store.of(&reference("crm/contact:1"));
    assert_eq!(record.fields.text(Field::Name), Some("A"));
    let why = explain_field(&record, Field::Name, &store.policy);
    assert_eq!((&why[0].reason, &why[1].reason), (&Reason::FirstByName, &Reason::LaterByName));
}

#[test]
fn an_association_only_change_is_told_and_looked_at() {
    let mut store = memory();
    let mut deal = observed("crm/deal:1", 5, [(Field::Name, text("Big"))]);
    deal.links = vec![links(Kind::Contact, &["1", "2"]), links(Kind::Company, &["7"])];
    store.take(vec![Change::Seen(deal.clone())]);
    // The same version, other contacts; companies were not asked for.
    deal.links = vec![links(Kind::Contact, &["2", "3"])];
    (deal.raw, deal.fields) = (Bytes::new(), model::Fields::default());
    let plan = store.take(vec![Change::Seen(deal.clone())]);
    let (added, removed) = (vec!["3".into()], vec!["1".into()]);
    assert_eq!(plan.events[0].kind, EventKind::Relinked { to: Kind::Contact, added, removed });
    assert_eq!(plan.dirty, [store.of(&deal.reference).id]);
    assert!(plan.sources[0].raw.is_none());
    let row = &store.links[&deal.reference];
    assert_eq!(row.links.iter().map(|set| set.targets.len()).sum::<usize>(), 3);
    assert!(nothing(&store.take(vec![Change::Seen(deal)])));
}

#[test]
fn links_given_twice_and_out_of_order_are_one_set() {
    let mut store = memory();
    let mut deal = observed("crm/deal:1", 5, [(Field::Name, text("Big"))]);
    deal.links = vec![links(Kind::Contact, &["1", "151"])];
    store.take(vec![Change::Seen(deal.clone())]);
    let mut again = links(Kind::Contact, &["151", "151", "1"]);
    again.targets.reverse();
    deal.links = vec![again];
    assert!(nothing(&store.take(vec![Change::Seen(deal)])));
}

#[test]
fn what_happened_on_a_deal_has_the_deal_looked_at() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [(Field::Name, text("Big"))])]);
    store.take(vec![seen("crm/contact:1", 5, [(Field::Name, text("no lead"))])]);
    let mut meeting = observed("crm/meeting:1", 6, [(Field::Name, text("Demo"))]);
    meeting.links = vec![links(Kind::Deal, &["1"]), links(Kind::Contact, &["1"])];
    let deal = store.of(&reference("crm/deal:1")).id;
    assert_eq!(store.take(vec![Change::Seen(meeting.clone())]).dirty, [deal]);
    // An answer that speaks of its result only: the stored links still lead to the deal.
    meeting.links.clear();
    meeting.fields.set(Field::Result, text("held"));
    meeting.version = Version::At(at(7));
    assert_eq!(store.take(vec![Change::Seen(meeting)]).dirty, [deal]);
}

#[test]
fn leads_are_looked_at_and_other_contacts_are_not() {
    let mut store = memory();
    let plan = store.take(vec![
        seen("crm/contact:1", 5, [(Field::LeadStatus, text("NEW"))]),
        seen("crm/contact:2", 5, [(Field::LeadStatus, Value::Empty)]),
    ]);
    assert_eq!(plan.dirty, [store.of(&reference("crm/contact:1")).id]);
    // Losing the status is news for the lead's tasks.
    let plan = store.take(vec![seen("crm/contact:1", 6, [(Field::LeadStatus, Value::Empty)])]);
    assert_eq!(plan.dirty.len(), 1);
}

#[test]
fn census_marks_and_unreadable_records_pass_through() {
    let mut store = memory();
    let raw = Bytes::from_static(b"{broken");
    let reason = "amount is no number".to_owned();
    let plan = store.take(vec![
        Change::Exists(reference("crm/deal:1")),
        Change::Unreadable { reference: None, reason, raw },
    ]);
    assert_eq!((plan.exists.len(), plan.parked.len(), store.rounds), (1, 1, 0));
    assert_eq!((plan.parked[0].connection.as_str(), plan.parked[0].stream), ("crm", Kind::Deal));
}
