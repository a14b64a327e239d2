//! What the tests have in common: a connector on a server, walks, and a clock.

use crate::server::Server;
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Clock, Connector, Cx, HttpClient, Lane, Limiter, Options, Position, Secret, conformance::Faults,
    http::auth::Basic,
};
use http::{Method, Request};
use model::{
    Change, ConnectionId, Cursor, ExternalRef, Intent, Kind, Pass, Stream, Timestamp, Write, WriteKey,
};
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(30);
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A number that no other call gave.
pub fn next() -> u64 {
    COUNTER.fetch_add(1, Ordering::SeqCst)
}

/// A fresh server, or a visible line that says why not.
pub fn server(token_age: u32) -> Option<Server> {
    Server::start(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/radicale.sh"),
        token_age,
    )
}

/// The real clock, put forward by every wait instead of waiting.
#[derive(Default)]
pub struct Ahead(AtomicI64);

#[async_trait]
impl Clock for Ahead {
    #[expect(clippy::disallowed_methods, reason = "a real server lives in real time")]
    fn now(&self) -> Timestamp {
        let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let millis = i64::try_from(passed.as_millis()).unwrap();
        Timestamp::from_millis(millis + self.0.load(Ordering::SeqCst))
    }
    async fn sleep_until(&self, at: Timestamp) {
        let wait = i64::try_from(at.since(self.now()).as_millis()).unwrap();
        self.0.fetch_add(wait, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// A connection to one calendar.
pub struct Kit<'a> {
    pub server: &'a Server,
    pub calendar: String,
    pub connection: ConnectionId,
    pub faults: Faults,
    pub clock: Ahead,
    base: url::Url,
    limiter: Limiter,
    auth: Basic,
}

fn is_write(request: &Request<Bytes>) -> bool {
    request.method() == Method::PUT
}

impl<'a> Kit<'a> {
    /// A connection to a calendar of its own.
    pub async fn new(server: &'a Server) -> Self {
        let calendar = server.calendar(&format!("c{}", next())).await;
        Self {
            server,
            base: url::Url::parse(&server.base).unwrap().join(&calendar).unwrap(),
            calendar,
            connection: ConnectionId::from("cal"),
            faults: Faults::new(HttpClient::new().unwrap(), is_write),
            clock: Ahead::default(),
            limiter: Limiter::new(Vec::new()),
            auth: Basic::new("anna", &Secret::new("secret")).unwrap(),
        }
    }

    /// The same with another base URL.
    pub fn at(mut self, path: &str) -> Self {
        self.base.set_path(path);
        self
    }

    /// A new instance, as after a restart.
    pub fn connector(&self) -> Arc<dyn Connector> {
        self.with(&json!({}))
    }

    /// One with options.
    pub fn with(&self, extra: &serde_json::Value) -> Arc<dyn Connector> {
        let extra = extra.as_object().unwrap().clone();
        (caldav::MAKER.make)(&Options { connection: self.connection.clone(), extra, timeout: TIMEOUT })
            .unwrap()
    }

    pub fn cx(&self) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            dial: &connect::dial::Nowhere,
            base: &self.base,
            transport: &self.faults,
            limiter: &self.limiter,
            auth: &self.auth,
            clock: &self.clock,
            lane: Lane::Increment,
            timeout: TIMEOUT,
        }
    }

    /// A pass from beginning to end; what was seen and where the next begins.
    pub async fn walk(&self, stream: Stream, pass: &Pass, mut from: Option<Cursor>) -> (Vec<Change>, Cursor) {
        let connector = self.connector();
        let mut all = Vec::new();
        for _ in 0..500 {
            let page = connector.poll(&self.cx(), stream, pass, from.as_ref()).await.unwrap();
            all.extend(page.changes);
            match page.position {
                Position::More(cursor) => from = Some(cursor),
                Position::CaughtUp { cursor, .. } => return (all, cursor),
            }
        }
        panic!("no end after 500 pages");
    }

    pub fn reference(&self, kind: Kind, id: &str) -> ExternalRef {
        ExternalRef::new(&self.connection, kind, id)
    }

    /// A write with a key of its own.
    pub fn write(
        &self,
        target: ExternalRef,
        intent: Intent,
        expects: Vec<(model::Field, model::Value)>,
    ) -> Write {
        let key = WriteKey::new(&self.connection, intent.kind(), &target, "test", &next().to_string(), 0);
        Write { key, target, intent, expects, because: "because, of a; <test>".to_owned() }
    }
}

/// An object with one event of these lines (`|` between them).
pub fn event(uid: &str, lines: &str) -> String {
    object("VEVENT", uid, lines)
}

/// An object with one component.
pub fn object(component: &str, uid: &str, lines: &str) -> String {
    let lines = lines.replace('|', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:{component}\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         {lines}\r\nEND:{component}\r\nEND:VCALENDAR\r\n"
    )
}
