//! Credentials of a connection.

use crate::{Cx, Error, Secret};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};

/// Puts credentials on requests and renews them.
#[async_trait]
pub trait Auth: Send + Sync {
    /// Adds what the vendor wants to see; renews first when the clock says it is time.
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error>;
    /// The vendor said 401: renew if that is possible, else [`crate::ErrorKind::NotConnected`].
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error>;
    /// The vendor said 401 to a request that carried this `Authorization`: renews unless that has happened since.
    async fn refused(&self, cx: &Cx<'_>, _authorization: Option<&HeaderValue>) -> Result<(), Error> {
        self.refresh(cx).await
    }
}

/// A token that does not expire: a private app's, an API key.
pub struct Bearer {
    header: HeaderValue,
}

impl Bearer {
    /// Takes a token; one that can't be put into a header is refused.
    pub fn new(token: &Secret) -> Result<Self, Error> {
        Ok(Self { header: bearer(token)? })
    }
}

/// The header that carries a token; it has no `Debug` of its content.
pub(super) fn bearer(token: &Secret) -> Result<HeaderValue, Error> {
    let header = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    let mut header = header.map_err(|_| {
        Error::unsent(crate::ErrorKind::NotConnected, "the stored token has characters that no token has")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[async_trait]
impl Auth for Bearer {
    async fn sign(&self, _cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        Ok(())
    }
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        let detail = format!("{} refuses the token: run `connect` for it again", cx.connection);
        Err(Error::answered(crate::ErrorKind::NotConnected, detail))
    }
}
