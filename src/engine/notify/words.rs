//! Notices in words: what happened, why, and what to do. Plain text; names of foreign origin stay on one line.

use super::{About, Note};
use jiff::tz::TimeZone;
use model::{Event, EventKind, Field, Id, Kind, Timestamp, Write};
use std::fmt::Write as _;

/// Longest foreign text in a line, in characters.
const LONGEST: usize = 160;

/// Subject and text of an event; `None` for what nobody is told of.
pub(super) fn event(event: &Event, about: &About) -> Option<(String, String)> {
    let whose = about.name().map_or_else(|| nameless(event, about), line);
    let (subject, happened) = match &event.kind {
        EventKind::FirstSeen => (format!("New: {whose}"), format!("{whose} was seen for the first time.")),
        EventKind::Returned => (format!("Back again: {whose}"), format!("{whose} is back at its source.")),
        EventKind::Gone { .. } => (format!("Gone: {whose}"), format!("{whose} left its source.")),
        EventKind::StageEntered { from, to } => {
            let from = from.map(|from| format!(", from {from}")).unwrap_or_default();
            (format!("{whose}: now in {to}"), format!("{whose} entered the stage {to}{from}."))
        }
        EventKind::OutcomeChanged { to } => {
            (format!("{whose}: {}", to.name()), format!("{whose} is {} now.", to.name()))
        }
        EventKind::TransitionSuggested { from, to, signal } => (
            format!("{whose}: move to {to}?"),
            format!("{whose} seems ready to go from {from} to {to}.\nWhy: the signal {:?}.", line(signal)),
        ),
        EventKind::TaskCreated { .. } => {
            (format!("New task: {}", task(about)), format!("A task on {whose} was made: {}.", task(about)))
        }
        EventKind::TaskOffered { agent, until } => {
            let text = format!(
                "A task on {whose} is offered to {agent} until {until}: {}.\nAccept or decline it over the API \
                 (docs/agents.md), or ask somebody who can.",
                task(about)
            );
            (format!("{agent}: {}?", task(about)), text)
        }
        EventKind::TaskAssigned { agent } => {
            let due = about.task.as_ref().and_then(|task| task.due);
            let due = due.map(|due| format!("\nDue: {due}.")).unwrap_or_default();
            let text = format!("{agent} has a task on {whose}: {}.{due}", task(about));
            (format!("{agent}: {}", task(about)), text)
        }
        EventKind::TaskEnded { how } => (
            format!("Ended: {}", task(about)),
            format!("A task on {whose} ended ({}): {}.", line(how), task(about)),
        ),
        EventKind::Handoff { handoff, route, status } => (
            format!("{whose}: handoff {status}"),
            format!(
                "{whose} goes from {}: {status}.\nSee: sales-orchestrator handoff ({handoff})",
                line(route)
            ),
        ),
        EventKind::Escalation { escalation, reason, level, status } => (
            format!("{whose}: {} is {status}", line(reason)),
            format!(
                "{} on {whose} is {status}, at the level {level}.\n\
                 Take it up: sales-orchestrator escalate --acknowledge {escalation}\n\
                 Settle it: sales-orchestrator escalate --resolve {escalation} --how \"...\"",
                line(reason)
            ),
        ),
        EventKind::WriteSettled { state, .. } => return Some(write(state, about)),
        EventKind::ActivityLinked { what, how, ambiguous, .. } => {
            let how = how.as_deref().map(line).unwrap_or_default();
            let doubt = if *ambiguous { " It could belong to another one just as well." } else { "" };
            let text = format!("A {} belongs to {whose}, by its {how}.{doubt}", what.name());
            (format!("{whose}: new {}", what.name()), text)
        }
        EventKind::Bounced { address } => {
            let text = format!("A mail to {whose} ({}) could not be delivered.", line(address));
            (format!("Not delivered: {whose}"), text)
        }
        EventKind::Noticed { what } => {
            (line(what), format!("{}\nSource: {}.", line(what), line(&event.source)))
        }
        EventKind::TaskReturned { .. }
        | EventKind::TaskReported { .. }
        | EventKind::Triggered { .. }
        | EventKind::Changed { .. }
        | EventKind::Relinked { .. }
        | EventKind::Joined { .. } => return None,
    };
    Some((subject, format!("{happened}{}{}", facts(about), more(event, about))))
}

