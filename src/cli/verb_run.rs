//! `run`: the daemon, until it is told to stop.

use crate::{
    answer::Answer,
    app::{App, DATABASE},
    serve,
};
use anyhow::Context;
use runtime::{
    absence::unknown_calendars,
    clock::{SystemClock, seed},
    daemon::{Daemon, Reload},
    reach::Outside,
    telemetry,
};
use std::{path::Path, sync::Arc, time::Duration};
use store::{Exec, FolderLock, SqliteStore};
use tokio::sync::watch;
use tracing::{info, warn};

/// A verb that looks whether a daemon runs touches the lock for an instant: it is asked for again.
const TRIES: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(60);

/// Options of `run`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example, as a service of systemd:
  [Service]
  Type=notify
  ExecStart=/usr/local/bin/sales-orchestrator run
  ExecReload=/bin/kill -HUP $MAINPID
  WatchdogSec=60
  LoadCredential=hubspot-token:/etc/sales-orchestrator/hubspot-token

SIGTERM finishes what is in hand and stops within 5 s. Changed configuration is taken over by itself; a wrong
one is refused and the old one stays.")]
pub struct Args {
    /// Stop when standard input ends: for a program that starts the daemon and must not leave it behind
    #[arg(long)]
    stop_at_eof: bool,
}

/// Runs.
pub async fn run(app: &Arc<App>, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    telemetry::init(&config.settings.logging, app.log.map(Into::into), None).map_err(crate::answer::usage)?;
    for warning in app.team()?.warnings {
        warn!(%warning, "configuration");
    }
    for warning in unknown_calendars(&config) {
        warn!(warning, "configuration");
    }
    let data = app.data(&config.settings);
    let _lock = lock(&data).await?;
    let store = Arc::new(SqliteStore::open(&data.join(DATABASE), Exec::Thread)?);
    let links = app.links(&config.settings)?;
    if links.is_empty() {
        warn!("no account is connected: `sales-orchestrator connect hubspot`; start again afterwards");
    }
    let stop = stopped_by_signal(args.stop_at_eof)?;
    let served = config.settings.clone();
    let outside = Outside::new(config.settings.reach.secret, &data);
    let mut daemon = Daemon::start(store, Arc::new(SystemClock), config, links, seed()).await?;
    daemon.outside = Some(outside);
    let api = serve::start(&daemon.shared, &served, stop.clone()).await?;
    ready();
    let again = app.clone();
    let reload: Reload = Arc::new(move || again.config().map_err(|error| format!("{error:#}")));
    let watching = tokio::spawn(watchdog());
    let ended = daemon.run(stop, app.files(), reload).await;
    watching.abort();
    if let Some(api) = api {
        // A client that keeps its connection open does not hold up the stop.
        api.abort();
    }
    ended.context("the daemon")?;
    Ok(Answer::silent())
}

/// One daemon per data folder.
pub async fn lock(data: &Path) -> anyhow::Result<FolderLock> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match FolderLock::take(data) {
            Err(store::Error::Running { .. }) if tries > 0 => pause(BETWEEN).await,
            taken => return Ok(taken?),
        }
    }
}

async fn pause(length: Duration) {
    use connect::Clock;
    SystemClock.sleep_until(SystemClock.now() + length).await;
}

/// Becomes true at SIGTERM or Ctrl-C, or (`at_eof`) when standard input ends; SIGHUP only says that nothing is
/// needed: files are watched.
#[cfg(unix)]
pub fn stopped_by_signal(at_eof: bool) -> anyhow::Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let mut ended = std::pin::pin!(input_ended(at_eof));
        loop {
            tokio::select! {
                () = &mut ended => break,
                _ = term.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => info!("changed configuration files are taken over by themselves"),
            }
        }
        info!("stopping");
        stop.send_replace(true);
    });
    Ok(stopped)
}
#[cfg(not(unix))]
pub fn stopped_by_signal(at_eof: bool) -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            () = input_ended(at_eof) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// Returns when standard input ends; never, where nobody asked for that.
async fn input_ended(watched: bool) {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    if !watched {
        return std::future::pending().await;
    }
    // A thread of its own: it is blocked in a read when the process ends otherwise.
    std::thread::spawn(move || {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        drop(tell);
    });
    told.await.ok();
}

/// Tells systemd, where we run under it.
fn ready() {
    #[cfg(target_os = "linux")]
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        warn!(%error, "systemd could not be told that we are ready");
    }
}

/// Tells systemd regularly that this process still turns, where it wants to know.
async fn watchdog() {
    #[cfg(target_os = "linux")]
    if let Some(within) = sd_notify::watchdog_enabled() {
        loop {
            sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).ok();
            pause(within / 3).await;
        }
    }
}
