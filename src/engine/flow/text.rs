//! Wording of tasks, for people who read them in their CRM. Plain text: connectors escape it.

use super::facts::Evidence;
use model::{
    AgentId, Field, Fields, Kind,
    work::{Subject, SubjectView, Task},
};
use std::fmt::Write as _;

/// Names from outside are cut here, so that a title stays a title.
const LONGEST_NAME: usize = 120;
/// A piece of evidence may name a record and quote a phrase.
const LONGEST_GROUND: usize = 240;
/// How many contacts a task's text names.
const MOST_CONTACTS: usize = 5;

/// Subject line and body of the CRM task by which an agent is told of its work.
pub fn task_text(task: &Task, agent: &AgentId, view: &SubjectView, instructions: &str) -> (String, String) {
    let subject = format!("[{agent}] {}", task.title);
    let mut body = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a String never fails.
            writeln!(body, "{label}: {value}").unwrap_or_default();
        }
    };
    line("To do", instructions);
    line("Agent", agent.as_str());
    line("Stage", task.stage.name());
    line("Company", &view.company.as_ref().map_or_else(String::new, |(_, fields)| name(fields)));
    match task.subject {
        Subject::Deal(_) => line("Deal", &name(&view.fields)),
        Subject::Lead(_) => line("Lead", &person(&view.fields)),
        Subject::Segment(_) => {}
    }
    line("Amount", &view.fields.money(Field::Amount).map_or_else(String::new, |amount| amount.to_string()));
    let people: Vec<_> = view.contacts.iter().take(MOST_CONTACTS).map(|(_, fields)| person(fields)).collect();
    line("Contacts", &people.join(", "));
    line("Because", &task.cause);
    (subject, body.trim_end().to_owned())
}

/// What a task's title says after the action: company and deal, or the lead.
pub(super) fn about(view: &SubjectView) -> String {
    let company = view.company.as_ref().map(|(_, fields)| name(fields)).unwrap_or_default();
    match view.subject {
        Subject::Deal(_) => {
            let deal = name(&view.fields);
            if company.is_empty() || deal.contains(&company) { deal } else { format!("{company} – {deal}") }
        }
        Subject::Lead(_) => {
            let person = person(&view.fields);
            if company.is_empty() { person } else { format!("{person} ({company})") }
        }
        Subject::Segment(_) => String::new(),
    }
}

/// Evidence in one line: `company.employees = 2000`.
pub(super) fn grounds(evidence: &[Evidence]) -> String {
    let each = evidence.iter().map(|one| format!("{} = {}", one.field, line(&one.value, LONGEST_GROUND)));
    each.collect::<Vec<_>>().join(", ")
}

fn name(fields: &Fields) -> String {
    clean(fields.text(Field::Name).unwrap_or_default())
}

fn person(fields: &Fields) -> String {
    let (name, email) = (name(fields), clean(fields.text(Field::Email).unwrap_or_default()));
    match (name.is_empty(), email.is_empty()) {
        (true, true) => Kind::Contact.name().to_owned(),
        (true, false) => email,
        (false, true) => name,
        (false, false) => format!("{name} <{email}>"),
    }
}

fn clean(text: &str) -> String {
    line(text, LONGEST_NAME)
}

/// One line of bounded length, whatever the source put into it.
fn line(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    line.trim().to_owned()
}
