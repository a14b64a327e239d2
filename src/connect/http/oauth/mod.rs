//! OAuth 2: tokens that expire and are renewed.
//!
//! A token is renewed by the clock at 80 % of its life, by one caller at a time, and is stored before it is
//! used: a vendor that rotates refresh tokens has forgotten the old one. A 401 renews at most once per token.

mod authorize;
mod grant;
#[cfg(test)]
mod tests;

pub use authorize::{Attempt, authorize_url, exchange, wait_for_code};
pub use grant::{App, Grant, Tokens};

use crate::{Auth, Cx, Error, ErrorKind, Login, Proof, http::auth::bearer};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use model::Timestamp;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Mutex;
use tracing::{info, warn};

/// After a renewal that failed while the token is still good, so long until the next.
const PATIENCE: Duration = Duration::from_secs(30);

/// Credentials that renew themselves.
pub struct OAuth {
    app: App,
    tokens: Arc<dyn Tokens>,
    current: RwLock<Option<Arc<Current>>>,
    /// Held while a token is loaded or renewed, so that only one caller does; it keeps a renewed token that
    /// could not be stored, because it may be the only good one.
    unstored: Mutex<Option<Grant>>,
}

/// The token in use.
struct Current {
    grant: Grant,
    header: HeaderValue,
    due: Timestamp,
}

impl Current {
    fn new(grant: Grant) -> Result<Self, Error> {
        let (header, due) = (bearer(&grant.access)?, grant.renew_at());
        Ok(Self { grant, header, due })
    }
}

impl OAuth {
    /// Tokens are loaded at the first call.
    pub fn new(app: App, tokens: Arc<dyn Tokens>) -> Self {
        Self { app, tokens, current: RwLock::default(), unstored: Mutex::default() }
    }

    fn current(&self) -> Option<Arc<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, current: Current) -> Arc<Current> {
        let current = Arc::new(current);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current.clone());
        current
    }

    /// A token that is good by the clock.
    async fn good(&self, cx: &Cx<'_>) -> Result<Arc<Current>, Error> {
        let fresh = |current: &Arc<Current>| current.due > cx.clock.now();
        if let Some(current) = self.current().filter(fresh) {
            return Ok(current);
        }
        let mut unstored = self.unstored.lock().await;
        let current = match self.current() {
            Some(current) => current,
            None => self.set(Current::new(self.load(cx).await?)?),
        };
        if fresh(&current) {
            return Ok(current);
        }
        match self.renew(cx, &current.grant, &mut unstored).await {
            Ok(renewed) => Ok(renewed),
            Err(error) if error.kind != ErrorKind::NotConnected && current.grant.expires > cx.clock.now() => {
                warn!(connection = %cx.connection, %error, "token not renewed yet; the present one is still good");
                let due = cx.clock.now() + PATIENCE;
                Ok(self.set(Current { due, grant: current.grant.clone(), header: current.header.clone() }))
            }
            Err(error) => Err(error),
        }
    }

    async fn load(&self, cx: &Cx<'_>) -> Result<Grant, Error> {
        let missing = || {
            let detail = format!("{} is not connected yet: run `connect` for it", cx.connection);
            Error::unsent(ErrorKind::NotConnected, detail)
        };
        self.tokens.load().await?.ok_or_else(missing)
    }

    /// Asks for a new token, stores it, then uses it.
    async fn renew(
        &self,
        cx: &Cx<'_>,
        old: &Grant,
        unstored: &mut Option<Grant>,
    ) -> Result<Arc<Current>, Error> {
        let grant = match unstored.take() {
            Some(grant) => grant,
            None => self.app.refresh(cx, old).await?,
        };
        if let Err(error) = self.tokens.save(&grant).await {
            *unstored = Some(grant);
            return Err(error);
        }
        info!(connection = %cx.connection, expires = %grant.expires, "token renewed");
        Ok(self.set(Current::new(grant)?))
    }

    /// Renews unless the token in use is no longer the one that was refused.
    async fn renew_unless(&self, cx: &Cx<'_>, renewed: impl Fn(&Current) -> bool) -> Result<(), Error> {
        let mut unstored = self.unstored.lock().await;
        let grant = match self.current() {
            Some(current) if renewed(&current) => return Ok(()),
            Some(current) => current.grant.clone(),
            None => self.load(cx).await?,
        };
        self.renew(cx, &grant, &mut unstored).await.map(drop)
    }
}

#[async_trait]
impl Auth for OAuth {
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        let current = self.good(cx).await?;
        request.headers_mut().insert(AUTHORIZATION, current.header.clone());
        Ok(())
    }

    async fn login(&self, cx: &Cx<'_>) -> Result<Login, Error> {
        let user = self.app.user.clone().ok_or_else(|| {
            let detail = format!("{} needs `user`, the account's address", cx.connection);
            Error::unsent(ErrorKind::Config, detail)
        })?;
        let proof = Proof::Token(self.good(cx).await?.grant.access.clone());
        Ok(Login { user, proof })
    }

    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        let before = self.current().map(|current| current.header.clone());
        self.refused(cx, before.as_ref()).await
    }

    async fn refused(&self, cx: &Cx<'_>, authorization: Option<&HeaderValue>) -> Result<(), Error> {
        self.renew_unless(cx, |current| authorization.is_some_and(|refused| *refused != current.header)).await
    }
}
