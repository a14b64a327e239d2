//! Tokens, the application that they are granted to, and the endpoint that gives them.

use crate::{Clock, Cx, Error, ErrorKind, Secret, Sent, Transport, http::redact};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::{Url, form_urlencoded};

/// Where the vendor does not say how long a token lives.
const LIFETIME: Duration = Duration::from_mins(30);

/// An application registered at a vendor.
#[derive(Clone, Debug)]
pub struct App {
    /// Where a person grants access.
    pub authorize_url: Url,
    /// Where codes and refresh tokens become tokens.
    pub token_url: Url,
    /// The application's id.
    pub client_id: String,
    /// Its secret; some vendors give none to installed applications.
    pub client_secret: Option<Secret>,
    /// Scopes without which nothing works.
    pub scopes: Vec<String>,
    /// Scopes that a person may leave out.
    pub optional_scopes: Vec<String>,
    /// What else the vendor wants to see when access is asked for (`access_type=offline`).
    pub extra: Vec<(String, String)>,
    /// The account's name where a protocol wants one beside the token (IMAP, SMTP).
    pub user: Option<String>,
}

/// What a vendor granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Sent with each call.
    pub access: Secret,
    /// Gets the next one; `None` where the vendor gave none.
    pub refresh: Option<Secret>,
    /// When it was given (our clock).
    pub obtained: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// Keeps a connection's tokens: the keyring, an encrypted file.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// What was saved last; `None` before the first.
    async fn load(&self) -> Result<Option<Grant>, Error>;
    /// Stores durably before it returns.
    async fn save(&self, grant: &Grant) -> Result<(), Error>;
}

#[derive(Serialize, Deserialize)]
struct Stored {
    access: String,
    refresh: Option<String>,
    obtained: Timestamp,
    expires: Timestamp,
}

impl Grant {
    /// As one secret, for a keeper of secrets.
    pub fn to_secret(&self) -> Secret {
        let stored = Stored {
            access: self.access.expose().to_owned(),
            refresh: self.refresh.as_ref().map(|refresh| refresh.expose().to_owned()),
            obtained: self.obtained,
            expires: self.expires,
        };
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }
    /// Reads [`Grant::to_secret`] back; `None` when it is something else.
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        let stored: Stored = serde_json::from_str(secret.expose()).ok()?;
        let (access, refresh) = (Secret::new(stored.access), stored.refresh.map(Secret::new));
        Some(Self { access, refresh, obtained: stored.obtained, expires: stored.expires })
    }
    /// When the next is due: at 80 % of its life. A 401 is no sign to wait for.
    pub fn renew_at(&self) -> Timestamp {
        self.obtained + self.expires.since(self.obtained) * 4 / 5
    }
}

/// What the endpoint answers; vendors add more.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
}

impl App {
    /// A new token for an old one.
    pub(super) async fn refresh(&self, cx: &Cx<'_>, old: &Grant) -> Result<Grant, Error> {
        let Some(token) = &old.refresh else {
            let detail = format!("{}: the token has ended and came without a refresh token", cx.connection);
            return Err(Error::unsent(ErrorKind::NotConnected, detail));
        };
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
        let grant = self.ask(&form, cx.transport, cx.clock, cx.timeout).await?;
        Ok(Grant { refresh: grant.refresh.or_else(|| old.refresh.clone()), ..grant })
    }

    pub(super) async fn ask(
        &self,
        form: &[(&str, &str)],
        transport: &dyn Transport,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> Result<Grant, Error> {
        let request = self.request(form)?;
        // The life of a token is counted from before the request: rather too early than too late.
        let asked = clock.now();
        let answer =
            transport.send(request, timeout).await.map_err(|broken| broken.into_error("oauth.token"))?;
        read(answer.status(), answer.body(), asked)
    }

    fn request(&self, form: &[(&str, &str)]) -> Result<Request<Bytes>, Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form).append_pair("client_id", &self.client_id);
        if let Some(secret) = &self.client_secret {
            body.append_pair("client_secret", secret.expose());
        }
        Request::post(self.token_url.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Bytes::from(body.finish()))
            .map_err(|_| Error::unsent(ErrorKind::Config, "the token endpoint's address is not valid"))
    }
}

fn read(status: StatusCode, body: &Bytes, asked: Timestamp) -> Result<Grant, Error> {
    if !status.is_success() {
        return Err(refusal(status, &String::from_utf8_lossy(body)));
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        // The parser's message may quote the body; where it is broken is enough.
        let place = format!("line {} column {}", error.line(), error.column());
        Error::answered(
            ErrorKind::Garbled,
            format!("oauth.token: the answer breaks off or is no token at {place}"),
        )
    })?;
    let life = answer.expires_in.map_or(LIFETIME, Duration::from_secs);
    Ok(Grant {
        access: Secret::new(answer.access_token),
        refresh: answer.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        obtained: asked,
        expires: asked + life,
    })
}

fn refusal(status: StatusCode, body: &str) -> Error {
    let revoked = ["invalid_grant", "BAD_REFRESH_TOKEN"].iter().any(|code| body.contains(code));
    let (kind, what) = match status.as_u16() {
        429 => (ErrorKind::RateLimited { after: None }, "too many requests"),
        500.. => (ErrorKind::Server, "the vendor has a problem"),
        _ if revoked => {
            (ErrorKind::NotConnected, "the grant was withdrawn or has ended: run `connect` again")
        }
        _ => (ErrorKind::Config, "the application's id, secret or redirect address is refused"),
    };
    let words = redact::detail(body);
    let detail = format!("oauth.token: {what} ({status}: {words})");
    Error { kind, sent: Sent::Answered, detail: redact::detail(&detail) }
}
