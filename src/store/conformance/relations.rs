//! Mails and meetings, and what they belong to.

use super::kit::{NOW, again, crm, daemon, email, fields, id, later, links, page, reference, seen, text};
use crate::{Held, Store};
use model::{
    DealOutcome, Event, EventKind, ExternalRef, Field, Fields, GoneHow, Id, Intake, Kind, MatchKey,
    RecordRow, Timestamp, Value,
    work::{ActivityLink, ActivityView, Direction, KnownContact, Mate, Related, Standing},
};
use std::{sync::Arc, time::Duration};

fn mail(of: &[(Field, Value)]) -> Fields {
    let mut mail = fields(of);
    mail.set(Field::Sender, text("ann@acme.example"));
    mail.set(Field::Recipients, Value::list(["olga@ours.example"]));
    if mail.time(Field::At).is_none() {
        mail.set(Field::At, Value::Time(NOW));
    }
    mail
}

fn in_box(ext: &str) -> ExternalRef {
    ExternalRef::new(&"box".into(), Kind::Email, ext)
}

/// First sights with match keys.
fn keyed(of: &[(Id, ExternalRef, Fields, &[MatchKey])]) -> Intake {
    let row = |(id, reference, fields, keys): &(Id, ExternalRef, Fields, &[MatchKey])| {
        let (row, source) = seen(*id, reference, fields);
        (RecordRow { match_keys: Some(keys.to_vec()), ..row }, source)
    };
    let (records, sources) = of.iter().map(row).unzip();
    Intake { records, sources, ..Intake::default() }
}

fn ann() -> (Id, ExternalRef, Fields, &'static [MatchKey]) {
    let key = Box::leak(Box::new([email("ann@acme.example")]));
    (id(4), reference(Kind::Contact, "4"), fields(&[(Field::LeadStatus, text("NEW"))]), key)
}

fn link(record: Id, kind: Kind, ambiguous: bool) -> ActivityLink {
    ActivityLink { record, kind, how: "contact".into(), ambiguous }
}

fn related(view: &ActivityView, links: Vec<ActivityLink>) -> Related {
    Related {
        record: view.record,
        kind: view.kind,
        at: view.fields.time(Field::At).unwrap_or_default(),
        standing: Standing { direction: Direction::Inbound, links },
        dirty: Vec::new(),
        events: Vec::new(),
        again: None,
    }
}

async fn waiting(store: &dyn Store, now: Timestamp) -> Vec<(ActivityView, i64)> {
    store.unrelated(now, 100).await.unwrap().views
}

/// Links everything that waits to the same things.
async fn link_all(store: &dyn Store, held: &Held, links: &[ActivityLink]) {
    let all = waiting(store, NOW).await;
    let all = all.into_iter().map(|(view, mark)| (related(&view, links.to_vec()), mark)).collect();
    store.commit_related(held, all, NOW).await.unwrap();
    assert!(waiting(store, NOW).await.is_empty());
}

async fn spread(store: &dyn Store, held: &Held) -> Vec<Id> {
    while store.spread(held, NOW).await.unwrap() {}
    waiting(store, NOW).await.into_iter().map(|(view, _)| view.record).collect()
}

