//! A thousand agents on a queue of a hundred thousand tasks talk to the release binary over HTTP, a thousand
//! messages a second; it is killed halfway and started again. What was answered must be there at the end.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{
    Plan,
    daemon::Daemon,
    machine,
    office::{self, Talker},
    rig, show,
    show::Row,
    talker::{self, Day},
};
use anyhow::Context;
use model::{
    Id,
    work::{Body, Party},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};
use store::{Exec, MessageFilter, SqliteStore, Talk, TaskFilter, Work};

const AGENTS: usize = 1_000;
/// All agents have an offer by then.
const SETTLE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(500);
/// Messages due so long after the restart still wait for those that piled up.
const AFTERMATH: Duration = Duration::from_secs(5);
const PAGE: usize = 2_000;

pub fn run(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    office::configure(folder.path(), AGENTS, port)?;
    let path = folder.path().to_owned();
    let (tasks, span) = (plan.tasks, Duration::from_secs(plan.seconds as u64));
    let began = Instant::now();
    let talkers = rig::go(async move { office::fill(&path, tasks).await })?;
    show::note(&format!("{tasks} tasks wait, {:.0} s", began.elapsed().as_secs_f64()));
    let path = folder.path().to_owned();
    let load = rig::go(async move { load(&path, talkers, port, span).await })?;
    let mut rows = latencies(&load, plan)?;
    let path = folder.path().to_owned();
    rows.extend(rig::go(async move { kept(&path, &load.days).await })?);
    Ok(rows)
}

/// What was seen of the daemon while the agents talked.
struct Load {
    days: Vec<(Talker, Day)>,
    peak_mb: f64,
    cpu: f64,
    /// From the kill until the new one was ready.
    down: (Instant, Instant),
    offered_s: f64,
}

async fn load(folder: &Path, talkers: Vec<Talker>, port: u16, span: Duration) -> anyhow::Result<Load> {
    let (first, _) = Daemon::start(folder)?;
    let began = Instant::now();
    settle(folder, talkers.len(), began).await?;
    let offered_s = began.elapsed().as_secs_f64();
    let (start, before) = (Instant::now() + LOOK, machine::usage(&first.id())?);
    let end = start + span;
    let count = talkers.len();
    let mut running = tokio::task::JoinSet::new();
    for (talker, number) in talkers.into_iter().zip(0_u32..) {
        let offset = Duration::from_secs(1) * number / u32::try_from(count)?;
        running.spawn(talker::work(format!("127.0.0.1:{port}"), talker, start + offset, end + offset));
    }
    tokio::time::sleep_until((start + span / 2).into()).await;
    let killed = machine::usage(&first.id())?;
    let down = Instant::now();
    drop(first);
    let place = folder.to_owned();
    let (second, _) = tokio::task::spawn_blocking(move || Daemon::start(&place)).await??;
    let down = (down, Instant::now());
    let mut days = Vec::new();
    while let Some(day) = running.join_next().await {
        days.push(day??);
    }
    let last = machine::usage(&second.id())?;
    let cpu = (killed.cpu_s - before.cpu_s + last.cpu_s) / start.elapsed().as_secs_f64();
    Ok(Load { days, peak_mb: killed.peak_mb.max(last.peak_mb), cpu, down, offered_s })
}

/// Waits until every agent has been offered something.
async fn settle(folder: &Path, agents: usize, began: Instant) -> anyhow::Result<()> {
    let store = SqliteStore::open(&folder.join("orchestrator.db"), Exec::Thread)?;
    let mut before = 0;
    loop {
        tokio::time::sleep(LOOK).await;
        let offered = store.tasks(&TaskFilter::in_state("offered"), usize::MAX).await?;
        let who: BTreeSet<_> = offered.iter().filter_map(|task| task.holder.as_ref()).collect();
        if offered.len() == before && who.len() >= agents * 9 / 10 {
            show::note(&format!("{} offers to {} agents", offered.len(), who.len()));
            return Ok(());
        }
        before = offered.len();
        anyhow::ensure!(began.elapsed() < SETTLE, "{before} offers to {} agents", who.len());
    }
}

