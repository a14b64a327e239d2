//! `parked`: records that could not be read, with what is wrong; read again on request.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    text::{Table, ago, clean},
};
use clap::Subcommand;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator parked                      what was put aside, and why
  sales-orchestrator parked show 3               the record as it came
  sales-orchestrator parked retry --all          read them again (after a fix at the source)";

/// Options of `parked`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show at most so many
    #[arg(long, default_value_t = 100, value_name = "N")]
    most: usize,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Read again
    Retry {
        /// Numbers of rows
        #[arg(value_name = "ID")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// The record as it came
    Show {
        /// Number of the row
        #[arg(value_name = "ID")]
        id: i64,
    },
}

/// More than anybody looks at.
const ALL: usize = 1_000_000;

/// Shows or retries.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let store = app.store(&app.settings()?)?;
    match &args.what {
        Some(What::Retry { ids, all: false }) if ids.is_empty() => {
            Err(usage("which ones? Give ids, or --all"))
        }
        Some(What::Retry { ids, all }) => {
            let rows =
                if *all { store.parked(ALL).await?.iter().map(|row| row.row).collect() } else { ids.clone() };
            let count = store.retry_parked(&rows).await?;
            let text = format!("{count} records will be read again when their stream is polled next.");
            Ok(Answer::new(text, json!({ "retrying": count })))
        }
        Some(What::Show { id }) => {
            let parked = store.parked(ALL).await?;
            let row = parked.iter().find(|row| row.row == *id);
            let row = row.ok_or_else(|| usage(format!("no parked record has the number {id}")))?;
            let raw = String::from_utf8_lossy(&row.raw);
            let text = format!("{}\n\n{}\n", clean(&row.reason), clean(&raw));
            Ok(Answer::new(text, json!({ "id": row.row, "reason": row.reason, "raw": raw })))
        }
        None => {
            let parked = store.parked(args.most).await?;
            let mut table = Table::new(&["Id", "Stream", "Record", "Since", "State", "What is wrong"]);
            for row in &parked {
                table.row([
                    row.row.to_string(),
                    format!("{}/{}", row.connection, row.stream.plural()),
                    row.id.as_deref().unwrap_or("?").to_owned(),
                    ago(app::now().since(row.since)),
                    if row.retrying { "to be read again" } else { "parked" }.to_owned(),
                    row.reason.clone(),
                ]);
            }
            let text = if table.is_empty() {
                "Nothing is parked.".to_owned()
            } else {
                table.render(app.screen.columns)
            };
            let rows = parked.iter().map(|row| {
                json!({ "id": row.row, "connection": row.connection, "stream": row.stream.plural(),
                        "record": row.id, "reason": row.reason, "since": row.since, "retrying": row.retrying })
            });
            Ok(Answer::new(text, json!({ "parked": rows.collect::<Vec<_>>() })))
        }
    }
}
