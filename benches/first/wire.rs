//! The network with its traffic counted.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{Broken, Dial, Duplex, HttpClient, Transport, dial::Tcp};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// HTTP and plain streams.
pub struct Wire {
    http: HttpClient,
    tcp: Tcp,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    /// Requests, or lines that were sent.
    asked: AtomicU64,
    /// Bytes that came.
    bytes: AtomicU64,
}

impl Wire {
    /// A way out of its own.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { http: HttpClient::new()?, tcp: Tcp::new()?, count: Arc::default() })
    }

    /// Requests or lines that were sent, and bytes that came.
    pub fn counted(&self) -> (u64, u64) {
        (self.count.asked.load(Ordering::Relaxed), self.count.bytes.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Broken> {
        self.count.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.http.send(request, timeout).await?;
        self.count.bytes.fetch_add(answer.body().len() as u64, Ordering::Relaxed);
        Ok(answer)
    }
}

#[async_trait]
impl Dial for Wire {
    async fn dial(&self, host: &str, port: u16, patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        let stream = self.tcp.dial(host, port, patience).await?;
        Ok(Box::new(Counted { stream, count: self.count.clone() }))
    }
    async fn secure(
        &self,
        stream: Box<dyn Duplex>,
        host: &str,
        patience: Duration,
    ) -> Result<Box<dyn Duplex>, Broken> {
        self.tcp.secure(stream, host, patience).await
    }
}

struct Counted {
    stream: Box<dyn Duplex>,
    count: Arc<Count>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.count.bytes.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        done
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = &done {
            let lines = buf.iter().take(*written).filter(|byte| **byte == b'\n').count();
            self.count.asked.fetch_add(lines as u64, Ordering::Relaxed);
        }
        done
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
