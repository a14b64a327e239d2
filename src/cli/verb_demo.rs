//! `demo`: a sandbox CRM with a team in it, and the very daemon that `run` starts, as a process of its own. It
//! is told where the CRM is and what token to use, like any other; nothing in it knows that this is a demo. One of the
//! agents is a program (`demo-agent`), named in the demo's agents.toml.

use crate::{
    answer::{Answer, Screen, usage},
    app::{self, App, DATABASE},
    control, figures,
    figures::Facts,
    story,
    text::{clean, cut, number, put},
    verb_run::stopped_by_signal,
};
use anyhow::Context;
use connect::Clock;
use jiff::tz::TimeZone;
use model::{Event, EventKind, Field, Id};
use runtime::{
    clock::SystemClock,
    rules::Config,
    settings::{Paths, Span},
};
use sandbox::{command::Options, world::Weights};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};
use store::{Exec, FolderLock, SqliteStore, Store};
use tokio::process::{Child, Command};

/// The sandbox's own token.
const TOKEN: &str = "pat-eu1-sandbox";
/// Its configuration, in the data folder.
const CONFIG: &str = "demo.toml";
const VARIABLE: &str = "SALES_ORCHESTRATOR_DEMO_TOKEN";
/// The token of the first person's mailbox and calendar.
const MAILBOX: &str = "SALES_ORCHESTRATOR_OFFICE_TOKEN";
/// The agent that is a program of its own.
const PROGRAM: &str = "AI.MARKET.INTEL";
/// Faulty requests of a thousand with `--break`.
const FAULTS: u32 = 50;
const FIRST_SCREEN: Duration = Duration::from_millis(700);
const EACH_SCREEN: Duration = Duration::from_secs(2);
/// The newest events below the control centre.
const FEED: usize = 8;
/// Events read at once.
const EVENTS: usize = 1_000;

/// Options of `demo`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator demo                        until Ctrl-C
  sales-orchestrator demo --break                with outages, limits and lost answers
  sales-orchestrator demo --for 30s --json       figures at the end, for scripts
  sales-orchestrator demo --load DIR             deals from CSV files instead of generated ones
  sales-orchestrator demo --data DIR             keep the database; the other verbs look at it
                                                 with --config DIR/demo.toml --data DIR

Without --data its folder is a temporary one, and nothing stays.")]
pub struct Args {
    /// Stop by itself after this time
    #[arg(long = "for", value_name = "TIME")]
    length: Option<Span>,
    /// Let requests fail, answers get lost and limits bite
    #[arg(long = "break")]
    broken: bool,
    /// Folder of CSV files with accounts, deals and people
    #[arg(long, value_name = "DIR")]
    load: Option<PathBuf>,
    /// Everything that is drawn by chance follows from it
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    /// Milliseconds between two things that people do in the CRM; 0: nothing happens
    #[arg(long, default_value_t = 800, value_name = "MS")]
    pace: u64,
}

/// What somebody works with is no place for a made-up team.
fn only_of_a_demo(folder: &Path) -> anyhow::Result<()> {
    let theirs =
        [DATABASE, "agents.toml"].map(|name| folder.join(name)).into_iter().find(|file| file.exists());
    match theirs.filter(|_| !folder.join(CONFIG).exists()) {
        Some(file) => Err(usage(format!(
            "{} was not written by a demo and stays as it is: name an empty folder with --data",
            file.display()
        ))),
        None => Ok(()),
    }
}

/// Shows.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let stop = stopped_by_signal(false)?;
    let folder = tempfile::tempdir().context("making a folder for the demo")?;
    let data = app.paths.data.clone().unwrap_or_else(|| folder.path().to_owned());
    only_of_a_demo(&data)?;
    let (address, account) = sandbox(args)?;
    let user = account.google().users().into_iter().next().context("nobody in the demo has a mailbox")?;
    // Before anything is written: one that runs there already goes on by what it finds in the folder.
    drop(FolderLock::take(&data)?);
    let paths = configure(&data, address, &user)?;
    let inner = App { paths, makers: app.makers, screen: app.screen, log: app.log };
    let config = inner.config()?;
    let mut daemon = daemon(&inner, &data, &account.google().token(&user))?;
    // It ends with us, however we end: kept here because waiting for a child would close it.
    let input = daemon.stdin.take();
    let ended = watch(&inner, &config, args, &account, &mut daemon, stop).await;
    end(&mut daemon).await?;
    drop(input);
    let mut answer = ended?;
    put!(answer.text, "\n{}", farewell(&data, app.paths.data.is_some()));
    Ok(answer)
}

