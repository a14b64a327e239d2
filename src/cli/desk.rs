//! The operations of the API for the command line: the same table, on behalf of the user of this machine.

use crate::{
    answer::usage,
    app::{self, App},
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
        404 | 409 | 422 => usage(problem.detail),
        _ => anyhow::anyhow!("{}", problem.detail),
    })
}
