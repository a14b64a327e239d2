//! Mails and meetings: one record however often it is seen, and only what may be kept.

use crate::{
    reconcile::{MailPolicy, MergePolicy, testing::*},
    relate::Ours,
    signals::Phrases,
};
use bytes::Bytes;
use model::{Change, Field, GoneHow, Observed, Value};
use std::sync::Arc;

fn with(mail: MailPolicy) -> Memory {
    Memory::new(MergePolicy { mail, ..MergePolicy::default() })
}

fn memory() -> Memory {
    with(MailPolicy { ours: Ours::new(["ours.example"], []), ..MailPolicy::default() })
}

fn list(texts: &[&str]) -> Value {
    Value::list(texts.iter().copied())
}

/// Ann's mail `m1` as a mailbox shows it.
fn mail(name: &str, second: i64) -> Observed {
    let mut seen = observed(
        name,
        second,
        [
            (Field::Name, text("Offer")),
            (Field::Sender, text("Ann@Acme.com")),
            (Field::Recipients, list(&["Olga@Ours.example"])),
            (Field::MessageId, text("<m1@acme.com>")),
            (Field::At, Value::Time(at(1_000))),
        ],
    );
    seen.raw = Bytes::from_static(b"Subject: Offer");
    seen
}

fn one(seen: Observed) -> Vec<Change> {
    vec![Change::Seen(seen)]
}

#[test]
fn addresses_and_ids_are_brought_into_one_form() {
    let mut store = memory();
    let mut seen = mail("box/email:1", 5);
    seen.fields.set(
        Field::Recipients,
        list(&["Olga <OLGA@ours.example>", "mailto:ben@acme.com", "olga@ours.example", "?"]),
    );
    seen.fields.set(Field::References, list(&[" <m0@acme.com> ", "m0@acme.com", "<>"]));
    seen.fields.set(Field::Thread, text("17"));
    store.take(one(seen));
    let fields = store.of(&reference("box/email:1")).fields;
    assert_eq!(fields.text(Field::Sender), Some("ann@acme.com"));
    assert_eq!(fields.get(Field::Recipients), Some(&list(&["olga@ours.example", "ben@acme.com"])));
    assert_eq!(fields.text(Field::MessageId), Some("m1@acme.com"));
    assert_eq!(fields.get(Field::References), Some(&list(&["m0@acme.com"])));
    assert_eq!(fields.text(Field::Thread), Some("box/17"));
}

#[test]
fn one_mail_in_two_mailboxes_and_two_folders_is_one_record() {
    let mut store = memory();
    // within a page and across pages, with and without angle brackets
    let mut copy = mail("box/email:2", 5);
    copy.fields.set(Field::MessageId, text("m1@acme.com"));
    let plan = store.take(vec![Change::Seen(mail("box/email:1", 5)), Change::Seen(copy)]);
    assert_eq!((plan.records.len(), plan.sources.len()), (1, 2));
    let plan = store.take(one(mail("other/email:1", 6)));
    assert_eq!(told(&plan), ["joined"]);
    store.take(one(mail("crm/email:77", 7)));
    assert_eq!(store.records.len(), 1);
    assert_eq!(store.of(&reference("crm/email:77")).sources.len(), 4);
    // and seeing it again is no news
    assert!(nothing(&store.take(one(mail("other/email:1", 6)))));
}

#[test]
fn a_mail_lives_as_long_as_one_mailbox_has_it() {
    let mut store = memory();
    store.take(vec![Change::Seen(mail("box/email:1", 5)), Change::Seen(mail("other/email:1", 5))]);
    let id = store.of(&reference("box/email:1")).id;
    store.take(vec![gone("box/email:1", 9, GoneHow::Deleted)]);
    assert_eq!(store.record(id).unwrap().gone, None);
    let plan = store.take(vec![gone("other/email:1", 9, GoneHow::Deleted)]);
    assert_eq!(told(&plan), ["gone"]);
    assert_eq!(store.record(id).unwrap().gone, Some(GoneHow::Deleted));
}

