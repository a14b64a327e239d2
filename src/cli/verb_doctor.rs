//! `doctor`: the machine around it, then everything that `check` checks.

use crate::{
    account,
    answer::Answer,
    app::{App, DATABASE},
    doctor_agents,
    findings::Findings,
};
use runtime::{
    keys::{Keys, OAUTH, TOKEN},
    link::Link,
    settings::{AuthKind, Connection, Keeper, Settings},
};
use std::{fs, path::Path, time::Duration};

/// Less room than this is said.
const ROOM: u64 = 1 << 30;
/// A longer log than this says that something holds up its truncation.
const WAL: u64 = 64 << 20;
const REACH: Duration = Duration::from_secs(5);
/// Options of `doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  sales-orchestrator doctor\n  sales-orchestrator doctor --json\n\n\
    Exit code 5 when something needs to be done.")]
pub struct Args {}

/// Looks at everything.
pub async fn run(app: &App, _: &Args) -> anyhow::Result<Answer> {
    let mut found = Findings::default();
    let (settings, roster) = match app.config() {
        Ok(config) => {
            let there = app.paths.config.is_file();
            let state = if there { "no mistakes" } else { "not there, the defaults hold; `init` writes one" };
            found.good("configuration", format!("{}: {state}", app.paths.config.display()));
            (config.settings, config.roster.agents)
        }
        Err(error) => {
            found.bad(
                "configuration",
                format!("{error:#}"),
                "mend the file; the daemon keeps the old one meanwhile",
            );
            (Settings::default(), Vec::new())
        }
    };
    let data = app.data(&settings);
    disk(&mut found, &data);
    modes(&mut found, &data);
    match app.daemon(&settings) {
        Some(pid) => found.good("daemon", format!("runs (process {pid})")),
        None => found.good("daemon", "does not run: `sales-orchestrator run` starts it"),
    }
    database(&mut found, app, &settings, &data).await;
    doctor_agents::reached(&mut found, &roster, &settings, &data).await;
    doctor_agents::deliveries(&mut found, app, &settings, &data).await;
    for connection in settings.connection.iter().filter(|connection| connection.enabled) {
        if !secret(&mut found, app, connection, &data).await {
            continue;
        }
        match app.link(connection, &settings) {
            Ok(link) => reach_and_ask(&mut found, connection, &link).await,
            Err(error) => {
                found.bad(&connection.id, format!("{error:#}"), "mend its section in the configuration");
            }
        }
    }
    Ok(found.answer(app.screen.paint))
}

fn disk(found: &mut Findings, data: &Path) {
    let place = data.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let free = fs4::available_space(place);
    found.of(
        "disk",
        match free {
            Ok(free) if free < ROOM => Err((
                format!("only {} MB are free for {}", free >> 20, data.display()),
                "make room".to_owned(),
            )),
            Ok(free) => Ok(format!("{} GB are free for {}", free >> 30, data.display())),
            Err(error) => Err((format!("{}: {error}", data.display()), "look at the folder".to_owned())),
        },
    );
    let log = fs::metadata(data.join(format!("{DATABASE}-wal"))).map(|meta| meta.len()).unwrap_or_default();
    if log > WAL {
        let said = format!("the write-ahead log has {} MB", log >> 20);
        found.bad(
            "database log",
            said,
            "some process reads without end: stop it, the daemon then truncates the log",
        );
    }
}

/// What others may read.
fn modes(found: &mut Findings, data: &Path) {
    let files = [data.join(DATABASE), data.join("secrets.vault"), runtime::keys::passphrase_file()];
    let open: Vec<String> =
        files.iter().filter(|file| others_may_read(file)).map(|file| file.display().to_string()).collect();
    if open.is_empty() {
        found.good("file modes", "only you can read data and secrets");
    } else {
        found.bad(
            "file modes",
            format!("others may read {}", open.join(", ")),
            format!("chmod go-rwx {}", open.join(" ")),
        );
    }
}

#[cfg(unix)]
fn others_may_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}
#[cfg(not(unix))]
fn others_may_read(_: &Path) -> bool {
    false
}

async fn database(found: &mut Findings, app: &App, settings: &Settings, data: &Path) {
    let file = data.join(DATABASE);
    if !file.exists() {
        return found.good("database", format!("{} is not there yet", file.display()));
    }
    let integrity = match app.store(settings) {
        Ok(store) => store.integrity().await.map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    let cure = "stop the daemon, move the file away, put a backup in its place (or start anew: everything is read again)";
    match integrity {
        Ok(None) => found.good("database", format!("{} is whole", file.display())),
        Ok(Some(damage)) => found.bad("database", damage, cure),
        Err(error) => found.bad("database", error, cure),
    }
}

/// Whether it is there.
async fn secret(found: &mut Findings, app: &App, connection: &Connection, data: &Path) -> bool {
    let keys = Keys::new(connection, data);
    let name = if app.auth(connection).is_ok_and(|auth| auth == AuthKind::Oauth) { OAUTH } else { TOKEN };
    let what = format!("{} secret", connection.id);
    let loaded = keys.load(name).await;
    match &loaded {
        Ok(_) => found.good(&what, format!("is in {}", keys.place(name))),
        Err(error) => {
            let cure = match connection.secret {
                Keeper::Keyring | Keeper::File => {
                    format!("sales-orchestrator connect --id {}", connection.id)
                }
                Keeper::Env | Keeper::Credential => format!("provide it in {}", keys.place(name)),
            };
            found.bad(&what, error.to_string(), cure);
        }
    }
    loaded.is_ok()
}

async fn reach_and_ask(found: &mut Findings, connection: &Connection, link: &Link) {
    let host = link.base.host_str().unwrap_or_default().to_owned();
    let port = link.port();
    let what = format!("{} network", connection.id);
    let reached = tokio::time::timeout(REACH, tokio::net::TcpStream::connect((host.as_str(), port))).await;
    let failed = match reached {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", REACH.as_secs())),
    };
    if let Some(error) = failed {
        let cure = format!("let this machine reach {host} port {port} (firewall, proxy, DNS)");
        return found.bad(&what, format!("{host}:{port}: {error}"), cure);
    }
    found.good(&what, format!("{host}:{port} answers"));
    let checked = account::check(link, true, connection.reserve.0).await;
    ask(found, connection, &checked);
}

fn ask(found: &mut Findings, connection: &Connection, checked: &account::Checked) {
    let account = match &checked.account {
        Ok(account) => account,
        Err(error) => {
            let cure = format!("sales-orchestrator connect --id {}", connection.id);
            return found.bad(&connection.id, error.clone(), cure);
        }
    };
    found.good(&connection.id, account.name.clone());
    for grant in account.grants.iter().filter(|grant| !grant.granted && account::is_needed(grant)) {
        let missing = grant.missing.clone().unwrap_or_else(|| "grant it at the vendor".to_owned());
        found.bad(&connection.id, format!("may not {}", grant.what), missing);
    }
    for (stream, error) in
        checked.streams.iter().filter_map(|(stream, read)| Some((stream, read.as_ref().err()?)))
    {
        found.bad(
            &format!("{}/{}", connection.id, stream.plural()),
            error.clone(),
            "look at what the vendor says",
        );
    }
    match checked.skew {
        Some(skew) if skew.abs() > 30 => {
            found.bad("clock", format!("{skew} s off the clock of {}", connection.id), "set it by NTP");
        }
        Some(skew) => found.good("clock", format!("within {} s of {}", skew.abs().max(1), connection.id)),
        None => {}
    }
}
