//! Real servers, started by the scripts that the tests use; stopped when dropped.

use anyhow::{Context, bail};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");

/// A running server.
pub struct Server {
    /// What it said when it was ready: its address.
    pub base: String,
    script: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Starts `tests/servers/NAME.sh` in a folder of its own; why not, where it can't be had.
    pub fn start(name: &str) -> anyhow::Result<Self> {
        // In memory where there is room: what its disk needs for a file of each item is not measured here.
        let place = [Path::new("/dev/shm"), Path::new("/tmp")].into_iter().find(|place| place.is_dir());
        let folder = tempfile::Builder::new().prefix(name).tempdir_in(place.context("no /tmp")?)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let script = Path::new(SCRIPTS).join(format!("{name}.sh"));
        let mut server = Self { base: String::new(), script, folder, port };
        server.run(&["start"])?.trim_start_matches("READY ").clone_into(&mut server.base);
        Ok(server)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A verb of the script; its last line.
    pub fn run(&self, verb: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.script);
        output(command.arg(self.folder.path()).arg(self.port.to_string()).args(verb))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The folder goes anyway.
        self.run(&["stop"]).ok();
    }
}

/// Runs a script of ours by Python; its last line.
pub fn python(script: &str, words: &[&str]) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(script);
    output(Command::new("python3").arg(script).args(words))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output().context("it does not start")?;
    let last = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
    if done.status.success() { Ok(last(&done.stdout)) } else { bail!("{}", last(&done.stderr)) }
}
