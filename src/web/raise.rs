//! Triggers.

use crate::{Web, caller::Caller, context::subject, problem::Problem};
use engine::flow::StageBook;
use model::work::{Subject, message::check_params};
use runtime::settings::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Raise;

/// Of `trigger`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Its name (`product_launch`).
    name: String,
    /// `deal:ID`, `contact:ID` or `segment:NAME`; the first configured segment when absent.
    subject: Option<String>,
    /// What its tasks are given.
    #[serde(default)]
    params: Map<String, Value>,
    /// Names this occasion: the same one makes no further tasks.
    occasion: Option<String>,
}

/// A segment must be one of the configuration's: its tasks would be nobody's concern.
fn configured(book: &StageBook, subject: Subject) -> Result<Subject, Problem> {
    let known: Vec<&str> = book.segments.iter().map(|segment| &*segment.id).collect();
    match &subject {
        Subject::Segment(name) if !known.contains(&&**name) => {
            let known = known.join(", ");
            Err(Problem::input(format!("no segment is called {name:?}; configured are: {known}")))
        }
        Subject::Segment(_) | Subject::Deal(_) | Subject::Lead(_) => Ok(subject),
    }
}

pub async fn trigger(web: &Web, caller: &Caller, input: Trigger) -> Result<Value, Problem> {
    let Trigger { name, subject: about, params, occasion } = input;
    check_params(&params).map_err(|error| Problem::input(error.to_string()))?;
    let rules = web.rules();
    let book = &rules.config.book;
    let known: Vec<&str> = book.triggers.iter().map(|trigger| &*trigger.id).collect();
    if !known.contains(&name.as_str()) {
        let meant = nearest(&name, &known).map(|near| format!("; did you mean {near:?}?"));
        let all = known.join(", ");
        return Err(Problem::input(format!(
            "there is no trigger {name:?}: {all}{}",
            meant.unwrap_or_default()
        )));
    }
    let about = if let Some(text) = about.as_deref() {
        configured(book, subject(text)?)?
    } else {
        let segment = book.segments.first().map(|segment| segment.id.clone());
        let none = || Problem::input("`subject` is missing, and no segment is configured");
        Subject::Segment(segment.ok_or_else(none)?)
    };
    let occasion =
        occasion.unwrap_or_else(|| web.message_id(caller, &format!("trigger {name} {about}")).to_string());
    let raise = Raise { trigger: name.into(), occasion: occasion.as_str().into(), subject: about, params };
    let new = web.store().raise(&caller.party, raise, web.now()).await?;
    Ok(json!({ "raised": new, "occasion": occasion }))
}
