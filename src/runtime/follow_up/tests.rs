//! From a meeting to the task that prepares it, and to the time kept free for that.

use super::*;
use crate::{
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    rules::Config,
    settings::Settings,
};
use async_trait::async_trait;
use connect::Clock;
use model::{
    Canonical, ConnectionId, Field, Fields, Intake, Intent, Kind, Mode, Receipt, RecordRow, SettledAs,
    SourceRow, SourceValues, Stage, Value, Version,
    work::{ActivityLink, Direction, Related, Standing},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::{Caps, sqlite::SqliteStore};

/// Monday 2025-11-24T08:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_763_971_200_000);

struct Hands(AtomicI64);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
    async fn sleep_until(&self, at: Timestamp) {
        self.0.fetch_max(at.as_millis(), Ordering::Relaxed);
    }
}

fn hours(after: u64) -> Timestamp {
    NOW + Duration::from_hours(after)
}

fn id(number: u128) -> Id {
    Id::v7(1_700_000_000_000, number)
}

/// A daemon with one deal in demonstration, and with a calendar to write into.
struct World {
    store: Arc<dyn Store>,
    clock: Arc<Hands>,
    daemon: Daemon,
    cycles: Cycles,
}

impl World {
    async fn new() -> Self {
        let text = "[calendar]\nfollow_ups = \"office/sales/\"\n\
             [[connection]]\nid = \"office\"\nvendor = \"caldav\"\n";
        let settings = Settings::read(std::path::Path::new("test.toml"), text).unwrap();
        let loaded = engine::config::load(None, None).unwrap();
        let config = Config { settings, roster: loaded.roster, book: loaded.book };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        let clock = Arc::new(Hands(AtomicI64::new(NOW.as_millis())));
        let daemon = Daemon::start(store.clone(), clock.clone(), config, Vec::new(), 1).await.unwrap();
        let cycles = daemon.cycles();
        let world = Self { store, clock, daemon, cycles };
        world.sees(1, Kind::Deal, 0, &[(Field::Stage, Value::Stage(Stage::Demonstration))]).await;
        world
    }

    /// A record as of its version.
    async fn sees(&self, number: u128, kind: Kind, version: u64, fields: &[(Field, Value)]) {
        let reference = ExternalRef::new(&ConnectionId::from("crm"), kind, number.to_string());
        let (fields, new): (Fields, _) = (fields.iter().cloned().collect(), version == 0);
        let modified = NOW + Duration::from_secs(version);
        let values = SourceValues { reference: reference.clone(), modified, fields: fields.clone() };
        let stage_since = (kind == Kind::Deal).then_some(NOW);
        let record =
            Canonical { id: id(number), kind, fields, sources: vec![values], stage_since, gone: None };
        let source = SourceRow {
            reference,
            record: id(number),
            version: Version::At(modified),
            modified,
            raw: None,
            links: Vec::new(),
            new,
        };
        let intake = Intake {
            records: vec![RecordRow { record, new, match_keys: None }],
            sources: vec![source],
            dirty: vec![id(1)],
            ..Intake::default()
        };
        self.store.commit_page(&self.daemon.shared.held, intake, self.clock.now()).await.unwrap();
    }

    /// The demo, at this time, linked to the deal.
    async fn meeting(&self, version: u64, start: Timestamp, status: &str) {
        let end = start + Duration::from_hours(1);
        let own = [
            (Field::At, Value::Time(start)),
            (Field::EndAt, Value::Time(end)),
            (Field::Status, Value::text(Some(status))),
        ];
        self.sees(2, Kind::Meeting, version, &own).await;
        let link = ActivityLink { record: id(1), kind: Kind::Deal, how: "contact".into(), ambiguous: false };
        let related = Related {
            record: id(2),
            kind: Kind::Meeting,
            at: start,
            standing: Standing { direction: Direction::Outbound, links: vec![link] },
            dirty: vec![id(1)],
            events: Vec::new(),
            again: None,
        };
        let held = &self.daemon.shared.held;
        self.store.commit_related(held, vec![(related, i64::MAX)], self.clock.now()).await.unwrap();
    }

    /// Lets progress and assignment decide until they rest.
    async fn rest(&mut self) {
        for _ in 0..3 {
            while self.cycles.progress.turn().await.unwrap() == Turn::Again {}
            while self.cycles.assign.turn().await.unwrap() == Turn::Again {}
        }
    }

    /// The writes into the calendar, oldest first: what, and in which state.
    async fn events(&self) -> Vec<(WriteRow, &'static str)> {
        let filter = WriteFilter { connection: Some("office".into()), ..WriteFilter::default() };
        let rows = self.store.writes(&filter, 99).await.unwrap();
        rows.into_iter().rev().map(|row| (row.clone(), row.state.name())).collect()
    }