/// A CRM on loopback, on a thread of its own.
fn sandbox(args: &Args) -> anyhow::Result<(SocketAddr, Arc<sandbox::Sandbox>)> {
    let options = Options {
        seed: args.seed,
        load: args.load.clone(),
        faults_per_mille: if args.broken { FAULTS } else { 0 },
        mailboxes: 1,
        ..Options::default()
    };
    let account = options.sandbox().map_err(|error| usage(error.to_string()))?;
    let (tell, told) = mpsc::channel();
    let (shared, seed, pace) = (account.clone(), args.seed, args.pace);
    let serve = move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
            tell.send(listener.local_addr()?).context("the demo is over")?;
            if pace > 0 {
                tokio::spawn(people(shared.clone(), seed, pace));
            }
            Ok(sandbox::serve(shared, listener).await?)
        })
    };
    std::thread::Builder::new().name("sandbox".to_owned()).spawn(serve).context("starting the sandbox")?;
    let address = told.recv().context("the sandbox did not start")?;
    Ok((address, account))
}

/// People work in the CRM.
async fn people(account: Arc<sandbox::Sandbox>, seed: u64, every_ms: u64) {
    let mut world = sandbox::World::new(&account, seed, Weights::default());
    let mut beat = tokio::time::interval(Duration::from_millis(every_ms));
    loop {
        beat.tick().await;
        world.tick();
    }
}

/// A configuration as a user would write it.
fn configure(data: &Path, address: SocketAddr, user: &str) -> anyhow::Result<Paths> {
    let config = data.join(CONFIG);
    let text = format!(
        r#"# Written by `sales-orchestrator demo`.
[organization]
name = "MURPHBECK"
rates = {{ EUR = 1.08, GBP = 1.27 }}

[data]
dir = "."

[[connection]]
id = "demo"
vendor = "hubspot"
base_url = "http://{address}"
mode = "auto"
secret = "env"
every = "5s"
sweep = "1m"
reserve = 0.0
timeout = "3s"

# Mailbox and calendar of one of the team.
[[connection]]
id = "office"
vendor = "google"
base_url = "http://{address}"
auth = "token"
user = "{user}"
mode = "auto"
secret = "env"
every = "5s"
sweep = "1m"
reserve = 0.0
timeout = "3s"
options = {{ signals = true }}

[calendar]
follow_ups = "office/{user}"
"#
    );
    let written = private_folder(data).and_then(|()| std::fs::write(&config, text));
    written.with_context(|| format!("writing {}", config.display()))?;
    agents(data, &config)?;
    Ok(Paths { config, required: true, data: Some(data.to_owned()) })
}

/// One agent is a program: this one, under a verb of its own.
fn agents(data: &Path, config: &Path) -> anyhow::Result<()> {
    let whole = |path: &Path| std::path::absolute(path).map(|path| path.display().to_string());
    let program = std::env::current_exe().context("finding this program")?;
    let (config, folder) = (whole(config)?, whole(data)?);
    let command = [&program.display().to_string(), "--config", &config, "--data", &folder, "demo-agent"];
    let text = format!(
        "# Written by `sales-orchestrator demo`: market intelligence is a program.\n[[agent]]\nid = \"{PROGRAM}\"\n\
         reach = {{ command = {}, timeout_seconds = 60 }}\n",
        json!(command)
    );
    let file = data.join("agents.toml");
    std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// `run` of this same program.
fn daemon(app: &App, data: &Path, mailbox: &str) -> anyhow::Result<Child> {
    let log = std::fs::File::create(data.join("daemon.log")).context("making the daemon's log")?;
    let program = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(program);
    command.arg("--config").arg(&app.paths.config).arg("--data").arg(data).args([
        "--log",
        "human",
        "run",
        "--stop-at-eof",
    ]);
    command.env(VARIABLE, TOKEN).env(MAILBOX, mailbox);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    command.stderr(log).kill_on_drop(true);
    command.spawn().context("starting the daemon")
}

/// Draws until told to stop, the time is over, or the daemon ends.
async fn watch(
    app: &App,
    config: &Config,
    args: &Args,
    account: &Arc<sandbox::Sandbox>,
    daemon: &mut Child,
    mut stop: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<Answer> {
    let (clock, began) = (SystemClock, SystemClock.now());
    let ends = args.length.map(|Span(length)| began + length);
    let data = app.data(&config.settings);
    let mut next = began + FIRST_SCREEN;
    let mut store: Option<Arc<dyn Store>> = None;
    let mut feed = Feed::default();
    loop {
        let until = ends.map_or(next, |ends| next.min(ends));
        let over = tokio::select! {
            () = clock.sleep_until(until) => ends.is_some_and(|ends| clock.now() >= ends),
            _ = stop.wait_for(|stop| *stop) => true,
            ended = daemon.wait() => anyhow::bail!("the daemon ended ({}): see {}", ended?, data.join("daemon.log").display()),
        };
        next = clock.now() + EACH_SCREEN;
        let store = match opened(&mut store, &data)? {
            Some(store) => store,
            None if over => {
                anyhow::bail!("the daemon had made no database yet: see daemon.log with --data DIR")
            }
            None => continue,
        };
        let shown = shown(app, config, store, account, &mut feed).await?;
        if over {
            return Ok(Answer::new(shown.0, shown.1));
        }
        if app.screen.terminal {
            Screen::redraw(&format!("{}\n{}", shown.0, hint(&data, &feed))).context("drawing")?;
        } else if !app.screen.json {
            Screen::line(shown.0.lines().last().unwrap_or_default()).context("printing")?;
        }
    }
}

/// The daemon's database, once the daemon has made it.
fn opened<'s>(
    store: &'s mut Option<Arc<dyn Store>>,
    data: &Path,
) -> anyhow::Result<Option<&'s Arc<dyn Store>>> {
    let file = data.join(DATABASE);
    if store.is_none() && file.exists() {
        *store = Some(Arc::new(SqliteStore::open(&file, Exec::Thread)?));
    }
    Ok(store.as_ref())
}

