//! The sandbox as the suite's rig. Unique properties are not allowed in its account, so that creations are
//! found by their marker: the harder way.

use crate::wrong::{Defect, Wrong};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Broken, Clock, Connector, Cx, Error, Lane, Limiter, Options, Secret, Sent, Transport,
    conformance::{Faults, Linked, Rig},
    http::oauth::{App, Grant, OAuth, Tokens},
};
use http::{Method, Request, Response};
use model::{
    ConnectionId, ExternalRef, Field, Id, Intent, Kind, Stream, Timestamp, Value, Write, WriteKey, WriteKind,
};
use sandbox::{Config, Kind as Theirs, OauthApp, Sandbox, clock::Hand, team::Size};
use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const BEGIN: i64 = 1_763_812_800_000;
const TIMEOUT: Duration = Duration::from_secs(30);
/// For looking behind the connector's back.
const KEY: &str = "pat-eu1-sandbox";

struct Wire(Arc<Sandbox>);

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>, _timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let answer = self.0.call(request).await;
        answer.map_err(|why| Broken { sent: Sent::MaybeSent, timeout: false, why: why.to_string() })
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

pub struct Desk {
    sandbox: Arc<Sandbox>,
    clock: Turned,
    connection: ConnectionId,
    base: url::Url,
    faults: Faults,
    limiter: Limiter,
    auth: OAuth,
    defect: Option<Defect>,
    made: AtomicUsize,
    owners: Vec<String>,
}

/// Makes or changes a record; schema, search and token requests don't.
fn is_write(request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    let objects = path.contains("/objects/") && !path.ends_with("/search") && !path.ends_with("/read");
    objects && request.method() != Method::GET
}

fn oauth(app: &OauthApp) -> OAuth {
    let url = |path: &str| format!("https://api.hubapi.com/{path}").parse().unwrap();
    let begin = Timestamp::from_millis(BEGIN);
    let old = Grant {
        access: Secret::new("an-old-token"),
        refresh: Some(Secret::new(app.refresh_token.as_str())),
        obtained: begin - Duration::from_hours(2),
        expires: begin - Duration::from_hours(1),
    };
    let app = App {
        authorize_url: url("oauth/authorize"),
        token_url: url("oauth/v1/token"),
        client_id: app.client_id.clone(),
        client_secret: Some(Secret::new(app.client_secret.as_str())),
        scopes: Vec::new(),
        optional_scopes: Vec::new(),
        extra: Vec::new(),
        user: None,
    };
    OAuth::new(app, Arc::new(Kept(Mutex::new(old))))
}

impl Desk {
    pub fn new(defect: Option<Defect>) -> Self {
        let app = OauthApp { rotate: true, ..OauthApp::default() };
        let config =
            Config { oauth: Some(app.clone()), unique_allowed: BTreeSet::new(), ..Config::seeded(7) };
        let hand = Hand::at(BEGIN);
        let sandbox = Sandbox::new(&config, hand.clock());
        sandbox.populate(&Size::small());
        let mut desk = Self {
            faults: Faults::new(Wire(sandbox.clone()), is_write),
            clock: Turned(hand),
            connection: "hubspot".into(),
            base: "https://api.hubapi.com".parse().unwrap(),
            limiter: Limiter::new(Vec::new()),
            auth: oauth(&app),
            made: AtomicUsize::new(0),
            owners: Vec::new(),
            sandbox,
            defect,
        };
        desk.limiter = Limiter::of(desk.connector().describe(), 0);
        desk.owners = desk.listed("/crm/v3/owners?limit=500").iter().map(|owner| text(owner, "id")).collect();
        desk
    }

    fn listed(&self, path: &str) -> Vec<serde_json::Value> {
        let request = Request::get(format!("https://api.hubapi.com{path}"))
            .header("authorization", format!("Bearer {KEY}"))
            .body(Bytes::new());
        let answer = pollster(self.sandbox.call(request.unwrap())).unwrap();
        let answer: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        answer["results"].as_array().unwrap().clone()
    }

