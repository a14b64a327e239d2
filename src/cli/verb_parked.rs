//! `parked`: records that could not be read and messages that agents did not get, with what is wrong; tried again
//! on request.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    desk,
    text::{Table, ago, clean, put},
};
use clap::Subcommand;
use model::Timestamp;
use serde_json::json;
use store::{ParkedRow, Store, Undelivered};

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator parked                      what was put aside, and why
  sales-orchestrator parked show 3               the record as it came
  sales-orchestrator parked retry m17            deliver that message to its agent again
  sales-orchestrator parked retry --all          read and deliver everything again (after a fix)
  sales-orchestrator parked skip m17             that message is delivered no more";

/// Options of `parked`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show at most so many
    #[arg(long, default_value_t = 100, value_parser = desk::some, value_name = "N")]
    most: usize,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Read records, and deliver messages, again
    Retry {
        /// As shown: 3 is a record, m17 a message
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Deliver messages no more
    Skip {
        /// As shown: m17
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// The record as it came, or the message
    Show {
        /// As shown
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// More than anybody looks at.
const ALL: usize = 1_000_000;
/// What the number of a message begins with.
const MESSAGE: char = 'm';

/// Numbers as they are shown: those of records, and those of messages.
fn numbers(ids: &[String]) -> anyhow::Result<(Vec<i64>, Vec<i64>)> {
    let (mut records, mut messages) = (Vec::new(), Vec::new());
    for id in ids {
        let (list, number) = match id.strip_prefix(MESSAGE) {
            Some(number) => (&mut messages, number),
            None => (&mut records, id.as_str()),
        };
        let wrong = || usage(format!("{id:?} is no id: `parked` shows them"));
        list.push(number.parse().map_err(|_| wrong())?);
    }
    Ok((records, messages))
}

/// Shows or retries.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let store = app.store(&app.settings()?)?;
    match &args.what {
        Some(What::Retry { ids, all: false }) if ids.is_empty() => {
            Err(usage("which ones? Give ids, or --all"))
        }
        Some(What::Retry { ids, all }) => {
            let known = all_of(&*store).await?;
            let (records, messages) = if *all { known } else { among(ids, &known)? };
            retry(&*store, &records, &messages).await
        }
        Some(What::Skip { ids }) => skip(&*store, ids).await,
        Some(What::Show { id }) => show(&*store, id).await,
        None => list(app, &*store, args.most).await,
    }
}

/// The numbers of these ids, all of which must be parked.
fn among(ids: &[String], known: &(Vec<i64>, Vec<i64>)) -> anyhow::Result<(Vec<i64>, Vec<i64>)> {
    for id in ids {
        let (records, messages) = numbers(std::slice::from_ref(id))?;
        let is_known =
            records.iter().all(|id| known.0.contains(id)) && messages.iter().all(|id| known.1.contains(id));
        if !is_known {
            return Err(usage(format!("nothing parked has the id {id}")));
        }
    }
    numbers(ids)
}

async fn all_of(store: &dyn Store) -> anyhow::Result<(Vec<i64>, Vec<i64>)> {
    let (records, messages) = (store.parked(ALL).await?, store.undelivered(ALL).await?);
    Ok((records.iter().map(|row| row.row).collect(), messages.iter().map(|one| one.seq).collect()))
}

async fn retry(store: &dyn Store, records: &[i64], messages: &[i64]) -> anyhow::Result<Answer> {
    let read = store.retry_parked(records).await?;
    let sent = store.deliver_again(messages, app::now()).await?;
    let mut text = String::new();
    if read > 0 || messages.is_empty() {
        put!(text, "{read} records will be read again when their stream is polled next.\n");
    }
    if !messages.is_empty() {
        put!(text, "{sent} messages will be delivered again within seconds while the daemon runs.\n");
    }
    Ok(Answer::new(text, json!({ "retrying": read, "delivering": sent })))
}

async fn skip(store: &dyn Store, ids: &[String]) -> anyhow::Result<Answer> {
    let known = all_of(store).await?;
    let (records, messages) = among(ids, &known)?;
    if let Some(record) = records.first() {
        return Err(usage(format!(
            "{record} is a record: it stays until it can be read, or is gone at its source"
        )));
    }
    let count = store.put_away(&app::actor(), &messages, app::now()).await?;
    Ok(Answer::new(format!("{count} messages are put away.\n"), json!({ "skipped": count })))
}

async fn show(store: &dyn Store, id: &str) -> anyhow::Result<Answer> {
    let (records, messages) = numbers(&[id.to_owned()])?;
    let unknown = || usage(format!("nothing parked has the id {id}"));
    if let Some(number) = messages.first() {
        let found = store.undelivered(ALL).await?;
        let one = found.iter().find(|one| one.seq == *number).ok_or_else(unknown)?;
        let text = format!("{}\n\n{}\n", clean(&one.why), clean(&serde_json::to_string(&one.message)?));
        return Ok(Answer::new(text, json!({ "id": id, "reason": one.why, "message": one.message })));
    }
    let parked = store.parked(ALL).await?;
    let row = parked.iter().find(|row| records.contains(&row.row)).ok_or_else(unknown)?;
    let raw = String::from_utf8_lossy(&row.raw);
    let text = format!("{}\n\n{}\n", clean(&row.reason), clean(&raw));
    Ok(Answer::new(text, json!({ "id": row.row, "reason": row.reason, "raw": raw })))
}

async fn list(app: &App, store: &dyn Store, most: usize) -> anyhow::Result<Answer> {
    let (parked, messages, now) = (store.parked(most).await?, store.undelivered(most).await?, app::now());
    let mut text = String::new();
    if !parked.is_empty() {
        text.push_str(&records(&parked, now).render(app.screen.columns));
    }
    if !messages.is_empty() {
        let gap = if parked.is_empty() { "" } else { "\n" };
        put!(text, "{gap}{}", undelivered(&messages, now).render(app.screen.columns));
    }
    if text.is_empty() {
        text.push_str("Nothing is parked.");
    }
    let rows = parked.iter().map(|row| {
        json!({ "id": row.row, "connection": row.connection, "stream": row.stream.plural(),
                "record": row.id, "reason": row.reason, "since": row.since, "retrying": row.retrying })
    });
    let sent = messages.iter().map(|one| {
        json!({ "id": format!("{MESSAGE}{}", one.seq), "to": one.message.to, "type": one.message.body.kind(),
                "since": one.since, "attempts": one.attempts, "next": one.next, "reason": one.why,
                "behind": one.behind })
    });
    let (rows, sent) = (rows.collect::<Vec<_>>(), sent.collect::<Vec<_>>());
    Ok(Answer::new(text, json!({ "parked": rows, "messages": sent })))
}

fn records(parked: &[ParkedRow], now: Timestamp) -> Table {
    let mut table = Table::new(&["Id", "Stream", "Record", "Since", "State", "What is wrong"]);
    for row in parked {
        table.row([
            row.row.to_string(),
            format!("{}/{}", row.connection, row.stream.plural()),
            row.id.as_deref().unwrap_or("?").to_owned(),
            ago(now.since(row.since)),
            if row.retrying { "to be read again" } else { "parked" }.to_owned(),
            row.reason.clone(),
        ]);
    }
    table
}

fn undelivered(messages: &[Undelivered], now: Timestamp) -> Table {
    let mut table = Table::new(&["Id", "To", "Message", "Since", "State", "What is wrong"]);
    for one in messages {
        let state = match one.next {
            None => format!("given up after {}", one.attempts),
            Some(at) if at <= now => "tried again now".to_owned(),
            Some(at) => format!("tried again in {}", ago(at.since(now))),
        };
        table.row([
            format!("{MESSAGE}{}", one.seq),
            clean(&one.message.to),
            one.message.body.kind().to_owned(),
            ago(now.since(one.since)),
            if one.behind == 0 { state } else { format!("{state}, {} wait behind", one.behind) },
            clean(&one.why),
        ]);
    }
    table
}
