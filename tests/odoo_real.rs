//! The daemon against a real Odoo 19: everything in it is read, work is assigned and written back, a stage is
//! moved on; then Odoo's own API says that each write is there once and nothing is missing.

use crate::odoo_server::Server;
use async_trait::async_trait;
use connect::{Clock, HttpClient, Limiter, Options, Secret, http::auth::Bearer};
use model::{ConnectionId, Field, Intent, Kind, Mode, Timestamp};
use runtime::{
    clock::SystemClock,
    daemon::Daemon,
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::{Connection, Every, Settings},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use store::{
    Store, WriteFilter, WriteRow,
    sqlite::{Exec, SqliteStore},
};
use tokio::sync::watch;

/// Most tasks that the run may write: enough to show, few enough to wait for.
const TASKS: u32 = 120;
const SETTINGS: &str = "
[[connection]]
id = \"crm\"
vendor = \"odoo\"
mode = \"auto\"
[connection.caps]
create_task = 120
";
/// A person who completes the discovery call in Odoo thereby moves the deal on.
const STAGES: &str = "
[[stage]]
id = \"qualification\"
[stage.transition]
to = \"proposal\"
when = '\"DISCOVERY_CALL\" in tasks.done'
mode = \"auto\"
";
/// There is one Odoo: its tests take turns.
pub static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// How long a step may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(180);

/// The system's clock, put forward to a Monday morning: people have working hours.
struct Monday(Duration);

impl Monday {
    fn morning() -> Self {
        const WEEK: i64 = 7 * 86_400_000;
        // 1970-01-05 was a Monday.
        let ten = 4 * 86_400_000 + 10 * 3_600_000;
        let into = (SystemClock.now().as_millis() - ten).rem_euclid(WEEK);
        Self(Duration::from_millis(u64::try_from(WEEK - into).unwrap()))
    }
}

#[async_trait]
impl Clock for Monday {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
    async fn sleep_until(&self, at: Timestamp) {
        SystemClock.sleep_until(at - self.0).await;
    }
}

fn config() -> Config {
    let settings = Settings::read(Path::new("test.toml"), SETTINGS).unwrap();
    let stages = engine::config::Source { name: "test stages.toml", text: STAGES };
    let loaded = engine::config::load(None, Some(stages)).unwrap();
    Config { settings, roster: loaded.roster, book: loaded.book }
}

fn link(server: &Server) -> Link {
    let id = ConnectionId::new("crm");
    let extra = serde_json::Map::new();
    let options = Options { connection: id.clone(), extra, timeout: Duration::from_secs(30) };
    let connector = (odoo::MAKER.make)(&options).unwrap();
    let every = |seconds| Schedule { every: Every::seconds(seconds), zone: jiff::tz::TimeZone::UTC };
    let streams = connector.describe().capabilities.reads.iter().map(|(stream, _)| (*stream, every(1)));
    Link {
        id,
        limiter: Arc::new(Limiter::of(connector.describe(), 0)),
        streams: streams.collect(),
        connector,
        base: server.base.parse().unwrap(),
        transport: Arc::new(HttpClient::new().unwrap()),
        dial: Arc::new(connect::dial::Nowhere),
        auth: Arc::new(Bearer::new(&Secret::new(server.key.as_str())).unwrap()),
        timeout: options.timeout,
        mode: Mode::Auto,
        census: every(3600),
        audit: every(3600),
        audit_slices: Connection::default().audit_slices,
        account: std::sync::Mutex::default(),
    }
}

/// A daemon at work.
struct Running {
    store: Arc<dyn Store>,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db"), Exec::Thread).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let clock = Arc::new(Monday::morning());
        let links = vec![Arc::new(link(server))];
        let daemon = Daemon::start(store.clone(), clock, config(), links, 19).await.unwrap();
        let (stop, stopping) = watch::channel(false);
        let reload = Arc::new(|| Err("nothing to reload".to_owned()));
        let ended = tokio::spawn(daemon.run(stopping, Vec::new(), reload));
        Self { store, stop, ended, _folder: folder }
    }

    async fn writes(&self, states: &[&str]) -> Vec<WriteRow> {
        let states = states.iter().map(|state| (*state).into()).collect();
        let filter = WriteFilter { states, ..WriteFilter::default() };
        self.store.writes(&filter, 100_000).await.unwrap()
    }

    /// Waits until `there` finds what it looks for.
    async fn until<T>(&self, what: &str, there: impl AsyncFn() -> Option<T>) -> T {
        let give_up = SystemClock.now() + PATIENCE;
        while SystemClock.now() < give_up {
            assert!(!self.ended.is_finished(), "the daemon ended while waiting for {what}");
            if let Some(found) = there().await {
                return found;
            }
            SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(200)).await;
        }
        let fresh = self.store.freshness().await.unwrap();
        panic!("waited in vain for {what}; outbox: {}; {fresh:#?}", self.outbox().await);
    }

    async fn outbox(&self) -> String {
        let mut states = std::collections::BTreeMap::<&str, usize>::new();
        let rows = self.writes(&[]).await;
        for row in &rows {
            *states.entry(row.state.name()).or_default() += 1;
        }
        format!("{states:?}")
    }

    async fn quiet(&self) {
        let moving = ["pending", "sending", "retry", "verify"];
        self.until("a quiet outbox", async || self.writes(&moving).await.is_empty().then_some(())).await;
    }

    async fn finish(self) {
        self.stop.send(true).unwrap();
        self.ended.await.unwrap().unwrap();
    }
}

