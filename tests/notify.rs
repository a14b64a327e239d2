//! From an event to a mail in a real server's hands: once, whatever dies in between, and an honest "nobody can
//! tell" where the server's last word was lost.

use crate::mail_server::Sink;
use async_trait::async_trait;
use connect::{Auth, Cx, Error, Limiter, Login, Options, Proof, Secret, dial::Tcp};
use jiff::tz::TimeZone;
use model::{ConnectionId, Event, EventKind, Intake, Kind, Mode, Timestamp, WriteState, stage::Outcome};
use runtime::{
    clock::{SystemClock, VirtualClock},
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    fault::{self, Place},
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::{Every, Settings},
};
use std::{path::Path, sync::Arc, time::Duration};
use store::{Store, WriteFilter, WriteRow, sqlite::SqliteStore};

struct Alice;

#[async_trait]
impl Auth for Alice {
    async fn sign(&self, _cx: &Cx<'_>, _request: &mut http::Request<bytes::Bytes>) -> Result<(), Error> {
        Ok(())
    }
    async fn refresh(&self, _cx: &Cx<'_>) -> Result<(), Error> {
        Err(Error::unsent(connect::ErrorKind::NotConnected, "no other password"))
    }
    async fn login(&self, _cx: &Cx<'_>) -> Result<Login, Error> {
        Ok(Login { user: "alice".to_owned(), proof: Proof::Password(Secret::new("secret")) })
    }
}

/// A daemon with one route to one recipient, over a real server.
struct World {
    sink: Sink,
    store: Arc<dyn Store>,
    clock: Arc<VirtualClock>,
    config: Config,
    daemon: Daemon,
    _dir: tempfile::TempDir,
}

impl World {
    /// `None` where there is no server to be had.
    async fn new(to: &str, insist: bool) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/smtp.sh");
        let sink = Sink::start(&script, dir.path())?;
        let text = format!(
            "[[connection]]\nid = \"mail\"\nvendor = \"smtp\"\nmode = \"auto\"\n[[route]]\nid = \"wins\"\n\
             on = [\"outcome_changed\"]\nto = [\"{to}\"]\nvia = \"mail\"\ninsist = {insist}\n"
        );
        let settings = Settings::read(Path::new("test.toml"), &text).unwrap();
        let loaded = engine::config::load(None, None).unwrap();
        let config = Config { settings, roster: loaded.roster, book: loaded.book };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        // Real time, but it can be set forward.
        let clock = Arc::new(VirtualClock::starting(now()));
        let daemon = start(&store, &clock, &config, &sink).await;
        let mut world = Self { sink, store, clock, config, daemon, _dir: dir };
        world.settle().await;
        Some(world)
    }

    /// As after a kill.
    async fn restart(&mut self) {
        self.daemon = start(&self.store, &self.clock, &self.config, &self.sink).await;
    }

    async fn win(&self) {
        let kind = EventKind::OutcomeChanged { to: Outcome::Won };
        let subject = Some(model::Id::v7(1_000, 7));
        let event = Event { at: now(), subject, kind, source: "crm".into() };
        let intake = Intake { events: vec![event], ..Intake::default() };
        self.store.commit_page(&self.daemon.shared.held, intake, now()).await.unwrap();
    }

    /// Turns both cycles until neither has anything to do now; true when one died.
    async fn settle(&mut self) -> bool {
        let Cycles { mut notify, mut dispatch, .. } = self.daemon.cycles();
        while notify.turn().await.unwrap() == Turn::Again {}
        loop {
            match dispatch.turn().await.unwrap() {
                Turn::Again => {}
                Turn::Idle { .. } => return false,
                Turn::Stop => return true,
            }
        }
    }

    async fn row(&self) -> WriteRow {
        let mut rows = self.store.writes(&WriteFilter::default(), 10).await.unwrap();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }
}

fn now() -> Timestamp {
    connect::Clock::now(&SystemClock)
}

async fn start(store: &Arc<dyn Store>, clock: &Arc<VirtualClock>, config: &Config, sink: &Sink) -> Daemon {
    let link = Arc::new(link(sink));
    Daemon::start(store.clone(), clock.clone(), config.clone(), vec![link], 1).await.unwrap()
}

