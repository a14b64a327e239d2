//! HubSpot's refusals as kinds of failure.

use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{StatusCode, response::Parts};
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// HubSpot's error body. Every field is optional, and the body may be HTML instead.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    message: String,
    category: String,
    policy_name: String,
    context: BTreeMap<String, Vec<String>>,
    errors: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    message: String,
    context: BTreeMap<String, Vec<String>>,
}

/// HubSpot's word for missing permissions, in the body or in one of its errors.
const SCOPES: &str = "requiredGranularScopes";
/// Longest part of the vendor's message that is kept.
const WORDS: usize = 300;

/// `Ok` for an answer that carries a result, 207 included.
pub fn accepted(call: &str, parts: &Parts, body: &Bytes) -> Result<(), Error> {
    match parts.status.as_u16() {
        200 | 201 | 202 | 204 | 207 => Ok(()),
        _ => Err(refusal(call, parts, body)),
    }
}

/// What a refusal means.
pub fn refusal(call: &str, parts: &Parts, body: &Bytes) -> Error {
    let said: Body = serde_json::from_slice(body).unwrap_or_default();
    let kind = kind(parts, &said);
    let mut detail = format!("{call}: {}", parts.status.as_u16());
    let words: String = said.message.chars().filter(|c| !c.is_control()).take(WORDS).collect();
    if !words.is_empty() {
        detail.push(' ');
        detail.push_str(&words);
    }
    if let Some(id) = parts.headers.get("x-hubspot-correlation-id").and_then(|id| id.to_str().ok()) {
        detail = format!("{detail} (correlation {id})");
    }
    Error::answered(kind, detail)
}

/// An answer that can't be read although its status is good.
pub fn garbled(call: &str, why: impl std::fmt::Display) -> Error {
    Error::answered(ErrorKind::Garbled, format!("{call}: the answer can't be read: {why}"))
}

fn kind(parts: &Parts, said: &Body) -> ErrorKind {
    match parts.status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ErrorKind::Forbidden { missing: missing(said) },
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::CONFLICT => ErrorKind::Conflict { existing: existing(said) },
        StatusCode::LOCKED => ErrorKind::Busy { after: retry_after(parts).or(Some(Duration::from_secs(2))) },
        StatusCode::TOO_MANY_REQUESTS => limited(parts, said),
        status => match status.as_u16() {
            477 => ErrorKind::Busy { after: retry_after(parts).or(Some(Duration::from_mins(1))) },
            // Cloudflare before HubSpot: the token is malformed.
            530 => ErrorKind::Unauthorized,
            400..=499 => ErrorKind::Invalid,
            500..=599 => ErrorKind::Server,
            _ => ErrorKind::Garbled,
        },
    }
}

fn limited(parts: &Parts, said: &Body) -> ErrorKind {
    let policy = format!("{} {}", said.policy_name, said.message).to_ascii_lowercase();
    if policy.contains("daily") {
        return ErrorKind::DailyLimit { until: None };
    }
    let usual = if policy.contains("ten_secondly") { 10 } else { 1 };
    ErrorKind::RateLimited { after: retry_after(parts).or(Some(Duration::from_secs(usual))) }
}