/// A write that did not go as decided.
fn write(state: &str, about: &About) -> (String, String) {
    let Some((row, write, note)) = &about.write else {
        let text = "A write ended, and its row is no more.\nSee: sales-orchestrator writes".to_owned();
        return (format!("A write is {state}"), text);
    };
    let whose = about.name().map_or_else(|| write.target.to_string(), line);
    let what = write.intent.kind().name().replace('_', " ");
    let meaning = match state {
        "unknown" => "Nobody can tell whether it happened. Look there, then decide.",
        "refused" => "It did not happen, and will not unless something is changed.",
        "moved" => "It was not sent: the record had changed since the decision. A new decision follows.",
        other => other,
    };
    let words = note.as_deref().map(|note| format!("\nLast words: {}", line(note))).unwrap_or_default();
    let text = format!(
        "{what} on {whose} ({}): {state}.\n{meaning}\nWhy it was wanted: {}{words}\n\
         Again: sales-orchestrator writes retry {row}\nNever: sales-orchestrator writes skip {row}",
        write.target.connection,
        line(&because(write)),
    );
    (format!("{what} on {whose}: {state}"), text)
}

fn because(write: &Write) -> String {
    if write.because.is_empty() { "not said".to_owned() } else { write.because.clone() }
}

/// A stream that can't be read.
pub(super) fn trouble(connection: &str, stream: &str, why: &str, since: Timestamp) -> (String, String) {
    let text = format!(
        "{connection} can't be read ({stream}) since {since}.\nWhy: {}\n\
         What was known stays; decisions rest on it until it can be read again.\n\
         See: sales-orchestrator check {connection}",
        line(why)
    );
    (format!("{connection} can't be read"), text)
}

/// Subject and text of the message that says some notices.
pub(super) fn message(notes: &[Note], route: &str, zone: &TimeZone) -> Option<(String, String)> {
    let footer = format!("\n\n-- \nsales-orchestrator, route {route:?}\n");
    let first = notes.first()?;
    if notes.len() == 1 {
        return Some((first.subject.clone(), format!("{}{footer}", first.text)));
    }
    let mut text = format!("{} notices were held back for you:\n", notes.len());
    for note in notes {
        let at = note.at.to_jiff().to_zoned(zone.clone()).strftime("%a %d %b %H:%M");
        // Writing to a String cannot fail.
        let _written = write!(text, "\n* {at}  {}\n", note.subject);
        for line in note.text.lines() {
            let _written = writeln!(text, "    {line}");
        }
    }
    Some((format!("{} notices: {} ...", notes.len(), first.subject), format!("{}{footer}", text.trim_end())))
}

fn task(about: &About) -> String {
    about.task.as_ref().map_or_else(|| "a task".to_owned(), |task| line(&task.title))
}

/// Amount, company and owner, where known.
fn facts(about: &About) -> String {
    let Some(view) = &about.view else { return String::new() };
    let company = view.company.as_ref().and_then(|(_, fields)| fields.text(Field::Name));
    let mut facts = Vec::new();
    facts.extend(company.map(|name| format!("Company: {}", line(name))));
    facts.extend(view.fields.money(Field::Amount).map(|amount| format!("Amount: {amount}")));
    facts.extend(about.owner.as_ref().map(|owner| format!("Owner: {}", owner.address)));
    if facts.is_empty() { String::new() } else { format!("\n{}", facts.join("\n")) }
}

/// Where to look further.
fn more(event: &Event, about: &About) -> String {
    let record = about.view.as_ref().map(|view| match view.subject {
        model::work::Subject::Deal(id) => (Kind::Deal, id),
        model::work::Subject::Lead(id) => (Kind::Contact, id),
        model::work::Subject::Segment(_) => (Kind::Deal, view.record),
    });
    let why = |kind: Kind, id: Id| format!("\nMore: sales-orchestrator why {}:{id}", kind.name());
    match (record, event.subject) {
        (Some((kind, id)), _) => why(kind, id),
        (None, Some(id)) => format!("\nMore: sales-orchestrator why {id}"),
        (None, None) => String::new(),
    }
}

fn nameless(event: &Event, about: &About) -> String {
    match (&about.view, &about.task) {
        (Some(view), _) => view.subject.to_string(),
        (None, Some(task)) => task.subject.to_string(),
        (None, None) => event.subject.map_or_else(|| "the daemon".to_owned(), |id| id.to_string()),
    }
}

/// Foreign text on one line, not too long.
fn line(text: &str) -> String {
    let clean: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let mut clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}