    fn next(&self) -> usize {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    fn one(&self, kind: Theirs) -> u64 {
        let n = self.next();
        let (name, at) = (format!("conformance {n}"), self.clock.now().to_string());
        let email = format!("c{n}@conformance.test");
        let mut values = vec![(name_of(kind), name.as_str())];
        match kind {
            Theirs::Contact => values.push(("email", &email)),
            Theirs::Deal => values.extend([
                ("pipeline", "default"),
                ("dealstage", "qualifiedtobuy"),
                ("hubspot_owner_id", self.owners[0].as_str()),
            ]),
            Theirs::Company | Theirs::Ticket => {}
            Theirs::Task => values.extend([("hs_timestamp", at.as_str()), ("hs_task_status", "NOT_STARTED")]),
            Theirs::Note | Theirs::Meeting | Theirs::Call | Theirs::Email => {
                values.push(("hs_timestamp", &at));
            }
        }
        self.sandbox.create(kind, &values).unwrap()
    }

    fn value(&self, write: &Write, name: &str) -> String {
        let id = write.target.id.parse().unwrap();
        self.sandbox.value(theirs(write.target.kind).unwrap(), id, name).unwrap_or_default()
    }
}

/// The sandbox answers at once.
fn pollster<F: Future>(future: F) -> F::Output {
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut task) {
        std::task::Poll::Ready(out) => out,
        std::task::Poll::Pending => panic!("the sandbox waits for nothing"),
    }
}

fn text(value: &serde_json::Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn theirs(stream: Stream) -> Option<Theirs> {
    Theirs::named(stream.name())
}

fn name_of(kind: Theirs) -> &'static str {
    match kind {
        Theirs::Contact => "firstname",
        Theirs::Company => "name",
        Theirs::Deal => "dealname",
        Theirs::Ticket => "subject",
        Theirs::Task => "hs_task_subject",
        Theirs::Note => "hs_note_body",
        Theirs::Meeting => "hs_meeting_title",
        Theirs::Call => "hs_call_title",
        Theirs::Email => "hs_email_subject",
    }
}

