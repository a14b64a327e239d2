//! The way to servers that speak no HTTP (IMAP, SMTP): a stream of bytes, in production over TLS.

use crate::{Broken, Error, ErrorKind, Sent};
use async_trait::async_trait;
use rustls_platform_verifier::BuilderVerifierExt;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, crypto::ring, pki_types::ServerName},
};

/// A connection in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Opens streams. In production TCP and TLS; in tests a scripted end in memory.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Connects, or fails after `patience`.
    async fn dial(&self, host: &str, port: u16, patience: Duration) -> Result<Box<dyn Duplex>, Broken>;
    /// Goes on in TLS, at once or after the protocol's `STARTTLS`; the certificate must be for `host`.
    async fn secure(
        &self,
        stream: Box<dyn Duplex>,
        host: &str,
        patience: Duration,
    ) -> Result<Box<dyn Duplex>, Broken>;
}

/// For connections that speak only HTTP, and tests of them: nothing can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

#[async_trait]
impl Dial for Nowhere {
    async fn dial(&self, host: &str, port: u16, _patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        Err(unsent(format!("there is no way to {host}:{port}"), false))
    }
    async fn secure(
        &self,
        _stream: Box<dyn Duplex>,
        host: &str,
        _patience: Duration,
    ) -> Result<Box<dyn Duplex>, Broken> {
        Err(unsent(format!("there is no way to {host}"), false))
    }
}

/// TCP, and TLS with the system's certificates.
#[derive(Clone)]
pub struct Tcp(TlsConnector);

impl Tcp {
    /// Reads the system's certificates.
    pub fn new() -> Result<Self, Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier);
        let wrong = |error| Error::unsent(ErrorKind::Config, format!("TLS can't be used: {error}"));
        let config = config.map_err(wrong)?.with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self, host: &str, port: u16, patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        let stream = in_time(patience, "connecting", TcpStream::connect((host, port))).await?;
        // Commands are short and each waits for its answer.
        stream.set_nodelay(true).map_err(|error| unsent(error.to_string(), false))?;
        Ok(Box::new(stream))
    }

    async fn secure(
        &self,
        stream: Box<dyn Duplex>,
        host: &str,
        patience: Duration,
    ) -> Result<Box<dyn Duplex>, Broken> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| unsent(format!("{host:?} is no name of a server"), false))?;
        let secured = in_time(patience, "agreeing on TLS", self.0.connect(name, stream)).await?;
        Ok(Box::new(secured))
    }
}

async fn in_time<T>(
    patience: Duration,
    what: &str,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, Broken> {
    match timeout(patience, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(unsent(format!("{what}: {error}"), false)),
        Err(_) => Err(unsent(format!("{what}: no answer in {} s", patience.as_secs()), true)),
    }
}

/// Nothing was asked for yet.
const fn unsent(why: String, timeout: bool) -> Broken {
    Broken { sent: Sent::NotSent, timeout, why }
}
