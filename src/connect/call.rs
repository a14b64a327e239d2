//! One endpoint of a vendor, sans I/O: testable on bytes in its own file.

use crate::Error;
use bytes::Bytes;
use http::{Request, response::Parts};
use url::Url;

/// What repeating a call does. Decides whether it may be retried after an answer was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Reads.
    None,
    /// Sets a value: twice is once.
    Idempotent,
    /// Makes something: twice is two.
    Creates,
}

/// A call as a value.
pub trait Call: Send + Sync {
    /// What the answer is read into.
    type Out;
    /// What repeating it does.
    const EFFECT: Effect;
    /// Name for logs and metrics (`hubspot.search`).
    const NAME: &'static str;
    /// Which limits it counts against, besides the connection's own (`search`); names of [`crate::http::limit::Bucket`].
    fn bucket(&self) -> &'static str {
        "general"
    }
    /// The request, without authentication.
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error>;
    /// Reads the answer, whatever its status: a refusal becomes an [`Error`] of the right kind.
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Self::Out, Error>;
}
