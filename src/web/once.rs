//! Calls that name an idempotency key: the first answer is kept and given again, another call under that key is
//! refused (IETF draft "The Idempotency-Key HTTP Header Field", section 2.6).

use crate::{Web, caller::Caller, problem::Problem};
use http::StatusCode;
use model::Id;
use serde_json::{Value, json};
use store::Answered;
use tracing::warn;

/// One call with a key.
pub struct Once {
    key: String,
    claim: Answered,
}

impl Once {
    /// The call of `operation` with this input; `None` when the caller named no key.
    pub fn of(caller: &Caller, operation: &str, input: &Value) -> Option<Self> {
        let key = caller.key.clone()?;
        let party = format!("{:?}", caller.party);
        let id = Id::derived(&["call", &party, &key]).to_string().into();
        let hash = Id::derived(&[operation, &input.to_string()]).to_string().into();
        Some(Self { key, claim: Answered { id, hash, answer: String::new() } })
    }

    /// Takes the key for this call; the answer, where it was given before. A call whose answer never came is made
    /// anew: whatever it did is known by ids that follow from the key.
    pub async fn begin(&self, web: &Web) -> Result<Option<Value>, Problem> {
        let Some(known) = web.store().claim_answer(self.claim.clone(), web.now()).await? else {
            return Ok(None);
        };
        if known.hash != self.claim.hash {
            let detail =
                format!("the idempotency key {:?} was used for another call: take a new one", self.key);
            return Err(Problem::new(StatusCode::CONFLICT, "reused", detail));
        }
        Ok(repeated(&known.answer))
    }

    /// Keeps what came of it. What was refused or waits for approval is not kept: it may be said again once that is
    /// over.
    pub async fn end(self, web: &Web, answer: Option<&Value>) {
        let answer = answer.filter(|answer| answer.get("waits_for_approval").is_none());
        let settled = web.store().settle_answer(&self.claim.id, answer.map(Value::to_string)).await;
        settled.unwrap_or_else(|error| warn!(%error, "an answer was not kept: a repeated call is made anew"));
    }
}

/// An answer given before, which says so; `None` where none was kept.
pub fn repeated(answer: &str) -> Option<Value> {
    let mut answer: Value = serde_json::from_str(answer).ok()?;
    answer.as_object_mut()?.insert("repeated".to_owned(), json!(true));
    Some(answer)
}
