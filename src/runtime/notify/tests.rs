use super::*;
use crate::{daemon::Daemon, rules::Config, settings::Settings};
use connect::Clock;
use model::{
    AgentId, Canonical, ConnectionId, Currency, Event, EventKind, ExternalRef, Field, Fields, Id, Intake,
    Intent, Kind, Money, RecordRow, SourceRow, SourceValues, Value, Version, Write, stage::Outcome,
};
use std::{path::Path, sync::Mutex};
use store::{Store, WriteFilter, sqlite::SqliteStore};

/// Tuesday 2026-01-13T12:00:00Z.
const NOON: Timestamp = Timestamp::from_millis(1_768_305_600_000);

/// Time that moves only by hand.
struct Hand(Mutex<Timestamp>);

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep_until(&self, at: Timestamp) {
        *self.0.lock().unwrap() = at;
    }
}

const MAIL: &str = "[[connection]]\nid = \"mail\"\nvendor = \"smtp\"\n";

fn to_anna(rest: &str) -> String {
    format!(
        "{MAIL}[[route]]\nid = \"r\"\non = [\"outcome_changed\", \"trouble\", \"task_assigned\"]\n\
         to = [\"anna@ours.example\"]\nvia = \"mail\"\n{rest}"
    )
}

/// A daemon on one store, started again at will.
struct World {
    store: Arc<dyn Store>,
    clock: Arc<Hand>,
    daemon: Daemon,
    cycle: Notify,
}

impl World {
    async fn new(config: &str) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        let clock = Arc::new(Hand(Mutex::new(NOON)));
        let daemon = start(&store, &clock, config).await;
        let cycle = daemon.cycles().notify;
        Self { store, clock, daemon, cycle }
    }

    /// As after a crash.
    async fn restart(&mut self, config: &str) {
        self.daemon = start(&self.store, &self.clock, config).await;
        self.cycle = self.daemon.cycles().notify;
    }

    /// A world that has begun to listen.
    async fn listening(config: &str) -> Self {
        let mut world = Self::new(config).await;
        world.turn().await;
        world
    }

    async fn turn(&mut self) -> Turn {
        loop {
            match self.cycle.turn().await.unwrap() {
                Turn::Again => {}
                last => return last,
            }
        }
    }

    fn advance(&self, minutes: u64) {
        *self.clock.0.lock().unwrap() = self.clock.now() + Duration::from_secs(minutes * 60);
    }

    async fn commit(&self, intake: Intake) {
        self.store.commit_page(&self.daemon.shared.held, intake, self.clock.now()).await.unwrap();
    }

    async fn won(&self, deal: u128) {
        let kind = EventKind::OutcomeChanged { to: Outcome::Won };
        self.happens(id(deal), kind).await;
    }

    async fn happens(&self, subject: Id, kind: EventKind) {
        let event = Event { at: self.clock.now(), subject: Some(subject), kind, source: "crm".into() };
        self.commit(Intake { events: vec![event], ..Intake::default() }).await;
    }

    /// All messages, in order.
    async fn told(&self) -> Vec<Write> {
        let mut rows = self.store.writes(&WriteFilter::default(), 1_000).await.unwrap();
        rows.reverse();
        rows.into_iter().map(|row| row.write).collect()
    }
}

async fn start(store: &Arc<dyn Store>, clock: &Arc<Hand>, config: &str) -> Daemon {
    let loaded = engine::config::load(None, None).unwrap();
    let settings = Settings::read(Path::new("test.toml"), config).unwrap();
    let config = Config { settings, roster: loaded.roster, book: loaded.book };
    Daemon::start(store.clone(), clock.clone(), config, Vec::new(), 1).await.unwrap()
}

fn id(number: u128) -> Id {
    Id::v7(1_000, number)
}

/// Id, kind, the CRM's id, fields.
type Given<'a> = (Id, Kind, &'a str, &'a [(Field, Value)]);

