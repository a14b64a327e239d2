//! The way to a vendor over the network.

use crate::{Broken, Error, ErrorKind, Sent, Transport, http::redact};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use reqwest::redirect::{Attempt, Policy};
use std::{error::Error as _, time::Duration};

/// No vendor's page is this large; a body that is gets cut off rather than filling memory.
const LARGEST_BODY: usize = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(90);
const IDLE_PER_HOST: usize = 8;
const REDIRECTS: usize = 3;

/// Chooses what TLS is made of, for every HTTP client of this process.
pub fn choose_cryptography() {
    // Fails only when a provider is installed already, which then is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A pooled HTTP client. Cheap to clone; one serves all connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    largest: usize,
}

impl HttpClient {
    /// Builds one, with the system's certificates. It never repeats a request by itself and sends credentials
    /// to no other host than the one asked for.
    pub fn new() -> Result<Self, Error> {
        choose_cryptography();
        let client = reqwest::Client::builder()
            .user_agent(concat!("sales-orchestrator/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .tcp_keepalive(Duration::from_mins(1))
            .redirect(Policy::custom(same_place))
            .retry(reqwest::retry::never())
            .referer(false)
            .build();
        match client {
            Ok(client) => Ok(Self { client, largest: LARGEST_BODY }),
            Err(error) => {
                let detail = format!("no HTTP client: {}", chain(error));
                Err(Error::unsent(ErrorKind::Config, detail))
            }
        }
    }

    async fn collect(&self, mut answer: reqwest::Response) -> Result<Response<Bytes>, Broken> {
        let mut head = Response::new(());
        *head.status_mut() = answer.status();
        *head.version_mut() = answer.version();
        *head.headers_mut() = std::mem::take(answer.headers_mut());
        let announced = answer.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let mut body = BytesMut::with_capacity(announced.min(1 << 20));
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            if body.len() + piece.len() > self.largest {
                let why = format!("the answer is larger than {} MB", self.largest >> 20);
                return Err(Broken { sent: Sent::MaybeSent, timeout: false, why });
            }
            body.extend_from_slice(&piece);
        }
        Ok(head.map(|()| body.freeze()))
    }
}

#[async_trait]
impl Transport for HttpClient {
    async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let mut request = reqwest::Request::try_from(request).map_err(|error| Broken {
            sent: Sent::NotSent,
            timeout: false,
            why: format!("not a request: {}", chain(error)),
        })?;
        *request.timeout_mut() = Some(timeout);
        let answer = self.client.execute(request).await.map_err(broken)?;
        self.collect(answer).await
    }
}

/// Only a redirect that repeats the request as it was, at the same origin, is followed: another host would see
/// our token, and a 302 would turn a creation into a read.
fn same_place(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&attempt.status());
    let origin = attempt.previous().first().map(url::Url::origin);
    if keeps && origin == Some(attempt.url().origin()) && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn broken(error: reqwest::Error) -> Broken {
    let sent = if error.is_connect() || error.is_builder() { Sent::NotSent } else { Sent::MaybeSent };
    Broken { sent, timeout: error.is_timeout(), why: chain(error) }
}

/// The error and its causes, without the URL.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    redact::detail(&text)
}

#[cfg(test)]
mod tests;