    /// Everything that waits for the calendar happens, as `sales/1.ics`.
    async fn send(&self) {
        let (held, now) = (&self.daemon.shared.held, self.clock.now());
        let auto = BTreeMap::from([("office".into(), Mode::Auto)]);
        for sent in self.store.claim(held, now, 99, &auto, &Caps::default()).await.unwrap() {
            let reference = ExternalRef::new(&"office".into(), Kind::Meeting, "sales/1.ics");
            let receipt = Receipt { reference, at: now, found: false };
            self.store.settle(held, sent.row, SettledAs::Done(receipt), now).await.unwrap();
        }
    }

    async fn due(&self, action: &str) -> Vec<(Option<Timestamp>, &'static str)> {
        let view = self.store.subjects(&[id(1)]).await.unwrap().remove(0);
        let of = view.tasks.iter().filter(|task| &*task.action == action);
        of.map(|task| (task.due, task.state.name())).collect()
    }
}

/// Begin and end of what a write makes or moves.
fn slot_of(row: &WriteRow) -> (Timestamp, Timestamp) {
    match &row.write.intent {
        Intent::CreateEvent { start, end, .. } | Intent::MoveEvent { start, end } => (*start, *end),
        other => panic!("{other:?}"),
    }
}

fn half_an_hour_before(due: Timestamp) -> (Timestamp, Timestamp) {
    (due - Duration::from_mins(30), due)
}

#[tokio::test]
async fn time_is_kept_free_before_a_demo_and_follows_it() {
    // given a demo that is booked
    let mut world = World::new().await;
    world.meeting(0, hours(30), "confirmed").await;
    // when the daemon decides, twice
    world.rest().await;
    world.sees(1, Kind::Deal, 1, &[(Field::Stage, Value::Stage(Stage::Demonstration))]).await;
    world.rest().await;
    // then its task is due when it begins, and one event keeps the half hour before
    assert_eq!(world.due("DELIVER_DEMO").await, [(Some(hours(30)), "assigned")]);
    let events = world.events().await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].0.write.target.to_string(), "office/meeting:sales/");
    assert_eq!((slot_of(&events[0].0), events[0].1), (half_an_hour_before(hours(30)), "proposed"));
    // when the demo is moved before the event was made
    world.meeting(1, hours(50), "confirmed").await;
    world.rest().await;
    // then another takes its place
    assert_eq!(world.due("DELIVER_DEMO").await, [(Some(hours(50)), "assigned")]);
    let events = world.events().await;
    assert_eq!(events.iter().map(|(_, state)| *state).collect::<Vec<_>>(), ["skipped", "proposed"]);
    assert_eq!(slot_of(&events[1].0), half_an_hour_before(hours(50)));
    // when it is moved after the event was made, there and back
    world.send().await;
    world.meeting(2, hours(60), "confirmed").await;
    world.rest().await;
    world.send().await;
    world.meeting(3, hours(50), "confirmed").await;
    world.clock.0.fetch_add(1_000, Ordering::Relaxed);
    world.rest().await;
    // then the event is moved each time, from where we had put it
    let events = world.events().await;
    assert_eq!(events.len(), 4);
    for ((row, _), (from, to)) in events[2..].iter().zip([(hours(50), hours(60)), (hours(60), hours(50))]) {
        assert_eq!(row.write.target.to_string(), "office/meeting:sales/1.ics");
        assert_eq!(slot_of(row), half_an_hour_before(to));
        assert_eq!(row.write.expects, [(Field::At, Value::Time(half_an_hour_before(from).0))]);
    }
}

#[tokio::test]
async fn a_demo_that_is_called_off_takes_its_event_back() {
    let mut world = World::new().await;
    world.meeting(0, hours(30), "confirmed").await;
    world.rest().await;
    world.meeting(1, hours(30), "cancelled").await;
    world.rest().await;
    assert_eq!(world.due("DELIVER_DEMO").await, [(Some(hours(30)), "cancelled")]);
    assert_eq!(world.due("REBOOK_MEETING").await.len(), 1);
    assert_eq!(world.events().await[0].1, "skipped");
}

#[tokio::test]
async fn next_steps_are_due_once_the_demo_is_over_though_nothing_changes() {
    let mut world = World::new().await;
    world.meeting(0, hours(2), "confirmed").await;
    world.rest().await;
    assert_eq!(world.due("ALIGN_NEXT_STEPS").await, []);
    // when nothing happens but time
    let idle = world.cycles.progress.turn().await.unwrap();
    assert_eq!(idle, Turn::Idle { until: Some(hours(3)) });
    world.clock.sleep_until(hours(3)).await;
    world.rest().await;
    // then the next steps are to be agreed, within eight hours, with half an hour kept free
    assert_eq!(world.due("ALIGN_NEXT_STEPS").await, [(Some(hours(11)), "assigned")]);
    let events = world.events().await;
    assert_eq!(slot_of(&events.last().unwrap().0), half_an_hour_before(hours(11)));
}
