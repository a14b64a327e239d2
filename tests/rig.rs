//! A daemon against a HubSpot sandbox in memory, under virtual time: one turn of one cycle at a time, the next
//! ready cycle picked by dice, time moved on only when none is ready. One seed, one run.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{Broken, Limiter, Options, Secret, Sent, Transport, http::auth::Bearer};
use engine::dice::Dice;
use model::{ConnectionId, Kind, Mode, Timestamp};
use runtime::{
    clock::VirtualClock,
    cycle::{Cycle, Nudge, Turn},
    daemon::{Cycles, Daemon},
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::{Connection, Every, Settings},
};
use sandbox::Sandbox;
use std::{sync::Arc, time::Duration};
use store::{Store, sqlite::SqliteStore};

/// Runs on one thread with tokio's time standing still unless everybody waits.
pub fn virtual_time<T>(run: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(run)
}

/// Somebody who always has more to do is interrupted so long after a run's end.
const RESTLESS: Duration = Duration::from_secs(600);
/// Where every run begins.
pub const BASE: i64 = 1_763_971_200_000;

/// The sandbox as a way to a vendor.
pub struct InMemory(pub Arc<Sandbox>);

#[async_trait]
impl Transport for InMemory {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Broken> {
        let answer = self.0.call(request).await;
        if answer.as_ref().is_err_and(|broken| *broken == sandbox::Broken::Timeout) {
            tokio::time::sleep_until(tokio::time::Instant::now() + timeout).await;
        }
        // Every vendor says what time it is.
        let at =
            Timestamp::from_millis(self.0.now()).to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let dated = answer.map(|mut answer| {
            answer.headers_mut().insert(http::header::DATE, at.parse().unwrap());
            answer
        });
        dated.map_err(|broken| Broken {
            sent: if broken == sandbox::Broken::Refused { Sent::NotSent } else { Sent::MaybeSent },
            timeout: broken == sandbox::Broken::Timeout,
            why: broken.to_string(),
        })
    }
}

/// What a run is made with.
#[derive(Clone)]
pub struct Given {
    pub seed: u64,
    pub mode: Mode,
    pub sandbox: sandbox::Config,
    pub size: sandbox::team::Size,
    pub streams: Vec<Kind>,
    /// Appended to the connection's configuration.
    pub config: String,
    /// Laid over the shipped agents.
    pub agents: String,
    /// Seconds between polls, audits and censuses.
    pub every: [u64; 3],
}

impl Given {
    pub fn seeded(seed: u64) -> Self {
        let streams = [Kind::Owner, Kind::Pipeline, Kind::Company, Kind::Contact, Kind::Deal, Kind::Task];
        Self {
            seed,
            mode: Mode::Auto,
            sandbox: sandbox::Config { limits: None, ..sandbox::Config::seeded(seed) },
            size: sandbox::team::Size::small(),
            streams: streams.to_vec(),
            config: String::new(),
            agents: String::new(),
            every: [30, 3_600, 6 * 3_600],
        }
    }
}

/// One cycle with what wakes it.
struct Seat {
    cycle: Box<dyn Cycle>,
    nudge: Nudge,
    until: Option<Timestamp>,
}

/// A running daemon that a test drives.
pub struct Rig {
    pub given: Given,
    pub sandbox: Arc<Sandbox>,
    pub clock: Arc<VirtualClock>,
    pub store: Arc<dyn Store>,
    pub link: Arc<Link>,
    pub daemon: Daemon,
    pub config: Config,
    seats: Vec<Seat>,
    dice: Dice,
    /// Times that the daemon died and was started again.
    pub deaths: u32,
}

pub fn connection() -> ConnectionId {
    ConnectionId::from("hubspot")
}

pub fn config(more: &str, agents: &str) -> Config {
    let text = format!("[[connection]]\nid = \"hubspot\"\nvendor = \"hubspot\"\nmode = \"auto\"\n{more}");
    let settings = Settings::read(std::path::Path::new("test.toml"), &text).unwrap();
    let agents = engine::config::Source { name: "agents.toml", text: agents };
    let loaded = engine::config::load(Some(agents), None).unwrap();
    Config { settings, roster: loaded.roster, book: loaded.book }
}

impl Rig {
    pub async fn new(given: Given) -> Self {
        let clock = Arc::new(VirtualClock::starting(Timestamp::from_millis(BASE)));
        let at = clock.clone();
        let sandbox = Sandbox::new(&given.sandbox, Arc::new(move || at.true_time().as_millis()));
        sandbox.populate(&given.size);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        let link = Arc::new(link(&given, &sandbox));
        let config = config(&given.config, &given.agents);
        let (daemon, seats) = start(&store, &clock, &link, &config, given.seed).await;
        let dice = Dice::seeded(given.seed ^ 0x5eed);
        Self { sandbox, clock, store, link, daemon, config, seats, dice, deaths: 0, given }
    }

    pub fn now(&self) -> Timestamp {
        connect::Clock::now(&*self.clock)
    }

    /// Somebody sets the daemon's clock; the vendor's goes on as it did. Whoever sleeps looks at the clock again
    /// soon after, as with the system's clock.
    pub fn jump(&mut self, millis: i64) {
        self.clock.jump(millis);
        let now = self.now();
        self.seats.iter_mut().filter(|seat| seat.until.is_some()).for_each(|seat| seat.until = Some(now));
    }