pub(super) async fn a_new_mail_waits_with_everything_it_may_belong_to(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    // given a contact with a deal, its company, and another company's deal
    let mut all = keyed(&[
        ann(),
        (id(2), reference(Kind::Company, "2"), Fields::default(), &[MatchKey::Domain("acme.example".into())]),
    ]);
    let open = fields(&[(Field::CreatedAt, Value::Time(NOW))]);
    let won =
        fields(&[(Field::Outcome, Value::Outcome(DealOutcome::Won)), (Field::CloseDate, Value::Time(NOW))]);
    let mut deals = page(&[
        (id(1), reference(Kind::Deal, "1"), open),
        (id(3), reference(Kind::Deal, "3"), won),
        (id(5), reference(Kind::Deal, "5"), Fields::default()),
    ]);
    deals.sources[0].links = vec![links(Kind::Contact, &[("4", false)])];
    deals.sources[1].links = vec![links(Kind::Company, &[("2", false)])];
    all.records.append(&mut deals.records);
    all.sources.append(&mut deals.sources);
    all.sources[0].links = vec![links(Kind::Company, &[("2", true)])];
    store.commit_page(&held, all, NOW).await.unwrap();
    assert!(waiting(&*store, NOW).await.is_empty(), "nothing of it is an activity");
    // when a mail of hers is seen
    store.commit_page(&held, page(&[(id(9), in_box("9"), mail(&[]))]), NOW).await.unwrap();
    // then it waits, with her, her company and their deals
    let (view, _) = waiting(&*store, NOW).await.remove(0);
    assert_eq!((view.record, view.kind, view.gone, view.before), (id(9), Kind::Email, None, None));
    let addresses = vec!["ann@acme.example".into()];
    assert_eq!(view.contacts, [KnownContact { id: id(4), addresses, lead: true, companies: vec![id(2)] }]);
    assert_eq!(view.companies, [("acme.example".into(), id(2))]);
    let deals: Vec<_> = view.deals.iter().map(|deal| (deal.id, deal.open, deal.contacts.len())).collect();
    assert_eq!(deals, [(id(1), true, 1), (id(3), false, 0)]);
    assert_eq!((view.deals[0].created, view.deals[0].active), (Some(NOW), NOW));
    assert_eq!((view.deals[1].closes, &view.deals[1].companies), (Some(NOW), &vec![id(2)]));
}

pub(super) async fn a_tagged_address_is_known_without_its_tag(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut tagged = mail(&[]);
    tagged.set(Field::Sender, text("ann+crm@acme.example"));
    store.commit_page(&held, page(&[(id(9), in_box("9"), tagged)]), NOW).await.unwrap();
    assert!(waiting(&*store, NOW).await[0].0.contacts.is_empty());
    link_all(&*store, &held, &[]).await;
    store.commit_page(&held, keyed(&[ann()]), NOW).await.unwrap();
    assert_eq!(spread(&*store, &held).await, [id(9)]);
    let contacts = waiting(&*store, NOW).await.remove(0).0.contacts;
    assert_eq!((contacts[0].id, &*contacts[0].addresses[0]), (id(4), "ann+crm@acme.example"));
}

pub(super) async fn what_the_crm_links_is_stated(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let deal = reference(Kind::Deal, "1");
    let mut all = page(&[
        (id(1), deal, Fields::default()),
        (id(9), reference(Kind::Email, "9"), fields(&[(Field::Name, text("logged"))])),
    ]);
    all.sources[1].links = vec![links(Kind::Deal, &[("1", false)])];
    store.commit_page(&held, all, NOW).await.unwrap();
    let (view, _) = waiting(&*store, NOW).await.remove(0);
    assert_eq!(view.stated, [(Kind::Deal, id(1))]);
    assert_eq!(view.deals.iter().map(|deal| deal.id).collect::<Vec<_>>(), [id(1)]);
}