/// A page with records of the CRM seen for the first time.
fn page(records: &[Given<'_>]) -> Intake {
    let mut intake = Intake::default();
    for (id, kind, ext_id, fields) in records {
        let reference = ExternalRef::new(&ConnectionId::from("crm"), *kind, *ext_id);
        let fields: Fields = fields.iter().cloned().collect();
        let sources =
            vec![SourceValues { reference: reference.clone(), modified: NOON, fields: fields.clone() }];
        let record = Canonical { id: *id, kind: *kind, fields, sources, stage_since: None, gone: None };
        intake.records.push(RecordRow { record, new: true, match_keys: None });
        intake.sources.push(SourceRow {
            reference,
            record: *id,
            version: Version::At(NOON),
            modified: NOON,
            raw: None,
            links: Vec::new(),
            new: true,
        });
    }
    intake
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[tokio::test]
async fn the_first_start_begins_at_the_end_of_the_log_and_each_event_is_told_once() {
    // given events from before
    let mut world = World::new(&to_anna("")).await;
    world.won(1).await;
    // when the cycle begins, then history is not told
    world.turn().await;
    assert_eq!(world.told().await, []);
    // when something happens, then it is told once, also over a restart
    world.won(2).await;
    world.turn().await;
    world.restart(&to_anna("")).await;
    world.turn().await;
    let told = world.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].target.to_string(), "mail/email:anna@ours.example");
}

#[tokio::test]
async fn what_could_not_be_stored_is_decided_again_as_the_same() {
    let mut world = World::listening(&to_anna("")).await;
    world.won(1).await;
    world.won(2).await;
    // given another process that took the lease
    let lease = world.store.acquire(crate::daemon::LEASE, NOON).await.unwrap();
    // when the turn ends without being stored
    assert!(world.cycle.turn().await.is_err());
    assert_eq!((world.told().await, lease.epoch() > 1), (Vec::new(), true));
    // then the next start tells both, once
    world.restart(&to_anna("")).await;
    world.turn().await;
    world.turn().await;
    assert_eq!(world.told().await.len(), 2);
}

