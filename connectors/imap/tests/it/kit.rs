//! What a connector's calls run in, and what its changes add up to.

use crate::{dovecot::Dovecot, fake::Fake};
use async_trait::async_trait;
use connect::{
    Auth, Clock, Connector, Cx, Dial, Lane, Limiter, Options, Page, Position, Secret, dial::Tcp,
    http::auth::Basic,
};
use imap::Imap;
use model::{Change, ConnectionId, Cursor, Kind, Pass, Timestamp};
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use url::Url;

pub const TIMEOUT: Duration = Duration::from_secs(20);
pub const PASSWORD: &str = "secret";

/// One connection.
pub struct Rig {
    pub connection: ConnectionId,
    pub imap: Imap,
    pub base: Url,
    pub dial: Box<dyn Dial>,
    pub limiter: Limiter,
    pub auth: Box<dyn Auth>,
    pub clock: Box<dyn Clock>,
    pub options: Options,
    pub transport: NoHttp,
}

impl Rig {
    pub fn new(base: &str, dial: impl Dial + 'static, auth: impl Auth + 'static, options: &str) -> Self {
        let connection = ConnectionId::new("mail");
        let extra = serde_json::from_str(options).unwrap();
        let options = Options { connection: connection.clone(), extra, timeout: TIMEOUT };
        let imap = Imap::new(&options).unwrap();
        Self {
            limiter: Limiter::of(imap.describe(), 0),
            auth: Box::new(auth),
            base: base.parse().unwrap(),
            dial: Box::new(dial),
            clock: Box::new(Still::at(Timestamp::from_millis(1_763_797_200_000))),
            transport: NoHttp,
            connection,
            imap,
            options,
        }
    }

    /// On a real server, as a user whose password is `secret`.
    pub fn real(server: &Dovecot, user: &str, options: &str) -> Self {
        Self::new(&server.base, Tcp::new().unwrap(), password(user), options)
    }

    /// On a server in memory.
    pub fn fake(fake: &Fake, options: &str) -> Self {
        Self::new("imap://127.0.0.1", fake.clone(), password("alice"), options)
    }

    pub fn cx(&self) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            dial: &*self.dial,
            base: &self.base,
            transport: &self.transport,
            limiter: &self.limiter,
            auth: &*self.auth,
            clock: &*self.clock,
            lane: Lane::Increment,
            timeout: TIMEOUT,
        }
    }

    /// Waits as long as waits take.
    pub fn real_time(&mut self) {
        self.clock = Box::new(Wall);
    }

    /// Forgets all sessions, as a restart does.
    pub fn restart(&mut self) {
        self.imap = Imap::new(&self.options).unwrap();
    }

    pub async fn page(&self, pass: &Pass, from: Option<&Cursor>) -> Result<Page, connect::Error> {
        self.imap.poll(&self.cx(), Kind::Email, pass, from).await
    }

    /// All pages of a pass, the cursor at its end, and whether it proved complete.
    pub async fn walk(&self, pass: &Pass, from: Option<Cursor>) -> (Vec<Change>, Cursor, bool) {
        let (mut all, mut from) = (Vec::new(), from);
        loop {
            let page = self.page(pass, from.as_ref()).await.unwrap();
            all.extend(page.changes);
            match page.position {
                Position::More(cursor) => from = Some(cursor),
                Position::CaughtUp { cursor, complete } => return (all, cursor, complete),
            }
        }
    }
}

pub fn password(user: &str) -> Basic {
    Basic::new(user, &Secret::new(PASSWORD)).unwrap()
}

/// A real server, or a visible line that says why there is none.
pub fn server(oauth: Option<&str>) -> Option<Dovecot> {
    Dovecot::start(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/dovecot.sh"), oauth)
}

/// A mail of a person.
pub fn mail(nr: usize) -> String {
    format!(
        "From: \"Ann Buyer\" <ann{nr}@acme.example>\r\nTo: alice@x.test\r\nSubject: Offer {nr}\r\n\
         Date: Mon, 01 Jun 2026 10:01:00 +0200\r\nMessage-ID: <m{nr}@acme.example>\r\n\r\nHello, this is number {nr}.\r\n"
    )
}

/// Ids of messages that were seen or said to exist.
pub fn ids(changes: &[Change]) -> BTreeSet<String> {
    let mut store = Store::default();
    store.take(changes.iter().filter(|change| !matches!(change, Change::Gone(_))));
    store.0
}

/// Ids of messages that were said to be gone.
pub fn gone(changes: &[Change]) -> BTreeSet<String> {
    let gone = changes.iter().filter_map(|change| match change {
        Change::Gone(gone) => Some(gone.reference.id.to_string()),
        Change::Seen(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
    });
    gone.collect()
}

/// Few words where two long sets differ.
pub fn same(read: &BTreeSet<String>, there: &BTreeSet<String>) {
    let missing: Vec<_> = there.difference(read).take(5).collect();
    let extra: Vec<_> = read.difference(there).take(5).collect();
    let (read, there) = (read.len(), there.len());
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{read} of {there}; missing {missing:?}, not there {extra:?}"
    );
}

/// Messages that are there, as far as the changes say.
#[derive(Default)]
pub struct Store(pub BTreeSet<String>);

impl Store {
    pub fn take<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) {
        for change in changes {
            match change {
                Change::Seen(observed) => drop(self.0.insert(observed.reference.id.to_string())),
                Change::Exists(reference) | Change::Unreadable { reference: Some(reference), .. } => {
                    self.0.insert(reference.id.to_string());
                }
                Change::Gone(gone) => drop(self.0.remove(&*gone.reference.id)),
                Change::Unreadable { reference: None, .. } => {}
            }
        }
    }
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

/// Mailboxes speak no HTTP.
pub struct NoHttp;

#[async_trait]
impl connect::Transport for NoHttp {
    async fn send(
        &self,
        _request: http::Request<bytes::Bytes>,
        _timeout: Duration,
    ) -> Result<http::Response<bytes::Bytes>, connect::Broken> {
        panic!("a mailbox was asked by HTTP")
    }
}

/// Shared between a test and what it started.
pub type Shared<T> = Arc<Mutex<T>>;
