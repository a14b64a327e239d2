//! `backup`: a consistent copy of the database while the daemon runs.

use crate::{
    answer::{Answer, usage},
    app::App,
};
use anyhow::Context;
use serde_json::json;
use std::path::PathBuf;

/// Options of `backup`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  sales-orchestrator backup /backups/orchestrator-$(date +%F).db\n\n\
    To restore: stop the daemon and put the file in the data folder as orchestrator.db.")]
pub struct Args {
    /// File to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Copies.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    if args.file.exists() {
        return Err(usage(format!("{} exists already", args.file.display())));
    }
    let store = app.store(&app.settings()?)?;
    store.backup(&args.file).await.with_context(|| format!("writing {}", args.file.display()))?;
    let bytes = std::fs::metadata(&args.file).map(|meta| meta.len()).unwrap_or_default();
    let text = format!("{} ({} KB). Secrets are not in it.", args.file.display(), bytes / 1024);
    Ok(Answer::new(text, json!({ "file": args.file, "bytes": bytes })))
}