    /// The process is gone; another one starts on what was stored.
    pub async fn restart(&mut self) {
        self.deaths += 1;
        let seed = self.given.seed + u64::from(self.deaths);
        let (daemon, seats) = start(&self.store, &self.clock, &self.link, &self.config, seed).await;
        (self.daemon, self.seats) = (daemon, seats);
    }

    /// Turns until nobody is ready before `until`; time moves on only when nobody is ready now.
    pub async fn run_until(&mut self, until: Timestamp) {
        loop {
            let now = self.now();
            if now > until + RESTLESS {
                break;
            }
            let ready: Vec<usize> = (0..self.seats.len()).filter(|at| self.seats[*at].ready(now)).collect();
            if ready.is_empty() {
                let next = self.seats.iter().filter_map(|seat| seat.until).min();
                match next.filter(|next| *next <= until) {
                    Some(next) => connect::Clock::sleep_until(&*self.clock, next).await,
                    None => break,
                }
                continue;
            }
            let picked = ready[usize::try_from(self.dice.below(ready.len() as u64)).unwrap()];
            if self.turn(picked).await == Turn::Stop {
                self.restart().await;
            }
        }
        connect::Clock::sleep_until(&*self.clock, until).await;
    }

    pub async fn run_for(&mut self, time: Duration) {
        self.run_until(self.now() + time).await;
    }

    async fn turn(&mut self, at: usize) -> Turn {
        let now = self.now();
        let seat = &mut self.seats[at];
        seat.nudge.take();
        let turn = match seat.cycle.turn().await {
            Ok(turn) => turn,
            Err(error) => panic!("seed {}: {} failed: {error:#}", self.given.seed, seat.cycle.name()),
        };
        seat.until = match turn {
            Turn::Again => Some(now),
            Turn::Idle { until } => until,
            Turn::Stop => None,
        };
        turn
    }

    /// Puts something around the cycle of this name; gone after a restart.
    pub fn wrap(&mut self, name: &str, around: impl FnOnce(Box<dyn Cycle>) -> Box<dyn Cycle>) {
        let at = self.seats.iter().position(|seat| seat.cycle.name() == name).unwrap();
        let Seat { cycle, nudge, until } = self.seats.swap_remove(at);
        self.seats.push(Seat { cycle: around(cycle), nudge, until });
        let last = self.seats.len() - 1;
        self.seats.swap(at, last);
    }

    /// Plans a census and a full audit of everything and polls every stream, then runs on.
    pub async fn sweep(&mut self) {
        let mut cycles = self.daemon.cycles();
        self.daemon.shared.nudges.poll.hurry();
        for sweep in &mut cycles.sweeps {
            sweep.hurry();
            while sweep.turn().await.unwrap() == Turn::Again {}
        }
        self.run_for(Duration::from_secs(120)).await;
    }
}

impl Seat {
    fn ready(&self, now: Timestamp) -> bool {
        // Looking must not forget a nudge.
        let nudged = self.nudge.take();
        if nudged {
            self.nudge.wake();
        }
        nudged || self.until.is_some_and(|until| until <= now)
    }
}

fn link(given: &Given, sandbox: &Arc<Sandbox>) -> Link {
    let options =
        Options { connection: connection(), extra: serde_json::Map::new(), timeout: Duration::from_secs(10) };
    let connector = (hubspot::MAKER.make)(&options).unwrap();
    let every = |seconds| Schedule { every: Every::seconds(seconds), zone: jiff::tz::TimeZone::UTC };
    let defaults = Connection::default();
    let [poll, audit, census] = given.every;
    Link {
        id: connection(),
        limiter: Arc::new(Limiter::of(connector.describe(), 20)),
        connector,
        base: "https://api.hubapi.com/".parse().unwrap(),
        transport: Arc::new(InMemory(sandbox.clone())),
        dial: Arc::new(connect::dial::Nowhere),
        auth: Arc::new(Bearer::new(&Secret::new("pat-eu1-sandbox")).unwrap()),
        timeout: options.timeout,
        mode: given.mode,
        streams: given.streams.iter().map(|stream| (*stream, every(poll))).collect(),
        census: every(census),
        audit: every(audit),
        audit_slices: defaults.audit_slices,
        account: std::sync::Mutex::default(),
    }
}

async fn start(
    store: &Arc<dyn Store>,
    clock: &Arc<VirtualClock>,
    link: &Arc<Link>,
    config: &Config,
    seed: u64,
) -> (Daemon, Vec<Seat>) {
    let daemon =
        Daemon::start(store.clone(), clock.clone(), config.clone(), vec![link.clone()], seed).await.unwrap();
    let Cycles { polls, sweeps, relate, progress, assign, coordinate, dispatch, notify } = daemon.cycles();
    let now = connect::Clock::now(&**clock);
    let nudges = &daemon.shared.nudges;
    let mut seats = Vec::new();
    let mut sit = |cycle: Box<dyn Cycle>, nudge: Nudge| seats.push(Seat { cycle, nudge, until: Some(now) });
    for poll in polls {
        sit(Box::new(poll), nudges.poll.add());
    }
    for sweep in sweeps {
        sit(Box::new(sweep), Nudge::default());
    }
    sit(Box::new(relate), nudges.relate.clone());
    sit(Box::new(progress), nudges.progress.clone());
    sit(Box::new(assign), nudges.assign.clone());
    sit(Box::new(coordinate), nudges.coordinate.clone());
    sit(Box::new(dispatch), nudges.dispatch.clone());
    sit(Box::new(notify), nudges.notify.clone());
    (daemon, seats)
}