/// What Odoo says there is, per kind: its model, the domain, the least that the seeding made.
fn domains() -> [(Kind, &'static str, Value, usize); 6] {
    let any = json!(["active", "in", [true, false]]);
    [
        (Kind::Owner, "res.users", json!([any, ["share", "=", false]]), 5),
        (Kind::Pipeline, "crm.stage", json!([]), 4),
        (Kind::Company, "res.partner", json!([["is_company", "=", true]]), 200),
        (Kind::Contact, "res.partner", json!([["is_company", "=", false]]), 400),
        (
            Kind::Deal,
            "crm.lead",
            json!([any, "|", ["active", "=", true], ["won_status", "!=", "pending"]]),
            300,
        ),
        (Kind::Task, "mail.activity", json!([any, ["res_model", "in", ["crm.lead", "res.partner"]]]), 90),
    ]
}

async fn counts_agree(server: &Server, running: &Running) {
    for (kind, model, domain, least) in domains() {
        let there = server.count(model, domain).await;
        assert!(there >= least, "{kind}: only {there} in Odoo");
        running
            .until(&format!("{there} {kind} records"), async || {
                let fresh = running.store.freshness().await.unwrap();
                let here = fresh.iter().find(|one| one.stream == kind)?;
                (here.first_caught_up.is_some() && here.records == there as u64).then_some(())
            })
            .await;
    }
}

/// Each write that we call done is in Odoo, once; the others are not.
async fn each_write_is_there_once(server: &Server, running: &Running) -> usize {
    let (mut created, mut marked) = (0, 0);
    for row in running.writes(&[]).await {
        let key = row.write.key.to_string();
        let any = json!(["active", "in", [true, false]]);
        let times = match &row.write.intent {
            Intent::CreateTask { .. } => {
                server.count("mail.activity", json!([any, ["note", "ilike", key]])).await
            }
            Intent::CreateNote { .. } => server.count("mail.message", json!([["body", "ilike", key]])).await,
            Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::CompleteTask { .. }
            | Intent::CreateEvent { .. }
            | Intent::MoveEvent { .. }
            | Intent::Notify { .. } => continue,
        };
        let done = row.state.name() == "done";
        // A finished task's text is quoted once more in the history.
        assert_eq!(times, usize::from(done), "{:?} {} {:?}", row.state, row.write.target, row.note);
        created += usize::from(done && matches!(row.write.intent, Intent::CreateTask { .. }));
        marked += usize::from(done);
    }
    let ours = json!([["note", "ilike", "[so:"], ["active", "in", [true, false]]]);
    assert_eq!(server.count("mail.activity", ours).await, created);
    marked
}

/// A person completes a discovery call in Odoo; the daemon moves the deal on and says why.
async fn a_completed_call_moves_the_deal(server: &Server, running: &Running) {
    let calls: Vec<_> = running
        .writes(&["done"])
        .await
        .into_iter()
        .filter(|row| {
            let call = matches!(&row.write.intent, Intent::CreateTask { subject, .. } if subject.contains("Discovery call"));
            call && row.write.target.kind == Kind::Deal
        })
        .collect();
    let call = calls.first().expect("a discovery call among the tasks written");
    let task: i64 = call.receipt.as_ref().unwrap().reference.id.parse().unwrap();
    let deal: i64 = call.write.target.id.parse().unwrap();
    server.call("mail.activity", "action_feedback", json!({"ids": [task], "feedback": "called"})).await;
    let moved = running
        .until("the stage change", async || {
            let rows = running.writes(&["done"]).await;
            rows.into_iter().find(|row| {
                matches!(row.write.intent, Intent::ChangeStage { .. })
                    && row.write.target == call.write.target
            })
        })
        .await;
    let Intent::ChangeStage { to } = &moved.write.intent else { unreachable!("found as a stage change") };
    let row = server.call("crm.lead", "read", json!({"ids": [deal], "fields": ["stage_id"]})).await;
    assert_eq!(format!("crm/{}", row[0]["stage_id"][0]), to.as_ref());
    assert_eq!(row[0]["stage_id"][1], "Proposition");
    let history = json!([
        ["mail_message_id.model", "=", "crm.lead"],
        ["mail_message_id.res_id", "=", deal],
        ["field_id.name", "=", "stage_id"],
        ["new_value_char", "=", "Proposition"]
    ]);
    assert_eq!(server.count("mail.tracking.value", history).await, 1, "moved once by Odoo's own history");
    let note = running
        .until("the note that says why", async || {
            let rows = running.writes(&["done"]).await;
            rows.into_iter().find(|row| {
                matches!(row.write.intent, Intent::CreateNote { .. }) && row.write.target == call.write.target
            })
        })
        .await;
    let said = json!([
        ["body", "ilike", note.write.key.to_string()],
        ["model", "=", "crm.lead"],
        ["res_id", "=", deal]
    ]);
    assert_eq!(server.count("mail.message", said).await, 1);
    // and: our own write comes back as what it is
    let id = running.store.find_ref(&call.write.target).await.unwrap().unwrap();
    running
        .until("the deal in its new stage here", async || {
            let deal = running.store.record(id).await.unwrap()?;
            (deal.fields.text(Field::SourceStage) == Some(to)).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_odoo_is_synced_worked_and_written_back() {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/servers/odoo19.sh");
    let _turn = TURN.lock().await;
    let Some(server) = Server::start(script) else { return };
    let running = Running::start(&server).await;
    // when: everything was read and work was handed out up to the cap
    running
        .until("the tasks that the cap allows", async || {
            let done = running.writes(&["done"]).await;
            let tasks =
                done.iter().filter(|row| matches!(row.write.intent, Intent::CreateTask { .. })).count();
            (tasks >= TASKS as usize).then_some(())
        })
        .await;
    running.quiet().await;
    // then
    counts_agree(&server, &running).await;
    assert_eq!(each_write_is_there_once(&server, &running).await, TASKS as usize);
    // and
    a_completed_call_moves_the_deal(&server, &running).await;
    running.quiet().await;
    counts_agree(&server, &running).await;
    assert!(each_write_is_there_once(&server, &running).await > TASKS as usize);
    running.finish().await;
}