#[test]
fn a_mail_that_was_moved_is_the_same_under_its_new_number() {
    let mut store = memory();
    store.take(one(mail("box/email:inbox-1", 5)));
    let id = store.of(&reference("box/email:inbox-1")).id;
    // in one page
    let plan = store.take(vec![
        gone("box/email:inbox-1", 9, GoneHow::Deleted),
        Change::Seen(mail("box/email:archive-1", 9)),
    ]);
    assert_eq!(store.of(&reference("box/email:archive-1")).id, id);
    assert_eq!(store.record(id).unwrap().gone, None);
    assert!(plan.records.iter().all(|row| !row.new));
    // in two
    store.take(vec![gone("box/email:archive-1", 10, GoneHow::Deleted)]);
    let plan = store.take(one(mail("box/email:other-1", 11)));
    assert!(told(&plan).contains(&"returned"), "{:?}", told(&plan));
    assert_eq!(store.of(&reference("box/email:other-1")).id, id);
    assert_eq!((store.records.len(), &store.record(id).unwrap().gone), (1, &None));
}

#[test]
fn the_same_id_by_another_author_or_on_another_day_is_another_mail() {
    let mut store = memory();
    store.take(one(mail("box/email:1", 5)));
    let mut forged = mail("box/email:2", 5);
    forged.fields.set(Field::Sender, text("eve@acme.com"));
    let mut later = mail("box/email:3", 5);
    later.fields.set(Field::At, Value::Time(at(1_000 + 2 * 86_400)));
    let mut nameless = mail("box/email:4", 5);
    nameless.fields.set(Field::MessageId, Value::Empty);
    let again = Observed { reference: reference("box/email:5"), ..nameless.clone() };
    store.take([forged, later, nameless, again].map(Change::Seen).into());
    assert_eq!(store.records.len(), 5);
}

#[test]
fn one_meeting_in_two_calendars_is_one_record_and_its_occurrences_are_several() {
    let mut store = memory();
    let meeting = |name: &str, occurrence: &str| {
        let fields = [
            (Field::Uid, text("u1")),
            (Field::Occurrence, text(occurrence)),
            (Field::Sequence, Value::Int(1)),
        ];
        seen(name, 5, fields)
    };
    store.take(vec![
        meeting("anna/meeting:1", "20261122T090000Z"),
        meeting("anna/meeting:2", "20261129T090000Z"),
        meeting("ben/meeting:7", "20261122T090000Z"),
        meeting("ben/meeting:8", ""),
    ]);
    assert_eq!(store.records.len(), 3);
    assert_eq!(store.of(&reference("ben/meeting:7")).id, store.of(&reference("anna/meeting:1")).id);
}

const CONTENT: &str = "Our SECRET is the weather. We would like to see a demo.";

#[test]
fn content_is_read_for_phrases_and_goes_no_further() {
    let phrases = Phrases::load(&[]).ok().map(Arc::new);
    let mut store = with(MailPolicy { phrases, ..MailPolicy::default() });
    let mut seen = mail("box/email:1", 5);
    seen.fields.set(Field::Content, text(CONTENT));
    let mut machine = mail("box/email:2", 5);
    machine.fields.set(Field::MessageId, text("m2"));
    machine.fields.set(Field::Automatic, text("auto_reply"));
    machine.fields.set(Field::Content, text(CONTENT));
    let note = observed("crm/note:1", 5, [(Field::Content, text(CONTENT))]);
    let plan = store.take([seen.clone(), machine, note].map(Change::Seen).into());
    assert!(!format!("{plan:?}").contains("SECRET"));
    let phrases = |name: &str| store.of(&reference(name)).fields.get(Field::Phrases).cloned();
    let found = phrases("box/email:1");
    let Some(Value::List(all)) = &found else { panic!("nothing was found: {found:?}") };
    assert!(all.iter().any(|one| one.starts_with("demo_requested=") && one.contains("a demo")), "{all:?}");
    assert_eq!(phrases("box/email:2"), Some(Value::Empty));
    assert_eq!(phrases("crm/note:1"), None);
    // a later look without content leaves what was found
    seen.fields.remove(Field::Content);
    seen.fields.set(Field::Name, text("Offer!"));
    seen.version = model::Version::At(at(6));
    seen.modified = at(6);
    store.take(one(seen));
    let kept = store.of(&reference("box/email:1")).fields;
    assert_eq!(kept.get(Field::Phrases), found.as_ref());
}

