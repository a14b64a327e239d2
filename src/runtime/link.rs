//! A connection ready for use: its connector with everything that its calls run in.

use crate::schedule::Schedule;
use connect::{Account, Auth, Clock, Connector, Cx, Dial, Lane, Limiter, Transport};
use model::{ConnectionId, Mode, Stream};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

/// A connection of the configuration, put together.
pub struct Link {
    /// Its name.
    pub id: ConnectionId,
    /// The vendor's connector.
    pub connector: Arc<dyn Connector>,
    /// Base URL.
    pub base: Url,
    /// The way there.
    pub transport: Arc<dyn Transport>,
    /// The way to servers that speak no HTTP.
    pub dial: Arc<dyn Dial>,
    /// Its budget.
    pub limiter: Arc<Limiter>,
    /// Its credentials.
    pub auth: Arc<dyn Auth>,
    /// How long a request may take.
    pub timeout: Duration,
    /// What may be written.
    pub mode: Mode,
    /// Streams to read, with when to read increments of each.
    pub streams: Vec<(Stream, Schedule)>,
    /// When to prove completeness (census of every stream).
    pub census: Schedule,
    /// When to audit the next slice.
    pub audit: Schedule,
    /// Slices of a full audit.
    pub audit_slices: u32,
    /// What `check` last said of the account.
    pub account: Mutex<Option<Account>>,
}

impl Link {
    /// The port that is asked, by the address or its scheme.
    pub fn port(&self) -> u16 {
        let usual = match self.base.scheme() {
            "imaps" => 993,
            "imap" => 143,
            "smtps" => 465,
            "smtp" => 587,
            _ => 443,
        };
        self.base.port_or_known_default().unwrap_or(usual)
    }

    /// The context of a call.
    pub fn cx<'a>(&'a self, clock: &'a dyn Clock, lane: Lane) -> Cx<'a> {
        Cx {
            connection: &self.id,
            base: &self.base,
            transport: &*self.transport,
            limiter: &self.limiter,
            dial: &*self.dial,
            auth: &*self.auth,
            clock,
            lane,
            timeout: self.timeout,
        }
    }
}
