//! Webhooks by the Standard Webhooks specification 1.0: `webhook-id` is the message's id, the signature is
//! HMAC-SHA256 over `id.timestamp.body`.

use super::{Failure, Outside, answer::Answers, guard};
use crate::shared::Shared;
use base64::{Engine, engine::general_purpose::STANDARD};
use connect::{ErrorKind, Secret, http::client::choose_cryptography};
use hmac::{Hmac, KeyInit, Mac};
use model::Timestamp;
use reqwest::{Response, StatusCode, redirect};
use serde_json::Value;
use sha2::Sha256;
use std::{net::SocketAddr, time::Duration};
use store::Push;
use tracing::warn;
use url::Url;

/// A receiver that takes longer is asked again later.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of an answer no more is read.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Messages in one answer.
const MOST_ANSWERS: usize = 100;

/// `v1,` and the signature in base64. `secret` is the base64 of the key, with or without `whsec_`.
pub fn signature(secret: &Secret, id: &str, at: Timestamp, body: &[u8]) -> Result<String, Failure> {
    let text = secret.expose().trim();
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
    let key = key.ok().filter(|key| key.len() >= 16);
    let key =
        key.ok_or_else(|| Failure::final_("the webhook's secret is not `whsec_` and base64 of 24 bytes"))?;
    let mac = Hmac::<Sha256>::new_from_slice(&key);
    let mut mac = mac.map_err(|_| Failure::final_("the webhook's secret can't be used"))?;
    mac.update(format!("{id}.{}.", at.as_millis().div_euclid(1000)).as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// A new secret from 32 bytes of chance.
pub fn secret(chance: &[u8; 32]) -> Secret {
    Secret::new(format!("whsec_{}", STANDARD.encode(chance)))
}

/// Refuses what could not sign.
pub fn check(secret: &Secret) -> Result<(), Failure> {
    signature(secret, "check", Timestamp::from_millis(0), b"").map(drop)
}

/// Sends a message; messages in the answer are taken on the agent's behalf.
pub async fn deliver(
    shared: &Shared,
    outside: &Outside,
    push: &Push,
    url: &str,
    secret: &str,
    allowed: &[String],
) -> Result<(), Failure> {
    let url: Url = url.parse().map_err(|_| Failure::final_("the webhook's address is not a URL"))?;
    let secret = outside.keys.load(secret).await.map_err(|error| Failure::passing(error.to_string()))?;
    let body = serde_json::to_vec(&push.message).map_err(|error| Failure::final_(error.to_string()))?;
    let (id, now) = (push.message.id.as_str(), shared.clock.now());
    let signature = signature(&secret, id, now, &body)?;
    let addresses = guard::addresses(&url, allowed).await?;
    let answer = client(&url, &addresses)?
        .post(url.clone())
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.as_millis().div_euclid(1000).to_string())
        .header("webhook-signature", signature)
        .body(body)
        .send()
        .await
        .map_err(|error| Failure::passing(broken(&error)))?;
    match answer.status() {
        status if status.is_success() => heard(shared, push, &collect(answer).await?).await,
        StatusCode::GONE => Err(Failure::final_("the receiver says 410: it wants no more of these")),
        status => Err(Failure::passing(format!("the receiver answered {status}"))),
    }
}

/// A client for this one target: no redirects, no other address, no proxy of the environment.
fn client(url: &Url, addresses: &[SocketAddr]) -> Result<reqwest::Client, Failure> {
    choose_cryptography();
    let built = reqwest::Client::builder()
        .user_agent(concat!("sales-orchestrator/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
        .no_proxy()
        .timeout(PATIENCE)
        .build();
    built.map_err(|error| Failure::passing(format!("no HTTP client: {}", broken(&error))))
}

async fn collect(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| Failure::passing(broken(&error)))? {
        if body.len() + piece.len() > LARGEST_ANSWER {
            return Err(Failure::final_(format!("the answer is longer than {} KB", LARGEST_ANSWER >> 10)));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// An answer may be empty, one message or a list of messages; anything else is nobody's.
async fn heard(shared: &Shared, push: &Push, body: &[u8]) -> Result<(), Failure> {
    let said = match serde_json::from_slice(body) {
        Ok(Value::Array(list)) => list,
        Ok(one @ Value::Object(_)) if one.get("type").is_some() => vec![one],
        Ok(_) | Err(_) => return Ok(()),
    };
    let mut answers = Answers::to(shared, push);
    for message in said.iter().take(MOST_ANSWERS) {
        if let Err(why) = answers.take(&message.to_string()).await {
            warn!(to = %push.message.to, message = %push.message.id, why, "an answer of the webhook was not taken");
        }
    }
    Ok(())
}

/// What went wrong without the address, which may hold a key.
fn broken(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Network };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("{}: {cause}", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // the example of the Standard Webhooks reference libraries
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = Timestamp::from_millis(1_614_265_330_000);
        let made =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_none_is_refused_without_showing_it() {
        let refused =
            signature(&Secret::new("hunter2hunter2"), "m", Timestamp::from_millis(0), b"").unwrap_err();
        assert!(!refused.again && !refused.why.contains("hunter2"));
    }
}
