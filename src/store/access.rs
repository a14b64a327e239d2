//! Tokens for the API. The store knows their hashes only.

use crate::Error;
use async_trait::async_trait;
use model::{
    Timestamp,
    work::{Party, Token},
};

/// Tokens.
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
}