/// The control centre, what happens, and what the CRM counts: for people and for programs.
async fn shown(
    app: &App,
    config: &Config,
    store: &Arc<dyn Store>,
    account: &Arc<sandbox::Sandbox>,
    feed: &mut Feed,
) -> anyhow::Result<(String, Value)> {
    let facts = Facts::read(&**store, app.daemon(&config.settings).is_some(), app::now()).await?;
    let facts = facts.with_absences(&**store, config).await?;
    let centre = figures::centre(&facts, config);
    let mut text = control::render(&centre, app.screen.paint);
    text += "\nWHAT HAPPENS\n";
    feed.read(&**store).await?;
    for line in feed.lines(&**store).await? {
        put!(text, "{line}\n");
    }
    let usage = account.usage();
    let records: u64 = facts.freshness.iter().map(|stream| stream.records).sum();
    let done = facts.overview.writes.get("done").copied().unwrap_or_default();
    let refused = usage.by_status.get(&429).copied().unwrap_or_default();
    put!(
        text,
        "\n{} records read, {} writes done; the CRM was asked {} times, {} of that met a fault, {refused} a limit\n",
        number(records),
        number(done),
        number(usage.by_status.values().sum::<u64>() + usage.broken),
        usage.faults,
    );
    let json = json!({ "centre": centre, "records": records, "writes": facts.overview.writes,
                       "tasks": facts.overview.tasks, "faults": usage.faults, "limited": refused });
    Ok((text, json))
}

/// The newest events that are more than a first sight, newest last.
#[derive(Default)]
struct Feed {
    after: i64,
    events: VecDeque<Event>,
}

impl Feed {
    async fn read(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        loop {
            let events = store.events(self.after, EVENTS).await?;
            let (read, last) = (events.len(), events.last().map(|(number, _)| *number));
            self.after = last.unwrap_or(self.after);
            self.events.extend(events.into_iter().map(|(_, event)| event).filter(is_news));
            while self.events.len() > FEED {
                self.events.pop_front();
            }
            if read < EVENTS {
                return Ok(());
            }
        }
    }

    async fn lines(&self, store: &dyn Store) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        for event in &self.events {
            let name = match event.subject {
                Some(id) => name(store, id).await?,
                None => String::new(),
            };
            let time = figures::local(event.at, &TimeZone::UTC);
            let time = time.split(' ').nth(1).unwrap_or_default();
            let (source, what) = (clean(&event.source), story::event(&event.kind));
            lines.push(cut(&format!("{time}  {source:8} {}: {what}", cut(&clean(&name), 44)), 130));
        }
        Ok(lines)
    }

    /// The latest record or task that something happened to: worth asking `why`.
    fn latest(&self) -> Option<Id> {
        self.events.iter().rev().find_map(|event| event.subject)
    }
}

fn is_news(event: &Event) -> bool {
    !matches!(event.kind, EventKind::FirstSeen | EventKind::TaskCreated { .. })
}

/// Of a record, or a task's title.
async fn name(store: &dyn Store, id: Id) -> anyhow::Result<String> {
    if let Some(record) = store.record(id).await? {
        return Ok(record.fields.text(Field::Name).unwrap_or_default().to_owned());
    }
    Ok(store.task(id).await?.map(|(task, _)| task.title).unwrap_or_default())
}

fn hint(data: &Path, feed: &Feed) -> String {
    let what = feed.latest().map_or("status".to_owned(), |id| format!("why {id}"));
    let config = data.join(CONFIG);
    format!(
        "Ctrl-C ends the demo. Meanwhile, elsewhere:\n  sales-orchestrator --config {} {what}",
        config.display()
    )
}

fn farewell(data: &Path, kept: bool) -> String {
    if kept {
        let data = data.display();
        format!("The database is kept: sales-orchestrator --config {data}/demo.toml --data {data} status")
    } else {
        "Next, with your own account: sales-orchestrator init".to_owned()
    }
}

/// Lets the daemon finish what it has in hand.
async fn end(daemon: &mut Child) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Some(pid) = daemon.id() {
        let told = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        told.context("telling the daemon to stop")?;
    }
    match tokio::time::timeout(Duration::from_secs(7), daemon.wait()).await {
        Ok(ended) => ended.map(|_| ()).context("waiting for the daemon"),
        Err(_) => daemon.kill().await.context("ending the daemon"),
    }
}
