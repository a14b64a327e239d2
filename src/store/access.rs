//! Tokens for the API, of which the store knows the hashes only, and answers to calls that named a key.

use crate::Error;
use async_trait::async_trait;
use model::{
    Timestamp,
    work::{Party, Token},
};

/// Tokens and answers.
#[async_trait]
pub trait Access: Send + Sync {
    /// Keeps a new token under the hash of its secret. `Reused` when a living one has that name, `NotYours` unless
    /// a person or the daemon asks.
    async fn create_token(&self, by: &Party, token: Token, hash: &str, now: Timestamp) -> Result<(), Error>;
    /// Takes a token back by its name; false when there is no living one.
    async fn revoke_token(&self, by: &Party, name: &str, now: Timestamp) -> Result<bool, Error>;
    /// The token with this hash, valid or not.
    async fn token(&self, hash: &str) -> Result<Option<Token>, Error>;
    /// All tokens, newest first.
    async fn tokens(&self) -> Result<Vec<Token>, Error>;
    /// Reserves an id for what is asked for, before it is done; what has it already, for seven days, stays and is
    /// returned.
    async fn claim_answer(&self, claim: Answered, now: Timestamp) -> Result<Option<Answered>, Error>;
    /// Keeps the answer to what was reserved; without one gives the id free again.
    async fn settle_answer(&self, id: &str, answer: Option<String>) -> Result<(), Error>;
}

/// An answer to a call that named an idempotency key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// Of the caller and the key.
    pub id: Box<str>,
    /// Of what was asked for.
    pub hash: Box<str>,
    /// What was said, as JSON; empty until then.
    pub answer: String,
}
