//! A connector, an account, and a clock between them.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Applied, Auth, Broken, Clock, Connector, Cx, Error, Landing, Lane, Limiter, Options, Page, Position,
    Sent, Transport,
};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use model::{
    Change, ConnectionId, Cursor, ExternalRef, Field, GoneHow, Id, Intent, Kind, Observed, Pass, Timestamp,
    Value, Write, WriteKey,
};
use sandbox::{Config, OauthApp, Sandbox, clock::Hand};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const BEGIN: i64 = 1_763_812_800_000;
const TOKEN: &str = "pat-eu1-sandbox";
const TIMEOUT: Duration = Duration::from_secs(30);

/// Changes answers on their way, by the path that was asked.
type Tamper = Box<dyn Fn(&str, Response<Bytes>) -> Response<Bytes> + Send + Sync>;

/// The sandbox as a transport. Whoever waits for an answer in vain waits for the whole timeout.
struct Wire {
    sandbox: Arc<Sandbox>,
    clock: Hand,
    tamper: Mutex<Option<Tamper>>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let path = request.uri().path().to_owned();
        match self.sandbox.call(request).await {
            Ok(response) => Ok(match &*self.tamper.lock().unwrap() {
                Some(tamper) => tamper(&path, response),
                None => response,
            }),
            Err(broken) => {
                let timed_out = broken == sandbox::Broken::Timeout;
                if timed_out {
                    self.clock.advance(i64::try_from(timeout.as_millis()).unwrap());
                }
                let sent = if broken == sandbox::Broken::Refused { Sent::NotSent } else { Sent::MaybeSent };
                Err(Broken { sent, timeout: timed_out, why: broken.to_string() })
            }
        }
    }
}

/// Waiting is moving the hand.
struct Turned(Hand);

#[async_trait]
impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now())
    }
    async fn sleep_until(&self, at: Timestamp) {
        self.0.set(self.0.now().max(at.as_millis()));
    }
}

/// A token that is renewed at the sandbox when it is an OAuth app's.
struct Token {
    sandbox: Arc<Sandbox>,
    now: Mutex<String>,
    pub refreshed: Mutex<u32>,
}

#[async_trait]
impl Auth for Token {
    async fn sign(&self, _cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        let header = HeaderValue::try_from(format!("Bearer {}", self.now.lock().unwrap())).unwrap();
        request.headers_mut().insert(AUTHORIZATION, header);
        Ok(())
    }
    async fn refresh(&self, _cx: &Cx<'_>) -> Result<(), Error> {
        *self.refreshed.lock().unwrap() += 1;
        let app = OauthApp::default();
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            app.client_id, app.client_secret, app.refresh_token
        );
        let request = Request::post("https://api.hubapi.com/oauth/v1/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into())
            .unwrap();
        let answer = self.sandbox.call(request).await.unwrap();
        if answer.status() != 200 {
            return Err(Error::answered(connect::ErrorKind::NotConnected, "the grant was refused"));
        }
        let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        said["access_token"].as_str().unwrap().clone_into(&mut self.now.lock().unwrap());
        Ok(())
    }
}

pub struct Desk {
    pub sandbox: Arc<Sandbox>,
    pub clock: Hand,
    pub hub: Arc<dyn Connector>,
    pub connection: ConnectionId,
    wire: Wire,
    auth: Token,
    limiter: Limiter,
}

/// A finished pass.
pub struct Pass_ {
    pub changes: Vec<Change>,
    pub cursor: Cursor,
    pub complete: bool,
}

impl Desk {
    pub fn new(config: &Config) -> Self {
        Self::with(config, &serde_json::json!({}))
    }

    /// Neither limits nor lag.
    pub fn plain() -> Self {
        Self::new(&Config::plain(7))
    }

    pub fn with(config: &Config, extra: &serde_json::Value) -> Self {
        let clock = Hand::at(BEGIN);
        let sandbox = Sandbox::new(config, clock.clock());
        let hub = connector(extra);
        let limiter = Limiter::of(hub.describe(), 0);
        let wire = Wire { sandbox: sandbox.clone(), clock: clock.clone(), tamper: Mutex::new(None) };
        let auth =
            Token { sandbox: sandbox.clone(), now: Mutex::new(TOKEN.to_owned()), refreshed: Mutex::new(0) };
        Self { sandbox, clock, hub, connection: "hubspot".into(), wire, auth, limiter }
    }

    /// The same account seen by a connector that was just started.
    pub fn restarted(&mut self, extra: &serde_json::Value) {
        self.hub = connector(extra);
    }

