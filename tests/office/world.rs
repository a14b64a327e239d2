//! The servers of an office, the people who use them, and a daemon at work on all of them. Time is real, but it can
//! be set forward.

use crate::{dovecot_server::Dovecot, mail_server::Sink, radicale_server, rig::InMemory};
use connect::{
    Auth, Clock, HttpClient, Limiter, Maker, Options, Secret, Transport,
    dial::Tcp,
    http::auth::{Basic, Bearer},
};
use model::{ConnectionId, ExternalRef, Id, Intent, Kind, Mode, Timestamp, work::SubjectView};
use runtime::{
    clock::VirtualClock,
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::{Every, Settings},
};
use sandbox::{Sandbox, team::Size};
use std::{path::PathBuf, sync::Arc, time::Duration};
use store::{
    Store, WriteFilter, WriteRow,
    sqlite::{Exec, SqliteStore},
};
use tempfile::TempDir;

/// Monday 2025-11-24T08:00:00Z, when the deal comes to its present stage.
const MONDAY: Timestamp = Timestamp::from_millis(1_763_971_200_000);
/// The demo, on Tuesday.
pub const DEMO: [&str; 2] = ["20251125T140000Z", "20251125T150000Z"];
pub const FOLLOW_UPS: &str = "/anna/follow-ups/";
/// Polls come every 30 seconds.
const ROUND_MS: i64 = 31_000;
/// Rounds after which something goes in circles.
const MOST_ROUNDS: u32 = 60;
/// The first of the sandbox's users owns the deal.
pub const OWNER: &str = "41629700";

/// The four servers.
pub struct Office {
    pub crm: Arc<Sandbox>,
    pub mail: Dovecot,
    pub calendar: radicale_server::Server,
    pub sink: Sink,
    dir: TempDir,
}

impl Office {
    /// `None`, with a visible line, where one of them can't be had.
    async fn open(clock: &Arc<VirtualClock>) -> Option<Self> {
        let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
        let dir = tempfile::tempdir().unwrap();
        let mail = had("Dovecot", Dovecot::start(&scripts.join("dovecot.sh"), None))?;
        let calendar =
            had("Radicale", radicale_server::Server::start(scripts.join("radicale.sh"), 2_592_000))?;
        let sink = had("mail server", Sink::start(&scripts.join("smtp.sh"), &dir.path().join("sink")))?;
        for name in ["work", "follow-ups"] {
            calendar.calendar(name).await;
        }
        let at = clock.clone();
        let config = sandbox::Config { limits: None, ..sandbox::Config::seeded(3) };
        let crm = Sandbox::new(&config, Arc::new(move || at.now().as_millis()));
        crm.populate(&Size { owners: 2, companies: 0, contacts: 0, deals: 0, tasks: 0, wide: false });
        Some(Self { crm, mail, calendar, sink, dir })
    }

    /// A deal before its demo, with one contact; its id.
    fn deal(&self) -> u64 {
        use sandbox::Kind::{Company, Contact, Deal};
        let company =
            self.crm.create(Company, &[("name", "Prospect"), ("domain", "prospect.example")]).unwrap();
        let who = [("email", "paula@prospect.example"), ("firstname", "Paula"), ("lastname", "Prospect")];
        let contact = self.crm.create(Contact, &who).unwrap();
        let what = [
            ("dealname", "Fifty seats"),
            ("pipeline", "default"),
            ("dealstage", "presentationscheduled"),
            ("hubspot_owner_id", OWNER),
        ];
        let deal = self.crm.create(Deal, &what).unwrap();
        for (from, to) in [
            ((Contact, contact), (Company, company)),
            ((Deal, deal), (Contact, contact)),
            ((Deal, deal), (Company, company)),
        ] {
            self.crm.associate(from, to).unwrap();
        }
        deal
    }

    /// A mail of Paula's comes in.
    pub fn paula_writes(&self, subject: &str, text: &str, at: Timestamp) {
        let date = at.to_jiff().strftime("%a, %d %b %Y %H:%M:%S +0000");
        let id = at.as_millis();
        let mail = format!(
            "From: Paula Prospect <paula@prospect.example>\r\nTo: Anna <anna@ours.example>\r\n\
             Subject: {subject}\r\nDate: {date}\r\nMessage-ID: <{id}@prospect.example>\r\n\r\n{text}\r\n"
        );
        self.mail.append("alice", "INBOX", &[mail]);
    }

    /// Anna invites Paula to the demo.
    pub async fn demo_is_booked(&self) {
        let [start, end] = DEMO;
        let event = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Anna//EN\r\nBEGIN:VEVENT\r\nUID:demo-1\r\n\
             DTSTAMP:20251124T080000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:Demo for Prospect\r\n\
             ORGANIZER:mailto:anna@ours.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:paula@prospect.example\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.calendar.put("/anna/work/demo-1.ics", &event).await;
    }

