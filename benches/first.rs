//! The first pass over a mailbox or a calendar into a database, and what is read later of the same, as `run` makes
//! them; everything that goes over the wire is counted.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{child, machine, rig, server, show::Row};
use anyhow::Context;
use connect::{Limiter, Maker, Options, Secret, http::auth::Basic};
use model::{ConnectionId, Kind, Mode};
use runtime::{
    cycle::{Cycle, Turn},
    link::Link,
    rules::Config,
    schedule::Schedule,
    settings::{Connection, Every, Settings},
};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};
use wire::Wire;

mod wire;

/// Passes of each side, one after the other.
const ROUNDS: usize = 3;

/// What a pass came to, measured inside the process that made it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Read {
    /// Records in the model afterwards.
    pub records: u64,
    /// Wall time until everything is stored.
    pub seconds: f64,
    /// Wall time of linking what was read to contacts and deals.
    pub related_s: f64,
    /// Processor time of both.
    pub cpu_s: f64,
    /// Memory at its highest.
    pub peak_mb: f64,
    /// Commands or requests sent.
    pub asked: u64,
    /// Bytes that came.
    pub bytes: u64,
}

/// What an independent client needs for the same.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Plain {
    /// What it was given.
    pub items: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Reads what is due into the database, new or known.
pub async fn play(vendor: &str, base: &str, database: &Path) -> anyhow::Result<Read> {
    let wire = Arc::new(Wire::new()?);
    let (maker, stream, user) = match vendor {
        "imap" => (imap::MAKER, Kind::Email, "alice"),
        _ => (caldav::MAKER, Kind::Meeting, "anna"),
    };
    let link = Arc::new(link(&maker, base, user, stream, wire.clone())?);
    let (daemon, store) = rig::daemon(database, config(vendor, base, user)?, vec![link]).await?;
    let mut cycles = daemon.cycles();
    let poll = cycles.polls.pop().context("no poll cycle")?;
    let (before, began) = (machine::usage("self")?, Instant::now());
    rig::poll_all(poll).await?;
    let seconds = began.elapsed().as_secs_f64();
    let began = Instant::now();
    while cycles.relate.turn().await? == Turn::Again {}
    let after = machine::usage("self")?;
    let (asked, bytes) = wire.counted();
    Ok(Read {
        records: store.freshness().await?.iter().map(|one| one.records).sum(),
        seconds,
        related_s: began.elapsed().as_secs_f64(),
        cpu_s: after.cpu_s - before.cpu_s,
        peak_mb: after.peak_mb,
        asked,
        bytes,
    })
}

/// The connection with everything as it ships, limits too.
fn link(maker: &Maker, base: &str, user: &str, stream: Kind, wire: Arc<Wire>) -> anyhow::Result<Link> {
    let defaults = Connection::default();
    let (id, timeout) = (ConnectionId::from(maker.vendor), defaults.timeout.0);
    let connector =
        (maker.make)(&Options { connection: id.clone(), extra: serde_json::Map::new(), timeout })?;
    let every = |seconds| Schedule { every: Every::seconds(seconds), zone: jiff::tz::TimeZone::UTC };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, 0 to 1")]
    let reserve = (defaults.reserve.0 * 100.0) as u32;
    Ok(Link {
        id,
        limiter: Arc::new(Limiter::of(connector.describe(), reserve)),
        connector,
        base: base.parse()?,
        transport: wire.clone(),
        dial: wire,
        auth: Arc::new(Basic::new(user, &Secret::new("secret"))?),
        timeout,
        mode: Mode::Observe,
        streams: vec![(stream, every(3600))],
        census: every(24 * 3600),
        audit: every(24 * 3600),
        audit_slices: defaults.audit_slices,
        account: Mutex::default(),
    })
}

fn config(vendor: &str, base: &str, user: &str) -> anyhow::Result<Config> {
    let text = format!(
        "[[connection]]\nid = \"{vendor}\"\nvendor = \"{vendor}\"\nbase_url = \"{base}\"\nuser = \"{user}\"\n\
         mode = \"observe\"\n"
    );
    let settings = Settings::read(Path::new("bench.toml"), &text);
    let settings = settings.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Ok(Config { settings, ..rig::config()? })
}

/// Both sides in turn, `items` expected of each: figures, and the database of the last pass of ours.
pub fn beside(
    vendor: &str,
    base: &str,
    script: &str,
    items: usize,
    database: &Path,
) -> anyhow::Result<Vec<Row>> {
    let (mut ours, mut plain): (Vec<Read>, Vec<Plain>) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for end in ["", "-wal", "-shm"] {
            // Of the round before.
            std::fs::remove_file(format!("{}{end}", database.display())).ok();
        }
        plain.push(serde_json::from_str(&server::python(script, &[base])?)?);
        ours.push(again(vendor, base, database)?);
    }
    let whole = |count: u64| count == items as u64;
    anyhow::ensure!(ours.iter().all(|one| whole(one.records)), "records are missing: {ours:?}");
    anyhow::ensure!(plain.iter().all(|one| whole(one.items)), "the plain client misses some: {plain:?}");
    let seconds = median(ours.iter().map(|one| one.seconds));
    let beside = median(plain.iter().map(|one| one.seconds));
    let (related, cpu) =
        (median(ours.iter().map(|one| one.related_s)), median(ours.iter().map(|one| one.cpu_s)));
    let peak = median(ours.iter().map(|one| one.peak_mb));
    Ok(vec![
        Row::plain(format!("first pass over {items}, storing included"), format!("{seconds:.2} s")),
        Row::plain(format!("the same by {script}"), format!("{beside:.2} s")),
        Row::most("times that", seconds / beside, 1.5, " x"),
        Row::plain("linking afterwards; processor time of both", format!("{related:.2} s, {cpu:.2} s")),
        Row::plain("peak memory", format!("{peak:.0} MB")),
    ])
}

/// A pass of ours over a database that may know everything already.
pub fn again(vendor: &str, base: &str, database: &Path) -> anyhow::Result<Read> {
    child::result("first", &[vendor, base, &database.display().to_string()])
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// After so many new ones: only those may be touched.
pub fn increment(read: Read, expected: usize, asked: f64, kilobytes: f64) -> anyhow::Result<Vec<Row>> {
    anyhow::ensure!(read.records == expected as u64, "{} records afterwards", read.records);
    let came = read.bytes as f64 / 1000.0;
    Ok(vec![
        Row::plain("after ten new ones", format!("{:.0} ms", 1000.0 * read.seconds)),
        Row::most("commands that took", read.asked as f64, asked, ""),
        Row::most("what came", came, kilobytes, " KB"),
    ])
}