pub(super) async fn links_show_on_the_subject_newest_first(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let at = |seconds| mail(&[(Field::At, Value::Time(later(seconds)))]);
    let mut all = page(&[
        (id(1), reference(Kind::Deal, "1"), Fields::default()),
        (id(8), in_box("8"), at(8)),
        (id(9), in_box("9"), at(9)),
    ]);
    let contact = keyed(&[ann()]);
    all.records.extend(contact.records);
    all.sources.extend(contact.sources);
    store.commit_page(&held, all, NOW).await.unwrap();
    let both = waiting(&*store, NOW).await;
    // when both are linked to the deal and the contact, one of them with doubt
    let event = Event {
        at: NOW,
        subject: Some(id(1)),
        kind: EventKind::ActivityLinked {
            activity: id(9),
            what: Kind::Email,
            how: Some("contact".into()),
            ambiguous: false,
        },
        source: "engine".into(),
    };
    let decided = both.iter().map(|(view, mark)| {
        let doubt = view.record == id(8);
        let one = related(view, vec![link(id(1), Kind::Deal, doubt), link(id(4), Kind::Contact, false)]);
        (Related { dirty: vec![id(1)], events: vec![event.clone()], ..one }, *mark)
    });
    let decided: Vec<_> = decided.collect();
    store.commit_related(&held, decided.clone(), NOW).await.unwrap();
    // then the deal shows them, is to be looked at, and tells it
    let view = store.subjects(&[id(1)]).await.unwrap().remove(0);
    let shown: Vec<_> = view.activities.iter().map(|one| (one.record, one.ambiguous)).collect();
    assert_eq!(shown, [(id(9), false), (id(8), true)]);
    let newest = &view.activities[0];
    assert_eq!(
        (newest.kind, newest.direction, &newest.with),
        (Kind::Email, Direction::Inbound, &vec![id(4)])
    );
    assert_eq!(newest.references, [in_box("9")]);
    assert_eq!(newest.fields.text(Field::Sender), Some("ann@acme.example"));
    assert_eq!(newest.fields.text(Field::LinkedBy), Some("contact"));
    assert_eq!(store.subjects(&[id(4)]).await.unwrap()[0].activities.len(), 2);
    assert_eq!(store.dirty(10).await.unwrap().len(), 1);
    assert_eq!(store.history(id(1), 10).await.unwrap().len(), 2);
    // and nothing waits any more; deciding the same again changes nothing
    assert!(waiting(&*store, NOW).await.is_empty());
    let again: Vec<_> =
        decided.into_iter().map(|(one, mark)| (Related { events: Vec::new(), ..one }, mark)).collect();
    store.commit_related(&held, again, NOW).await.unwrap();
    let after = store.subjects(&[id(1)]).await.unwrap().remove(0);
    assert_eq!(after.activities.len(), 2);
    assert!(waiting(&*store, NOW).await.is_empty());
}

pub(super) async fn a_long_series_to_come_hides_no_mail(store: Arc<dyn Store>) {
    const HOUR: u64 = 3_600;
    let held = daemon(&*store).await;
    // given a deal with a mail, a meeting that was held, and seventy that are to come
    let deal = (id(1), reference(Kind::Deal, "1"), fields(&[]));
    let written = (id(9), in_box("9"), mail(&[]));
    let meeting = |number: u128, start: Timestamp| {
        let times =
            [(Field::At, Value::Time(start)), (Field::EndAt, Value::Time(start + Duration::from_secs(HOUR)))];
        (id(number), reference(Kind::Meeting, &number.to_string()), fields(&times))
    };
    let coming = |week: u32| NOW + Duration::from_secs(HOUR * 168 * u64::from(week + 1));
    let mut all = vec![deal, written, meeting(10, NOW - Duration::from_secs(2 * HOUR))];
    all.extend((0..70).map(|week| meeting(100 + u128::from(week), coming(week))));
    store.commit_page(&held, page(&all), NOW).await.unwrap();
    // when they are linked; those to come wait for their end
    let decided = waiting(&*store, NOW).await.into_iter().map(|(view, mark)| {
        let again = view.fields.time(Field::EndAt).filter(|end| *end > NOW);
        (Related { again, ..related(&view, vec![link(id(1), Kind::Deal, false)]) }, mark)
    });
    let decided: Vec<_> = decided.collect();
    store.commit_related(&held, decided, NOW).await.unwrap();
    // then what has happened is shown, and the next ten
    let shown = store.subjects(&[id(1)]).await.unwrap().remove(0).activities;
    let shown: Vec<Id> = shown.into_iter().map(|one| one.record).collect();
    let wanted: Vec<Id> = (100..110).rev().chain([9, 10]).map(id).collect();
    assert_eq!(shown, wanted);
}

