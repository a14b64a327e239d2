//! Access by OAuth: tokens and the application's secret lie where the connection's secrets are kept.

use crate::keys::{CLIENT, Error as KeysError, Keys, OAUTH};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Auth, Cx, Error, ErrorKind, Login,
    http::oauth::{App, Grant, OAuth, Tokens},
};
use http::{HeaderValue, Request};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A connection's tokens among its secrets.
pub struct KeptTokens(Keys);

impl KeptTokens {
    /// The tokens of these keys.
    pub const fn new(keys: Keys) -> Self {
        Self(keys)
    }
}

#[async_trait]
impl Tokens for KeptTokens {
    async fn load(&self) -> Result<Option<Grant>, Error> {
        match self.0.load(OAUTH).await {
            Ok(secret) => Ok(Grant::from_secret(&secret)),
            Err(KeysError::Missing { .. }) => Ok(None),
            Err(error) => Err(Error::unsent(ErrorKind::NotConnected, error.to_string())),
        }
    }
    async fn save(&self, grant: &Grant) -> Result<(), Error> {
        let saved = self.0.save(OAUTH, &grant.to_secret()).await;
        saved.map_err(|error| Error::unsent(ErrorKind::NotConnected, error.to_string()))
    }
}

/// Credentials that renew themselves; nothing is loaded before the first call, and what a person stores anew
/// is taken up without a restart.
pub struct Granted {
    app: App,
    keys: Keys,
    oauth: Mutex<Option<Arc<OAuth>>>,
}

impl Granted {
    /// `app` comes without its secret.
    pub fn new(app: App, keys: Keys) -> Self {
        Self { app, keys, oauth: Mutex::new(None) }
    }

    async fn oauth(&self) -> Result<Arc<OAuth>, Error> {
        let mut oauth = self.oauth.lock().await;
        if let Some(oauth) = &*oauth {
            return Ok(oauth.clone());
        }
        let client_secret = match self.keys.load(CLIENT).await {
            Ok(secret) => Some(secret),
            // Installed applications of some vendors have none.
            Err(KeysError::Missing { .. }) => None,
            Err(error) => return Err(Error::unsent(ErrorKind::NotConnected, error.to_string())),
        };
        let app = App { client_secret, ..self.app.clone() };
        let made = Arc::new(OAuth::new(app, Arc::new(KeptTokens::new(self.keys.clone()))));
        Ok(oauth.insert(made).clone())
    }

    /// A grant that is no longer good is forgotten, so that the next call looks for a new one.
    async fn keep<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if done.as_ref().is_err_and(|error| error.kind == ErrorKind::NotConnected) {
            *self.oauth.lock().await = None;
        }
        done
    }
}

#[async_trait]
impl Auth for Granted {
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        let signed = self.oauth().await?.sign(cx, request).await;
        self.keep(signed).await
    }
    async fn login(&self, cx: &Cx<'_>) -> Result<Login, Error> {
        let login = self.oauth().await?.login(cx).await;
        self.keep(login).await
    }
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        let renewed = self.oauth().await?.refresh(cx).await;
        self.keep(renewed).await
    }
    async fn refused(&self, cx: &Cx<'_>, authorization: Option<&HeaderValue>) -> Result<(), Error> {
        let renewed = self.oauth().await?.refused(cx, authorization).await;
        self.keep(renewed).await
    }
}
