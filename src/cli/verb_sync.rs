//! `sync`: reads everything that is due, once, and decides what follows; nothing is sent. With a daemon running
//! it asks that one and watches.

use crate::{
    answer::{Answer, FAILED, usage},
    app::{self, App, DATABASE},
    figures::Facts,
    text::{number, put},
    verb_run,
    verb_status::streams,
};
use connect::Clock;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{ConnectionId, Stream, Timestamp};
use runtime::{
    clock::{SystemClock, seed},
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    link::Link,
    notice::SYNC_ASKED,
    settings::Settings,
    telemetry,
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{Exec, Freshness, SqliteStore, Store};
use tokio::task::JoinSet;

const LOOK: Duration = Duration::from_millis(250);

/// Options of `sync`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  sales-orchestrator sync\n  sales-orchestrator sync && sales-orchestrator plan\n\n\
    A first reading can be interrupted: it goes on at the page where it stopped."
)]
pub struct Args {
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// Reads.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let settings = config.settings.clone();
    if !settings.connection.iter().any(|connection| connection.enabled) {
        return Err(usage("no account is connected: sales-orchestrator connect hubspot"));
    }
    telemetry::init(&settings.logging, app.log.map(Into::into), Some("error")).map_err(usage)?;
    let links = app.links(&settings)?;
    let began = app::now();
    let watched = app.new_store(&settings)?;
    let bars = Bars::new(app, &links);
    let patience = args.timeout.map_or(Duration::MAX, Duration::from_secs);
    if app.daemon(&settings).is_some() {
        watched.set_setting(SYNC_ASKED, Some(&began.to_string())).await?;
        let done = watch(&*watched, &bars, &links, began);
        if tokio::time::timeout(patience, done).await.is_err() {
            anyhow::bail!("the daemon has not read everything yet; it goes on");
        }
    } else {
        let data = app.data(&settings);
        let _lock = verb_run::lock(&data).await?;
        let store = Arc::new(SqliteStore::open(&data.join(DATABASE), Exec::Thread)?);
        let daemon = Daemon::start(store, Arc::new(SystemClock), config, links.clone(), seed()).await?;
        daemon.shared.nudges.poll.hurry();
        let stop = verb_run::stopped_by_signal(false)?;
        tokio::select! {
            done = tokio::time::timeout(patience, drive(&daemon)) => match done {
                Ok(done) => done?,
                Err(_) => anyhow::bail!("not everything was read in time; the next run goes on from there"),
            },
            () = show(&*watched, &bars) => {}
            () = stopping(stop) => anyhow::bail!("interrupted; the next run goes on from there"),
        }
    }
    bars.finish();
    finish(app, &*watched, &settings).await
}

async fn stopping(mut stop: tokio::sync::watch::Receiver<bool>) {
    // The sender lives as long as the process; if it went, there is nobody left to stop us.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// All polls side by side until nothing is due, then what follows from what was read.
async fn drive(daemon: &Daemon) -> anyhow::Result<()> {
    let Cycles { polls, mut relate, mut progress, mut assign, .. } = daemon.cycles();
    let mut running = JoinSet::new();
    for mut poll in polls {
        poll.hurry();
        running.spawn(async move { until_idle(&mut poll).await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    until_idle(&mut relate).await?;
    until_idle(&mut progress).await?;
    until_idle(&mut assign).await
}

async fn until_idle(cycle: &mut dyn Cycle) -> anyhow::Result<()> {
    while cycle.turn().await? == Turn::Again {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Until every stream was read since `began`, or can't be read.
async fn watch(store: &dyn Store, bars: &Bars, links: &[Arc<Link>], began: Timestamp) {
    loop {
        let freshness = store.freshness().await.unwrap_or_default();
        bars.show(&freshness);
        let done = |connection: &ConnectionId, stream: Stream| {
            let known =
                freshness.iter().find(|known| known.connection == *connection && known.stream == stream);
            known.is_some_and(|known| {
                known.as_of.is_some_and(|at| at >= began)
                    || known.trouble.as_ref().is_some_and(|(_, at)| *at >= began)
            })
        };
        if links.iter().all(|link| link.streams.iter().all(|(stream, _)| done(&link.id, *stream))) {
            return;
        }
        SystemClock.sleep_until(SystemClock.now() + LOOK).await;
    }
}

/// Moves the bars for as long as it is let.
async fn show(store: &dyn Store, bars: &Bars) {
    loop {
        bars.show(&store.freshness().await.unwrap_or_default());
        SystemClock.sleep_until(SystemClock.now() + LOOK).await;
    }
}

async fn finish(app: &App, store: &dyn Store, settings: &Settings) -> anyhow::Result<Answer> {
    let facts = Facts::read(store, app.daemon(settings).is_some(), app::now()).await?;
    let trouble: Vec<&Freshness> = facts.freshness.iter().filter(|stream| stream.trouble.is_some()).collect();
    let waiting = facts.overview.writes.get("proposed").copied().unwrap_or_default();
    let mut text = streams(app, &facts, settings);
    if facts.overview.parked > 0 {
        put!(
            text,
            "{} records could not be read: sales-orchestrator parked\n",
            number(facts.overview.parked)
        );
    }
    if waiting > 0 {
        put!(text, "{} writes wait: sales-orchestrator plan\n", number(waiting));
    }
    let rows = facts.freshness.iter().map(|stream| {
        json!({ "connection": stream.connection, "stream": stream.stream.plural(), "records": stream.records,
                "as_of": stream.as_of, "trouble": stream.trouble.as_ref().map(|(what, _)| what) })
    });
    let json =
        json!({ "streams": rows.collect::<Vec<_>>(), "parked": facts.overview.parked, "waiting": waiting });
    let code = if trouble.is_empty() { crate::answer::DONE } else { FAILED };
    Ok(Answer::new(text, json).code(code))
}

/// One bar per stream, on a terminal only.
struct Bars {
    all: MultiProgress,
    each: BTreeMap<(ConnectionId, Stream), ProgressBar>,
}

impl Bars {
    fn new(app: &App, links: &[Arc<Link>]) -> Self {
        let shown = app.screen.terminal;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let all = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{prefix:24} {spinner} {human_pos:>9} {per_sec:>12} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let mut each = BTreeMap::new();
        for link in links {
            for (stream, _) in &link.streams {
                let bar = ProgressBar::new_spinner().with_style(style.clone());
                let bar = all.add(bar.with_prefix(format!("{}/{}", link.id, stream.plural())));
                each.insert((link.id.clone(), *stream), bar);
            }
        }
        Self { all, each }
    }

    fn show(&self, freshness: &[Freshness]) {
        for stream in freshness {
            let Some(bar) = self.each.get(&(stream.connection.clone(), stream.stream)) else { continue };
            bar.set_position(stream.records);
            match (&stream.trouble, stream.as_of) {
                (Some((trouble, _)), _) => {
                    bar.set_message(crate::text::cut(&crate::text::clean(trouble), 60));
                }
                (None, Some(_)) => bar.set_message("up to date"),
                (None, None) => bar.tick(),
            }
        }
    }

    fn finish(&self) {
        self.each.values().for_each(ProgressBar::finish_and_clear);
        self.all.clear().ok();
    }
}