pub(super) async fn a_change_while_it_is_linked_is_looked_at_again(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store.commit_page(&held, page(&[(id(9), in_box("9"), mail(&[]))]), NOW).await.unwrap();
    let (view, mark) = waiting(&*store, NOW).await.remove(0);
    let moved = again(page(&[(id(9), in_box("9"), mail(&[(Field::At, Value::Time(later(5)))]))]));
    store.commit_page(&held, moved, NOW).await.unwrap();
    store.commit_related(&held, vec![(related(&view, Vec::new()), mark)], NOW).await.unwrap();
    let (view, _) = waiting(&*store, NOW).await.remove(0);
    assert_eq!(view.before.unwrap().links, []);
    assert_eq!(view.fields.time(Field::At), Some(later(5)));
    link_all(&*store, &held, &[]).await;
    // and everything, on demand
    store.relate_all(&held, NOW).await.unwrap();
    assert_eq!(waiting(&*store, NOW).await.len(), 1);
    link_all(&*store, &held, &[]).await;
    // and so is one that went
    let gone = vec![(in_box("9"), GoneHow::Deleted, NOW)];
    store.commit_page(&held, Intake { gone, ..Intake::default() }, NOW).await.unwrap();
    assert_eq!(waiting(&*store, NOW).await[0].0.gone, Some(GoneHow::Deleted));
}

pub(super) async fn a_meeting_is_looked_at_when_it_is_over(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let meeting = ExternalRef::new(&"cal".into(), Kind::Meeting, "m");
    store.commit_page(&held, page(&[(id(9), meeting, mail(&[]))]), NOW).await.unwrap();
    let (view, mark) = waiting(&*store, NOW).await.remove(0);
    let decided = Related { again: Some(later(3600)), ..related(&view, Vec::new()) };
    store.commit_related(&held, vec![(decided, mark)], NOW).await.unwrap();
    let before = store.unrelated(NOW, 10).await.unwrap();
    assert_eq!((before.views.len(), before.next), (0, Some(later(3600))));
    assert_eq!(waiting(&*store, later(3600)).await.len(), 1);
}

pub(super) async fn an_address_that_appears_later_brings_its_history(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    // given more mails of one person than one step reaches, and one of somebody else
    let many: Vec<_> =
        (100..800).map(|number| (id(number), in_box(&number.to_string()), mail(&[]))).collect();
    store.commit_page(&held, page(&many), NOW).await.unwrap();
    let mut other = mail(&[]);
    other.set(Field::Sender, text("ann@acme.example.net"));
    store.commit_page(&held, page(&[(id(9), in_box("9"), other)]), NOW).await.unwrap();
    for _ in 0..8 {
        let some = waiting(&*store, NOW).await;
        let some = some.into_iter().map(|(view, mark)| (related(&view, Vec::new()), mark)).collect();
        store.commit_related(&held, some, NOW).await.unwrap();
    }
    assert_eq!(spread(&*store, &held).await, []);
    // when the contact appears
    store.commit_page(&held, keyed(&[ann()]), NOW).await.unwrap();
    // then all of hers wait, and only hers
    assert!(store.spread(&held, NOW).await.unwrap(), "not all at once");
    spread(&*store, &held).await;
    let waiting = store.unrelated(NOW, 10_000).await.unwrap().views;
    assert_eq!(waiting.len(), 700);
    assert!(waiting.iter().all(|(view, _)| view.record != id(9) && view.contacts.len() == 1));
}

