//! What is shown, kept and copied.

use super::kit::{NOW, crm, daemon, fields, id, later, links, page, placed, queued, reference, task, text};
use crate::{Coordinated, Held, Progressed, Store, TakeBack};
use model::{
    AgentId, DealOutcome, Event, EventKind, ExternalRef, Field, Fields, Intake, Kind, Stage, Timestamp,
    Value,
    work::{Absence, Asked, MetricSpan, PastTask, Subject},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

fn event(number: u128, kind: EventKind) -> Event {
    Event { at: NOW, subject: Some(id(number)), kind, source: "crm".into() }
}

pub(super) async fn events_come_in_order_and_by_subject(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let changed = EventKind::Changed { fields: vec![(Field::Name, text("a"), Value::Empty)] };
    let of_nobody = Event { subject: None, ..event(1, EventKind::Noticed { what: "full disk".to_owned() }) };
    let events =
        vec![event(1, EventKind::FirstSeen), event(2, EventKind::FirstSeen), event(1, changed), of_nobody];
    store.commit_page(&held, Intake { events: events.clone(), ..Intake::default() }, NOW).await.unwrap();

    let all = store.events(0, 10).await.unwrap();

    assert_eq!(all.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), events);
    assert!(all.is_sorted_by_key(|(seq, _)| *seq));
    assert_eq!(store.events(all[1].0, 1).await.unwrap(), [all[2].clone()]);
    assert_eq!(store.history(id(1), 10).await.unwrap(), [all[2].clone(), all[0].clone()]);
    assert_eq!(store.history(id(1), 1).await.unwrap().len(), 1);
}

pub(super) async fn records_are_found_by_name_address_domain_and_id(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let named = |name: &str| fields(&[(Field::Name, text(name))]);
    let mut contact = named("Ann Roe");
    contact.set(Field::Email, text("ann@acme.example"));
    let mut company = named("Acme");
    company.set(Field::Domain, text("acme.example"));
    let all = [
        (id(1), reference(Kind::Deal, "1"), named("Big acme deal")),
        (id(2), reference(Kind::Company, "2"), company),
        (id(3), reference(Kind::Contact, "3"), contact),
        (id(4), reference(Kind::Deal, "4"), named("100% sure")),
        (id(5), reference(Kind::Deal, "5"), named("Platform")),
        (id(6), reference(Kind::Deal, "6"), named("Platform")),
    ];
    let mut all = page(&all);
    all.sources[4].links = vec![links(Kind::Company, &[("2", true)])];
    store.commit_page(&held, all, NOW).await.unwrap();
    let found = async |kind, text: &str| {
        store.search(kind, text, 10).await.unwrap().into_iter().map(|(id, ..)| id).collect::<Vec<_>>()
    };
    assert_eq!(found(None, "acme").await, [id(2), id(1), id(3)], "the whole name comes first");
    assert_eq!(found(Some(Kind::Contact), "ANN@").await, [id(3)]);
    assert_eq!(found(None, "0%").await, [id(4)], "a wildcard is a letter like any other");
    assert_eq!(found(None, "%").await, [id(4)]);
    assert_eq!(found(None, &id(3).to_string()).await, [id(3)]);
    let beginning = &id(3).to_string()[..20];
    assert_eq!(found(Some(Kind::Contact), beginning).await, [id(3)], "an id may be abbreviated");
    assert!(found(Some(Kind::Contact), "00").await.is_empty(), "but not that much");
    assert!(found(None, "  ").await.is_empty());
    // a deal is known by its company as well, as it is shown and as people type it
    for text in ["Acme – Platform", "acme - plat"] {
        assert_eq!(found(Some(Kind::Deal), text).await, [id(5)], "{text}");
    }
    assert!(found(Some(Kind::Deal), "Globex – Platform").await.is_empty());
    assert_eq!(store.search(None, "acme", 1).await.unwrap(), [(id(2), Kind::Company, "Acme".to_owned())]);
}

pub(super) async fn ids_of_tasks_handoffs_and_escalations_are_found_by_their_beginning(
    store: Arc<dyn Store>,
) {
    let held = daemon(&*store).await;
    queued(&*store, &held, &[task(30, Subject::Deal(id(1)), None), task(31, Subject::Deal(id(2)), None)])
        .await;
    let whole = id(30).to_string();
    assert_eq!(store.ids(&whole.to_uppercase(), 10).await.unwrap(), [id(30)]);
    assert_eq!(store.ids(&whole[..35], 10).await.unwrap(), [id(30), id(31)]);
    for text in ["ffffff", "00000", "product", ""] {
        assert_eq!(store.ids(text, 10).await.unwrap(), [], "{text}");
    }
}