fn link(sink: &Sink) -> Link {
    let id = ConnectionId::from("mail");
    let extra = serde_json::json!({ "from": "Desk <desk@ours.example>" }).as_object().unwrap().clone();
    let options = Options { connection: id.clone(), extra, timeout: Duration::from_secs(10) };
    let never = || Schedule { every: Every::seconds(1 << 30), zone: TimeZone::UTC };
    Link {
        id,
        connector: (smtp::MAKER.make)(&options).unwrap(),
        base: format!("smtp://{}", sink.address).parse().unwrap(),
        transport: Arc::new(connect::HttpClient::new().unwrap()),
        dial: Arc::new(Tcp::new().unwrap()),
        limiter: Arc::new(Limiter::new(Vec::new())),
        auth: Arc::new(Alice),
        timeout: options.timeout,
        mode: Mode::Auto,
        streams: Vec::<(Kind, Schedule)>::new(),
        census: never(),
        audit: never(),
        audit_slices: 1,
        account: std::sync::Mutex::default(),
    }
}

#[tokio::test]
async fn an_event_becomes_one_mail_also_over_a_restart() {
    let Some(mut world) = World::new("anna@x.test", false).await else { return };
    // given a deal that was won, when all is done, and done again after a restart
    world.win().await;
    world.settle().await;
    world.restart().await;
    world.settle().await;
    // then one mail is there, and the row names it
    let (mails, row) = (world.sink.mails(), world.row().await);
    assert_eq!((mails.len(), &row.state), (1, &WriteState::Done));
    let id = row.receipt.unwrap().reference.id;
    assert_eq!(mails[0]["headers"]["message-id"], *id);
    assert!(mails[0]["headers"]["subject"].as_str().unwrap().ends_with(": won"), "{}", mails[0]);
    assert!(mails[0]["text"].as_str().unwrap().contains("sales-orchestrator why"), "{}", mails[0]);
}

#[tokio::test]
async fn a_daemon_that_dies_between_decision_and_answer_sends_at_most_once() {
    for (place, mails, state) in [
        // Claimed but certainly not sent: whoever starts next can't know that, and does not guess.
        (Place::Claimed, 0, WriteState::Unknown),
        (Place::BeforeSend, 0, WriteState::Unknown),
        (Place::Answered, 1, WriteState::Unknown),
        (Place::Settled, 1, WriteState::Done),
    ] {
        let Some(mut world) = World::new("anna@x.test", false).await else { return };
        world.win().await;
        fault::arm(Some((place, 0)));
        assert!(world.settle().await, "it did not die at {place:?}");
        world.restart().await;
        world.settle().await;
        assert_eq!((world.sink.mails().len(), world.row().await.state), (mails, state), "{place:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_one_mail_shown_as_unknown_and_a_person_may_send_it_again() {
    let Some(mut world) = World::new("drop@x.test", false).await else { return };
    world.win().await;
    world.settle().await;
    world.restart().await;
    world.settle().await;
    let row = world.row().await;
    assert_eq!((world.sink.mails().len(), &row.state), (1, &WriteState::Unknown));
    // when a person decides that twice is better than never
    let actor = store::Actor("anna".to_owned());
    world.store.decide(&actor, &[row.row], store::Decision::Retry, now()).await.unwrap();
    world.settle().await;
    // then the same mail went out once more
    let mails = world.sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["headers"]["message-id"], mails[1]["headers"]["message-id"]);
}

#[tokio::test]
async fn where_twice_is_better_than_never_it_ends_after_the_third_time() {
    let Some(mut world) = World::new("drop@x.test", true).await else { return };
    world.win().await;
    for (mails, state) in [(1, "verify"), (2, "verify"), (3, "verify"), (3, "unknown"), (3, "unknown")] {
        // when it goes out and the answer is lost, then it rests for a minute
        world.settle().await;
        world.settle().await;
        assert_eq!((world.sink.mails().len(), world.row().await.state.name()), (mails, state));
        world.clock.jump(61_000);
    }
    let ids: Vec<_> = world.sink.mails().iter().map(|mail| mail["headers"]["message-id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_refused_recipient_is_refused_and_one_that_was_put_off_gets_it_later() {
    for (to, state) in [("r550@x.test", "refused"), ("once@x.test", "retry")] {
        let Some(mut world) = World::new(to, false).await else { return };
        world.win().await;
        world.settle().await;
        assert_eq!((world.sink.mails().len(), world.row().await.state.name()), (0, state));
        if state == "retry" {
            world.clock.jump(3_000);
            world.settle().await;
            assert_eq!((world.sink.mails().len(), world.row().await.state), (1, WriteState::Done));
        }
    }
}