pub(super) async fn a_domain_an_association_or_an_outcome_brings_its_history(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut sub = mail(&[]);
    sub.set(Field::Sender, text("ben@mail.acme.example"));
    store.commit_page(&held, keyed(&[ann()]), NOW).await.unwrap();
    let mails = page(&[(id(8), in_box("8"), sub), (id(9), in_box("9"), mail(&[]))]);
    store.commit_page(&held, mails, NOW).await.unwrap();
    link_all(&*store, &held, &[]).await;
    // when a company with their domain appears
    let company = (id(2), reference(Kind::Company, "2"), Fields::default());
    let domain = [MatchKey::Domain("acme.example".into())];
    store.commit_page(&held, keyed(&[(company.0, company.1, company.2, &domain)]), NOW).await.unwrap();
    assert_eq!(spread(&*store, &held).await, [id(8), id(9)]);
    link_all(&*store, &held, &[]).await;
    // when a deal with the contact appears
    let mut deal = page(&[(id(1), reference(Kind::Deal, "1"), Fields::default())]);
    deal.sources[0].links = vec![links(Kind::Contact, &[("4", false)])];
    store.commit_page(&held, deal, NOW).await.unwrap();
    assert_eq!(spread(&*store, &held).await, [id(9)]);
    link_all(&*store, &held, &[link(id(1), Kind::Deal, false)]).await;
    // when it is lost
    let lost = Event {
        at: NOW,
        subject: Some(id(1)),
        kind: EventKind::OutcomeChanged { to: DealOutcome::Lost },
        source: "crm".into(),
    };
    store.commit_page(&held, Intake { events: vec![lost], ..Intake::default() }, NOW).await.unwrap();
    assert_eq!(spread(&*store, &held).await, [id(9)], "only hers is linked to it");
    link_all(&*store, &held, &[link(id(1), Kind::Deal, false)]).await;
    // and when it goes
    let gone = vec![(ExternalRef::new(&crm(), Kind::Deal, "1"), GoneHow::Deleted, NOW)];
    store.commit_page(&held, Intake { gone, ..Intake::default() }, NOW).await.unwrap();
    assert_eq!(spread(&*store, &held).await, [id(9)]);
    assert!(waiting(&*store, NOW).await.iter().all(|(view, _)| view.deals.is_empty()));
}

pub(super) async fn a_conversation_follows_its_earlier_mails(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store
        .commit_page(&held, page(&[(id(1), reference(Kind::Deal, "1"), Fields::default())]), NOW)
        .await
        .unwrap();
    let first = mail(&[(Field::MessageId, text("m1"))]);
    let second = mail(&[
        (Field::MessageId, text("m2")),
        (Field::References, Value::list(["m1"])),
        (Field::At, Value::Time(later(60))),
    ]);
    let key = |id: &str| [MatchKey::Message(id.into())];
    let (one, two) = (key("m1"), key("m2"));
    // given an answer that came first, linked to nothing
    store.commit_page(&held, keyed(&[(id(9), in_box("9"), second, &two)]), NOW).await.unwrap();
    link_all(&*store, &held, &[]).await;
    // when the mail that it answers is linked
    store.commit_page(&held, keyed(&[(id(8), in_box("8"), first, &one)]), NOW).await.unwrap();
    let views = waiting(&*store, NOW).await;
    assert_eq!(views[0].0.record, id(8));
    let mate = Mate { record: id(9), at: later(60), deals: Vec::new(), contacts: Vec::new() };
    assert_eq!(views[0].0.conversation, [mate]);
    let decided = vec![(related(&views[0].0, vec![link(id(1), Kind::Deal, false)]), views[0].1)];
    store.commit_related(&held, decided, NOW).await.unwrap();
    // then the answer is looked at again, and sees it
    let views = waiting(&*store, NOW).await;
    assert_eq!(views[0].0.record, id(9));
    let mate = Mate { record: id(8), at: NOW, deals: vec![id(1)], contacts: Vec::new() };
    assert_eq!(views[0].0.conversation, [mate]);
    // which does not go back and forth
    let decided = vec![(related(&views[0].0, vec![link(id(1), Kind::Deal, false)]), views[0].1)];
    store.commit_related(&held, decided, NOW).await.unwrap();
    assert!(waiting(&*store, NOW).await.is_empty());
}