fn latencies(load: &Load, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let (down, up) = load.down;
    let (mut quiet, mut looks, mut hit) = (Vec::new(), Vec::new(), Vec::new());
    for call in load.days.iter().flat_map(|(_, day)| &day.calls) {
        let millis = call.delay.as_secs_f64() * 1000.0;
        let in_it = call.lost > 0 || (call.due + call.delay >= down && call.due <= up + AFTERMATH);
        match (in_it, call.message) {
            (true, true) => hit.push(millis),
            (false, true) => quiet.push(millis),
            (_, false) => looks.push(millis),
        }
    }
    let said = quiet.len() + hit.len();
    let idle: usize = load.days.iter().map(|(_, day)| day.idle).sum();
    show::note(&format!("turns without work, by kind of agent: {:?}", idle_by_kind(&load.days)));
    let rate = said as f64 / plan.seconds as f64;
    quiet.sort_by(f64::total_cmp);
    looks.sort_by(f64::total_cmp);
    hit.sort_by(f64::total_cmp);
    Ok(vec![
        Row::plain("first offers to all", format!("{:.1} s", load.offered_s)),
        Row::least(format!("messages per second, {AGENTS} agents, {} tasks", plan.tasks), rate, 990.0, "/s"),
        Row::plain("of an agent's turns without work", format!("{idle} of {}", said + idle)),
        Row::plain("message: p50, p90, p99.9, max", four(&quiet, [0.5, 0.9, 0.999, 1.0])?),
        Row::most("message: p99", at(&quiet, 0.99)?, 100.0, " ms"),
        Row::plain("next_task: p50, p90, p99, max", four(&looks, [0.5, 0.9, 0.99, 1.0])?),
        Row::plain("killed: ready again", format!("{:.0} ms", (up - down).as_secs_f64() * 1000.0)),
        Row::plain(format!("{} messages around it: p50, max", hit.len()), {
            format!("{:.0}, {:.0} ms", at(&hit, 0.5)?, at(&hit, 1.0)?)
        }),
        Row::most("memory at its highest", load.peak_mb, 150.0, " MB"),
        Row::plain("processor", format!("{:.0} % of a core", 100.0 * load.cpu)),
    ])
}

/// Turns without work by the agent that ships, of which the talkers are copies.
fn idle_by_kind(days: &[(Talker, Day)]) -> BTreeMap<&str, usize> {
    let mut all = BTreeMap::new();
    for (talker, day) in days {
        let kind = talker.agent.as_str().rsplit_once('.').map_or("", |(kind, _)| kind);
        *all.entry(kind).or_default() += day.idle;
    }
    all
}

fn four(sorted: &[f64], shares: [f64; 4]) -> anyhow::Result<String> {
    let figures: anyhow::Result<Vec<String>> =
        shares.iter().map(|share| Ok(format!("{:.1}", at(sorted, *share)?))).collect();
    Ok(format!("{} ms", figures?.join(", ")))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
fn at(sorted: &[f64], share: f64) -> anyhow::Result<f64> {
    let place = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().context("nothing was measured")
}

/// Looks into the database for everything that was answered.
async fn kept(folder: &Path, days: &[(Talker, Day)]) -> anyhow::Result<Vec<Row>> {
    let store = SqliteStore::open(&folder.join("orchestrator.db"), Exec::Thread)?;
    let (mut ids, mut statuses, mut after) = (BTreeSet::new(), 0, 0);
    loop {
        let page = store.messages(&Party::Daemon, &MessageFilter::default(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for kept in page {
            if matches!(kept.message.body, Body::Status(_)) {
                statuses += 1;
                ids.insert(kept.message.id.as_str().to_owned());
            }
        }
    }
    let answered: Vec<&String> = days.iter().flat_map(|(_, day)| &day.messages).collect();
    let lost = answered.iter().filter(|id| !ids.contains(id.as_str())).count();
    let (mut undone, mut invented, mut accepted, mut twice) = (0, 0, BTreeSet::new(), 0);
    for (talker, day) in days {
        let done = TaskFilter { state: Some("done".into()), ..TaskFilter::held_by(&talker.agent) };
        let done = store.tasks(&done, usize::MAX).await?;
        let done: BTreeSet<String> = done.iter().map(|task| Id::to_string(&task.id)).collect();
        undone += day.done.difference(&done).count();
        invented += done.difference(&day.done).count();
        twice += day.accepted.iter().filter(|id| !accepted.insert((*id).clone())).count();
    }
    let completed: usize = days.iter().map(|(_, day)| day.done.len()).sum();
    Ok(vec![
        Row::most(format!("of {} answered messages lost", answered.len()), lost as f64, 0.0, ""),
        Row::most("kept twice", (statuses - ids.len()) as f64, 0.0, ""),
        Row::most("kept and never answered", (ids.len() - (answered.len() - lost)) as f64, 0.0, ""),
        Row::most(format!("of {completed} answered completions lost"), undone as f64, 0.0, ""),
        Row::most("done without an answer", invented as f64, 0.0, ""),
        Row::most("tasks accepted by two", twice as f64, 0.0, ""),
    ])
}
