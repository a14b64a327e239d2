//! `POST objects/{type}/search`: matched by the index (which lags), answered from the database.
//!
//! So a record that was just changed is found by its old value and shown with the new one, and one that was just
//! archived still counts in `total` but is missing from `results`: both as recorded.

mod filter;

use super::kinds::Kind;
use super::problem::Problem;
use super::record::Indexed;
use super::render::{Columns, Extra, object};
use super::reply::Reply;
use super::request::{Ask, text_of};
use super::schema::{CREATED, OBJECT_ID, Schema, Type};
use super::state::State;
use filter::{Filters, Words};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// Results past this position can't be asked for.
pub const CAP: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    #[serde(default)]
    pub filter_groups: Vec<Group>,
    #[serde(default)]
    pub sorts: Vec<Value>,
    #[serde(default)]
    pub properties: Vec<String>,
    pub limit: Option<usize>,
    #[serde(default)]
    pub after: Value,
    pub query: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Group {
    #[serde(default)]
    pub filters: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    pub property_name: String,
    pub operator: String,
    #[serde(default)]
    pub value: Value,
    #[serde(default)]
    pub high_value: Value,
    #[serde(default)]
    pub values: Vec<Value>,
}

/// Runs a search at `now`.
pub fn search(state: &State, ask: &Ask, kind: Kind, now: i64) -> Result<Reply, Problem> {
    let body: Search = ask.json()?;
    let schema = state.schema(kind);
    let (offset, limit) = window(&body)?;
    let filters = Filters::compile(schema, &body.filter_groups)?;
    let words = Words::of(schema, body.query.as_deref().unwrap_or(""))?;
    let order = Order::of(schema, body.sorts.first())?;
    let records = state.all(kind).range(filters.first_id()..).map(|(_, r)| r);
    let mut hits: Vec<Indexed<'_>> = records
        .filter_map(|r| r.indexed(now))
        .filter(|hit| !hit.archived && filters.matches(hit) && words.match_(hit))
        .collect();
    order.sort(&mut hits);
    let page = hits.iter().skip(offset).take(limit);
    let names: Vec<&str> = body.properties.iter().map(String::as_str).collect();
    let columns = Columns::asked(schema, &names, &[]);
    let mut out = format!("{{\"total\":{},\"results\":[", hits.len()).into_bytes();
    let mut first = true;
    for hit in page.filter(|hit| hit.record.is_live()) {
        if !first {
            out.push(b',');
        }
        first = false;
        object(&mut out, hit.record, &columns, Extra::default());
    }
    out.push(b']');
    if offset + limit < hits.len() {
        let next = json!({"next": {"after": (offset + limit).to_string()}});
        out.extend_from_slice(format!(",\"paging\":{next}").as_bytes());
    }
    out.push(b'}');
    Ok(Reply::raw(200, out))
}

/// (offset, limit), within the cap.
fn window(body: &Search) -> Result<(usize, usize), Problem> {
    let limit = body.limit.unwrap_or(10);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid(format!("Invalid input: limit {limit} must be between 1 and 200")));
    }
    let after = text_of(&body.after);
    let offset: usize = match after.as_str() {
        "" => 0,
        text => {
            text.parse().map_err(|_| Problem::invalid(format!("Invalid after: {text} is not an offset")))?
        }
    };
    if offset + limit > CAP {
        return Err(Problem::invalid(format!(
            "There was a problem with the request: after + limit is over {CAP}"
        )));
    }
    Ok((offset, limit))
}

/// One sort at most; without one by create date. Ties go by id.
struct Order {
    prop: super::props::PropId,
    numeric: bool,
    descending: bool,
}

impl Order {
    /// A sort comes as `{propertyName, direction}` or as a bare name, with `-` in front for descending.
    fn of(schema: &Schema, sort: Option<&Value>) -> Result<Self, Problem> {
        let (name, descending) = match sort {
            None => return Ok(Self { prop: CREATED, numeric: true, descending: false }),
            Some(Value::String(text)) => (text.trim_start_matches('-').to_owned(), text.starts_with('-')),
            Some(object) => (
                text_of(&object["propertyName"]),
                text_of(&object["direction"]).eq_ignore_ascii_case("DESCENDING"),
            ),
        };
        let prop = schema.id(&name).ok_or_else(|| filter::unknown(&name))?;
        let numeric = schema.def(prop).is_some_and(|d| d.kind == Type::Number);
        Ok(Self { prop, numeric, descending })
    }

    fn sort(&self, hits: &mut [Indexed<'_>]) {
        if self.prop == OBJECT_ID {
            if self.descending {
                hits.reverse();
            }
            return;
        }
        hits.sort_by(|a, b| {
            let order = self.compare(a, b);
            if self.descending { order.reverse() } else { order }
        });
    }

    fn compare(&self, a: &Indexed<'_>, b: &Indexed<'_>) -> Ordering {
        if let (Some(x), Some(y)) = (a.number(self.prop), b.number(self.prop)) {
            return x.cmp(&y);
        }
        let (x, y) = (a.text(self.prop), b.text(self.prop));
        if self.numeric {
            let number =
                |v: &Option<std::borrow::Cow<'_, str>>| v.as_ref().and_then(|v| v.parse::<f64>().ok());
            return number(&x).partial_cmp(&number(&y)).unwrap_or(Ordering::Equal);
        }
        x.cmp(&y)
    }
}
