//! The product put together as `run` does it: HubSpot over real HTTP, a database file with its writer thread.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::machine;
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Broken, Limiter, Maker, Options, Secret, Transport,
    http::{auth::Bearer, client::HttpClient},
};
use model::{ConnectionId, Kind, Mode};
use runtime::{
    clock::SystemClock,
    cycle::{Cycle, Turn},
    daemon::Daemon,
    link::Link,
    poll::Poll,
    rules::Config,
    schedule::Schedule,
    settings::{Connection, Every, Settings},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{Exec, SqliteStore, Store};

/// Name of the one connection.
pub const CONNECTION: &str = "hubspot";
const TOKEN: &str = "pat-eu1-sandbox";

/// The network, with every request counted.
pub struct Counted {
    client: HttpClient,
    sent: Mutex<Vec<(Instant, u16)>>,
}

impl Counted {
    /// A client of its own.
    pub fn new() -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self { client: HttpClient::new()?, sent: Mutex::default() }))
    }
    /// When each request was sent and the status of its answer, in order of answers.
    pub fn sent(&self) -> Vec<(Instant, u16)> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Transport for Counted {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Broken> {
        let at = Instant::now();
        let answer = self.client.send(request, timeout).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push((at, status));
        answer
    }
}

/// Runs to the end on a runtime like the daemon's, on one of its workers.
pub fn go<T: Send + 'static>(work: impl Future<Output = anyhow::Result<T>> + Send) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(work)
}

/// The connector, asked for 36 properties of a contact.
pub fn options() -> anyhow::Result<Options> {
    let extra = json!({"objects": {"contact": {"keep": sandbox::team::WIDE.as_slice()}}});
    let extra: Map<String, serde_json::Value> = serde_json::from_value(extra)?;
    Ok(Options { connection: CONNECTION.into(), extra, timeout: Duration::from_secs(30) })
}

/// A connection to the sandbox at `base`; without `limits` it asks as fast as it can.
pub fn link(
    base: &str,
    transport: Arc<dyn Transport>,
    streams: &[Kind],
    limits: bool,
) -> anyhow::Result<Link> {
    let maker: Maker = hubspot::MAKER;
    let connector = (maker.make)(&options()?)?;
    let defaults = Connection::default();
    let every = |seconds| Schedule { every: Every::seconds(seconds), zone: jiff::tz::TimeZone::UTC };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, 0 to 1")]
    let reserve = (defaults.reserve.0 * 100.0) as u32;
    let limiter = if limits { Limiter::of(connector.describe(), reserve) } else { Limiter::new(Vec::new()) };
    Ok(Link {
        id: ConnectionId::from(CONNECTION),
        limiter: Arc::new(limiter),
        connector,
        base: base.parse()?,
        transport,
        dial: Arc::new(connect::dial::Nowhere),
        auth: Arc::new(Bearer::new(&Secret::new(TOKEN))?),
        timeout: Duration::from_secs(30),
        mode: Mode::Observe,
        streams: streams.iter().map(|stream| (*stream, every(3600))).collect(),
        census: every(24 * 3600),
        audit: every(24 * 3600),
        audit_slices: defaults.audit_slices,
        account: Mutex::default(),
    })
}

/// Configuration with one HubSpot connection and everything else as it ships.
pub fn config() -> anyhow::Result<Config> {
    let text = format!("[[connection]]\nid = \"{CONNECTION}\"\nvendor = \"hubspot\"\nmode = \"observe\"\n");
    let settings = Settings::read(Path::new("bench.toml"), &text);
    let settings = settings.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let loaded = engine::config::load(None, None).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Ok(Config { settings, roster: loaded.roster, book: loaded.book })
}

/// A daemon on a database file, and its store.
pub async fn daemon(
    database: &Path,
    config: Config,
    links: Vec<Arc<Link>>,
) -> anyhow::Result<(Daemon, Arc<dyn Store>)> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(database, Exec::Thread)?);
    let daemon = Daemon::start(store.clone(), Arc::new(SystemClock), config, links, 1).await?;
    Ok((daemon, store))
}

/// Turns the poll cycle until nothing is due.
pub async fn poll_all(mut poll: Poll) -> anyhow::Result<Poll> {
    let task = tokio::spawn(async move {
        while poll.turn().await? == Turn::Again {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(poll)
    });
    task.await.context("polling")?
}

/// A full pass, measured inside the process that made it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pass {
    /// Records in the model afterwards.
    pub records: u64,
    /// Wall time.
    pub seconds: f64,
    /// Processor time.
    pub cpu_s: f64,
    /// Memory at its highest.
    pub peak_mb: f64,
}

/// Reads all contacts at `base` into a new database.
pub async fn backfill(base: &str, database: &Path) -> anyhow::Result<Pass> {
    let transport = Counted::new()?;
    let link = Arc::new(link(base, transport, &[Kind::Contact], false)?);
    let (daemon, store) = daemon(database, config()?, vec![link]).await?;
    let poll = daemon.cycles().polls.pop().context("no poll cycle")?;
    let before = machine::usage("self")?;
    let began = Instant::now();
    poll_all(poll).await?;
    let seconds = began.elapsed().as_secs_f64();
    let after = machine::usage("self")?;
    let records = store.freshness().await?.iter().map(|one| one.records).sum();
    Ok(Pass { records, seconds, cpu_s: after.cpu_s - before.cpu_s, peak_mb: after.peak_mb })
}
