mod anew;
mod clash;
mod orders;

use super::*;
use crate::{assign::Assign, daemon::Daemon, rules::Config, settings::Settings};
use connect::Clock;
use engine::assign::rank;
use model::{
    Canonical, Currency, Event, EventKind, ExternalRef, Field, Intake, Kind, Money, RecordRow, SourceRow,
    SourceValues, Stage, Value, Version,
    work::{
        EscalationCase, EscalationLevel, HandoffCase, Message, Need, Party, Responsibility, TaskState,
        message::{EscalationStatus, Fill, HandoffStatus},
    },
};
use serde_json::{Value as Json, json};
use std::sync::{Mutex, PoisonError};
use store::{
    CaseFilter, Kept, MessageFilter, Progressed, Raise, Said, Store, TaskFilter, WriteFilter,
    sqlite::SqliteStore,
};

/// Monday 2025-11-24T08:00:00Z.
const MONDAY: Timestamp = Timestamp::from_millis(1_763_971_200_000);

/// A clock that stands until it is moved.
struct Standing(Mutex<Timestamp>);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    async fn sleep_until(&self, _: Timestamp) {}
}

/// The seed's team at one deal, with the agents named in `inbox` fetching their messages themselves.
struct Office {
    clock: Arc<Standing>,
    daemon: Daemon,
    store: Arc<dyn Store>,
    coordinate: Coordinate,
    assign: Assign,
    said: u32,
}

fn deal() -> Id {
    Id::derived(&["deal"])
}

impl Office {
    async fn new(agents: &str) -> Self {
        let source = engine::config::Source { name: "agents.toml", text: agents };
        let loaded =
            engine::config::load(Some(source), None).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let settings = Settings::read(std::path::Path::new("test.toml"), "").unwrap();
        let config = Config { settings, roster: loaded.roster, book: loaded.book };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        let clock = Arc::new(Standing(Mutex::new(MONDAY)));
        let daemon = Daemon::start(store.clone(), clock.clone(), config, Vec::new(), 1).await.unwrap();
        let cycles = daemon.cycles();
        let (coordinate, assign) = (cycles.coordinate, cycles.assign);
        let office = Self { clock, daemon, store, coordinate, assign, said: 0 };
        office.deal(10_000).await;
        office
    }