#[tokio::test]
async fn what_is_held_back_survives_a_restart_and_says_when_it_is_due() {
    // given quiet at noon
    let config = to_anna("quiet = \"11:00-13:00\"\nzone = \"UTC\"\n");
    let mut world = World::listening(&config).await;
    world.won(1).await;
    world.won(2).await;
    world.turn().await;
    assert_eq!(world.told().await, []);
    // when the daemon is started anew and the quiet is over
    world.restart(&config).await;
    world.advance(60);
    world.turn().await;
    // then one message says both
    let told = world.told().await;
    let [Write { intent: Intent::Notify { text, .. }, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert!(text.starts_with("2 notices were held back"), "{text}");
    assert_eq!(world.store.settings("notify:lane:").await.unwrap().len(), 1);
    // and what is remembered of the hour goes away with it
    world.advance(61);
    world.turn().await;
    assert_eq!(world.store.settings("notify:lane:").await.unwrap(), []);
}

#[tokio::test]
async fn many_events_are_looked_at_batch_by_batch() {
    let mut world = World::listening(&to_anna("cap_per_hour = 3\n")).await;
    let event = |deal: u128| Event {
        at: NOON,
        subject: Some(id(deal)),
        kind: EventKind::OutcomeChanged { to: Outcome::Won },
        source: "crm".into(),
    };
    world.commit(Intake { events: (0..1_203).map(event).collect(), ..Intake::default() }).await;
    world.turn().await;
    assert_eq!(world.told().await.len(), 3, "the hour's share");
    for _ in 0..10 {
        world.advance(60);
        world.turn().await;
    }
    let notices = |write: &Write| match &write.intent {
        Intent::Notify { text, .. } => {
            let many = text.split_once(" notices were held back");
            many.map_or(1, |(many, _)| many.parse::<usize>().unwrap())
        }
        other => panic!("{other:?}"),
    };
    let told = world.told().await;
    assert_eq!(told.iter().map(notices).sum::<usize>(), 1_203);
    assert_eq!(told.len(), 3 + 1_200 / 200);
}

#[tokio::test]
async fn the_owner_is_told_by_the_address_that_the_crm_has_and_where_the_condition_holds() {
    let config = format!(
        "{MAIL}[[connection]]\nid = \"crm\"\nvendor = \"hubspot\"\n[[route]]\nid = \"big\"\n\
         on = [\"outcome_changed\"]\nwhen = \"deal.amount > 1000.0\"\nto = [\"owner\"]\nvia = \"mail\"\n"
    );
    let mut world = World::listening(&config).await;
    // given a user of the CRM with two deals, of which one is big
    let usd: Currency = "USD".parse().unwrap();
    let amount = |minor| Value::Money(Money { minor, currency: Some(usd) });
    let owner = Value::Ref("77".into());
    world
        .commit(page(&[
            (id(1), Kind::Owner, "77", &[(Field::Email, text("Olga@ours.example"))]),
            (
                id(2),
                Kind::Deal,
                "2",
                &[
                    (Field::Name, text("Big")),
                    (Field::Owner, owner.clone()),
                    (Field::Amount, amount(200_000)),
                ],
            ),
            (
                id(3),
                Kind::Deal,
                "3",
                &[(Field::Name, text("Small")), (Field::Owner, owner), (Field::Amount, amount(5_000))],
            ),
        ]))
        .await;
    world.restart(&config).await;
    // when both are won
    world.won(2).await;
    world.won(3).await;
    world.turn().await;
    // then she is told of the big one, with what to do
    let told = world.told().await;
    let [Write { intent: Intent::Notify { to, subject, text, .. }, .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((&**to, subject.as_str()), ("olga@ours.example", "Big: won"));
    for part in ["Big is won now.", "Amount: ", "Owner: olga@ours.example", "sales-orchestrator why deal:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_task_of_an_agent_without_address_is_told_to_nobody_and_the_rest_goes_on() {
    let config = to_anna("").replace("anna@ours.example", "agent");
    let mut world = World::listening(&config).await;
    world.happens(id(9), EventKind::TaskAssigned { agent: AgentId::from("NOBODY") }).await;
    assert!(matches!(world.turn().await, Turn::Idle { until: Some(_) }));
    assert_eq!(world.told().await, []);
}

#[tokio::test]
async fn a_stream_in_trouble_is_told_once_when_it_lasts() {
    let mut world = World::listening(&to_anna("dedupe = \"0s\"\n")).await;
    let crm = ConnectionId::from("crm");
    let note = |trouble: Option<&'static str>| {
        let (store, daemon, now) = (&world.store, &world.daemon, world.clock.now());
        store.note_trouble(&daemon.shared.held, &crm, Kind::Deal, trouble, now)
    };
    // given a stream that can't be read
    note(Some("no answer")).await.unwrap();
    for (minutes, told) in [(4, 0), (1, 1), (60, 1)] {
        // when time passes, then it is told once, after five minutes
        world.advance(minutes);
        world.cycle.turn().await.unwrap();
        assert_eq!(world.told().await.len(), told, "{minutes}");
    }
    // and when it comes back and goes again, once more
    for (trouble, told) in [(None, 1), (Some("gone again"), 2)] {
        let (held, now) = (&world.daemon.shared.held, world.clock.now());
        world.store.note_trouble(held, &crm, Kind::Deal, trouble, now).await.unwrap();
        world.advance(10);
        world.cycle.turn().await.unwrap();
        assert_eq!(world.told().await.len(), told);
    }
}

#[tokio::test]
async fn without_routes_nothing_is_remembered_so_that_a_new_route_begins_then() {
    let mut world = World::listening(&to_anna("")).await;
    world.won(1).await;
    world.turn().await;
    world.restart(MAIL).await;
    assert_eq!(world.turn().await, Turn::Idle { until: None });
    assert_eq!(world.store.settings("notify:").await.unwrap(), []);
    world.won(2).await;
    world.restart(&to_anna("")).await;
    world.turn().await;
    assert_eq!(world.told().await.len(), 1, "what happened while nobody listened is history");
}
