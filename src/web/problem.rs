//! Refusals as people and programs read them (RFC 9457, `application/problem+json`).

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Error, Refusal};

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// What kind of problem, as a stable word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// In a few words.
    pub title: String,
    /// What is wrong, where, and what to do.
    pub detail: String,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Refused").to_owned(),
            detail: detail.into(),
        }
    }
    /// The input is not what the operation takes.
    pub fn input(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "input", detail)
    }
    /// There is no such thing, or not for this caller.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", detail)
    }
    /// This caller may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused { refusal, why } => {
                let (status, kind) = match refusal {
                    Refusal::NotYours => (StatusCode::FORBIDDEN, "not_yours"),
                    Refusal::Unknown => (StatusCode::NOT_FOUND, "unknown"),
                    Refusal::Reused => (StatusCode::CONFLICT, "reused"),
                    Refusal::State => (StatusCode::CONFLICT, "state"),
                    Refusal::Order => (StatusCode::CONFLICT, "order"),
                    Refusal::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, "input"),
                };
                Self::new(status, kind, why)
            }
            other => {
                // The cause is for the log; a caller can do nothing with it.
                tracing::error!(error = %other, "an operation failed");
                let detail = "the database did not answer; try again, the daemon's log says more";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", detail)
            }
        }
    }
}
