//! A poll that finds nothing, per object.

use crate::{Plan, child, machine, rig, show::Row};
use anyhow::Context;
use model::Kind;
use serde::{Deserialize, Serialize};
use std::path::Path;

const OBJECTS: [Kind; 4] = [Kind::Company, Kind::Contact, Kind::Deal, Kind::Task];
/// Polls of every object; processor time is counted in hundredths of a second.
const ROUNDS: u32 = 100;

#[derive(Debug, Serialize, Deserialize)]
pub struct Quiet {
    polls: f64,
    requests: f64,
    cpu_ms: f64,
}

pub fn run(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (_sandbox, base) = child::sandbox(plan.records, false)?;
    let database = folder.path().join("quiet.db");
    let quiet: Quiet = child::result("nochange", &[&base, &database.display().to_string()])?;
    Ok(vec![
        Row::most("requests per object", quiet.requests / quiet.polls, 1.0, ""),
        Row::most("processor time per object", quiet.cpu_ms / quiet.polls, 5.0, " ms"),
    ])
}

pub async fn play(base: &str, database: &Path) -> anyhow::Result<Quiet> {
    let transport = rig::Counted::new()?;
    let link = rig::link(base, transport.clone(), &OBJECTS, false)?;
    let (daemon, _store) = rig::daemon(database, rig::config()?, vec![link.into()]).await?;
    let mut poll = rig::poll_all(daemon.cycles().polls.pop().context("no poll cycle")?).await?;
    let (before, requests) = (machine::usage("self")?, transport.sent().len());
    for _ in 0..ROUNDS {
        poll.hurry();
        poll = rig::poll_all(poll).await?;
    }
    Ok(Quiet {
        polls: f64::from(ROUNDS) * OBJECTS.len() as f64,
        requests: (transport.sent().len() - requests) as f64,
        cpu_ms: 1000.0 * (machine::usage("self")?.cpu_s - before.cpu_s),
    })
}
