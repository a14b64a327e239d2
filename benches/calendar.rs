//! The first pass over a large calendar on a real Radicale, beside a plain listing of all its events from Python, and
//! what a pass costs after ten new events.

use crate::{
    Plan, first,
    server::{self, Server},
    show::Row,
};
use anyhow::Context;
use std::{
    fs,
    path::{Path, PathBuf},
};

const NEW: usize = 10;
/// What the server itself keeps of a calendar.
const PROPERTIES: &str =
    r#"{"tag": "VCALENDAR", "C:supported-calendar-component-set": "VEVENT", "D:displayname": "Work"}"#;
const SCRIPT: &str = "plain_events.py";

pub fn run(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let server = match Server::start("radicale") {
        Ok(server) => server,
        Err(why) => return Ok(vec![Row::plain("calendar", format!("skipped: radicale because {why:#}"))]),
    };
    let calendar = calendar(server.folder())?;
    write(&calendar, 0..plan.events)?;
    // The server reads each event once and keeps what it found: nobody who only lists should pay for that.
    server::python(SCRIPT, &[&server.base])?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("calendar.db");
    let mut rows = first::beside("caldav", &server.base, SCRIPT, plan.events, &database)?;
    let all = plan.events + NEW;
    write(&calendar, plan.events..all)?;
    rows.extend(first::increment(first::again("caldav", &server.base, &database)?, all, 12.0, 100.0)?);
    Ok(rows)
}

fn calendar(folder: &Path) -> anyhow::Result<PathBuf> {
    let calendar = folder.join("collections/collection-root/anna/sales");
    fs::create_dir_all(&calendar)?;
    fs::write(calendar.join(".Radicale.props"), PROPERTIES).context("making the calendar")?;
    Ok(calendar)
}

fn write(calendar: &Path, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    for number in numbers {
        fs::write(calendar.join(format!("e{number:06}.ics")), event(number))?;
    }
    Ok(())
}

/// A meeting with two guests. Its times are in UTC: a zone costs the server fifty milliseconds of each event.
fn event(number: usize) -> String {
    let (month, day, hour) = (1 + number % 12, 1 + number % 28, 8 + number % 9);
    let (at, company) =
        (format!("2026{month:02}{day:02}T{hour:02}"), format!("acme{}.example", number % 997));
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Bench//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:e{number:06}@bench.example"),
        "DTSTAMP:20260101T000000Z".to_owned(),
        "LAST-MODIFIED:20260101T000000Z".to_owned(),
        format!("DTSTART:{at}0000Z"),
        format!("DTEND:{at}4500Z"),
        format!("SUMMARY:Demo for Acme {number}"),
        "DESCRIPTION:Show the reports\\, then talk about the price.".to_owned(),
        "ORGANIZER;CN=Anna:mailto:anna@x.test".to_owned(),
        format!("ATTENDEE;CN=Ann Buyer;PARTSTAT=ACCEPTED:mailto:ann{}@{company}", number % 9973),
        format!("ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION:mailto:bob@{company}"),
        "STATUS:CONFIRMED".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
        String::new(),
    ];
    lines.join("\r\n")
}
