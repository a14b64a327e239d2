//! Processes of their own: the benchmark runs itself again in a role, so that memory and processor time belong
//! to the side that is measured.

use crate::{first, floor, limits, nochange, rig, show};
use anyhow::{Context, bail};
use sandbox::{command::Options, team::Size};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// How a role's name begins on the command line.
pub const ROLE: &str = "role:";

/// A child process; it ends with this value.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts this program in a role.
    pub fn role(name: &str, words: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(format!("{ROLE}{name}")).args(words);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, out })
    }

    /// Its next line.
    pub fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.out.read_line(&mut line)? == 0 {
            bail!("the process said nothing: {}", self.child.wait()?);
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a role to its end and reads the result that it prints.
pub fn result<T: DeserializeOwned>(name: &str, words: &[&str]) -> anyhow::Result<T> {
    let line = Running::role(name, words)?.line().with_context(|| name.to_owned())?;
    serde_json::from_str(&line).with_context(|| format!("{name} said {line:?}"))
}

/// A sandbox with so many wide contacts, and its address.
pub fn sandbox(contacts: usize, throttled: bool) -> anyhow::Result<(Running, String)> {
    let limits = if throttled { "throttled" } else { "unthrottled" };
    let mut running = Running::role("sandbox", &[&contacts.to_string(), limits])?;
    let address = running.line()?;
    Ok((running, address))
}

/// What the process does when it is started in a role.
pub fn play(role: &str, words: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (role.strip_prefix(ROLE).unwrap_or_default(), words.as_slice()) {
        ("sandbox", [contacts, limits]) => serve(contacts.parse()?, *limits == "unthrottled"),
        ("backfill", [base, database]) => print(&rig::go(rig::backfill(base, Path::new(database)))?),
        ("floor", [base, database]) => print(&rig::go(floor::play(base, Path::new(database)))?),
        ("first", [vendor, base, database]) => {
            print(&rig::go(first::play(vendor, base, Path::new(database)))?)
        }
        ("limits", [base, database]) => print(&rig::go(limits::play(base, Path::new(database)))?),
        ("nochange", [base, database]) => print(&rig::go(nochange::play(base, Path::new(database)))?),
        (name, _) => bail!("no role {name:?} with {} words", words.len()),
    }
}

fn serve(contacts: usize, unthrottled: bool) -> anyhow::Result<()> {
    let options = Options { unthrottled, size: Size::bench(contacts), ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(options.run(|address| show::heading(&format!("http://{address}"))));
    ended.map_err(|error| anyhow::anyhow!("{error}"))
}

fn print(result: &impl Serialize) -> anyhow::Result<()> {
    show::heading(&serde_json::to_string(result)?);
    Ok(())
}
