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
use store::Store;
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

/// The whole id of the task, handoff or escalation that begins so; other words stay as they are.
pub async fn whole_id(store: &dyn Store, text: &str) -> anyhow::Result<String> {
    match store.ids(text, 10).await?.as_slice() {
        [] => Ok(text.to_owned()),
        [id] => Ok(id.to_string()),
        many => {
            let lines: Vec<String> = many.iter().map(|id| format!("  {id}")).collect();
            Err(usage(format!("{text} may be any of these:\n{}", lines.join("\n"))))
        }
    }
}

/// The deal or contact that is meant: an id, `deal:ID`, the beginning of an id, part of a name that only one has, or a
/// deal by its company (`Acme – Platform`).
pub async fn subject(web: &Web, text: &str) -> anyhow::Result<String> {
    let (kind, bare) = match text.split_once(':') {
        Some((kind @ ("deal" | "contact"), bare)) => (kind, bare),
        _ => ("deal", text),
    };
    if bare.parse::<model::Id>().is_ok() {
        return Ok(format!("{kind}:{bare}"));
    }
    let found = ask(web, "search", serde_json::json!({ "text": bare, "kind": kind })).await?;
    let found: Vec<(&str, &str)> = at(&found, "/found")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((at(one, "/id").as_str()?, at(one, "/untrusted/name").as_str()?)))
        .collect();
    match found.as_slice() {
        [] => Err(usage(format!("no {kind} is known by {text:?}"))),
        [(id, _)] => Ok(format!("{kind}:{id}")),
        many => {
            let lines: Vec<String> =
                many.iter().take(10).map(|(id, name)| format!("  {kind}:{id}  {}", clean(name))).collect();
            Err(usage(format!("{text:?} may be any of these:\n{}", lines.join("\n"))))
        }
    }
}

/// A number of things to be shown: at least one.
pub fn some(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "write a number".to_owned())?;
    if number == 0 { Err("at least 1".to_owned()) } else { Ok(number) }
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