#[async_trait]
impl Rig for Desk {
    fn connector(&self) -> Arc<dyn Connector> {
        let options =
            Options { connection: "hubspot".into(), extra: serde_json::Map::new(), timeout: TIMEOUT };
        let right = (hubspot::MAKER.make)(&options).unwrap();
        match self.defect {
            Some(defect) => Arc::new(Wrong(right, defect)),
            None => right,
        }
    }
    fn faults(&self) -> &Faults {
        &self.faults
    }
    fn cx(&self) -> Cx<'_> {
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
    fn secrets(&self) -> Vec<String> {
        ["CSandbox-", "sandbox-secret", "sandbox-refresh", "an-old-token"].map(str::to_owned).into()
    }
    async fn advance(&self, by: Duration) {
        self.clock.0.advance(i64::try_from(by.as_millis()).unwrap());
    }
    async fn ids(&self, stream: Stream) -> BTreeSet<String> {
        match (stream, theirs(stream)) {
            (_, Some(kind)) => self.sandbox.ids(kind).iter().map(u64::to_string).collect(),
            (Kind::Owner, None) => {
                let lists = ["/crm/v3/owners?limit=500", "/crm/v3/owners?limit=500&archived=true"];
                lists.iter().flat_map(|path| self.listed(path)).map(|owner| text(&owner, "id")).collect()
            }
            (_, None) => {
                let stages = self.listed("/crm/v3/pipelines/deals").into_iter().flat_map(|pipeline| {
                    let stages = pipeline["stages"].as_array().unwrap().clone();
                    stages
                        .into_iter()
                        .map(move |stage| format!("{}/{}", text(&pipeline, "id"), text(&stage, "id")))
                });
                stages.collect()
            }
        }
    }
    async fn create(&self, stream: Stream, count: usize) -> Vec<String> {
        let Some(kind) = theirs(stream) else { return Vec::new() };
        (0..count).map(|_| self.one(kind).to_string()).collect()
    }
    async fn edit(&self, stream: Stream, ids: &[String]) {
        let Some(kind) = theirs(stream) else { return };
        let name = format!("edited {}", self.next());
        for id in ids {
            assert!(self.sandbox.edit(kind, id.parse().unwrap(), &[(name_of(kind), &name)]).unwrap());
        }
    }
    async fn delete(&self, stream: Stream, id: &str) {
        assert!(self.sandbox.purge(theirs(stream).unwrap(), id.parse().unwrap()));
    }
    async fn link(&self) -> Option<Linked> {
        let (deal, contact) = (self.one(Theirs::Deal), self.one(Theirs::Contact));
        self.advance(Duration::from_mins(5)).await;
        self.sandbox.associate((Theirs::Deal, deal), (Theirs::Contact, contact)).unwrap();
        let (id, to_id) = (deal.to_string(), contact.to_string());
        Some(Linked { stream: Kind::Deal, id, to: Kind::Contact, to_id })
    }
    async fn write(&self, kind: WriteKind) -> Write {
        let of = if kind == WriteKind::CompleteTask { Kind::Task } else { Kind::Deal };
        let id = self.one(theirs(of).unwrap()).to_string();
        let target = ExternalRef::new(&self.connection, of, id.as_str());
        let task = Id::derived(&[&id]);
        let at = self.clock.now();
        let stage = (Field::SourceStage, Value::Text("default/qualifiedtobuy".into()));
        let (intent, expects) = match kind {
            WriteKind::CreateTask => {
                let (subject, body) = ("Call <them>".to_owned(), "About \"it\"\n& more".to_owned());
                (Intent::CreateTask { task, subject, body, due: at, owner: None, high: true }, vec![stage])
            }
            WriteKind::CompleteTask => (Intent::CompleteTask { task }, Vec::new()),
            WriteKind::CreateNote => (Intent::CreateNote { body: "Went well".to_owned(), at }, vec![stage]),
            WriteKind::ChangeStage => {
                (Intent::ChangeStage { to: "default/presentationscheduled".into() }, vec![stage])
            }
            WriteKind::ChangeOwner => {
                let owner = (Field::Owner, Value::Ref(self.owners[0].as_str().into()));
                (Intent::ChangeOwner { to: self.owners[1].as_str().into() }, vec![owner])
            }
            WriteKind::CreateEvent | WriteKind::MoveEvent | WriteKind::Notify => {
                panic!("{kind} is not described")
            }
        };
        let key = WriteKey::new(&self.connection, kind, &target, "conformance", &id, 0);
        Write { key, target, intent, expects, because: "the suite says so".to_owned() }
    }
    async fn disturb(&self, write: &Write) {
        let values = match write.intent.kind() {
            WriteKind::ChangeOwner => ("hubspot_owner_id", self.owners[2].as_str()),
            _ => ("dealstage", "contractsent"),
        };
        self.sandbox.edit(Theirs::Deal, write.target.id.parse().unwrap(), &[values]).unwrap();
    }
    async fn effects(&self, write: &Write) -> usize {
        let (kind, body) = match &write.intent {
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => return 0,
            Intent::CreateTask { .. } => (Theirs::Task, "hs_task_body"),
            Intent::CreateNote { .. } => (Theirs::Note, "hs_note_body"),
            Intent::CompleteTask { .. } => {
                return usize::from(self.value(write, "hs_task_status") == "COMPLETED");
            }
            Intent::ChangeStage { to } => {
                return usize::from(**to == *format!("default/{}", self.value(write, "dealstage")));
            }
            Intent::ChangeOwner { to } => {
                return usize::from(**to == *self.value(write, "hubspot_owner_id"));
            }
        };
        let marker = connect::marker::text(write.key);
        let snapshot = self.sandbox.snapshot();
        let carry: HashSet<&String> = snapshot
            .of_type(kind)
            .filter(|(_, shot)| shot.properties.get(body).is_some_and(|text| text.contains(&marker)))
            .map(|(id, _)| id)
            .collect();
        carry.len()
    }
}
