//! From an address to a signed-in session: connecting, TLS, the greeting, signing in.

use super::{Done, Line, Session};
use crate::{
    refusal,
    wire::{Command, Data, Response, State},
};
use connect::{Cx, Error, ErrorKind, Login, Proof};
use std::collections::BTreeSet;

/// How bytes are kept from others' eyes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cover {
    /// TLS from the first byte (`imaps://`).
    Tls,
    /// TLS after the server agreed to it (`imap://`).
    StartTls,
    /// None: the server is this machine.
    Loopback,
}

impl Session {
    /// Opens a session. A refused login is tried once more with renewed credentials.
    pub async fn open(cx: &Cx<'_>) -> Result<Self, Error> {
        let login = cx.auth.login(cx).await?;
        match Self::with(cx, &login).await {
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                cx.auth.refresh(cx).await?;
                let login = cx.auth.login(cx).await?;
                Self::with(cx, &login).await
            }
            opened => opened,
        }
    }

    async fn with(cx: &Cx<'_>, login: &Login) -> Result<Self, Error> {
        let (host, port, cover) = address(cx)?;
        let unreachable = |broken: connect::Broken| broken.into_error("connecting");
        let mut stream = cx.dial.dial(host, port, cx.timeout).await.map_err(unreachable)?;
        if cover == Cover::Tls {
            stream = cx.dial.secure(stream, host, cx.timeout).await.map_err(unreachable)?;
        }
        let (line, capabilities) = (Line::new(stream), BTreeSet::new());
        let mut session = Self { line, capabilities, tag: 0, selected: None, ahead: None };
        let mut signed_in = session.greeted(cx).await?;
        if cover == Cover::StartTls {
            if signed_in {
                // Then TLS can't be begun any more: whoever sits in between could have said so.
                return Err(insecure(host, "signs us in before TLS"));
            }
            session = session.secured(cx, host).await?;
            signed_in = false;
        }
        if session.capabilities.is_empty() {
            session.ask_capabilities(cx).await?;
        }
        if !signed_in {
            let before = std::mem::take(&mut session.capabilities);
            session.capabilities.clone_from(&before);
            session.sign_in(cx, login).await.map_err(|error| hidden(error, login))?;
            // What is offered changes with signing in, and not every server says so by itself.
            if session.capabilities == before {
                session.ask_capabilities(cx).await?;
            }
        }
        session.enable(cx).await?;
        Ok(session)
    }

    /// Reads the greeting; true when the server has signed us in by other means.
    async fn greeted(&mut self, cx: &Cx<'_>) -> Result<bool, Error> {
        const WHAT: &str = "the greeting";
        match self.line.answer(WHAT, cx.timeout).await? {
            Response::Said { state: state @ (State::Ok | State::Preauth), code, .. } => {
                self.learn(
                    code.iter().filter(|code| code.name == "CAPABILITY").map(|code| code.rest.as_str()),
                );
                Ok(state == State::Preauth)
            }
            Response::Said { state, code, text } => Err(refusal::of(WHAT, state, code.as_ref(), &text)),
            Response::Go(_) | Response::Data(_) | Response::Done { .. } => {
                Err(refusal::garbled(WHAT, "this is no IMAP server"))
            }
        }
    }

    /// Goes on in TLS. Nothing that was said before counts afterwards.
    async fn secured(mut self, cx: &Cx<'_>, host: &str) -> Result<Self, Error> {
        if self.capabilities.is_empty() {
            self.ask_capabilities(cx).await?;
        }
        if !self.offers("STARTTLS") {
            return Err(insecure(host, "offers no TLS on this port: write imaps:// if it has another one"));
        }
        self.run(cx, Command::new("STARTTLS")).await?;
        let stream = self.line.bare().ok_or_else(|| insecure(host, "went on talking while TLS began"))?;
        let stream = cx.dial.secure(stream, host, cx.timeout).await;
        let stream = stream.map_err(|broken| broken.into_error("STARTTLS"))?;
        Ok(Self { line: Line::new(stream), capabilities: BTreeSet::new(), ..self })
    }

    pub(super) async fn ask_capabilities(&mut self, cx: &Cx<'_>) -> Result<(), Error> {
        let done = self.run(cx, Command::new("CAPABILITY")).await?;
        self.note(&done);
        Ok(())
    }

    /// Keeps what an answer says of the server's capabilities.
    pub(super) fn note(&mut self, done: &Done) {
        for data in &done.data {
            if let Data::Capability(all) = data {
                self.learn([all.join(" ").as_str()]);
            }
        }
        self.learn(done.codes.iter().filter(|code| code.name == "CAPABILITY").map(|code| code.rest.as_str()));
    }

    fn learn<'a>(&mut self, lists: impl IntoIterator<Item = &'a str>) {
        for list in lists {
            self.capabilities =
                list.to_ascii_uppercase().split_ascii_whitespace().map(str::to_owned).collect();
        }
    }

    /// Reads one answer to a login; true at its end, with the capabilities that came with it.
    pub(super) fn ended(&mut self, name: &str, tag: &str, answer: Response) -> Result<bool, Error> {
        match answer {
            Response::Done { tag: of, state: State::Ok, code, .. } if of == tag => {
                self.learn(
                    code.iter().filter(|code| code.name == "CAPABILITY").map(|code| code.rest.as_str()),
                );
                Ok(true)
            }
            Response::Done { state, code, text, .. }
            | Response::Said { state: state @ State::Bye, code, text } => {
                Err(refusal::of(name, state, code.as_ref(), &text))
            }
            Response::Data(Data::Capability(all)) => {
                self.learn([all.join(" ").as_str()]);
                Ok(false)
            }
            Response::Data(_) | Response::Said { .. } | Response::Go(_) => Ok(false),
        }
    }

    /// From here on the server says what left by UID.
    async fn enable(&mut self, cx: &Cx<'_>) -> Result<(), Error> {
        if self.offers("QRESYNC") {
            self.run(cx, Command::new("ENABLE").word("QRESYNC")).await?;
        }
        Ok(())
    }
}

/// Host, port and cover of the connection's address.
fn address<'a>(cx: &'a Cx<'_>) -> Result<(&'a str, u16, Cover), Error> {
    let wrong = |what: &str| {
        let what = format!("connection {}: `base_url` {what} (imaps://mail.example.com)", cx.connection);
        Error::unsent(ErrorKind::Config, what)
    };
    let host = cx.base.host_str().ok_or_else(|| wrong("has no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let (port, cover) = match (cx.base.scheme(), loopback) {
        ("imaps", _) => (993, Cover::Tls),
        ("imap", false) => (143, Cover::StartTls),
        ("imap", true) => (143, Cover::Loopback),
        _ => return Err(wrong("must begin with imaps:// or imap://")),
    };
    Ok((host, cx.base.port().unwrap_or(port), cover))
}

/// A server may repeat what it was sent; we don't.
fn hidden(error: Error, login: &Login) -> Error {
    let (Proof::Password(secret) | Proof::Token(secret)) = &login.proof;
    Error { detail: error.detail.replace(secret.expose(), "(secret)"), ..error }
}

fn insecure(host: &str, what: &str) -> Error {
    Error::answered(ErrorKind::Config, format!("{host} {what}"))
}
