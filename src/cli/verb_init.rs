//! `init`: an annotated configuration to start from.

use crate::{
    answer::{Answer, usage},
    app::App,
};
use anyhow::Context;
use runtime::settings::{EXAMPLE, json_schema};
use serde_json::json;
use std::{fs, path::Path};

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator init                        orchestrator.toml in this folder
  sales-orchestrator --config /etc/so/orchestrator.toml init
  sales-orchestrator init --all                  agents.toml and stages.toml as well, to be edited";

/// Options of `init`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Also agents.toml, stages.toml and the schema for editors
    #[arg(long)]
    all: bool,
}

/// Writes what is not there yet; what is there stays.
pub fn run(app: &App, args: &Args, named: Option<&Path>) -> anyhow::Result<Answer> {
    let config = named.unwrap_or(Path::new(runtime::settings::paths::CONFIG));
    let folder = config.parent().unwrap_or(Path::new(""));
    let mut written = Vec::new();
    if !config.exists() {
        written.push(write(config, &example(args.all))?);
    }
    if args.all {
        let schema = serde_json::to_string_pretty(&json_schema())? + "\n";
        let files = [
            ("orchestrator.schema.json", schema.as_str()),
            ("agents.toml", engine::config::AGENTS),
            ("stages.toml", engine::config::STAGES),
        ];
        for (name, text) in files {
            let file = folder.join(name);
            if !file.exists() {
                written.push(write(&file, text)?);
            }
        }
    }
    if written.is_empty() {
        let others = if args.all { ", and so do the others" } else { "" };
        return Err(usage(format!("{} exists already; it stays as it is{others}", config.display())));
    }
    let vendors: Vec<&str> = app.makers.iter().map(|maker| maker.vendor).collect();
    let text = format!(
        "Written: {}\n\nNext, connect an account ({}):\n  sales-orchestrator connect {}\n",
        written.join(", "),
        vendors.join(", "),
        vendors.first().unwrap_or(&"VENDOR"),
    );
    Ok(Answer::new(text, json!({ "written": written })))
}

/// The annotated example; the line that names the schema only where the schema is beside it.
pub fn example(schema: bool) -> String {
    let wanted = |line: &&str| schema || !line.starts_with("#:schema");
    EXAMPLE.split_inclusive('\n').filter(wanted).collect()
}

fn write(file: &Path, text: &str) -> anyhow::Result<String> {
    let doing = || format!("writing {}", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(doing)?;
    }
    fs::write(file, text).with_context(doing)?;
    Ok(file.display().to_string())
}
