//! Batch calls: at most 100 inputs, answers in any order, partial failure as 207.

pub mod read;
pub mod write;

use super::hub::Hub;
use super::problem::Problem;
use super::reply::Reply;
use crate::clock::iso;
use serde_json::Value;

const MOST: usize = 100;

/// Refuses empty and over-long input lists.
fn within_limit(count: usize, most: usize) -> Result<(), Problem> {
    if count == 0 {
        return Err(Problem::invalid("Invalid input JSON: inputs may not be empty"));
    }
    if count > most {
        return Err(Problem::invalid(format!(
            "The number of inputs ({count}) is over the maximum of {most}"
        )));
    }
    Ok(())
}

/// The answer of a batch: results shuffled, 207 where something failed.
fn answer(hub: &mut Hub, at: i64, status: u16, mut results: Vec<Vec<u8>>, errors: &[Value]) -> Reply {
    if let Some(dice) = &mut hub.shuffle {
        dice.shuffle(&mut results);
    }
    let mut out = b"{\"status\":\"COMPLETE\",\"results\":[".to_vec();
    out.extend_from_slice(&results.join(&b","[..]));
    out.extend_from_slice(format!("],\"startedAt\":\"{0}\",\"completedAt\":\"{0}\"", iso(at)).as_bytes());
    if !errors.is_empty() {
        let text = format!(",\"numErrors\":{},\"errors\":{}", errors.len(), Value::from(errors.to_vec()));
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'}');
    Reply::raw(if errors.is_empty() { status } else { 207 }, out)
}

/// Unknown ids, as one error for all of them.
fn unknown(kind: super::kinds::Kind, ids: &[String]) -> Vec<Value> {
    if ids.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.",
        kind.singular().to_uppercase()
    );
    let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
    vec![Problem::not_found(text).with_context("ids", &refs).as_item()]
}
