//! The servers of an office, the people who use them, and a daemon at work on all of them. Time is real, but it can
//! be set forward.

use super::{
    crm::{Crm, settings},
    seen::Seen,
};
use crate::{dovecot_server::Dovecot, mail_server::Sink, radicale_server};
use connect::{
    Auth, Clock, HttpClient, Limiter, Maker, Options, Secret, Transport, dial::Tcp, http::auth::Basic,
};
use model::{ConnectionId, Kind, Mode, Timestamp};
use runtime::{
    clock::VirtualClock,
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::Every,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use store::{
    Store, WriteFilter,
    sqlite::{Exec, SqliteStore},
};
use tempfile::TempDir;

pub const FOLLOW_UPS: &str = "/anna/follow-ups/";
/// Polls come every 30 seconds.
const ROUND_MS: i64 = 31_000;
/// Rounds after which something goes in circles.
const MOST_ROUNDS: u32 = 60;
const DAY: Duration = Duration::from_hours(24);

/// The servers.
pub struct Office {
    pub crm: Crm,
    pub mail: Dovecot,
    pub calendar: radicale_server::Server,
    pub sink: Sink,
    /// When the demo begins and ends.
    pub demo: [Timestamp; 2],
    pub dir: TempDir,
}

/// Servers without a CRM and without a date.
pub struct Desk {
    mail: Dovecot,
    calendar: radicale_server::Server,
    sink: Sink,
    dir: TempDir,
}

impl Desk {
    /// `None`, with a visible line, where one of them can't be had.
    pub async fn open() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mail = had("Dovecot", Dovecot::start(&script("dovecot.sh"), None))?;
        let calendar = had("Radicale", radicale_server::Server::start(script("radicale.sh"), 2_592_000))?;
        let sink = had("mail server", Sink::start(&script("smtp.sh"), &dir.path().join("sink")))?;
        for name in ["sales", "follow-ups"] {
            calendar.calendar(name).await;
        }
        Some(Self { mail, calendar, sink, dir })
    }

    pub fn with(self, crm: Crm, demo: [Timestamp; 2]) -> Office {
        let Self { mail, calendar, sink, dir } = self;
        Office { crm, mail, calendar, sink, demo, dir }
    }
}

/// One of the scripts that start servers.
pub fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/servers").join(name)
}

impl Office {
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
        let basic = |at: Timestamp| at.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        let [start, end] = self.demo.map(basic);
        let stamp = basic(self.demo[0] - DAY);
        let event = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Anna//EN\r\nBEGIN:VEVENT\r\nUID:demo-1\r\n\
             DTSTAMP:{stamp}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:Demo for Prospect\r\n\
             ORGANIZER:mailto:anna@ours.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:paula@prospect.example\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.calendar.put("/anna/sales/demo-1.ics", &event).await;
    }

    /// The events that stand in the calendar for follow-ups, by Radicale's and Python's account: id, start, title.
    pub fn follow_ups(&self) -> Vec<[String; 3]> {
        let day = |at: Timestamp| at.to_jiff().strftime("%Y-%m-%d").to_string();
        let (from, to) = (day(self.demo[0] - 30 * DAY), day(self.demo[0] + 30 * DAY));
        serde_json::from_str(&self.calendar.run(&["list", FOLLOW_UPS, &from, &to]).unwrap()).unwrap()
    }
}

/// What is missing names the test that did not take place.
pub fn had<T>(what: &str, server: Option<T>) -> Option<T> {
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
    config: Config,
    running: Option<Running>,
    /// Times that the daemon died and was started again.
    pub deaths: u32,
    /// Turns that failed as a whole.
    pub failures: Vec<String>,
}

impl World {
    /// The office an hour after its deal came to its present stage, a day before the demo; and a daemon that tells
    /// `to` what it advises.
    pub async fn new(office: Office, clock: Arc<VirtualClock>, to: &str) -> Self {
        clock.jump(3_600_000);
        let config = config(&office.crm, to);
        let mut world = Self { office, clock, config, running: None, deaths: 0, failures: Vec::new() };
        world.start().await;
        world
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

    /// What there is to be seen.
    pub fn seen(&self) -> Seen<'_> {
        Seen { office: &self.office, store: self.store() }
    }

    /// Time goes by until the demo is over.
    pub fn demo_is_held(&self) {
        let ahead = self.office.demo[1].since(self.clock.now()) + Duration::from_mins(5);
        self.clock.jump(i64::try_from(ahead.as_millis()).unwrap());
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
        panic!("it does not come to rest: {:#?}; {:?}", self.seen().writes().await, self.failures);
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

/// What the configuration says besides the connections.
pub fn rest(to: &str) -> String {
    format!(
        "[matching]\nown_domains = [\"ours.example\"]\n[calendar]\nfollow_ups = \"office/{FOLLOW_UPS}\"\n\
         [[route]]\nid = \"advice\"\non = [\"transition_suggested\"]\nto = [\"{to}\"]\nvia = \"out\"\n"
    )
}

fn config(crm: &Crm, to: &str) -> Config {
    let connection = |id: &str, vendor: &str, user: &str| {
        format!(
            "[[connection]]\nid = \"{id}\"\nvendor = \"{vendor}\"\nmode = \"auto\"\nuser = \"{user}@ours.example\"\n"
        )
    };
    let settings = settings(&[
        crm.settings(),
        connection("mailbox", "imap", "anna"),
        connection("office", "caldav", "anna"),
        connection("out", "smtp", "desk"),
        rest(to),
    ]);
    let loaded = engine::config::load(None, None).unwrap();
    Config { settings, roster: loaded.roster, book: loaded.book }
}

/// Four connections; only the sandbox is in memory.
fn links(office: &Office) -> Vec<Arc<Link>> {
    let http: Arc<dyn Transport> = Arc::new(HttpClient::new().unwrap());
    let password =
        |user: &str| -> Arc<dyn Auth> { Arc::new(Basic::new(user, &Secret::new("secret")).unwrap()) };
    let streams = [Kind::Owner, Kind::Pipeline, Kind::Company, Kind::Contact, Kind::Deal, Kind::Task];
    let from = serde_json::json!({ "from": "Desk <desk@ours.example>" });
    let outbox = format!("smtp://{}", office.sink.address);
    let none = serde_json::json!({});
    let (maker, base, transport, token) = office.crm.way();
    let (mailbox, calendar) = ((http.clone(), password("alice")), (http.clone(), password("anna")));
    vec![
        link(("crm", maker), &base, (transport, token), &none, &streams),
        link(("mailbox", imap::MAKER), &office.mail.base, mailbox, &none, &[Kind::Email]),
        link(("office", caldav::MAKER), &office.calendar.base, calendar, &none, &[Kind::Meeting]),
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
