//! The peer: dlt reads the same contacts with the same properties and merges them into SQLite by primary key.

use anyhow::{Context, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const PEER: &str = "dlt[sqlalchemy]==1.31.0";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/dlt_contacts.py");

/// Its records per second.
pub fn run(base: &str, work: &Path) -> anyhow::Result<f64> {
    let python = installed()?;
    std::fs::create_dir_all(work)?;
    let ran = Command::new(python)
        .args([SCRIPT, base])
        .arg(work)
        .arg(sandbox::team::WIDE.join(","))
        .env("RUNTIME__DLTHUB_TELEMETRY", "false")
        .output()
        .context("it does not start")?;
    let out = String::from_utf8_lossy(&ran.stdout);
    if !ran.status.success() {
        bail!("it failed: {}", last(&ran.stderr));
    }
    let rate = out.lines().last().context("it says nothing")?;
    rate.trim().parse().with_context(|| format!("it says {rate:?}"))
}

/// A Python with the peer in it; installed beside the build on first use.
fn installed() -> anyhow::Result<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("no target folder")?;
    let folder = target.join("venv-dlt");
    let python = folder.join("bin/python");
    if !python.exists() {
        step(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    if !folder.join("bin/dlt").exists() {
        step(Command::new(&python).args(["-m", "pip", "install", "--quiet", PEER]))?;
    }
    Ok(python)
}

fn step(command: &mut Command) -> anyhow::Result<()> {
    let ran = command.output().context("python3 is not there")?;
    if ran.status.success() { Ok(()) } else { bail!("{PEER} can't be installed: {}", last(&ran.stderr)) }
}

fn last(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it did not say why").to_owned()
}
