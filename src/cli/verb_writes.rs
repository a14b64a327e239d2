//! `writes`: the outbox as rows; retry, skip and approve by id or by reason.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    diff,
    text::{Table, ago, put},
};
use clap::{Args as ClapArgs, Subcommand};
use model::ConnectionId;
use serde_json::json;
use store::{Decision, Store, WriteFilter, WriteRow};

/// Rows looked at when they are chosen by reason.
const MOST: usize = 10_000;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator writes                                the newest ones
  sales-orchestrator writes --state refused                what the vendor refused, with its words
  sales-orchestrator writes retry --state refused --reason OWNER
  sales-orchestrator writes skip 17 18

States: proposed, pending, sending, done, retry, verify, moved, refused, unknown, superseded, skipped";

/// Options of `writes`.
#[derive(ClapArgs, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(flatten)]
    choice: Choice,
    /// Show at most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    most: usize,
    #[command(subcommand)]
    what: Option<What>,
}

/// Which writes.
#[derive(ClapArgs, Debug, Clone)]
pub struct Choice {
    /// Numbers of rows
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// Only in this state
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
    /// Only of this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only with these words in the note
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Try again now: refused, moved, unknown or waiting ones
    Retry(Choice),
    /// Not to be done
    Skip(Choice),
    /// Let proposed ones go out
    Approve(Choice),
}

const STATES: [&str; 11] = [
    "proposed",
    "pending",
    "sending",
    "done",
    "retry",
    "verify",
    "moved",
    "refused",
    "unknown",
    "superseded",
    "skipped",
];

impl Choice {
    /// Rows of the outbox that are meant, newest first.
    pub async fn rows(&self, store: &dyn Store, most: usize) -> anyhow::Result<Vec<WriteRow>> {
        for state in &self.state {
            if !STATES.contains(&state.as_str()) {
                let meant = runtime::settings::nearest(state, &STATES);
                let meant = meant.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                return Err(usage(format!("no state is called {state:?}{meant}")));
            }
        }
        let filter = WriteFilter {
            states: self.state.iter().map(|state| state.as_str().into()).collect(),
            connection: self.connection.as_deref().map(ConnectionId::from),
            ..WriteFilter::default()
        };
        let mut rows = Vec::new();
        for id in &self.ids {
            rows.extend(store.writes(&WriteFilter { row: Some(*id), ..filter.clone() }, 1).await?);
        }
        if self.ids.is_empty() {
            rows = store.writes(&filter, if self.reason.is_some() { MOST } else { most }).await?;
        }
        if let Some(words) = &self.reason {
            let words = words.to_lowercase();
            rows.retain(|row| row.note.as_ref().is_some_and(|note| note.to_lowercase().contains(&words)));
        }
        rows.truncate(most);
        Ok(rows)
    }

    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.state.is_empty() && self.connection.is_none() && self.reason.is_none()
    }
}

/// Shows or decides.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let store = app.store(&app.settings()?)?;
    let (decision, choice, done) = match &args.what {
        None => return show(app, &*store, args).await,
        Some(What::Retry(choice)) => (Decision::Retry, choice, "will be tried again"),
        Some(What::Skip(choice)) => (Decision::Skip, choice, "will not be done"),
        Some(What::Approve(choice)) => (Decision::Approve, choice, "may go out"),
    };
    if choice.is_empty() {
        return Err(usage("which ones? Give ids, --state, --connection or --reason"));
    }
    let rows: Vec<i64> = choice.rows(&*store, MOST).await?.iter().map(|row| row.row).collect();
    let unknown: Vec<String> =
        choice.ids.iter().filter(|id| !rows.contains(id)).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        return Err(usage(format!("no such write: {unknown} (`sales-orchestrator writes` lists them)")));
    }
    let changed = store.decide(&app::actor(), &rows, decision, app::now()).await?;
    let left = rows.len() - changed.len();
    let mut text = format!("{} writes {done}\n", changed.len());
    if left > 0 {
        put!(text, "{left} were left: their state does not allow it\n");
    }
    Ok(Answer::new(text, json!({ "changed": changed, "left": left })))
}

async fn show(app: &App, store: &dyn Store, args: &Args) -> anyhow::Result<Answer> {
    let rows = args.choice.rows(store, args.most).await?;
    let mut table = Table::new(&["Id", "State", "Since", "Tries", "Target", "What", "Note"]);
    for row in &rows {
        table.row([
            row.row.to_string(),
            row.state.name().to_owned(),
            ago(app::now().since(row.changed)),
            row.attempts.to_string(),
            row.write.target.to_string(),
            diff::short(&row.write.intent),
            row.note.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let text = match (table.is_empty(), args.choice.is_empty()) {
        (true, true) => "The outbox is empty.".to_owned(),
        (true, false) => "No such writes.".to_owned(),
        (false, _) => table.render(app.screen.columns),
    };
    Ok(Answer::new(text, json!({ "writes": rows.iter().map(diff::json).collect::<Vec<_>>() })))
}
