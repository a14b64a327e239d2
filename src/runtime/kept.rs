//! Credentials from where they are kept, loaded when first needed: the daemon is ready before the keyring is,
//! and a token stored anew is taken up without a restart.

use crate::keys::{Keys, TOKEN};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{Auth, Cx, Error, ErrorKind, http::auth::Bearer};
use http::Request;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A token from the keeper that the configuration names.
pub struct KeptToken {
    keys: Keys,
    bearer: Mutex<Option<Arc<Bearer>>>,
}

impl KeptToken {
    /// Nothing is loaded yet.
    pub fn new(keys: Keys) -> Self {
        Self { keys, bearer: Mutex::new(None) }
    }

    async fn bearer(&self) -> Result<Arc<Bearer>, Error> {
        let mut bearer = self.bearer.lock().await;
        if let Some(bearer) = &*bearer {
            return Ok(bearer.clone());
        }
        let secret = self.keys.load(TOKEN).await;
        let secret = secret.map_err(|error| Error::unsent(ErrorKind::NotConnected, error.to_string()))?;
        Ok(bearer.insert(Arc::new(Bearer::new(&secret)?)).clone())
    }
}

#[async_trait]
impl Auth for KeptToken {
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        self.bearer().await?.sign(cx, request).await
    }

    /// A static token can't be renewed, but a person may have stored another one: the next call loads it.
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        *self.bearer.lock().await = None;
        let place = self.keys.place(TOKEN);
        let detail = format!(
            "{} refuses the token in {place}: store a good one with `sales-orchestrator connect`",
            cx.connection
        );
        Err(Error::answered(ErrorKind::NotConnected, detail))
    }
}
