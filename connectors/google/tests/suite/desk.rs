//! A connector, a user's account, and a clock between them.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Broken, Clock, Connector, Cx, Error, Lane, Limiter, Options, Page, Position, Secret, Sent, Transport,
    conformance::Faults,
    http::oauth::{App, Grant, OAuth, Tokens},
};
use http::{Method, Request, Response};
use model::{Change, ConnectionId, Cursor, Kind, Observed, Pass, Timestamp};
use sandbox::{
    Config, Sandbox,
    clock::Hand,
    google::{Letter, People, Setup},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

pub const ANN: &str = "ann@sandbox.test";
pub const BEGIN: i64 = 1_763_812_800_000;
pub const HOUR: i64 = 3_600_000;
pub const TIMEOUT: Duration = Duration::from_secs(30);

type Hook = Box<dyn Fn(&Sandbox, &str) + Send + Sync>;

/// The sandbox as a transport. Whoever waits for an answer in vain waits for the whole timeout.
pub struct Wire {
    sandbox: Arc<Sandbox>,
    clock: Hand,
    /// Done after a request to that path was answered.
    after: Arc<Mutex<Option<Hook>>>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let path = request.uri().path().to_owned();
        let answer = self.sandbox.call(request).await;
        if let Some(after) = &*self.after.lock().unwrap() {
            after(&self.sandbox, &path);
        }
        answer.map_err(|broken| {
            let timed_out = broken == sandbox::Broken::Timeout;
            if timed_out {
                self.clock.advance(i64::try_from(timeout.as_millis()).unwrap());
            }
            let sent = if broken == sandbox::Broken::Refused { Sent::NotSent } else { Sent::MaybeSent };
            Broken { sent, timeout: timed_out, why: broken.to_string() }
        })
    }
}

/// Waiting is moving the hand, and letting those go on who wait as well.
pub struct Turned(pub Hand);

#[async_trait]
impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now())
    }
    async fn sleep_until(&self, at: Timestamp) {
        self.0.set(self.0.now().max(at.as_millis()));
        tokio::task::yield_now().await;
    }
}

struct Kept(Mutex<Grant>);

#[async_trait]
impl Tokens for Kept {
    async fn load(&self) -> Result<Option<Grant>, Error> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }
    async fn save(&self, grant: &Grant) -> Result<(), Error> {
        *self.0.lock().unwrap() = grant.clone();
        Ok(())
    }
}

fn oauth(user: &str, sandbox: &Sandbox) -> OAuth {
    let url = |text: &str| text.parse().unwrap();
    let begin = Timestamp::from_millis(BEGIN);
    let old = Grant {
        access: Secret::new("an-old-token"),
        refresh: Some(Secret::new(sandbox.google().refresh_token(user))),
        obtained: begin - Duration::from_hours(2),
        expires: begin - Duration::from_hours(1),
    };
    let app = App {
        authorize_url: url("https://accounts.google.com/o/oauth2/v2/auth"),
        token_url: url("https://oauth2.googleapis.com/token"),
        client_id: "sandbox-client".to_owned(),
        client_secret: Some(Secret::new("sandbox-secret")),
        scopes: Vec::new(),
        optional_scopes: Vec::new(),
        extra: Vec::new(),
        user: None,
    };
    OAuth::new(app, Arc::new(Kept(Mutex::new(old))))
}

fn is_write(request: &Request<Bytes>) -> bool {
    let calendar = request.uri().path().starts_with("/calendar/");
    calendar && [Method::POST, Method::PATCH, Method::PUT].contains(request.method())
}

