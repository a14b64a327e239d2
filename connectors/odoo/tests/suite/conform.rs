//! The suite that every connector must pass, on a real Odoo. What it does behind the connector's back goes by
//! Odoo's own API.

use crate::{
    kit::{TIMEOUT, Wall},
    server::Server,
};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Clock, Connector, Cx, HttpClient, Lane, Limiter, Options, Secret,
    conformance::{Faults, Linked, Rig, run},
    http::auth::Bearer,
};
use model::{
    ConnectionId, ExternalRef, Field, Id, Intent, Kind, Stream, Timestamp, Value as Ours, Write, WriteKey,
    WriteKind,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// The real clock, put forward by every wait instead of waiting.
#[derive(Default)]
struct Ahead(AtomicI64);

#[async_trait]
impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Wall.now() + Duration::from_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
    async fn sleep_until(&self, at: Timestamp) {
        let wait = i64::try_from(at.since(self.now()).as_millis()).unwrap();
        self.0.fetch_add(wait, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

struct Real<'a> {
    server: &'a Server,
    connection: ConnectionId,
    base: url::Url,
    faults: Faults,
    limiter: Limiter,
    auth: Bearer,
    clock: Ahead,
}

static COUNTER: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    COUNTER.fetch_add(1, Ordering::SeqCst)
}

fn is_write(request: &http::Request<Bytes>) -> bool {
    let path = request.uri().path();
    ["/load", "/write", "/message_post", "/action_feedback"].iter().any(|method| path.ends_with(method))
}

fn options() -> Options {
    Options { connection: ConnectionId::new("crm"), extra: serde_json::Map::new(), timeout: TIMEOUT }
}

/// Odoo's model of a stream and which of its records are there.
fn shape(stream: Stream) -> (&'static str, Value) {
    let any = json!(["active", "in", [true, false]]);
    let beside = json!(["crm.lead", "res.partner"]);
    match stream {
        Kind::Company => ("res.partner", json!([["is_company", "=", true]])),
        Kind::Contact => ("res.partner", json!([["is_company", "=", false]])),
        Kind::Deal => ("crm.lead", json!([any, "|", ["active", "=", true], ["won_status", "!=", "pending"]])),
        Kind::Owner => ("res.users", json!([any, ["share", "=", false]])),
        Kind::Pipeline => ("crm.stage", json!([])),
        Kind::Task => ("mail.activity", json!([any, ["res_model", "in", beside]])),
        Kind::Note => (
            "mail.message",
            json!([
                ["model", "in", beside],
                ["message_type", "=", "comment"],
                ["subtype_id.internal", "=", true]
            ]),
        ),
        Kind::Meeting => ("calendar.event", json!([])),
        Kind::Email | Kind::Call => panic!("Odoo has no stream of {stream}"),
    }
}

impl Real<'_> {
    async fn made(&self, model: &str, rows: Vec<Value>) -> Vec<i64> {
        let context = json!({"mail_activity_quick_update": true, "no_mail_to_attendees": true});
        let made = self.server.call(model, "create", json!({"vals_list": rows, "context": context})).await;
        serde_json::from_value(made).unwrap()
    }

    async fn deal(&self) -> i64 {
        let row =
            json!({"name": format!("deal {}", next()), "type": "opportunity", "stage_id": 1, "user_id": 2});
        self.made("crm.lead", vec![row]).await[0]
    }

    async fn set(&self, model: &str, id: &str, vals: Value) {
        self.server.call(model, "write", json!({"ids": [id.parse::<i64>().unwrap()], "vals": vals})).await;
    }

    async fn activity_rows(&self, count: usize) -> Vec<Value> {
        let model =
            self.server.call("ir.model", "search", json!({"domain": [["model", "=", "crm.lead"]]})).await;
        let deal = self.deal().await;
        let row = json!({"res_model_id": model[0], "res_id": deal, "activity_type_id": 4, "summary": "x", "user_id": 2});
        vec![row; count]
    }
}

