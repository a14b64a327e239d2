//! `demo-agent`: an agent as a program of its own, for `demo`. It gets one message on standard input, looks at the deal
//! as any agent may, and answers with STATUS lines: a brief of who buys and what is not known yet. The daemon runs it
//! as it would run anybody's program.

use crate::{
    answer::{Answer, Screen, usage},
    app::App,
    desk,
    text::put,
};
use anyhow::Context;
use model::{AgentId, work::Party};
use serde_json::{Map, Value, json};
use std::io::BufRead;
use web::{Web, caller::Caller, operation};

/// Whose program this is, as the daemon says.
const AGENT: &str = "SALES_ORCHESTRATOR_AGENT";

/// No options.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Does the work of one message.
pub async fn run(app: &App, _: &Args) -> anyhow::Result<Answer> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the message")?;
    let message: Value =
        serde_json::from_str(&line).map_err(|error| usage(format!("no message: {error}")))?;
    if desk::at(&message, "/type") != "TASK" {
        // Told of something that asks for nothing.
        return Ok(Answer::silent());
    }
    let agent =
        std::env::var(AGENT).map_err(|_| usage(format!("{AGENT} is not set: whose program is this?")))?;
    say(&message, json!({ "status": "IN_PROGRESS", "progress": 20 }))?;
    let web = desk::web(app).await?;
    let context = context(&web, &agent, &message).await?;
    say(
        &message,
        json!({ "status": "IN_PROGRESS", "progress": 70, "metrics": { "facts": facts(&context) } }),
    )?;
    let (markdown, data) = brief(&message, &context);
    let title = format!("{} by {agent}", desk::at(&message, "/task/action").as_str().unwrap_or("Brief"));
    let result = json!({ "title": title, "markdown": markdown, "data": data });
    say(&message, json!({ "status": "DONE", "outcome": "success", "result": result }))?;
    Ok(Answer::silent())
}

/// One STATUS on the task of the message, on standard output.
fn say(message: &Value, rest: Value) -> anyhow::Result<()> {
    let mut status =
        json!({ "type": "STATUS", "to": "ORCHESTRATOR", "task_id": desk::at(message, "/task/id") });
    if let (Some(status), Value::Object(rest)) = (status.as_object_mut(), rest) {
        status.extend(rest);
    }
    Screen::line(&status.to_string()).context("answering")
}

/// The deal as the agent sees it; nothing for work on a segment.
async fn context(web: &Web, agent: &str, message: &Value) -> anyhow::Result<Value> {
    let subject = desk::at(message, "/task/params/subject").as_str().unwrap_or_default();
    if subject.starts_with("segment:") {
        return Ok(Value::Null);
    }
    let operation = operation::find("deal_context").context("deal_context is no operation")?;
    let caller = Caller { party: Party::Agent(AgentId::from(agent)), key: None };
    let answer = operation.call(web, &caller, json!({ "subject": subject })).await;
    answer.map_err(|problem| anyhow::anyhow!("{}", problem.detail))
}

/// How much there is to go by.
fn facts(context: &Value) -> usize {
    let count = |pointer: &str| desk::at(context, pointer).as_array().map_or(0, Vec::len);
    count("/untrusted/contacts") + count("/untrusted/activities") + count("/untrusted/notes")
}

/// What is known, what is not, and what to find out next. Names are quoted as they are: they are the customer's words.
fn brief(message: &Value, context: &Value) -> (String, Map<String, Value>) {
    let text = |pointer: &str| desk::at(context, pointer).as_str().filter(|text| !text.is_empty());
    let about = text("/untrusted/company/name").or_else(|| text("/untrusted/record/name"));
    let about = about.or_else(|| desk::at(message, "/task/params/subject").as_str()).unwrap_or("the market");
    let mut out = format!("# {about}\n\n");
    for (label, pointer) in [("Stage", "/stage"), ("In it since", "/stage_since"), ("Closes", "/close_date")]
    {
        if let Some(value) = text(pointer) {
            put!(out, "- {label}: {value}\n");
        }
    }
    if let Some(employees) = desk::at(context, "/employees").as_i64() {
        put!(out, "- Size: {employees} people\n");
    }
    let people = desk::at(context, "/untrusted/contacts").as_array().map(Vec::as_slice).unwrap_or_default();
    out += "\n## Who buys\n\n";
    for person in people {
        let name = desk::at(person, "/texts/name").as_str().unwrap_or("somebody");
        let title = desk::at(person, "/texts/job_title").as_str().unwrap_or("role unknown");
        put!(out, "- {name}, {title}\n");
    }
    let spoken = desk::at(context, "/untrusted/activities").as_array().map_or(0, Vec::len);
    let mut open = Vec::new();
    let mut ask = |missing: bool, what: &str| {
        if missing {
            open.push(what.to_owned());
        }
    };
    ask(people.is_empty(), "Who decides? Nobody is known at the buyer.");
    ask(people.len() == 1, "Who else has a say? Only one person is known.");
    ask(spoken == 0, "What do they want? There was neither a mail nor a meeting.");
    ask(desk::at(context, "/amount").is_null(), "What is it worth? No amount is set.");
    ask(desk::at(context, "/close_date").is_null(), "By when? No date is set.");
    if !open.is_empty() {
        out += "\n## To find out\n\n";
        for question in &open {
            put!(out, "- {question}\n");
        }
    }
    let data = json!({ "people": people.len(), "spoken": spoken, "open_questions": open.len() });
    let Value::Object(data) = data else { return (out, Map::new()) };
    (out, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brief_says_who_buys_and_asks_for_what_is_missing() {
        // given a deal with one contact, no mail and no amount
        let context = json!({
            "stage": "qualification", "employees": 40, "amount": null, "close_date": "2026-12-01T00:00:00.000Z",
            "untrusted": { "company": { "name": "Acme" }, "activities": [], "notes": [],
                           "contacts": [{ "texts": { "name": "Ann", "job_title": "CTO" } }] },
        });
        let (text, data) = brief(&json!({}), &context);
        assert_eq!(
            text,
            "# Acme\n\n- Stage: qualification\n- Closes: 2026-12-01T00:00:00.000Z\n- Size: 40 people\n\n\
             ## Who buys\n\n- Ann, CTO\n\n\
             ## To find out\n\n- Who else has a say? Only one person is known.\n\
             - What do they want? There was neither a mail nor a meeting.\n\
             - What is it worth? No amount is set.\n"
        );
        assert_eq!(Value::Object(data), json!({ "people": 1, "spoken": 0, "open_questions": 3 }));
        assert_eq!(facts(&context), 1);
    }
}