pub(super) async fn records_are_paged_in_id_order(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let all: Vec<_> =
        (1..=5).map(|n| (id(n), reference(Kind::Note, &n.to_string()), Fields::default())).collect();
    store.commit_page(&held, page(&all), NOW).await.unwrap();
    let ids = async |after, most| {
        let records = store.page(Kind::Note, after, most).await.unwrap();
        assert!(records.iter().all(|record| record.sources.len() == 1));
        records.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 3).await, [id(1), id(2), id(3)]);
    assert_eq!(ids(Some(id(3)), 3).await, [id(4), id(5)]);
    assert!(store.page(Kind::Call, None, 3).await.unwrap().is_empty());
}

fn deal(stage: Option<Stage>, outcome: DealOutcome, created: Timestamp, closed: Timestamp) -> Fields {
    let mut deal =
        fields(&[(Field::Outcome, Value::Outcome(outcome)), (Field::CreatedAt, Value::Time(created))]);
    deal.set(Field::CloseDate, Value::Time(closed));
    if let Some(stage) = stage {
        deal.set(Field::Stage, Value::Stage(stage));
    }
    deal
}

async fn given_a_pipeline(store: &dyn Store, held: &Held) {
    let days = |days: u64| NOW - Duration::from_secs(days * 86_400);
    let deals = [
        deal(Some(Stage::Proposal), DealOutcome::Open, days(3), NOW),
        deal(None, DealOutcome::Open, days(3), NOW),
        deal(Some(Stage::Close), DealOutcome::Won, days(40), days(10)),
        deal(Some(Stage::Close), DealOutcome::Won, days(30), days(10)),
        deal(Some(Stage::Close), DealOutcome::Lost, days(20), days(10)),
        deal(Some(Stage::Close), DealOutcome::Won, days(400), days(200)),
    ];
    let mut all: Vec<_> =
        (1..).zip(deals).map(|(n, deal)| (id(n), reference(Kind::Deal, &n.to_string()), deal)).collect();
    let lead = fields(&[(Field::LeadStatus, text("NEW"))]);
    all.push((id(20), reference(Kind::Contact, "20"), lead.clone()));
    all.push((id(21), reference(Kind::Contact, "21"), lead));
    let mut first = page(&all);
    first.sources[0].links = vec![links(Kind::Contact, &[("21", false)])];
    let entered = |from, to| event(1, EventKind::StageEntered { from, to });
    first.events = vec![
        entered(None, Stage::Proposal),
        entered(Some(Stage::Qualification), Stage::Proposal),
        entered(Some(Stage::Close), Stage::Proposal),
        Event { at: days(29), ..entered(Some(Stage::Qualification), Stage::Proposal) },
    ];
    store.commit_page(held, first, NOW).await.unwrap();
}

pub(super) async fn the_overview_counts_what_is_there(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    given_a_pipeline(&*store, &held).await;
    let tasks = [1, 2].map(|n| task(30 + n, Subject::Deal(id(n)), None));
    queued(&*store, &held, &tasks).await;
    placed(&*store, &held, &[(id(31), "ANNA")]).await;
    let done = Progressed { done: vec![(id(31), later(60))], ..Progressed::default() };
    store.commit_progress(&held, done, later(60)).await.unwrap();

    let overview = store.overview(later(120)).await.unwrap();

    assert_eq!(overview.deals.get(&Some(Stage::Proposal)), Some(&1));
    assert_eq!(overview.deals.get(&None), Some(&1));
    assert_eq!((overview.leads, overview.won_and_closed, overview.moves), (1, (2, 3), 1));
    assert_eq!(overview.velocity_days, Some(25.0));
    assert_eq!(overview.tasks, [("done".into(), 1), ("queued".into(), 1)].into());
    assert_eq!((overview.overdue, overview.oldest_queued, overview.parked), (0, Some(NOW), 0));
    let anna = overview.agents[&AgentId::from("ANNA")];
    assert_eq!((anna.open, anna.done, anna.on_time, anna.paused), (0, 1, 1, false));
    assert_eq!((overview.writes_day, overview.writes.len()), ((0, 0), 0));
}

