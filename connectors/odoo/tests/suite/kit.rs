//! What a connector's calls run in.

use async_trait::async_trait;
use connect::{
    Clock, Connector, Cx, Lane, Limiter, Options, Page, Position, Secret, Transport, http::auth::Bearer,
};
use model::{Change, ConnectionId, Cursor, ExternalRef, Kind, Observed, Pass, Stream, Timestamp};
use odoo::Odoo;
use std::{sync::Mutex, time::Duration};
use url::Url;

/// One connection.
pub struct Rig<T> {
    pub connection: ConnectionId,
    pub odoo: Odoo,
    pub base: Url,
    pub transport: T,
    pub limiter: Limiter,
    pub auth: Bearer,
    pub clock: Box<dyn Clock>,
}

pub const TIMEOUT: Duration = Duration::from_secs(30);

impl<T: Transport> Rig<T> {
    pub fn new(base: &str, key: &str, transport: T, clock: Box<dyn Clock>) -> Self {
        let connection = ConnectionId::new("crm");
        let extra = serde_json::Map::new();
        let odoo = Odoo::new(&Options { connection: connection.clone(), extra, timeout: TIMEOUT }).unwrap();
        Self {
            limiter: Limiter::of(odoo.describe(), 0),
            auth: Bearer::new(&Secret::new(key)).unwrap(),
            base: base.parse().unwrap(),
            connection,
            odoo,
            transport,
            clock,
        }
    }

    pub fn cx(&self) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            dial: &connect::dial::Nowhere,
            base: &self.base,
            transport: &self.transport,
            limiter: &self.limiter,
            auth: &self.auth,
            clock: self.clock.as_ref(),
            lane: Lane::Increment,
            timeout: TIMEOUT,
        }
    }

    pub fn reference(&self, kind: Kind, id: &(impl ToString + ?Sized)) -> ExternalRef {
        ExternalRef::new(&self.connection, kind, id.to_string())
    }

    pub async fn page(&self, stream: Stream, pass: &Pass, from: Option<&Cursor>) -> Page {
        self.odoo.poll(&self.cx(), stream, pass, from).await.unwrap()
    }

    /// All pages of a pass, the cursor at its end, and whether it proved complete.
    pub async fn walk(
        &self,
        stream: Stream,
        pass: &Pass,
        from: Option<Cursor>,
    ) -> (Vec<Change>, Cursor, bool) {
        let (mut all, mut from) = (Vec::new(), from);
        loop {
            let page = self.page(stream, pass, from.as_ref()).await;
            all.extend(page.changes);
            match page.position {
                Position::More(cursor) => from = Some(cursor),
                Position::CaughtUp { cursor, complete } => return (all, cursor, complete),
            }
        }
    }
}

/// The records that were seen.
pub fn seen(changes: &[Change]) -> Vec<&Observed> {
    fn one(change: &Change) -> Option<&Observed> {
        match change {
            Change::Seen(observed) => Some(observed),
            Change::Gone(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
        }
    }
    changes.iter().filter_map(one).collect()
}

/// Ids of the records that were seen.
pub fn ids(changes: &[Change]) -> Vec<String> {
    seen(changes).iter().map(|observed| observed.reference.id.to_string()).collect()
}

/// A clock that stands still unless somebody waits: then it jumps there.
pub struct Still(Mutex<Timestamp>);

impl Still {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }
}

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    async fn sleep_until(&self, at: Timestamp) {
        {
            let mut now = self.0.lock().unwrap();
            *now = at.max(*now);
        }
        tokio::task::yield_now().await;
    }
}

/// The real clock.
pub struct Wall;

#[async_trait]
impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "a real server lives in real time")]
    fn now(&self) -> Timestamp {
        let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(passed.as_millis()).unwrap())
    }
    #[expect(clippy::disallowed_methods, reason = "a real server lives in real time")]
    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now())).await;
    }
}
