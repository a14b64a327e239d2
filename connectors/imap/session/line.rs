//! The connection itself: whole answers in, bytes out, each in its time.

use crate::{
    refusal,
    wire::{
        Response,
        frame::Frame,
        response::{self},
    },
};
use bytes::BytesMut;
use connect::{Duplex, Error};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// A connection with what came and was not read yet.
pub struct Line {
    stream: Box<dyn Duplex>,
    buffer: BytesMut,
    frame: Frame,
}

impl Line {
    pub fn new(stream: Box<dyn Duplex>) -> Self {
        Self { stream, buffer: BytesMut::with_capacity(PIECE), frame: Frame::default() }
    }

    /// The stream alone, to go on in TLS. `None` when something came that nobody asked for: it was sent by
    /// whoever sits in between, to be taken for the server's words.
    pub fn bare(self) -> Option<Box<dyn Duplex>> {
        self.buffer.is_empty().then_some(self.stream)
    }

    /// Sends bytes.
    pub async fn send(&mut self, what: &str, bytes: &[u8], patience: Duration) -> Result<(), Error> {
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        within(what, patience, sending).await
    }

    /// The next answer; waits no longer than `patience` for each piece of it.
    pub async fn answer(&mut self, what: &str, patience: Duration) -> Result<Response, Error> {
        loop {
            let end = self.frame.end(&self.buffer);
            if let Some(end) = end.map_err(|_| refusal::garbled(what, "an answer without end"))? {
                self.frame = Frame::default();
                let answer = self.buffer.split_to(end).freeze();
                let read = response::read(&answer);
                return read.ok_or_else(|| refusal::garbled(what, "an answer that can't be read"));
            }
            self.buffer.reserve(PIECE);
            if within(what, patience, self.stream.read_buf(&mut self.buffer)).await? == 0 {
                return Err(refusal::lost(what, "the server closed the connection", false));
            }
        }
    }
}

async fn within<T>(
    what: &str,
    patience: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Error> {
    match timeout(patience, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(refusal::lost(what, &error.to_string(), false)),
        Err(_) => Err(refusal::lost(what, &format!("no answer in {} s", patience.as_secs()), true)),
    }
}
