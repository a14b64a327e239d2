//! Who calls: a bearer token, known to the store by its hash only.

use crate::{Web, problem::Problem};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use model::work::Party;
use sha2::{Digest, Sha256};

/// Every token begins so, for scanners that look for leaked secrets.
const PREFIX: &str = "sok_";
const MOST_KEY: usize = 200;

/// Whoever asks for an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// On whose behalf.
    pub party: Party,
    /// The same key with the same input does nothing twice.
    pub key: Option<String>,
}

/// A new token's secret from 32 bytes of chance, shown once.
pub fn token(chance: &[u8; 32]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(chance))
}

/// What the store keeps of a token. A plain hash is enough for 256 bits of chance.
pub fn hash(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest)
}

/// Reads a key that makes a call idempotent. One that can't be taken is refused: passed over, the call might be
/// done twice.
pub fn key(bytes: &[u8]) -> Result<String, Problem> {
    let fits = (1..=MOST_KEY).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    let key = std::str::from_utf8(bytes).ok().filter(|_| fits).map(str::to_owned);
    key.ok_or_else(|| {
        Problem::input(format!("an idempotency key has 1 to {MOST_KEY} visible ASCII characters, no blanks"))
    })
}

/// The party behind an `Authorization` header.
pub async fn sign_in(web: &Web, authorization: Option<&str>) -> Result<Party, Problem> {
    let refused = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "token", detail.to_owned());
    let missing = "send `Authorization: Bearer TOKEN`; `sales-orchestrator token create` makes one";
    let token = authorization.ok_or_else(|| refused(missing))?;
    let token = token.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim()).ok_or_else(|| refused(missing))?;
    let known = web.store().token(&hash(token)).await?;
    match known.filter(|token| token.is_valid(web.now())) {
        Some(token) => Ok(token.party()),
        None => Err(refused("this token is unknown, expired or was taken back")),
    }
}