pub(super) async fn the_past_shows_what_became_of_tasks_and_offers(store: Arc<dyn Store>) {
    // given a task that is done, one that came back twice, and one that waits
    let held = daemon(&*store).await;
    let tasks = [1, 2, 3].map(|n| task(30 + n, Subject::Deal(id(n)), None));
    queued(&*store, &held, &tasks).await;
    placed(&*store, &held, &[(id(31), "ANNA"), (id(32), "BEN")]).await;
    let done = Progressed { done: vec![(id(31), later(60))], ..Progressed::default() };
    store.commit_progress(&held, done, later(60)).await.unwrap();
    for why in ["no answer until noon", "declined: too busy"] {
        let back =
            TakeBack { task: id(32), agent: "BEN".into(), why: why.into(), passed: None, meant_for: None };
        let decided = Coordinated { take_back: vec![back], ..Coordinated::default() };
        store.commit_coordination(&held, decided, later(70)).await.unwrap();
        placed(&*store, &held, &[(id(32), "BEN")]).await;
    }
    // when the past is asked for
    let past = store.past(NOW).await.unwrap();
    // then each shows when it was given and done
    let seen = |one: &PastTask| (one.task.id, one.assigned, one.ended);
    assert_eq!(
        past.tasks.iter().map(seen).collect::<Vec<_>>(),
        [(id(31), Some(NOW), Some(later(60))), (id(32), Some(NOW), None), (id(33), None, None)]
    );
    // and how often who took or passed on something
    let asked = |agent: &str, took, declined, silent| Asked { agent: agent.into(), took, declined, silent };
    assert_eq!(past.asked, [asked("ANNA", 1, 0, 0), asked("BEN", 1, 1, 1)]);
    // and what ended before is not asked for, but what is open still is
    let open: Vec<_> = store.past(later(60)).await.unwrap().tasks.iter().map(|one| one.task.id).collect();
    assert_eq!(open, [id(32), id(33)]);
}

pub(super) async fn absences_are_told_with_their_calendar(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let event = |availability: &str, status: &str, whose: Option<&str>, days: u64| {
        let mut event = fields(&[
            (Field::At, Value::Time(later(days * 86_400))),
            (Field::EndAt, Value::Time(later((days + 1) * 86_400))),
            (Field::Availability, text(availability)),
            (Field::Status, text(status)),
        ]);
        event.set(Field::Sender, whose.map_or(Value::Empty, text));
        event
    };
    let at = |name: &str| ExternalRef::new(&"office".into(), Kind::Meeting, name);
    // given absences beside other events and one that was called off
    let events = [
        (id(1), at("anna/1"), event("out_of_office", "confirmed", None, 1)),
        (id(2), at("anna/2"), event("out_of_office", "confirmed", Some("ben@ours.example"), 2)),
        (id(3), at("anna/3"), event("out_of_office", "cancelled", None, 3)),
        (id(4), at("anna/4"), event("busy", "confirmed", None, 4)),
    ];
    store.commit_page(&held, page(&events), NOW).await.unwrap();
    // then they are told, the earliest first, and those that are over no more
    let absence = |name: &str, whose: Option<&str>, days: u64| Absence {
        source: at(name),
        whose: whose.map(Into::into),
        from: later(days * 86_400),
        to: later((days + 1) * 86_400),
    };
    let all = [absence("anna/1", None, 1), absence("anna/2", Some("ben@ours.example"), 2)];
    assert_eq!(store.absences(NOW, 10).await.unwrap(), all);
    assert_eq!(store.absences(NOW, 1).await.unwrap(), all[..1]);
    assert_eq!(store.absences(all[0].to, 10).await.unwrap(), all[1..]);
}