#[async_trait]
impl Rig for Real<'_> {
    fn connector(&self) -> Arc<dyn Connector> {
        (odoo::MAKER.make)(&options()).unwrap()
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
        vec![self.server.key.clone()]
    }
    async fn advance(&self, by: Duration) {
        self.clock.sleep_until(self.clock.now() + by).await;
    }
    async fn ids(&self, stream: Stream) -> BTreeSet<String> {
        let (model, domain) = shape(stream);
        let ids: Vec<i64> =
            serde_json::from_value(self.server.call(model, "search", json!({"domain": domain})).await)
                .unwrap();
        let named = |id: &i64| if stream == Kind::Pipeline { format!("crm/{id}") } else { id.to_string() };
        ids.iter().map(named).collect()
    }
    async fn create(&self, stream: Stream, count: usize) -> Vec<String> {
        let rows = |row: &Value| vec![row.clone(); count];
        let ids = match stream {
            Kind::Company => self.made("res.partner", rows(&json!({"name": "Co", "is_company": true}))).await,
            Kind::Contact => {
                self.made("res.partner", rows(&json!({"name": "Ann", "email": "a@x.example"}))).await
            }
            Kind::Deal => self.made("crm.lead", rows(&json!({"name": "Deal", "type": "opportunity"}))).await,
            Kind::Task => self.made("mail.activity", self.activity_rows(count).await).await,
            Kind::Meeting => {
                let row =
                    json!({"name": "Demo", "start": "2026-12-02 10:00:00", "stop": "2026-12-02 11:00:00"});
                self.made("calendar.event", rows(&row)).await
            }
            Kind::Note => {
                let deal = self.deal().await;
                let subtype =
                    json!({"domain": [["internal", "=", true], ["res_model", "=", false]], "limit": 1});
                let subtype = self.server.call("mail.message.subtype", "search", subtype).await;
                let row = json!({"model": "crm.lead", "res_id": deal, "body": "note", "message_type": "comment",
                    "subtype_id": subtype[0]});
                self.made("mail.message", rows(&row)).await
            }
            // People and stages are few and made by hand.
            Kind::Owner | Kind::Pipeline | Kind::Email | Kind::Call => Vec::new(),
        };
        ids.iter().map(ToString::to_string).collect()
    }
    async fn edit(&self, stream: Stream, ids: &[String]) {
        let (model, _) = shape(stream);
        let ids: Vec<i64> = ids.iter().map(|id| id.parse().unwrap()).collect();
        let text = format!("edited {}", next());
        let vals = match stream {
            Kind::Task => json!({"summary": text}),
            Kind::Note => json!({"body": text}),
            _ => json!({"name": text}),
        };
        self.server.call(model, "write", json!({"ids": ids, "vals": vals})).await;
    }
    async fn delete(&self, stream: Stream, id: &str) {
        let (model, _) = shape(stream);
        self.server.call(model, "unlink", json!({"ids": [id.parse::<i64>().unwrap()]})).await;
    }
    /// A person changes companies: the deal with that person does not change at Odoo.
    async fn link(&self) -> Option<Linked> {
        let firms = self.create(Kind::Company, 2).await;
        let firm = |nth: usize| firms[nth].parse::<i64>().unwrap();
        let person = self.made("res.partner", vec![json!({"name": "Bo", "parent_id": firm(0)})]).await[0];
        let row = json!({"name": "linked", "type": "opportunity", "partner_id": person});
        let deal = self.made("crm.lead", vec![row]).await[0];
        self.set("res.partner", &person.to_string(), json!({"parent_id": firm(1)})).await;
        Some(Linked { stream: Kind::Deal, id: deal.to_string(), to: Kind::Company, to_id: firms[1].clone() })
    }
    async fn write(&self, kind: WriteKind) -> Write {
        let deal = self.deal().await;
        let on_deal = ExternalRef::new(&self.connection, Kind::Deal, deal.to_string());
        let owner = (Field::Owner, Ours::Ref("2".into()));
        let stage = (Field::SourceStage, Ours::Text("crm/1".into()));
        let (task, now) = (Id::derived(&["task"]), self.clock.now());
        let text = || format!("text {}", next());
        let (target, intent, expects) = match kind {
            WriteKind::CreateTask => {
                let (subject, body) = (text(), text());
                let intent = Intent::CreateTask {
                    task,
                    subject,
                    body,
                    due: now,
                    owner: Some("2".into()),
                    high: false,
                };
                (on_deal, intent, vec![stage])
            }
            WriteKind::CreateNote => (on_deal, Intent::CreateNote { body: text(), at: now }, vec![stage]),
            WriteKind::ChangeStage => (on_deal, Intent::ChangeStage { to: "crm/3".into() }, vec![stage]),
            WriteKind::ChangeOwner => (on_deal, Intent::ChangeOwner { to: "7".into() }, vec![owner]),
            WriteKind::CompleteTask => {
                let id = self.create(Kind::Task, 1).await.remove(0);
                let target = ExternalRef::new(&self.connection, Kind::Task, id);
                (target, Intent::CompleteTask { task }, vec![owner])
            }
            WriteKind::CreateEvent | WriteKind::MoveEvent | WriteKind::Notify => {
                panic!("{kind} is not described")
            }
        };
        let key = WriteKey::new(&self.connection, kind, &target, "conformance", &next().to_string(), 0);
        Write { key, target, intent, expects, because: "conformance".to_owned() }
    }
    async fn disturb(&self, write: &Write) {
        let (model, _) = shape(write.target.kind);
        let vals = match write.expects[0].0 {
            Field::SourceStage => json!({"stage_id": 2}),
            _ => json!({"user_id": 8}),
        };
        self.set(model, &write.target.id, vals).await;
    }
    async fn effects(&self, write: &Write) -> usize {
        let id: i64 = write.target.id.parse().unwrap();
        let key = write.key.to_string();
        let any = json!(["active", "in", [true, false]]);
        match &write.intent {
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => 0,
            Intent::CreateTask { .. } => {
                self.server.count("mail.activity", json!([any, ["note", "ilike", key]])).await
            }
            Intent::CreateNote { .. } => {
                self.server.count("mail.message", json!([["body", "ilike", key], ["res_id", "=", id]])).await
            }
            Intent::ChangeStage { .. } => {
                self.server.count("crm.lead", json!([["id", "=", id], ["stage_id", "=", 3]])).await
            }
            Intent::ChangeOwner { .. } => {
                self.server.count("crm.lead", json!([["id", "=", id], ["user_id", "=", 7]])).await
            }
            // Each completion is an entry in the history of the task's deal, which has no other task.
            Intent::CompleteTask { .. } => {
                let row = json!({"ids": [id], "fields": ["res_id"]});
                let deal = self.server.call("mail.activity", "read", row).await[0]["res_id"].clone();
                let history = json!([
                    ["model", "=", "crm.lead"],
                    ["res_id", "=", deal],
                    ["mail_activity_type_id", "!=", false]
                ]);
                self.server.count("mail.message", history).await
            }
        }
    }
}

/// Runs the suite.
pub async fn conforms(server: &Server) {
    let report = run(async || {
        let connector = (odoo::MAKER.make)(&options()).unwrap();
        Real {
            server,
            connection: options().connection,
            base: server.base.parse().unwrap(),
            faults: Faults::new(HttpClient::new().unwrap(), is_write),
            limiter: Limiter::of(connector.describe(), 0),
            auth: Bearer::new(&Secret::new(server.key.as_str())).unwrap(),
            clock: Ahead::default(),
        }
    })
    .await;
    eprintln!("{report}");
    assert_eq!(report.failed(), Vec::<&str>::new());
}
