//! The operations of the API for the command line: the same table, on behalf of the user of this machine.

use crate::{
    answer::usage,
    app::{self, App},
    text::clean,
};
use model::work::Party;
use runtime::clock::{self, SystemClock};
use serde_json::Value;
use std::sync::Arc;
use web::{Web, caller::Caller, operation};

/// The operations over the database; the daemon notices what they leave there within a second.
pub async fn web(app: &App) -> anyhow::Result<Web> {
    let config = app.config()?;
    let store = app.store(&config.settings)?;
    let rules = Arc::new(app.rules(config, &*store).await?);
    Ok(Web::new(store, Arc::new(SystemClock), move || rules.clone(), || {}, clock::seed()))
}

/// The user of this machine.
pub fn person() -> Party {
    Party::Person(app::actor().0.into())
}

/// Does an operation as a person. What is wrong with the input is a matter of usage.
pub async fn ask(web: &Web, name: &str, input: Value) -> anyhow::Result<Value> {
    let operation = operation::find(name).ok_or_else(|| usage(format!("there is no operation {name}")))?;
    let caller = Caller { party: person(), key: None };
    let answer = operation.call(web, &caller, input).await;
    answer.map_err(|problem| match problem.status {
        404 | 422 => usage(problem.detail),
        _ => anyhow::anyhow!("{}", problem.detail),
    })
}

/// The list of that name over all its pages, until there are `most`; `more` of the answer says whether some are left.
pub async fn list(web: &Web, name: &str, mut input: Value, most: usize) -> anyhow::Result<Value> {
    let mut all = Vec::new();
    loop {
        let mut page = ask(web, name, input.clone()).await?;
        if let Some(Value::Array(list)) = page.get_mut(name).map(Value::take) {
            all.extend(list);
        }
        let more = at(&page, "/more") == true;
        if !more || all.len() >= most {
            let more = more || all.len() > most;
            all.truncate(most);
            return Ok(serde_json::json!({ name: all, "more": more }));
        }
        if let (Some(next), Value::Object(input)) = (page.get_mut("next"), &mut input) {
            input.insert("cursor".to_owned(), next.take());
        }
    }
}

/// A part of an answer by its JSON pointer; null where there is none.
pub fn at<'a>(answer: &'a Value, pointer: &str) -> &'a Value {
    answer.pointer(pointer).unwrap_or(&Value::Null)
}

/// The deal or contact that is meant: an id, `deal:ID`, or part of a name that only one has.
pub async fn subject(web: &Web, text: &str) -> anyhow::Result<String> {
    let bare = text.split_once(':').map_or(text, |(_, id)| id);
    if bare.parse::<model::Id>().is_ok() {
        return Ok(if text.contains(':') { text.to_owned() } else { format!("deal:{text}") });
    }
    let found = ask(web, "search", serde_json::json!({ "text": text, "kind": "deal" })).await?;
    let found: Vec<(&str, &str)> = at(&found, "/found")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((at(one, "/id").as_str()?, at(one, "/untrusted/name").as_str()?)))
        .collect();
    match found.as_slice() {
        [] => Err(usage(format!("no deal is known by {text:?}"))),
        [(id, _)] => Ok(format!("deal:{id}")),
        many => {
            let lines: Vec<String> =
                many.iter().take(10).map(|(id, name)| format!("  deal:{id}  {}", clean(name))).collect();
            Err(usage(format!("{text:?} may be any of these:\n{}", lines.join("\n"))))
        }
    }
}

/// `KEY=VALUE`; the value is JSON where it can be read as that, else text.
pub fn param(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "write KEY=VALUE".to_owned())?;
    Ok((key.trim().to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

/// What came of something said, in words.
pub fn effect(answer: &Value) -> String {
    let effect = at(answer, "/effect");
    let text = |field: &str| at(effect, &format!("/{field}")).as_str().unwrap_or_default().to_owned();
    match at(effect, "/effect").as_str() {
        Some("handoff") => format!("Handoff {} is {}.", text("handoff"), text("status")),
        Some("escalation") => format!("Escalation {} is {}.", text("escalation"), text("status")),
        Some("task") => format!("Task {} is {}.", text("task"), text("state")),
        Some("ignored") => format!("Kept, without effect: {}", clean(&text("why"))),
        _ => "Kept.".to_owned(),
    }
}