#[test]
fn a_notice_of_a_signed_contract_counts_and_concerns_those_whom_it_names() {
    let phrases = Phrases::load(&[]).ok().map(Arc::new);
    let mut store = with(MailPolicy { phrases, ..MailPolicy::default() });
    let signed = "Order form has been completed. All parties have signed: Ann Lee (ann@acme.com), Bob <bob@ours.example>.";
    let notice = |name: &str, sender: &str, content: &str| {
        let mut seen = mail(name, 5);
        seen.fields.set(Field::MessageId, text(name));
        seen.fields.set(Field::Sender, text(sender));
        seen.fields.set(Field::Recipients, list(&["bob@ours.example"]));
        seen.fields.set(Field::Automatic, text("bulk"));
        seen.fields.set(Field::Content, text(content));
        seen
    };
    // given the same words of a service for signatures and of somebody else, and a service's word that is no end
    let mut service = notice("box/email:1", "noreply@mail.hellosign.com", signed);
    let other = notice("box/email:2", "noreply@shop.example", signed);
    let opened =
        notice("box/email:3", "dse_na4@docusign.net", "Ann Lee (ann@acme.com) viewed your document.");
    store.take([service.clone(), other, opened].map(Change::Seen).into());
    let of = |store: &Memory, name: &str| {
        let fields = store.of(&reference(name)).fields;
        let said: Vec<String> =
            fields.list(Field::Phrases).iter().map(|one| one.split('=').next().unwrap().into()).collect();
        let kind = fields.text(Field::Automatic).unwrap_or_default().to_owned();
        (kind, said, fields.list(Field::Recipients).iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let strings = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let whole = (
        "notice".to_owned(),
        strings(&["contract_executed"]),
        strings(&["bob@ours.example", "ann@acme.com"]),
    );
    assert_eq!(of(&store, "box/email:1"), whole);
    assert_eq!(of(&store, "box/email:2"), ("bulk".to_owned(), vec![], strings(&["bob@ours.example"])));
    assert_eq!(of(&store, "box/email:3"), ("notice".to_owned(), vec![], strings(&["bob@ours.example"])));
    // a later look without the text leaves all that
    service.fields.remove(Field::Content);
    service.version = model::Version::At(at(6));
    service.modified = at(6);
    store.take(one(service));
    assert_eq!(of(&store, "box/email:1"), whole);
}

#[test]
fn of_a_text_200_characters_are_kept_unless_bodies_are_wanted() {
    for bodies in [false, true] {
        let mut store = with(MailPolicy { bodies, ..MailPolicy::default() });
        let mut seen = mail("box/email:1", 5);
        seen.fields.set(Field::Body, text(&"ü".repeat(300)));
        let plan = store.take(one(seen));
        let kept = plan.records[0].record.fields.text(Field::Body).unwrap().chars().count();
        assert_eq!((kept, plan.sources[0].raw.is_some()), if bodies { (300, true) } else { (200, false) });
    }
}

#[test]
fn ignored_people_leave_no_trace() {
    let ignore = ["private@acme.com", "doctor.example"].into_iter().map(Box::from).collect();
    let ours = Ours::new(["ours.example"], []);
    let mut store = with(MailPolicy { ignore, ours, ..MailPolicy::default() });
    let between = |name: &str, sender: &str, others: &[&str]| {
        let mut seen = mail(name, 5);
        seen.fields.set(Field::Sender, text(sender));
        seen.fields.set(Field::Recipients, list(others));
        seen.fields.set(Field::MessageId, text(name));
        Change::Seen(seen)
    };
    let plan = store.take(vec![
        between("box/email:1", "Private@Acme.com", &["olga@ours.example"]),
        between("box/email:2", "olga@ours.example", &["dr@mail.doctor.example", "pat@ours.example"]),
        between("box/email:3", "olga@ours.example", &["ann@acme.com", "private@acme.com"]),
        between("box/email:4", "olga@ours.example", &["pat@ours.example"]),
    ]);
    let names: Vec<_> = plan.sources.iter().map(|source| source.reference.to_string()).collect();
    assert_eq!(names, ["box/email:3", "box/email:4"]);
    let third = store.of(&reference("box/email:3")).fields;
    assert_eq!(third.get(Field::Recipients), Some(&list(&["ann@acme.com"])));
}