    /// The events that stand in the calendar for follow-ups, by Radicale's and Python's account: id, start, title.
    pub fn follow_ups(&self) -> Vec<[String; 3]> {
        let listed = self.calendar.run(&["list", FOLLOW_UPS, "2025-11-01", "2026-01-31"]).unwrap();
        serde_json::from_str(&listed).unwrap()
    }
}

/// What is missing names the test that did not take place.
fn had<T>(what: &str, server: Option<T>) -> Option<T> {
    if server.is_none() {
        eprintln!("skipped: office because there is no {what}");
    }
    server
}

/// A daemon's cycles, and what they work on: made anew at each start.
struct Running {
    cycles: Vec<Box<dyn Cycle>>,
    store: Arc<dyn Store>,
}

pub struct World {
    pub office: Office,
    pub clock: Arc<VirtualClock>,
    /// The deal's id at the CRM.
    pub theirs: u64,
    config: Config,
    running: Option<Running>,
    /// Times that the daemon died and was started again.
    pub deaths: u32,
    /// Turns that failed as a whole.
    pub failures: Vec<String>,
}

impl World {
    /// The office on Monday morning at nine, and a daemon that tells `to` what it advises.
    pub async fn new(to: &str) -> Option<Self> {
        let clock = Arc::new(VirtualClock::starting(MONDAY));
        let office = Office::open(&clock).await?;
        let theirs = office.deal();
        clock.jump(3_600_000);
        let config = config(to);
        let (deaths, failures) = (0, Vec::new());
        let mut world = Self { office, clock, theirs, config, running: None, deaths, failures };
        world.start().await;
        Some(world)
    }

