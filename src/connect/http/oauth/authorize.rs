//! The first connect: a person grants access in a browser, which brings a code back to a listener on loopback.

use super::grant::{App, Grant};
use crate::{Clock, Error, ErrorKind, Secret, Transport};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::Timestamp;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// A browser that says nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_REQUEST: usize = 8_192;

/// One try to connect. It has no `Debug`: the verifier is a secret.
pub struct Attempt {
    /// To be opened in the browser.
    pub url: Url,
    state: String,
    verifier: Secret,
    redirect: Url,
}

/// Begins a try. `redirect` is the listener's address as registered at the vendor; `chance` comes from the
/// operating system's generator and is used once.
pub fn authorize_url(app: &App, redirect: &Url, chance: &[u8; 64]) -> Attempt {
    let (verifier, state) = chance.split_at(32);
    let (verifier, state) = (URL_SAFE_NO_PAD.encode(verifier), URL_SAFE_NO_PAD.encode(state));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let mut url = app.authorize_url.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &app.client_id)
        .append_pair("redirect_uri", redirect.as_str())
        .append_pair("scope", &app.scopes.join(" "))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    url.query_pairs_mut().extend_pairs(&app.extra);
    if !app.optional_scopes.is_empty() {
        url.query_pairs_mut().append_pair("optional_scope", &app.optional_scopes.join(" "));
    }
    Attempt { url, state, verifier: Secret::new(verifier), redirect: redirect.clone() }
}

/// Waits until the browser comes back with the code that belongs to this try. Whatever else knocks (a favicon,
/// another state) is turned away and waited past.
pub async fn wait_for_code(
    listener: &TcpListener,
    attempt: &Attempt,
    clock: &dyn Clock,
    until: Timestamp,
) -> Result<Secret, Error> {
    let gave_up = || Error::unsent(ErrorKind::NotConnected, "nobody granted access in time");
    loop {
        let (mut stream, _) = tokio::select! {
            () = clock.sleep_until(until) => return Err(gave_up()),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => return Err(Error::unsent(ErrorKind::Network, error.to_string())),
            },
        };
        let line = tokio::select! {
            () = clock.sleep_until(clock.now() + PATIENCE) => None,
            line = request_line(&mut stream) => line,
        };
        let came = line.and_then(|line| read(&line, attempt));
        let (status, words) = match &came {
            Some(Ok(_)) => ("200 OK", "Connected. You can close this window."),
            Some(Err(_)) => ("200 OK", "Not connected. You can close this window."),
            None => ("404 Not Found", "Nothing here."),
        };
        if let Err(error) = say(&mut stream, status, words).await {
            tracing::debug!(%error, "the browser did not wait for the answer");
        }
        if let Some(came) = came {
            return came;
        }
    }
}

/// Turns the code into tokens.
pub async fn exchange(
    app: &App,
    attempt: &Attempt,
    code: &Secret,
    transport: &dyn Transport,
    clock: &dyn Clock,
    timeout: Duration,
) -> Result<Grant, Error> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", attempt.redirect.as_str()),
        ("code_verifier", attempt.verifier.expose()),
    ];
    app.ask(&form, transport, clock, timeout).await
}

/// First line of a request; `None` when it is none. Its header is read to the end: a connection that is closed with
/// something unread in it is reset, and the browser would show that instead of the answer.
async fn request_line(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") && read.len() < LONGEST_REQUEST {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let line = read.split(|byte| *byte == b'\n').next()?;
    String::from_utf8(line.to_vec()).ok()
}

/// The code, or the refusal, when the line belongs to this try.
fn read(line: &str, attempt: &Attempt) -> Option<Result<Secret, Error>> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let url = attempt.redirect.join(target).ok()?;
    let value =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let ours = url.path() == attempt.redirect.path() && value("state")? == attempt.state;
    if !ours {
        return None;
    }
    if let Some(error) = value("error") {
        let why = crate::http::redact::detail(&value("error_description").unwrap_or(error));
        return Some(Err(Error::answered(ErrorKind::NotConnected, format!("access was not granted: {why}"))));
    }
    value("code").map(|code| Ok(Secret::new(code)))
}

async fn say(stream: &mut TcpStream, status: &str, words: &str) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{words}",
        words.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
