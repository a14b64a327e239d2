//! Credentials of a connection.

use crate::{Cx, Error, Secret};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};

/// Puts credentials on requests and renews them.
#[async_trait]
pub trait Auth: Send + Sync {
    /// Adds what the vendor wants to see; renews first when the clock says it is time.
    async fn sign(&self, cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error>;
    /// The vendor said 401: renew if that is possible, else [`crate::ErrorKind::NotConnected`].
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error>;
    /// Who signs in with what, for protocols whose requests have no headers (IMAP, SMTP); renewed first when the
    /// clock says it is time. After a refusal call [`Auth::refresh`] and ask again, once.
    async fn login(&self, cx: &Cx<'_>) -> Result<Login, Error> {
        let detail = format!("{} has no user and password: run `connect` for it", cx.connection);
        Err(Error::unsent(crate::ErrorKind::NotConnected, detail))
    }
    /// The vendor said 401 to a request that carried this `Authorization`: renews unless that has happened since.
    async fn refused(&self, cx: &Cx<'_>, _authorization: Option<&HeaderValue>) -> Result<(), Error> {
        self.refresh(cx).await
    }
}

/// Who signs in, and with what.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user's name at the server, often an address.
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who somebody is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A password: `LOGIN`, `AUTHENTICATE PLAIN`, HTTP Basic.
    Password(Secret),
    /// An access token: `AUTHENTICATE XOAUTH2`.
    Token(Secret),
}

/// HTTP Basic authentication (RFC 7617).
pub struct Basic {
    login: Login,
    header: HeaderValue,
}

impl Basic {
    /// Takes a user's name, which has no colon, and a password.
    pub fn new(user: &str, password: &Secret) -> Result<Self, Error> {
        let wrong = |what: &str| Error::unsent(crate::ErrorKind::Config, what.to_owned());
        if user.is_empty() || user.contains(':') {
            return Err(wrong("`user` must be set and hold no colon"));
        }
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        let mut header =
            HeaderValue::try_from(format!("Basic {pair}")).map_err(|_| wrong("`user` can't be sent"))?;
        header.set_sensitive(true);
        let login = Login { user: user.to_owned(), proof: Proof::Password(password.clone()) };
        Ok(Self { login, header })
    }
}

#[async_trait]
impl Auth for Basic {
    async fn sign(&self, _cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        Ok(())
    }
    async fn login(&self, _cx: &Cx<'_>) -> Result<Login, Error> {
        Ok(self.login.clone())
    }
    async fn refresh(&self, cx: &Cx<'_>) -> Result<(), Error> {
        let detail = format!("{} refuses user or password: run `connect` for it again", cx.connection);
        Err(Error::answered(crate::ErrorKind::NotConnected, detail))
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