fn retry_after(parts: &Parts) -> Option<Duration> {
    let text = parts.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// Scope names, from `context` anywhere in the body, else from `(requires one of [contacts-read])`.
fn missing(said: &Body) -> Vec<String> {
    let contexts = std::iter::once(&said.context).chain(said.errors.iter().map(|e| &e.context));
    let mut scopes: Vec<String> = contexts.filter_map(|c| c.get(SCOPES)).flatten().cloned().collect();
    if scopes.is_empty()
        && let Some((_, rest)) = said.message.split_once("requires one of [")
    {
        let list = rest.split(']').next().unwrap_or_default();
        scopes.extend(list.split(',').map(|scope| scope.trim().to_owned()).filter(|s| !s.is_empty()));
    }
    scopes.sort();
    scopes.dedup();
    scopes
}

/// The id stands in the text only: `Existing ID: 6001`, or `in use by object with id 6001`.
fn existing(said: &Body) -> Option<Box<str>> {
    let texts = std::iter::once(&said.message).chain(said.errors.iter().map(|e| &e.message));
    texts.into_iter().find_map(|text| id_in(text))
}

fn id_in(text: &str) -> Option<Box<str>> {
    let rest = ["Existing ID: ", "object with id ", "belongs to object "].iter().find_map(|mark| {
        let (_, rest) = text.split_once(mark)?;
        Some(rest)
    })?;
    let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!id.is_empty()).then(|| id.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
        let mut built = http::Response::builder().status(status);
        for (name, value) in headers {
            built = built.header(*name, *value);
        }
        let (parts, ()) = built.body(()).unwrap().into_parts();
        refusal("hubspot.test", &parts, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_missing_scope_is_named_in_both_recorded_forms() {
        let granular = r#"{"status":"error","message":"This app hasn't been granted all required scopes","category":"MISSING_SCOPES","errors":[{"message":"x","context":{"requiredGranularScopes":["crm.objects.deals.read"]}}]}"#;
        assert_eq!(
            answer(403, &[], granular).kind,
            ErrorKind::Forbidden { missing: vec!["crm.objects.deals.read".into()] }
        );
        let old =
            r#"{"status":"error","message":"You do not have permissions (requires one of [contacts-read])"}"#;
        assert_eq!(
            answer(403, &[], old).kind,
            ErrorKind::Forbidden { missing: vec!["contacts-read".into()] }
        );
    }

    #[test]
    fn a_404_page_in_html_is_not_found() {
        let page = "<html>\n<head><title>Error 404 Not Found</title></head></html>";
        let error = answer(404, &[("x-hubspot-correlation-id", "c0c9")], page);
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.detail, "hubspot.test: 404 (correlation c0c9)");
    }

    #[test]
    fn a_conflict_gives_the_id_that_its_text_names() {
        let contact = r#"{"category":"CONFLICT","message":"Contact already exists. Existing ID: 6001"}"#;
        assert_eq!(answer(409, &[], contact).kind, ErrorKind::Conflict { existing: Some("6001".into()) });
        let none = r#"{"category":"CONFLICT","message":"no"}"#;
        assert_eq!(answer(409, &[], none).kind, ErrorKind::Conflict { existing: None });
    }

    #[test]
    fn limits_are_told_apart_by_their_policy() {
        let after = |s| ErrorKind::RateLimited { after: Some(Duration::from_secs(s)) };
        let search = r#"{"status":"error","message":"You have reached your secondly limit.","category":"RATE_LIMITS"}"#;
        assert_eq!(answer(429, &[], search).kind, after(1));
        let burst = r#"{"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING","message":"You have reached your ten_secondly_rolling limit."}"#;
        assert_eq!(answer(429, &[], burst).kind, after(10));
        assert_eq!(answer(429, &[("retry-after", "3")], burst).kind, after(3));
        let daily = r#"{"errorType":"RATE_LIMIT","policyName":"DAILY","message":"You have reached your daily limit."}"#;
        assert_eq!(answer(429, &[], daily).kind, ErrorKind::DailyLimit { until: None });
    }

    #[test]
    fn the_rest_of_the_table() {
        assert_eq!(answer(400, &[], "{}").kind, ErrorKind::Invalid);
        assert_eq!(answer(401, &[], "{}").kind, ErrorKind::Unauthorized);
        assert_eq!(answer(414, &[], "").kind, ErrorKind::Invalid);
        assert_eq!(answer(423, &[], "{}").kind, ErrorKind::Busy { after: Some(Duration::from_secs(2)) });
        assert_eq!(
            answer(477, &[("retry-after", "7")], "{}").kind,
            ErrorKind::Busy { after: Some(Duration::from_secs(7)) }
        );
        for status in [500, 502, 503, 504, 521, 526] {
            assert_eq!(answer(status, &[], "<html>").kind, ErrorKind::Server, "{status}");
        }
        assert_eq!(answer(530, &[], "").kind, ErrorKind::Unauthorized);
    }

    #[test]
    fn long_words_of_the_vendor_are_cut() {
        let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(5000));
        assert!(answer(400, &[], &body).detail.len() < 400);
    }
}