pub struct Desk {
    pub sandbox: Arc<Sandbox>,
    pub clock: Turned,
    pub connection: ConnectionId,
    pub faults: Faults,
    pub after: Arc<Mutex<Option<Hook>>>,
    base: url::Url,
    limiter: Limiter,
    auth: OAuth,
    extra: serde_json::Value,
    pub user: String,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(Setup::with(&[ANN]), &serde_json::json!({}))
    }

    pub fn with(setup: Setup, extra: &serde_json::Value) -> Self {
        let hand = Hand::at(BEGIN);
        let sandbox = Sandbox::new(&Config { google: Some(setup), ..Config::plain(7) }, hand.clock());
        Self::on(sandbox, hand, ANN, extra)
    }

    pub fn on(sandbox: Arc<Sandbox>, hand: Hand, user: &str, extra: &serde_json::Value) -> Self {
        let after: Arc<Mutex<Option<Hook>>> = Arc::default();
        let wire = Wire { sandbox: sandbox.clone(), clock: hand.clone(), after: after.clone() };
        let mut desk = Self {
            faults: Faults::new(wire, is_write),
            auth: oauth(user, &sandbox),
            clock: Turned(hand),
            connection: "google".into(),
            base: "https://www.googleapis.com".parse().unwrap(),
            limiter: Limiter::new(Vec::new()),
            extra: extra.clone(),
            user: user.to_owned(),
            sandbox,
            after,
        };
        desk.limiter = Limiter::of(desk.made().describe(), 0);
        desk
    }

    pub fn made(&self) -> Arc<dyn Connector> {
        let extra = self.extra.as_object().cloned().unwrap();
        let options = Options { connection: self.connection.clone(), extra, timeout: TIMEOUT };
        (google::MAKER.make)(&options).unwrap()
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

    pub fn people(&self) -> People<'_> {
        self.sandbox.google()
    }

    pub fn on_answer(&self, hook: impl Fn(&Sandbox, &str) + Send + Sync + 'static) {
        *self.after.lock().unwrap() = Some(Box::new(hook));
    }

    pub async fn poll(&self, stream: Kind, pass: &Pass, from: Option<&Cursor>) -> Result<Page, Error> {
        self.made().poll(&self.cx(), stream, pass, from).await
    }

    /// All pages of a pass.
    pub async fn pass(&self, stream: Kind, pass: &Pass, from: Option<&Cursor>) -> Result<Walk, Error> {
        let (mut changes, mut from) = (Vec::new(), from.cloned());
        for _ in 0..500 {
            let page = self.poll(stream, pass, from.as_ref()).await?;
            changes.extend(page.changes);
            match page.position {
                Position::More(cursor) => from = Some(cursor),
                Position::CaughtUp { cursor, complete } => return Ok(Walk { changes, cursor, complete }),
            }
        }
        panic!("{stream}: no end after 500 pages");
    }

    pub async fn full(&self, stream: Kind) -> Walk {
        self.pass(stream, &Pass::Full, None).await.unwrap()
    }

    pub async fn news(&self, stream: Kind, from: &Cursor) -> Walk {
        self.pass(stream, &Pass::Since, Some(from)).await.unwrap()
    }
}

/// A finished pass.
#[derive(Debug)]
pub struct Walk {
    pub changes: Vec<Change>,
    pub cursor: Cursor,
    pub complete: bool,
}

impl Walk {
    pub fn seen(&self) -> BTreeMap<String, &Observed> {
        let seen = self.changes.iter().filter_map(|change| match change {
            Change::Seen(record) => Some((record.reference.id.to_string(), record)),
            _ => None,
        });
        seen.collect()
    }
    pub fn gone(&self) -> Vec<String> {
        let gone = self.changes.iter().filter_map(|change| match change {
            Change::Gone(gone) => Some(gone.reference.id.to_string()),
            _ => None,
        });
        gone.collect()
    }
    pub fn there(&self) -> Vec<String> {
        let there = self.changes.iter().filter_map(|change| match change {
            Change::Exists(reference) => Some(reference.id.to_string()),
            _ => None,
        });
        there.collect()
    }
}

pub fn letter(n: usize) -> Letter {
    Letter {
        from: "Bob <bob@acme.example>".to_owned(),
        to: vec![ANN.to_owned()],
        subject: format!("Question {n}"),
        text: "Yes, let us talk on Monday.".to_owned(),
        id: format!("q{n}@acme.example"),
        ..Letter::default()
    }
}