    pub fn tamper(&self, how: impl Fn(&str, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static) {
        *self.wire.tamper.lock().unwrap() = Some(Box::new(how));
    }

    /// Rewrites the text of every answer.
    pub fn rewrite(&self, how: impl Fn(String) -> String + Send + Sync + 'static) {
        self.tamper(move |_, answer| {
            answer.map(|body| how(String::from_utf8(body.to_vec()).unwrap()).into())
        });
    }

    pub fn refreshed(&self) -> u32 {
        *self.auth.refreshed.lock().unwrap()
    }

    pub fn use_token(&self, token: &str) {
        token.clone_into(&mut self.auth.now.lock().unwrap());
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now())
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000);
    }

    pub async fn cx<T>(&self, work: impl AsyncFnOnce(&Cx<'_>) -> T) -> T {
        let base = "https://api.hubapi.com".parse().unwrap();
        let clock = Turned(self.clock.clone());
        let cx = Cx {
            connection: &self.connection,
            dial: &connect::dial::Nowhere,
            base: &base,
            transport: &self.wire,
            limiter: &self.limiter,
            auth: &self.auth,
            clock: &clock,
            lane: Lane::Increment,
            timeout: TIMEOUT,
        };
        work(&cx).await
    }

    pub async fn poll(&self, stream: Kind, pass: &Pass, from: Option<&Cursor>) -> Result<Page, Error> {
        self.cx(async |cx| self.hub.poll(cx, stream, pass, from).await).await
    }

    /// All pages of a pass.
    pub async fn pass(&self, stream: Kind, pass: &Pass, from: Option<&Cursor>) -> Pass_ {
        let (mut changes, mut from) = (Vec::new(), from.cloned());
        loop {
            let page = self.poll(stream, pass, from.as_ref()).await.unwrap();
            changes.extend(page.changes);
            match page.position {
                Position::More(cursor) => from = Some(cursor),
                Position::CaughtUp { cursor, complete } => return Pass_ { changes, cursor, complete },
            }
        }
    }

    pub async fn apply(&self, write: &Write) -> Result<Applied, Error> {
        self.cx(async |cx| self.hub.apply(cx, write).await).await
    }

    pub async fn find(&self, write: &Write, sent: Timestamp) -> Landing {
        self.cx(async |cx| self.hub.find(cx, write, sent).await).await.unwrap()
    }

    /// Requests that `work` needs.
    pub async fn requests<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.sandbox.usage().requests();
        let out = work.await;
        (self.sandbox.usage().requests() - before, out)
    }

    pub fn reference(&self, kind: Kind, id: u64) -> ExternalRef {
        ExternalRef::new(&self.connection, kind, id.to_string())
    }

    pub fn write(&self, target: ExternalRef, intent: Intent, expects: Vec<(Field, Value)>) -> Write {
        let slot = format!("{intent:?}");
        let key = WriteKey::new(&self.connection, intent.kind(), &target, "test", &slot, 0);
        Write { key, target, intent, expects, because: "a test says so".to_owned() }
    }

    pub fn task_beside(&self, deal: u64) -> Write {
        let intent = Intent::CreateTask {
            task: Id::derived(&["task", &deal.to_string()]),
            subject: "Call <them>".to_owned(),
            body: "About the offer.\nA & B".to_owned(),
            due: Timestamp::from_millis(BEGIN + 86_400_000),
            owner: None,
            high: true,
        };
        self.write(self.reference(Kind::Deal, deal), intent, vec![])
    }
}

fn connector(extra: &serde_json::Value) -> Arc<dyn Connector> {
    let extra = extra.as_object().cloned().unwrap();
    (hubspot::MAKER.make)(&Options { connection: "hubspot".into(), extra, timeout: TIMEOUT }).unwrap()
}

/// What somebody who takes every change would know.
#[derive(Default)]
pub struct Mirror {
    pub records: BTreeMap<String, Observed>,
    pub gone: BTreeMap<String, GoneHow>,
}

impl Mirror {
    pub fn take(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Seen(record) => {
                    let id = record.reference.id.to_string();
                    self.gone.remove(&id);
                    self.records.insert(id, record);
                }
                Change::Gone(gone) => {
                    let id = gone.reference.id.to_string();
                    self.records.remove(&id);
                    self.gone.insert(id, gone.how);
                }
                Change::Exists(_) => {}
                Change::Unreadable { reason, .. } => panic!("unreadable: {reason}"),
            }
        }
    }

    /// What we know of that a census does not list.
    pub fn missing(&self, census: &[Change]) -> Vec<Box<str>> {
        let there: BTreeSet<String> = census
            .iter()
            .filter_map(|change| match change {
                Change::Exists(reference) => Some(reference.id.to_string()),
                _ => None,
            })
            .collect();
        self.records.keys().filter(|id| !there.contains(*id)).map(|id| id.as_str().into()).collect()
    }

    /// Differences from the account, record by record: existence, modification date, one value, and links.
    pub fn differences(&self, sandbox: &Sandbox, kind: sandbox::Kind, name: &str) -> Vec<String> {
        let snapshot = sandbox.snapshot();
        let live = snapshot.of_type(kind).filter(|(_, shot)| !shot.archived);
        let mut wrong = Vec::new();
        for (id, shot) in live {
            let Some(mine) = self.records.get(id) else {
                wrong.push(format!("{id} is missing"));
                continue;
            };
            let value = shot.properties.get(name).map(String::as_str).filter(|text| !text.is_empty());
            if mine.fields.text(Field::Name) != value {
                wrong.push(format!("{id} has another name"));
            }
            for links in &mine.links {
                let theirs = shot.associations.get(links.to.plural());
                let theirs: Vec<&str> = theirs.iter().flat_map(|m| m.keys()).map(String::as_str).collect();
                let mut ours: Vec<&str> = links.targets.iter().map(|target| &*target.id).collect();
                ours.sort_unstable();
                if theirs != ours {
                    wrong.push(format!("{id} has other {}: {ours:?} not {theirs:?}", links.to.plural()));
                }
            }
        }
        let live = |id: &&String| snapshot.of_type(kind).any(|(other, shot)| *id == other && !shot.archived);
        wrong.extend(self.records.keys().filter(|id| !live(id)).map(|id| format!("{id} is there no more")));
        wrong
    }
}

pub fn seen(changes: &[Change]) -> Vec<&Observed> {
    let mut seen = Vec::new();
    for change in changes {
        if let Change::Seen(record) = change {
            seen.push(record);
        }
    }
    seen
}

pub fn gone(changes: &[Change]) -> Vec<(String, GoneHow)> {
    let one = |change: &Change| match change {
        Change::Gone(gone) => Some((gone.reference.id.to_string(), gone.how.clone())),
        _ => None,
    };
    changes.iter().filter_map(one).collect()
}
