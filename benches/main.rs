//! What the whole product costs, measured beside what it is compared with, in one run:
//! `cargo bench --bench product [-- NAME…] [--records N] [--tasks N] [--seconds N] [--mails N] [--events N]`.
//! Names: backfill, limits, nochange, idle, assign, gap, messages, mailbox, calendar.
//! Ratios decide; absolute figures hold for the machine that is printed with them.
#![expect(clippy::cast_precision_loss, reason = "figures for people, far below 2^52")]

mod assign;
mod backfill;
mod board;
mod calendar;
mod child;
mod daemon;
mod dlt;
mod first;
mod floor;
mod gap;
mod idle;
mod limits;
mod machine;
mod mailbox;
mod messages;
mod nochange;
mod office;
mod rig;
mod server;
mod show;
mod talker;

use anyhow::Context;
use show::Row;
use std::process::ExitCode;

/// What to measure with.
pub struct Plan {
    /// Contacts of the full pass.
    pub records: usize,
    /// Tasks in the queue when agents begin to talk.
    pub tasks: usize,
    /// For how long they talk.
    pub seconds: usize,
    /// Mails of the mailbox.
    pub mails: usize,
    /// Events of the calendar.
    pub events: usize,
}

type Bench = fn(&Plan) -> anyhow::Result<Vec<Row>>;

const BENCHES: [(&str, Bench); 9] = [
    ("backfill", backfill::run),
    ("limits", limits::run),
    ("nochange", nochange::run),
    ("idle", idle::run),
    ("assign", assign::run),
    ("gap", gap::run),
    ("messages", messages::run),
    ("mailbox", mailbox::run),
    ("calendar", calendar::run),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.split_first() {
        Some((role, rest)) if role.starts_with(child::ROLE) => child::play(role, rest),
        _ => measure(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::note(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> anyhow::Result<()> {
    let mut plan = Plan { records: 50_000, tasks: 100_000, seconds: 60, mails: 100_000, events: 50_000 };
    let mut wanted: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let figure = match word.as_str() {
            "--records" => &mut plan.records,
            "--tasks" => &mut plan.tasks,
            "--seconds" => &mut plan.seconds,
            "--mails" => &mut plan.mails,
            "--events" => &mut plan.events,
            name if BENCHES.iter().any(|(known, _)| *known == name) => {
                wanted.push(word);
                continue;
            }
            _ => {
                let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
                anyhow::bail!("{word:?} is no benchmark: {}", names.join(", "));
            }
        };
        let number = words.next().with_context(|| format!("{word} needs a number"))?;
        *figure = number.parse().with_context(|| format!("{word} {number}"))?;
    }
    show::heading(&machine::describe());
    for (name, bench) in BENCHES.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)) {
        let rows = bench(&plan).with_context(|| (*name).to_owned())?;
        show::table(name, &rows);
    }
    Ok(())
}