    async fn start(&mut self) {
        let file = self.office.dir.path().join("store.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file, Exec::Thread).unwrap());
        let (links, clock) = (links(&self.office), self.clock.clone());
        let seed = 1 + u64::from(self.deaths);
        let daemon = Daemon::start(store.clone(), clock, self.config.clone(), links, seed).await.unwrap();
        let cycles = all(daemon.cycles());
        self.running = Some(Running { cycles, store });
    }

    /// As after a kill: nothing but the file is left.
    pub async fn restart(&mut self) {
        self.deaths += 1;
        self.running = None;
        self.start().await;
    }

    pub fn store(&self) -> &dyn Store {
        &*self.running.as_ref().unwrap().store
    }

    /// Everybody's turns until nobody has more to do now; true when it died, and was started again.
    pub async fn round(&mut self) -> bool {
        let mut busy = true;
        while busy {
            busy = false;
            for cycle in &mut self.running.as_mut().unwrap().cycles {
                match cycle.turn().await {
                    Ok(Turn::Again) => busy = true,
                    Ok(Turn::Idle { .. }) => {}
                    Ok(Turn::Stop) => {
                        self.restart().await;
                        return true;
                    }
                    Err(error) => self.failures.push(format!("{}: {error:#}", cycle.name())),
                }
            }
        }
        false
    }

    /// Sets the clock forward to the next poll.
    pub fn later(&self) {
        self.clock.jump(ROUND_MS);
    }

    /// Rounds, each a poll later than the last one, until three of them changed nothing and nothing is on its way.
    pub async fn settle(&mut self) {
        let mut still = 0;
        for _ in 0..MOST_ROUNDS {
            let before = (self.store().last_event().await.unwrap(), self.deaths);
            self.later();
            self.round().await;
            let after = (self.store().last_event().await.unwrap(), self.deaths);
            let moving = ["pending", "sending", "retry", "verify"].map(Into::into).to_vec();
            let filter = WriteFilter { states: moving, ..WriteFilter::default() };
            let quiet = before == after && self.store().writes(&filter, 1).await.unwrap().is_empty();
            still = if quiet { still + 1 } else { 0 };
            if still == 3 {
                return;
            }
        }
        panic!("it does not come to rest: {:#?}; {:?}", self.writes().await, self.failures);
    }

    pub async fn writes(&self) -> Vec<WriteRow> {
        let mut rows = self.store().writes(&WriteFilter::default(), 1_000).await.unwrap();
        rows.sort_by_key(|row| row.row);
        rows
    }

    /// Writes of one kind into one connection.
    pub async fn writes_to(&self, connection: &str) -> Vec<WriteRow> {
        let rows = self.writes().await.into_iter();
        rows.filter(|row| row.write.target.connection.as_str() == connection).collect()
    }

    /// The deal with everything around it.
    pub async fn deal(&self) -> SubjectView {
        let reference = ExternalRef::new(&ConnectionId::from("crm"), Kind::Deal, self.theirs.to_string());
        let id: Id = self.store().find_ref(&reference).await.unwrap().unwrap();
        self.store().subjects(&[id]).await.unwrap().remove(0)
    }

    /// Our task of an action that was written into the CRM, by the write that did it.
    pub async fn written(&self, action: &str) -> Vec<WriteRow> {
        let tasks: Vec<Id> =
            self.deal().await.tasks.iter().filter(|one| &*one.action == action).map(|one| one.id).collect();
        let rows = self.writes_to("crm").await.into_iter();
        rows.filter(
            |row| matches!(&row.write.intent, Intent::CreateTask { task, .. } if tasks.contains(task)),
        )
        .collect()
    }
}

fn all(cycles: Cycles) -> Vec<Box<dyn Cycle>> {
    let Cycles { polls, sweeps, relate, progress, assign, coordinate, dispatch, notify } = cycles;
    let mut all: Vec<Box<dyn Cycle>> = Vec::new();
    all.extend(polls.into_iter().map(|one| Box::new(one) as Box<dyn Cycle>));
    all.extend(sweeps.into_iter().map(|one| Box::new(one) as Box<dyn Cycle>));
    all.extend([Box::new(relate) as Box<dyn Cycle>, Box::new(progress), Box::new(assign)]);
    all.extend([Box::new(coordinate) as Box<dyn Cycle>, Box::new(dispatch), Box::new(notify)]);
    all
}

fn config(to: &str) -> Config {
    let connection = |id: &str, vendor: &str, more: &str| {
        format!("[[connection]]\nid = \"{id}\"\nvendor = \"{vendor}\"\nmode = \"auto\"\n{more}")
    };
    let text = [
        connection("crm", "hubspot", ""),
        connection("mailbox", "imap", "user = \"anna@ours.example\"\n"),
        connection("office", "caldav", "user = \"anna@ours.example\"\n"),
        connection("out", "smtp", "user = \"desk@ours.example\"\n"),
        "[matching]\nown_domains = [\"ours.example\"]\n".to_owned(),
        format!("[calendar]\nfollow_ups = \"office/{FOLLOW_UPS}\"\n"),
        format!(
            "[[route]]\nid = \"advice\"\non = [\"transition_suggested\"]\nto = [\"{to}\"]\nvia = \"out\"\n"
        ),
    ];
    let settings = Settings::read(std::path::Path::new("test.toml"), &text.concat()).unwrap();
    let loaded = engine::config::load(None, None).unwrap();
    Config { settings, roster: loaded.roster, book: loaded.book }
}

/// Four connections; only the CRM is in memory.
fn links(office: &Office) -> Vec<Arc<Link>> {
    let http: Arc<dyn Transport> = Arc::new(HttpClient::new().unwrap());
    let crm: Arc<dyn Transport> = Arc::new(InMemory(office.crm.clone()));
    let password = |user: &str| Arc::new(Basic::new(user, &Secret::new("secret")).unwrap());
    let token = Arc::new(Bearer::new(&Secret::new("pat-eu1-sandbox")).unwrap());
    let streams = [Kind::Owner, Kind::Pipeline, Kind::Company, Kind::Contact, Kind::Deal, Kind::Task];
    let from = serde_json::json!({ "from": "Desk <desk@ours.example>" });
    let outbox = format!("smtp://{}", office.sink.address);
    let none = serde_json::json!({});
    vec![
        link(("crm", hubspot::MAKER), "https://api.hubapi.com/", (crm, token), &none, &streams),
        link(
            ("mailbox", imap::MAKER),
            &office.mail.base,
            (http.clone(), password("alice")),
            &none,
            &[Kind::Email],
        ),
        link(
            ("office", caldav::MAKER),
            &office.calendar.base,
            (http.clone(), password("anna")),
            &none,
            &[Kind::Meeting],
        ),
        link(("out", smtp::MAKER), &outbox, (http, password("alice")), &from, &[]),
    ]
}

fn link(
    (id, maker): (&str, Maker),
    base: &str,
    (transport, auth): (Arc<dyn Transport>, Arc<dyn Auth>),
    extra: &serde_json::Value,
    streams: &[Kind],
) -> Arc<Link> {
    let extra = extra.as_object().unwrap().clone();
    let options = Options { connection: ConnectionId::from(id), extra, timeout: Duration::from_secs(10) };
    let connector = (maker.make)(&options).unwrap();
    let every = |seconds| Schedule { every: Every::seconds(seconds), zone: jiff::tz::TimeZone::UTC };
    Arc::new(Link {
        limiter: Arc::new(Limiter::of(connector.describe(), 20)),
        id: options.connection,
        connector,
        base: base.parse().unwrap(),
        transport,
        dial: Arc::new(Tcp::new().unwrap()),
        auth,
        timeout: options.timeout,
        mode: Mode::Auto,
        streams: streams.iter().map(|stream| (*stream, every(30))).collect(),
        census: every(6 * 3600),
        audit: every(3600),
        audit_slices: 2,
        account: std::sync::Mutex::default(),
    })
}
