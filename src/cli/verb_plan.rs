//! `plan`: every write that waits, with its difference, who decided, and what it costs. Nothing is written.

use crate::{
    answer::{Answer, PENDING},
    app::{self, App},
    diff,
    text::{clean, number, put},
};
use anyhow::Context;
use model::{ConnectionId, ExternalRef, Field, Timestamp, WriteKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf};
use store::{Store, WriteFilter, WriteRow};

/// Most writes that one plan holds.
const MOST: usize = 100_000;
/// Layout of a saved plan.
pub const FORMAT: u32 = 1;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator plan                        look
  sales-orchestrator plan -o p.json              keep, for a person to read
  sales-orchestrator apply p.json                approve exactly that
  sales-orchestrator plan --exit-code            4 when something waits, for scripts";

/// Options of `plan`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Save it, for `apply FILE`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 4 when something waits for approval
    #[arg(long)]
    exit_code: bool,
    /// Only of this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Show at most so many in full
    #[arg(long, default_value_t = 100, value_name = "N")]
    most: usize,
}

/// A saved plan: what was shown, to the byte.
#[derive(Serialize, Deserialize)]
pub struct Saved {
    /// Layout.
    pub format: u32,
    /// When.
    pub made: Timestamp,
    /// The writes.
    pub writes: Vec<SavedWrite>,
}

/// One write of a saved plan.
#[derive(Serialize, Deserialize)]
pub struct SavedWrite {
    /// Row.
    pub id: i64,
    /// Name for good.
    pub key: WriteKey,
    /// Fingerprint of the whole write.
    pub hash: String,
    /// The record, for people.
    pub target: String,
    /// The difference, for people.
    pub what: Vec<String>,
}

/// Shows, and saves where asked.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let settings = app.settings()?;
    let store = app.store(&settings)?;
    let rows = |states: &'static [&'static str]| {
        let connection = args.connection.as_deref().map(ConnectionId::from);
        let states = states.iter().map(|state| (*state).into()).collect();
        WriteFilter { states, connection, ..WriteFilter::default() }
    };
    let mut waiting = store.writes(&rows(&["proposed"]), MOST).await?;
    waiting.reverse();
    let going = store.writes(&rows(&["pending", "sending", "retry", "verify"]), MOST).await?;
    if let Some(file) = &args.output {
        save(file, &waiting, app::now())?;
    }
    let mut text = summary(&waiting);
    for row in waiting.iter().take(args.most) {
        let name = label(&*store, &row.write.target).await?;
        put!(
            text,
            "\n{} {} {}\n",
            app.screen.paint.bold(&format!("#{}", row.row)),
            row.write.target,
            clean(&name)
        );
        for line in diff::lines(&row.write, app.screen.paint) {
            put!(text, "  {line}\n");
        }
    }
    if waiting.len() > args.most {
        put!(text, "\n... and {} more (--most)\n", number((waiting.len() - args.most) as u64));
    }
    if !going.is_empty() {
        put!(text, "\n{} writes are on their way already (`sales-orchestrator writes`).\n", going.len());
    }
    if waiting.is_empty() {
        text += "Nothing waits for approval.\n";
    } else {
        let how = args.output.as_ref().map_or("apply".to_owned(), |file| format!("apply {}", file.display()));
        put!(text, "\nNothing was written. To let it happen: sales-orchestrator {how}\n");
    }
    let code = if args.exit_code && !waiting.is_empty() { PENDING } else { crate::answer::DONE };
    let json = json!({
        "waiting": waiting.iter().map(diff::json).collect::<Vec<_>>(), "on_their_way": going.len(),
        "requests": waiting.iter().map(|row| diff::requests(&row.write)).sum::<u64>(),
    });
    Ok(Answer::new(text, json).code(code))
}

/// `hubspot  ~ 14 change  + 3 create  31 requests`.
fn summary(rows: &[WriteRow]) -> String {
    let mut counts: BTreeMap<&ConnectionId, (u64, u64, u64)> = BTreeMap::new();
    for row in rows {
        let (changes, creates, requests) = counts.entry(&row.write.target.connection).or_default();
        *if row.write.intent.kind().creates() { creates } else { changes } += 1;
        *requests += diff::requests(&row.write);
    }
    let line = |(connection, (changes, creates, requests)): (&ConnectionId, _)| {
        format!("{connection}  ~ {changes} change  + {creates} create  {requests} requests\n")
    };
    counts
        .into_iter()
        .map(|(connection, (a, b, c)): (_, (u64, u64, u64))| {
            line((connection, (number(a), number(b), number(c))))
        })
        .collect()
}

fn save(file: &PathBuf, rows: &[WriteRow], made: Timestamp) -> anyhow::Result<()> {
    let writes = rows
        .iter()
        .map(|row| SavedWrite {
            id: row.row,
            key: row.write.key,
            hash: diff::fingerprint(&row.write),
            target: row.write.target.to_string(),
            what: diff::lines(&row.write, crate::text::Paint(false)),
        })
        .collect();
    let text = serde_json::to_string_pretty(&Saved { format: FORMAT, made, writes })?;
    std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

/// The record's name, as far as we know it.
pub async fn label(store: &dyn Store, reference: &ExternalRef) -> anyhow::Result<String> {
    let Some(id) = store.find_ref(reference).await? else { return Ok(String::new()) };
    let record = store.record(id).await?;
    Ok(record.and_then(|record| record.fields.text(Field::Name).map(str::to_owned)).unwrap_or_default())
}
