//! A real submission server for tests (`smtp.sh`), and what it took.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running server; stopped when dropped.
pub struct Sink {
    /// `127.0.0.1:PORT`.
    pub address: String,
    dir: PathBuf,
    process: Child,
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait().map(drop)) {
            eprintln!("the mail server was not stopped: {error}");
        }
    }
}

impl Sink {
    /// Starts one that keeps its mails in `dir`; `None`, with a visible line, where it can't be had. `script` is
    /// `tests/servers/smtp.sh`.
    pub fn start(script: &Path, dir: &Path) -> Option<Self> {
        let skipped = |why: &str| {
            eprintln!("skipped: mail server because {why}");
            None
        };
        let mut command = Command::new(script);
        let command = command.arg(dir).args(["0", "start"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) => return skipped(&error.to_string()),
        };
        let mut ready = String::new();
        let read = process.stdout.take().map(|out| BufReader::new(out).read_line(&mut ready));
        if let Some(address) = ready.trim_end().strip_prefix("READY smtp ") {
            Some(Self { address: address.to_owned(), dir: dir.to_owned(), process })
        } else {
            let mut why = String::new();
            let told = process.stderr.take().map(|mut err| err.read_to_string(&mut why));
            process.wait().ok()?;
            let last = why.lines().last().unwrap_or("it said nothing");
            skipped(&format!("{last} ({read:?}, {told:?})"))
        }
    }

    /// The mails that it took, in order.
    pub fn mails(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.dir.join("log.jsonl")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
