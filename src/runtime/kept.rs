//! Credentials from where they are kept, loaded when first needed: the daemon is ready before the keyring is,
//! and a secret stored anew is taken up without a restart.

use crate::keys::{Keys, TOKEN};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Auth, Cx, Error, ErrorKind, Login,
    http::auth::{Basic, Bearer},
};
use http::Request;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A token or a password from the keeper that the configuration names.
pub struct Kept {
    keys: Keys,
    /// Whose password it is; `None` for a token.
    user: Option<String>,
    auth: Mutex<Option<Arc<dyn Auth>>>,
}

impl Kept {
    /// A token; nothing is loaded yet.
    pub fn token(keys: Keys) -> Self {
        Self { keys, user: None, auth: Mutex::new(None) }
    }

    /// A user's password; nothing is loaded yet.
    pub fn password(keys: Keys, user: &str) -> Self {
        Self { keys, user: Some(user.to_owned()), auth: Mutex::new(None) }
    }

    async fn auth(&self) -> Result<Arc<dyn Auth>, Error> {
        let mut auth = self.auth.lock().await;
        if let Some(auth) = &*auth {
            return Ok(auth.clone());
        }
        let secret = self.keys.load(TOKEN).await;
        let secret = secret.map_err(|error| Error::unsent(ErrorKind::NotConnected, error.to_string()))?;
        let made: Arc<dyn Auth> = match &self.user {
            Some(user) => Arc::new(Basic::new(user, &secret)?),
            None => Arc::new(Bearer::new(&secret)?),
        };
        Ok(auth.insert(made).clone())
    }
}

#[async_trait]
impl Auth for Kept {
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        self.auth().await?.sign(cx, request).await
    }

    async fn login(&self, cx: &Cx<'_>) -> Result<Login, Error> {
        self.auth().await?.login(cx).await
    }

    /// It can't be renewed, but a person may have stored another one: the next call loads it.
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        *self.auth.lock().await = None;
        let (what, place) = (self.user.as_ref().map_or("token", |_| "password"), self.keys.place(TOKEN));
        let detail = format!(
            "{} refuses the {what} in {place}: store a good one with `sales-orchestrator connect`",
            cx.connection
        );
        Err(Error::answered(ErrorKind::NotConnected, detail))
    }
}
