//! A full pass under the vendor's limits as recorded: how much of the allowed rate is used, and what it costs.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{Plan, child, machine, rig, show::Row};
use anyhow::Context;
use model::Kind;
use runtime::{cycle::Cycle, settings::Connection};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The sandbox's limit: 190 requests in any 10 s.
const LIMIT: f64 = 190.0;
const WINDOW: Duration = Duration::from_secs(10);
/// Windows that are measured, from the first request on.
const WINDOWS: u32 = 6;
/// More contacts than six windows can bring.
const CONTACTS: usize = 120_000;

#[derive(Debug, Serialize, Deserialize)]
pub struct Limited {
    requests: usize,
    refused: usize,
    cpu_s: f64,
    seconds: f64,
}

pub fn run(_: &Plan) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (_sandbox, base) = child::sandbox(CONTACTS, true)?;
    let database = folder.path().join("limits.db");
    let limited: Limited = child::result("limits", &[&base, &database.display().to_string()])?;
    let reserve = Connection::default().reserve.0;
    let allowed = (LIMIT * (1.0 - reserve)).floor() * f64::from(WINDOWS);
    let share = 100.0 * limited.requests as f64 / allowed;
    Ok(vec![
        Row::plain(
            format!("requests in {WINDOWS} windows of 10 s"),
            format!("{} of {allowed:.0}", limited.requests),
        ),
        Row::least("share of the allowed requests", share, 98.0, " %"),
        Row::most("refused with 429", limited.refused as f64, 0.0, ""),
        Row::most("of a core", 100.0 * limited.cpu_s / limited.seconds, 5.0, " %"),
    ])
}

pub async fn play(base: &str, database: &Path) -> anyhow::Result<Limited> {
    let transport = rig::Counted::new()?;
    let link = rig::link(base, transport.clone(), &[Kind::Contact], true)?;
    let (daemon, _store) = rig::daemon(database, rig::config()?, vec![link.into()]).await?;
    let mut poll = daemon.cycles().polls.pop().context("no poll cycle")?;
    let (before, began) = (machine::usage("self")?, Instant::now());
    let span = WINDOW * WINDOWS;
    let turning = tokio::spawn(async move {
        while poll.turn().await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let over = tokio::time::timeout(span, turning).await;
    anyhow::ensure!(over.is_err(), "the pass ended before {} s were over", span.as_secs());
    let (after, seconds) = (machine::usage("self")?, began.elapsed().as_secs_f64());
    let sent = transport.sent();
    let first = sent.iter().map(|(at, _)| *at).min().context("nothing was sent")?;
    let inside = sent.iter().filter(|(at, _)| at.duration_since(first) < span);
    Ok(Limited {
        requests: inside.count(),
        refused: sent.iter().filter(|(_, status)| *status == 429).count(),
        cpu_s: after.cpu_s - before.cpu_s,
        seconds,
    })
}