pub(super) async fn what_metrics_need_is_read_in_one_go(store: Arc<dyn Store>) {
    // given deals that moved and one with a task that was done
    let held = daemon(&*store).await;
    given_a_pipeline(&*store, &held).await;
    queued(&*store, &held, &[task(31, Subject::Deal(id(1)), None)]).await;
    placed(&*store, &held, &[(id(31), "ANNA")]).await;
    let done = Progressed { done: vec![(id(31), later(60))], ..Progressed::default() };
    store.commit_progress(&held, done, later(60)).await.unwrap();
    let days = |days: u64| NOW - Duration::from_secs(days * 86_400);
    // when the inputs of metrics are read
    let span = MetricSpan { recent: days(7), talks: days(7), closed: days(7) };
    let inputs = store.metric_inputs(span).await.unwrap();
    // then they are there: the whole history of what moved, and who held the main work
    assert_eq!((inputs.deals.len(), inputs.history.len(), inputs.tasks.len()), (6, 4, 1));
    assert_eq!(inputs.holders, [(id(1), Stage::Qualification, AgentId::from("ANNA"))]);
    assert_eq!((inputs.tasks[0].done, inputs.tasks[0].success), (true, Some(true)));
    let tried = store.tried().await.unwrap();
    assert_eq!(tried.len(), 1);
    assert_eq!((tried[0].tried, tried[0].succeeded, tried[0].since), (1, 1, later(60)));
}

pub(super) async fn settings_and_counters_are_kept(store: Arc<dyn Store>) {
    assert_eq!(store.setting("a.x").await.unwrap(), None);
    store.set_setting("a.x", Some("1")).await.unwrap();
    store.set_setting("a.y", Some("2")).await.unwrap();
    store.set_setting("b", Some("3")).await.unwrap();
    store.set_setting("a.x", Some("4")).await.unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(store.settings("a.").await.unwrap(), [pair("a.x", "4"), pair("a.y", "2")]);
    store.set_setting("a.x", None).await.unwrap();
    assert_eq!(store.setting("a.x").await.unwrap(), None);
    assert_eq!(store.count("requests", 5).await.unwrap(), 5);
    assert_eq!(store.count("requests", -2).await.unwrap(), 3);
}

pub(super) async fn a_backup_is_made_while_pages_are_committed(store: Arc<dyn Store>) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let held = daemon(&*store).await;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let to = std::env::temp_dir().join(format!("conformance-{}-{number}.backup", std::process::id()));
    for n in 1..=3_u128 {
        let one = page(&[(id(n), reference(Kind::Deal, &n.to_string()), Fields::default())]);
        let (committed, copied) = tokio::join!(store.commit_page(&held, one, NOW), store.backup(&to));
        committed.unwrap();
        copied.unwrap();
    }
    assert!(std::fs::metadata(&to).unwrap().len() > 0);
    std::fs::remove_file(&to).unwrap();
    assert_eq!(store.page(Kind::Deal, None, 10).await.unwrap().len(), 3);
    assert!(store.backup(std::path::Path::new("/nowhere/at/all")).await.is_err());
}

pub(super) async fn a_healthy_database_is_found_healthy(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store
        .commit_page(&held, page(&[(id(1), reference(Kind::Deal, "1"), Fields::default())]), NOW)
        .await
        .unwrap();
    assert_eq!(store.integrity().await.unwrap(), None);
    assert_eq!(store.find_ref(&model::ExternalRef::new(&crm(), Kind::Deal, "1")).await.unwrap(), Some(id(1)));
}

pub(super) async fn notes_are_found_by_what_they_are_linked_to(store: Arc<dyn Store>) {
    // given two notes on one deal and one on another
    let held = daemon(&*store).await;
    let note =
        |body: &str, at: u64| fields(&[(Field::Body, text(body)), (Field::At, Value::Time(later(at)))]);
    let mut all = page(&[
        (id(1), reference(Kind::Deal, "1"), Fields::default()),
        (id(2), reference(Kind::Deal, "2"), Fields::default()),
        (id(11), reference(Kind::Note, "11"), note("first", 1)),
        (id(12), reference(Kind::Note, "12"), note("second", 2)),
        (id(13), reference(Kind::Note, "13"), note("elsewhere", 3)),
    ]);
    for (at, deal) in [(2, "1"), (3, "1"), (4, "2")] {
        all.sources[at].links = vec![links(Kind::Deal, &[(deal, false)])];
    }
    store.commit_page(&held, all, NOW).await.unwrap();
    // when they are asked for, then the newest comes first, and no more than wanted
    let second = (Some(later(2)), "second".to_owned());
    assert_eq!(store.notes(id(1), 9).await.unwrap(), [second.clone(), (Some(later(1)), "first".to_owned())]);
    assert_eq!(store.notes(id(1), 1).await.unwrap(), [second]);
    assert!(store.notes(id(3), 9).await.unwrap().is_empty());
}
