//! `apply`: approves writes that wait: those of a saved plan, or all. What has changed since is refused.

use crate::{
    answer::{Answer, FAILED, usage},
    app::{self, App},
    diff,
    text::{number, put},
    verb_plan::{FORMAT, Saved},
};
use anyhow::Context;
use engine::reconcile::still_expected;
use model::Write;
use serde_json::json;
use std::{
    io::{IsTerminal, Write as _},
    path::PathBuf,
};
use store::{Decision, Store, WriteFilter, WriteRow};

const MOST: usize = 100_000;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator plan -o p.json && sales-orchestrator apply p.json
  sales-orchestrator apply --yes                 everything that waits now
  sales-orchestrator writes approve 17 18        just these";

/// Options of `apply`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A plan saved by `plan -o`; without one everything that waits
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// Approves.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let settings = app.settings()?;
    let store = app.store(&settings)?;
    let filter = WriteFilter { states: vec!["proposed".into()], ..WriteFilter::default() };
    let waiting = store.writes(&filter, MOST).await?;
    let (rows, mut refused) = match &args.plan {
        Some(file) => of_plan(file, waiting)?,
        None => (waiting, Vec::new()),
    };
    if args.plan.is_none() && !rows.is_empty() && !args.yes && !confirmed(rows.len())? {
        return Ok(Answer::new("Nothing was approved.", json!({ "approved": [], "refused": [] })));
    }
    let mut good = Vec::new();
    for row in rows {
        match moved(&*store, &row.write).await? {
            None => good.push(row.row),
            Some(why) => refused.push((row.row, why)),
        }
    }
    let approved = store.decide(&app::actor(), &good, Decision::Approve, app::now()).await?;
    let mut text = format!("{} writes approved", number(approved.len() as u64));
    text += match (approved.is_empty(), app.daemon(&settings)) {
        (true, _) => ".\n",
        (false, Some(_)) => "; the daemon sends them now.\n",
        (false, None) => "; they go out when the daemon runs: sales-orchestrator run\n",
    };
    for (row, why) in &refused {
        put!(text, "#{row} refused: {}\n", crate::text::clean(why));
    }
    let code = if refused.is_empty() { crate::answer::DONE } else { FAILED };
    let refused: Vec<_> = refused.iter().map(|(row, why)| json!({ "id": row, "why": why })).collect();
    Ok(Answer::new(text, json!({ "approved": approved, "refused": refused })).code(code))
}

type Refused = Vec<(i64, String)>;

/// The rows of a saved plan that are as they were.
fn of_plan(file: &PathBuf, waiting: Vec<WriteRow>) -> anyhow::Result<(Vec<WriteRow>, Refused)> {
    let text = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let plan: Saved = serde_json::from_slice(&text)
        .map_err(|error| usage(format!("{} is no saved plan: {error}", file.display())))?;
    if plan.format != FORMAT {
        return Err(usage(format!("{} was saved by another version: plan again", file.display())));
    }
    let mut by_row: std::collections::HashMap<i64, WriteRow> =
        waiting.into_iter().map(|row| (row.row, row)).collect();
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for saved in plan.writes {
        match by_row.remove(&saved.id) {
            Some(row) if row.write.key == saved.key && diff::fingerprint(&row.write) == saved.hash => {
                rows.push(row);
            }
            Some(_) => refused.push((saved.id, "it was decided anew since the plan was saved".to_owned())),
            None => refused.push((saved.id, "it no longer waits for approval".to_owned())),
        }
    }
    Ok((rows, refused))
}

/// What differs at the source from what the decision was based on, by what was last read of it.
async fn moved(store: &dyn Store, write: &Write) -> anyhow::Result<Option<String>> {
    if write.expects.is_empty() {
        return Ok(None);
    }
    let id = store.find_ref(&write.target).await?;
    let record = match id {
        Some(id) => store.record(id).await?,
        None => None,
    };
    let Some(record) = record else { return Ok(Some("its target is not known any more".to_owned())) };
    let Some(source) = record.sources.iter().find(|source| source.reference == write.target) else {
        return Ok(Some("its target is gone at the source".to_owned()));
    };
    let differs = still_expected(&write.expects, &source.fields).err();
    Ok(differs.map(|(field, was, is)| {
        format!("the source has moved: {} was {was} and is {is} now", diff::name_of(field))
    }))
}

fn confirmed(count: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(usage("this approves everything that waits: name a saved plan, or say --yes"));
    }
    let mut out = std::io::stderr().lock();
    write!(out, "Approve {} writes? [y/N] ", number(count as u64))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