    async fn deal(&self, amount: i64) {
        let reference = ExternalRef::new(&"crm".into(), Kind::Deal, "42");
        let usd = Money { minor: amount * 100, currency: "USD".parse::<Currency>().ok() };
        let fields: model::Fields = [
            (Field::Name, Value::Text("Platform".into())),
            (Field::Owner, Value::Ref("7".into())),
            (Field::Amount, Value::Money(usd)),
            (Field::Stage, Value::Stage(Stage::Qualification)),
        ]
        .into_iter()
        .collect();
        let values = SourceValues { reference: reference.clone(), modified: MONDAY, fields: fields.clone() };
        let record = Canonical {
            id: deal(),
            kind: Kind::Deal,
            fields,
            sources: vec![values],
            stage_since: Some(MONDAY),
            gone: None,
        };
        let row = SourceRow {
            reference,
            record: deal(),
            version: Version::At(MONDAY),
            modified: MONDAY,
            raw: None,
            links: Vec::new(),
            new: true,
        };
        let records = vec![RecordRow { record, new: true, match_keys: None }];
        let intake = Intake { records, sources: vec![row], ..Intake::default() };
        self.store.commit_page(&self.daemon.shared.held, intake, MONDAY).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Another `agents.toml` comes into force.
    async fn configure(&self, agents: &str) {
        let source = engine::config::Source { name: "agents.toml", text: agents };
        let loaded =
            engine::config::load(Some(source), None).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let known = self.daemon.shared.rules();
        let config = Config { roster: loaded.roster, ..(*known.config).clone() };
        crate::rules::refresh(&self.daemon.shared, Some(Arc::new(config))).await.unwrap();
    }

    /// Lets time pass, then both cycles turn until neither has anything more to do.
    async fn after(&mut self, time: Duration) {
        *self.clock.0.lock().unwrap() = self.now() + time;
        for _ in 0..100 {
            let turns = [self.assign.turn().await.unwrap(), self.coordinate.turn().await.unwrap()];
            if turns.iter().all(|turn| *turn != Turn::Again) {
                return;
            }
        }
        panic!("they never come to rest");
    }

    async fn queue(&mut self, number: u32, capability: &str) -> Id {
        let task = Task {
            id: Id::derived(&["task", &number.to_string()]),
            action: "DISCOVERY_CALL".into(),
            title: "Discovery call".to_owned(),
            subject: Subject::Deal(deal()),
            stage: Stage::Qualification,
            responsibility: Responsibility::Primary,
            meant_for: None,
            need: Need { capability: capability.into(), preferred: Vec::new(), unit: None },
            priority: 70,
            arrived: self.now(),
            allowed_hours: 16,
            due: None,
            holder: None,
            state: TaskState::Queued,
            cause: "test".to_owned(),
        };
        let id = task.id;
        let create = vec![(task.clone(), rank(task.arrived, task.priority, 1))];
        let progressed = Progressed { create, ..Progressed::default() };
        self.store.commit_progress(&self.daemon.shared.held, progressed, self.now()).await.unwrap();
        self.after(Duration::ZERO).await;
        id
    }

    async fn task(&self, id: Id) -> Task {
        self.store.task(id).await.unwrap().unwrap().0
    }

    async fn say(&mut self, from: &Party, to: &str, rest: Json) -> Result<Said, store::Error> {
        self.said += 1;
        let mut all =
            json!({ "id": format!("m-{}", self.said), "from": from.name(), "to": to, "sent_at": self.now() });
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let message = Message::read(&all.to_string(), &Fill::default()).unwrap();
        let said = self.store.say(from, message, self.now()).await;
        self.after(Duration::ZERO).await;
        said
    }

    async fn status(&mut self, from: &str, task: Id, status: &str, more: &Json) {
        let mut rest = json!({ "type": "STATUS", "task_id": task.to_string(), "status": status });
        rest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.say(&Party::Agent(from.into()), "ORCHESTRATOR", rest).await.unwrap();
    }

    /// An agent asks for its deal to be handed over; the handoff's id.
    async fn hand_off(&mut self, from: &str, to: &str) -> Id {
        let lead = json!({ "id": format!("deal:{}", deal()), "stage": "MEETING_BOOKED" });
        let request = json!({ "type": "HANDOFF", "lead": lead });
        match self.say(&Party::Agent(from.into()), to, request).await.unwrap().effect {
            store::Effect::Handoff { handoff, .. } => handoff,
            other => panic!("{other:?}"),
        }
    }

    /// What an agent finds in its inbox, by type, oldest first.
    async fn inbox(&self, agent: &str) -> Vec<Kept> {
        let filter = MessageFilter { to: Some(agent.into()), ..MessageFilter::default() };
        self.store.messages(&Party::Daemon, &filter, 0, 100).await.unwrap()
    }

    async fn handoffs(&self) -> Vec<HandoffCase> {
        self.store.handoffs(&Party::Daemon, &CaseFilter::default(), 10).await.unwrap()
    }

    async fn escalations(&self) -> Vec<EscalationCase> {
        self.store.escalations(&Party::Daemon, &CaseFilter::default(), 10).await.unwrap()
    }

    /// Kinds of the writes decided so far, oldest first.
    async fn writes(&self) -> Vec<&'static str> {
        let writes = self.store.writes(&WriteFilter::default(), 100).await.unwrap();
        writes.iter().rev().map(|row| row.write.intent.kind().name()).collect()
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Two agents alike for discovery calls, both reading messages.
const TWINS: &str = r#"
[[agent]]
id = "WAKE.LSHSALES"
reach = "inbox"
[[agent]]
id = "TWIN"
layer = "specialised"
stages = ["qualification"]
capabilities = { discovery_call = 1, need_qualification = 1 }
reach = "inbox"
[[agent]]
id = "WAKE.SDRFORGE"
reach = "inbox"
"#;

#[tokio::test]
async fn an_offer_that_nobody_answers_goes_round_and_comes_back() {
    let mut office = Office::new(TWINS).await;
    // given an offer
    let task = office.queue(1, "discovery_call").await;
    let first = office.task(task).await;
    let holder = first.holder.clone().unwrap();
    assert_eq!(first.state, TaskState::Offered { until: MONDAY + 30 * MINUTE });
    let told = office.inbox(holder.as_str()).await;
    assert_eq!((told.len(), told[0].message.body.kind()), (1, "TASK"));
    // when nobody answers, the other is asked, in time and not before
    office.after(29 * MINUTE).await;
    assert_eq!(office.task(task).await.holder, Some(holder.clone()));
    office.after(MINUTE).await;
    let second = office.task(task).await.holder.unwrap();
    assert_ne!(second, holder);
    let gone = serde_json::to_value(&office.inbox(holder.as_str()).await.pop().unwrap().message).unwrap();
    assert_eq!(
        (&gone["type"], &gone["status"], &gone["task_id"]),
        (&json!("STATUS"), &json!("CANCELLED"), &json!(task))
    );
    assert!(gone["reason"].as_str().unwrap().starts_with("no answer until"), "{gone}");
    office.after(30 * MINUTE).await;
    // then it waits for both, and why says so
    let waiting = office.task(task).await;
    assert_eq!((waiting.state, waiting.holder), (TaskState::Queued, None));
    let events = office.store.history(task, 20).await.unwrap();
    let returned =
        events.iter().filter(|(_, event)| matches!(event.kind, EventKind::TaskReturned { .. })).count();
    assert_eq!(returned, 2);
    // and is offered again when they may be asked again
    office.after(3 * HOUR).await;
    assert_eq!(office.task(task).await.state, TaskState::Queued);
    office.after(HOUR).await;
    assert!(matches!(office.task(task).await.state, TaskState::Offered { .. }));
    let all = [office.inbox("TWIN").await, office.inbox("WAKE.LSHSALES").await].concat();
    assert_eq!(all.iter().filter(|kept| kept.message.body.kind() == "TASK").count(), 3);
}

#[tokio::test]
async fn who_declines_is_not_asked_again() {
    let mut office = Office::new(TWINS).await;
    let task = office.queue(1, "discovery_call").await;
    let first = office.task(task).await.holder.unwrap();
    office.status(first.as_str(), task, "DECLINED", &json!({ "reason": "no time" })).await;
    let second = office.task(task).await.holder.unwrap();
    assert_ne!(second, first);
    assert_eq!(office.inbox(first.as_str()).await.len(), 1, "who says so itself is not told");
    office.status(second.as_str(), task, "DECLINED", &json!({ "reason": "no time" })).await;
    office.after(48 * HOUR).await;
    assert_eq!(office.task(task).await.state, TaskState::Queued);
    // such a task is told of as lasting overflow, once
    let cases = office.escalations().await;
    assert_eq!(cases.iter().map(|case| &*case.reason).collect::<Vec<_>>(), ["PERSISTENT_OVERFLOW"]);
    // and that is settled by itself once somebody has it
    let third = "[[agent]]\nid = \"THIRD\"\nlayer = \"specialised\"\nstages = [\"qualification\"]\n\
                 capabilities = { discovery_call = 1 }\nreach = \"inbox\"\n";
    office.configure(&format!("{TWINS}{third}")).await;
    office.after(2 * MINUTE).await;
    assert_eq!(office.task(task).await.holder, Some("THIRD".into()));
    office.after(2 * MINUTE).await;
    let case = office.escalations().await.remove(0);
    assert_eq!((case.status, &*case.by), (EscalationStatus::Resolved, "engine"));
}

#[tokio::test]
async fn a_paused_agents_tasks_go_to_others_with_the_reason() {
    let mut office = Office::new(TWINS).await;
    let task = office.queue(1, "discovery_call").await;
    let first = office.task(task).await.holder.unwrap();
    office.status(first.as_str(), task, "ACCEPTED", &json!({})).await;
    // when the holder is paused
    let olga = store::Actor("olga".to_owned());
    office.store.pause_agent(&olga, &first, true, office.now()).await.unwrap();
    office.after(MINUTE).await;
    // then somebody else has it
    let moved = office.task(task).await;
    assert_ne!(moved.holder, Some(first.clone()));
    let why = |event: &Event| matches!(&event.kind, EventKind::TaskReturned { why, .. } if **why == *format!("{first} is paused"));
    assert!(office.store.history(task, 20).await.unwrap().iter().any(|(_, event)| why(event)));
    // what it had begun, an agent keeps
    let second = moved.holder.unwrap();
    office.status(second.as_str(), task, "ACCEPTED", &json!({})).await;
    office.status(second.as_str(), task, "IN_PROGRESS", &json!({ "progress": 10 })).await;
    office.store.pause_agent(&olga, &second, true, office.now()).await.unwrap();
    office.after(MINUTE).await;
    assert_eq!(office.task(task).await.holder, Some(second.clone()));
    // and the owner of the deal is told of it, once for each pause
    let told = async |office: &Office| {
        let cases = office.escalations().await;
        cases.iter().filter(|case| &*case.reason == "AGENT_AWAY" && case.task == Some(task)).count()
    };
    office.after(MINUTE).await;
    assert_eq!(told(&office).await, 1);
    office.store.pause_agent(&olga, &second, false, office.now()).await.unwrap();
    office.after(MINUTE).await;
    office.store.pause_agent(&olga, &second, true, office.now()).await.unwrap();
    office.after(MINUTE).await;
    assert_eq!(told(&office).await, 2);
}

/// The twins, with the given days off of both.
fn with_days_off(twin: &str, other: &str) -> String {
    let off = |days: &str| format!("reach = \"inbox\"\nhours = {{ off = [{days}] }}");
    let mut blocks = TWINS.split("reach = \"inbox\"");
    let [first, second, rest] = [(); 3].map(|()| blocks.next().unwrap_or_default());
    format!("{first}{}{second}{}{rest}reach = \"inbox\"", off(other), off(twin))
}

/// A task that the twin has, due on Tuesday as it prepares a meeting.
async fn due_on_tuesday(office: &mut Office) -> Id {
    let task = office.queue(1, "discovery_call").await;
    assert_eq!(office.task(task).await.holder, Some("TWIN".into()), "the other one has that day off");
    office.status("TWIN", task, "ACCEPTED", &json!({})).await;
    task
}

#[tokio::test]
async fn what_is_due_while_its_holder_is_away_goes_to_others_before_it_is_begun() {
    // given a task of the twin's that is due on Tuesday
    let mut office = Office::new(&with_days_off("", "\"2025-11-24\"")).await;
    let task = due_on_tuesday(&mut office).await;
    assert_eq!(office.task(task).await.due, Some(MONDAY + 16 * HOUR));
    // when the twin takes Tuesday and Wednesday off
    office.configure(&with_days_off("\"2025-11-25\", \"2025-11-26\"", "")).await;
    office.after(MINUTE).await;
    // then the other one has it, and the history says why
    assert_eq!(office.task(task).await.holder, Some("WAKE.LSHSALES".into()));
    let events = office.store.history(task, 20).await.unwrap();
    let said = |(_, event): &(i64, Event)| match &event.kind {
        EventKind::TaskReturned { agent, why } => {
            agent.as_str() == "TWIN" && why.contains("is away when it is due")
        }
        _ => false,
    };
    assert_eq!(events.iter().filter(|event| said(event)).count(), 1, "{events:?}");
}

/// The twins, one with a calendar, the other with these days off.
fn with_calendar(other: &str) -> String {
    with_days_off("\"2000-01-01\"", other).replace("off = [\"2000-01-01\"]", "calendar = \"office\"")
}

/// An event of whole days in somebody's calendar.
fn out_of_office(from: Timestamp, to: Timestamp, status: &str) -> Intake {
    let reference = ExternalRef::new(&"office".into(), Kind::Meeting, "/twin/private/1.ics");
    let fields: model::Fields = [
        (Field::At, Value::Time(from)),
        (Field::EndAt, Value::Time(to)),
        (Field::Availability, Value::Text("out_of_office".into())),
        (Field::Status, Value::Text(status.into())),
    ]
    .into_iter()
    .collect();
    let id = Id::derived(&["meeting"]);
    let new = status == "confirmed";
    let values = SourceValues { reference: reference.clone(), modified: MONDAY, fields: fields.clone() };
    let record =
        Canonical { id, kind: Kind::Meeting, fields, sources: vec![values], stage_since: None, gone: None };
    let row = SourceRow {
        reference,
        record: id,
        version: Version::At(MONDAY),
        modified: MONDAY,
        raw: None,
        links: Vec::new(),
        new,
    };
    let records = vec![RecordRow { record, new, match_keys: None }];
    Intake { records, sources: vec![row], ..Intake::default() }
}

#[tokio::test]
async fn out_of_office_in_a_calendar_is_an_absence_until_it_is_called_off() {
    // given a task of the twin's that is due on Tuesday
    let mut office = Office::new(&with_calendar("\"2025-11-24\"")).await;
    let task = due_on_tuesday(&mut office).await;
    office.configure(&with_calendar("")).await;
    let shared = office.daemon.shared.clone();
    // when its calendar shows Tuesday and Wednesday out of office
    let days = (MONDAY + 12 * HOUR, MONDAY + 60 * HOUR);
    let away = out_of_office(days.0, days.1, "confirmed");
    office.store.commit_page(&shared.held, away, office.now()).await.unwrap();
    crate::absence::refresh(&shared).await.unwrap();
    office.after(MINUTE).await;
    // then the other one has it, and the twin is asked for nothing until it is back
    assert_eq!(office.task(task).await.holder, Some("WAKE.LSHSALES".into()));
    let twin = AgentId::from("TWIN");
    let until =
        |office: &Office, at| office.daemon.shared.rules().routing.calendar(&twin).unwrap().back_after(at);
    assert_eq!(until(&office, days.0 + 12 * HOUR), Some(days.1));
    // when that is called off
    let called_off = out_of_office(days.0, days.1, "cancelled");
    office.store.commit_page(&shared.held, called_off, office.now()).await.unwrap();
    crate::absence::refresh(&shared).await.unwrap();
    // then it is there
    assert_eq!(until(&office, days.0 + 12 * HOUR), None);
}

#[tokio::test]
async fn what_its_holder_has_begun_before_going_away_is_escalated_and_what_nobody_else_can_do_stays() {
    // given a task that the twin has begun, due on Tuesday
    let mut office = Office::new(&with_days_off("", "\"2025-11-24\"")).await;
    let task = due_on_tuesday(&mut office).await;
    office.status("TWIN", task, "IN_PROGRESS", &json!({ "progress": 10 })).await;
    // when the twin takes Tuesday off
    office.configure(&with_days_off("\"2025-11-25\"", "")).await;
    office.after(MINUTE).await;
    office.after(MINUTE).await;
    // then it stays with the twin, and the owner is told once
    assert_eq!(office.task(task).await.holder, Some("TWIN".into()));
    let reasons: Vec<_> = office.escalations().await.into_iter().map(|case| case.reason).collect();
    assert_eq!(reasons, ["AGENT_AWAY".into()]);

    // given the same, not begun, and everybody able away that day
    let mut office = Office::new(&with_days_off("", "\"2025-11-24\"")).await;
    let task = due_on_tuesday(&mut office).await;
    office.configure(&with_days_off("\"2025-11-25\"", "\"2025-11-25\"")).await;
    office.after(MINUTE).await;
    // then taking it back would help nobody
    assert_eq!(office.task(task).await.holder, Some("TWIN".into()));
}

#[tokio::test]
async fn a_handoff_travels_with_its_package_and_the_giver_answers_until_it_is_confirmed() {
    let mut office = Office::new(TWINS).await;
    let task = office.queue(1, "discovery_call").await;
    let giver = office.task(task).await.holder.unwrap();
    office.status(giver.as_str(), task, "ACCEPTED", &json!({})).await;
    let receiver = if giver.as_str() == "TWIN" { "WAKE.LSHSALES" } else { "TWIN" };
    // when the giver asks
    let lead = json!({ "id": Subject::Deal(deal()).to_string(), "stage": "MEETING_BOOKED" });
    let request = json!({ "type": "HANDOFF", "lead": lead });
    office.say(&Party::Agent(giver.clone()), receiver, request).await.unwrap();
    // then the receiver gets the package, and the giver still has the task
    let inbox = office.inbox(receiver).await;
    let asked = inbox.iter().rev().find(|kept| *kept.message.from == *giver.as_str()).unwrap();
    let asked = serde_json::to_value(&asked.message).unwrap();
    assert_eq!(
        (&asked["type"], &asked["lead"]["context"]["summary"]["stage"]),
        (&json!("HANDOFF"), &json!("qualification"))
    );
    assert_eq!(office.task(task).await.holder, Some(giver.clone()));
    // when it is confirmed
    let confirm = json!({ "type": "HANDOFF", "handoff_id": asked["handoff_id"], "status": "CONFIRMED" });
    office.say(&Party::Agent(receiver.into()), "ORCHESTRATOR", confirm).await.unwrap();
    // then the task is the receiver's, the source has a note, and the giver is told
    let moved = office.task(task).await;
    assert_eq!((moved.holder, moved.meant_for), (Some(receiver.into()), Some(receiver.into())));
    assert_eq!(office.handoffs().await[0].status, HandoffStatus::Completed);
    assert_eq!(office.writes().await, ["create_note"]);
    let told = office.inbox(giver.as_str()).await;
    let told: Vec<_> =
        told[told.len() - 2..].iter().map(|kept| json!(kept.message)["status"].clone()).collect();
    assert_eq!(told, ["COMPLETED", "CANCELLED"], "the handoff, and the task that went with it");
}

#[tokio::test]
async fn a_handoff_that_nobody_confirms_times_out_and_climbs() {
    let mut office = Office::new(TWINS).await;
    let task = office.queue(1, "discovery_call").await;
    let giver = office.task(task).await.holder.unwrap();
    office.status(giver.as_str(), task, "ACCEPTED", &json!({})).await;
    let lead = json!({ "id": Subject::Deal(deal()).to_string(), "stage": "MEETING_BOOKED" });
    let request = json!({ "type": "HANDOFF", "lead": lead });
    office.say(&Party::Agent(giver.clone()), "WAKE.SDRFORGE", request).await.unwrap();
    // when its time is over
    office.after(24 * HOUR).await;
    // then the giver still answers for it, and it is escalated to the owner by a task in the CRM
    assert_eq!(office.handoffs().await[0].status, HandoffStatus::TimedOut);
    assert_eq!(office.task(task).await.holder, Some(giver));
    let reasons = |cases: Vec<EscalationCase>| {
        cases.into_iter().map(|case| (case.reason, case.level)).collect::<Vec<_>>()
    };
    let timeout = |cases: &[(Box<str>, EscalationLevel)]| {
        cases.iter().find(|(reason, _)| &**reason == "HANDOFF_TIMEOUT").map(|(_, level)| *level)
    };
    assert_eq!(timeout(&reasons(office.escalations().await)), Some(EscalationLevel::Owner));
    let asks = office.store.tasks(&TaskFilter::of(deal()), 10).await.unwrap();
    let ask = asks.iter().find(|task| task.title.contains("HANDOFF_TIMEOUT")).unwrap();
    assert_eq!(ask.holder, Some("AI.SALES.AGENT".into()));
    assert!(office.writes().await.contains(&"create_task"));
    // not taken up, it climbs
    office.after(4 * HOUR).await;
    assert_eq!(timeout(&reasons(office.escalations().await)), Some(EscalationLevel::Manager));
    office.after(24 * HOUR).await;
    assert_eq!(timeout(&reasons(office.escalations().await)), Some(EscalationLevel::Head));
    // done in the CRM, it is resolved
    let done = Progressed { done: vec![(ask.id, office.now())], ..Progressed::default() };
    office.store.commit_progress(&office.daemon.shared.held, done, office.now()).await.unwrap();
    office.after(MINUTE).await;
    let ended =
        office.escalations().await.into_iter().find(|case| &*case.reason == "HANDOFF_TIMEOUT").unwrap();
    assert_eq!(ended.status, EscalationStatus::Resolved);
}

#[tokio::test]
async fn an_agents_escalation_brings_the_enterprise_agent() {
    let agents = format!("{TWINS}\n[[agent]]\nid = \"WAKE.ENTERPRISE\"\nreach = \"inbox\"\n");
    let mut office = Office::new(&agents).await;
    let task = office.queue(1, "discovery_call").await;
    let holder = office.task(task).await.holder.unwrap();
    office.status(holder.as_str(), task, "ACCEPTED", &json!({})).await;
    // when the holder escalates by the seed's own reason
    let call = json!({ "type": "ESCALATION", "deal_id": deal().to_string(), "reason": "ENTERPRISE_COMPLEXITY",
        "request": "ACTIVATE_ENTERPRISE_AGENT", "context": { "deal_size": 150_000 } });
    office.say(&Party::Agent(holder), "ORCHESTRATOR", call).await.unwrap();
    // then the enterprise agent is offered its overlay and told why
    let kinds: Vec<_> =
        office.inbox("WAKE.ENTERPRISE").await.iter().map(|kept| kept.message.body.kind()).collect();
    assert_eq!(kinds, ["ESCALATION", "TASK"]);
    let overlay = office.store.next_task(&"WAKE.ENTERPRISE".into()).await.unwrap().unwrap().task;
    assert_eq!(overlay.responsibility, Responsibility::Overlay("enterprise".into()));
    // taken, it is acknowledged; done, resolved
    office.status("WAKE.ENTERPRISE", overlay.id, "ACCEPTED", &json!({})).await;
    assert_eq!(office.escalations().await[0].status, EscalationStatus::Acknowledged);
    office.status("WAKE.ENTERPRISE", overlay.id, "DONE", &json!({ "outcome": "success" })).await;
    assert_eq!(office.escalations().await[0].status, EscalationStatus::Resolved);
}

#[tokio::test]
async fn a_task_past_its_due_date_and_one_given_up_are_escalated_once() {
    let mut office = Office::new(TWINS).await;
    let task = office.queue(1, "discovery_call").await;
    let holder = office.task(task).await.holder.unwrap();
    office.status(holder.as_str(), task, "ACCEPTED", &json!({})).await;
    office.after(17 * HOUR).await;
    office.after(HOUR).await;
    let reasons = async |office: &Office| {
        office.escalations().await.iter().rev().map(|case| case.reason.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&office).await, ["SLA_BREACH"]);
    office.status(holder.as_str(), task, "FAILED", &json!({ "reason": "they left" })).await;
    assert_eq!(reasons(&office).await, ["SLA_BREACH", "TASK_FAILED"]);
}

#[tokio::test]
async fn a_trigger_makes_tasks_and_insights_reach_everybody() {
    let agents = format!("{TWINS}\n[[agent]]\nid = \"WAKE.SALESOPS\"\nreach = \"inbox\"\n");
    let mut office = Office::new(&agents).await;
    let raise = Raise {
        trigger: "on_demand".into(),
        occasion: "q-1".into(),
        subject: Subject::Segment("technical-founders".into()),
        params: json!({ "question": "which deals are stuck?" }).as_object().unwrap().clone(),
    };
    office.store.raise(&Party::Person("olga".into()), raise, office.now()).await.unwrap();
    office.after(Duration::ZERO).await;
    // its task carries the parameters to the agent that lists the trigger
    let offer = office.inbox("WAKE.SALESOPS").await.remove(0).message;
    let order = serde_json::to_value(&offer).unwrap();
    assert_eq!(order["task"]["params"]["question"], "which deals are stuck?");
    let task = order["task"]["id"].as_str().unwrap().parse().unwrap();
    // when the agent brings an insight with a learning
    office.status("WAKE.SALESOPS", task, "ACCEPTED", &json!({})).await;
    let result = json!({ "outcome": "success", "result": { "title": "Stuck", "markdown": "Three." }, "learnings": ["Ask twice."] });
    office.status("WAKE.SALESOPS", task, "DONE", &result).await;
    // then everybody finds it, once
    let by = Party::Agent("TWIN".into());
    let found = office.store.messages(&by, &MessageFilter::default(), 0, 100).await.unwrap();
    let all: Vec<_> = found.iter().filter(|kept| &*kept.message.to == "all_agents").collect();
    assert_eq!(all.len(), 1);
    let told = serde_json::to_value(&all[0].message).unwrap();
    assert_eq!(
        (&told["lead"]["stage"], &told["lead"]["context"]["markdown"]),
        (&json!("insight"), &json!("Three."))
    );
    // and the next such task knows what was learnt
    let raise = Raise {
        trigger: "on_demand".into(),
        occasion: "q-2".into(),
        subject: Subject::Segment("technical-founders".into()),
        params: serde_json::Map::new(),
    };
    office.store.raise(&Party::Person("olga".into()), raise, office.now()).await.unwrap();
    office.after(Duration::ZERO).await;
    let next = office.inbox("WAKE.SALESOPS").await.pop().unwrap().message;
    assert_eq!(serde_json::to_value(&next).unwrap()["task"]["params"]["learnings"], json!(["Ask twice."]));
    // and results became track records
    office.after(2 * HOUR).await;
    let loads = office.store.board(1, MONDAY).await.unwrap().loads;
    let record = loads[&AgentId::from("WAKE.SALESOPS")].record["MAKE_REPORT"];
    assert!((990..=1_000).contains(&record.all), "{record:?}");
}
