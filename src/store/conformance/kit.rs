//! Short ways to say what is given.

use crate::{Held, Placing, Progressed, Store};
use model::{
    AgentId, Canonical, ConnectionId, ExternalRef, Field, Fields, Id, Intake, Intent, Kind, Links, MatchKey,
    Mode, RecordRow, SourceRow, SourceValues, Stage, Target, Timestamp, Value, Version, Write, WriteKey,
    work::{Assignment, Board, Candidate, Need, Policy, Responsibility, Subject, Task, TaskState},
};
use std::collections::BTreeMap;

/// The instant at which all cases begin: Wednesday 2025-11-19T12:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_763_553_600_000);

pub(super) fn later(seconds: u64) -> Timestamp {
    NOW + std::time::Duration::from_secs(seconds)
}

pub(super) fn crm() -> ConnectionId {
    "crm".into()
}

pub(super) fn id(number: u128) -> Id {
    Id::v7(1_700_000_000_000, number)
}

pub(super) fn reference(kind: Kind, ext_id: &str) -> ExternalRef {
    ExternalRef::new(&crm(), kind, ext_id)
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn fields(of: &[(Field, Value)]) -> Fields {
    of.iter().cloned().collect()
}

pub(super) fn auto() -> BTreeMap<ConnectionId, Mode> {
    BTreeMap::from([(crm(), Mode::Auto)])
}

pub(super) async fn daemon(store: &dyn Store) -> Held {
    store.acquire("daemon", NOW).await.unwrap()
}

/// A record seen for the first time at one source.
pub(super) fn seen(id: Id, reference: &ExternalRef, fields: &Fields) -> (RecordRow, SourceRow) {
    let source = SourceValues { reference: reference.clone(), modified: NOW, fields: fields.clone() };
    let record = Canonical {
        id,
        kind: reference.kind,
        fields: fields.clone(),
        sources: vec![source],
        stage_since: None,
        gone: None,
    };
    let row = SourceRow {
        reference: reference.clone(),
        record: id,
        version: Version::At(NOW),
        modified: NOW,
        raw: Some(bytes::Bytes::from_static(b"{}")),
        links: Vec::new(),
        new: true,
    };
    (RecordRow { record, new: true, match_keys: None }, row)
}

/// A page of first sights.
pub(super) fn page(of: &[(Id, ExternalRef, Fields)]) -> Intake {
    let (records, sources) = of.iter().map(|(id, reference, fields)| seen(*id, reference, fields)).unzip();
    Intake { records, sources, ..Intake::default() }
}

/// The same page, not for the first time.
pub(super) fn again(mut page: Intake) -> Intake {
    page.records.iter_mut().for_each(|row| row.new = false);
    page.sources.iter_mut().for_each(|row| row.new = false);
    page
}

pub(super) fn links(to: Kind, targets: &[(&str, bool)]) -> Links {
    let targets =
        targets.iter().map(|(id, primary)| Target { id: (*id).into(), primary: *primary }).collect();
    Links { to, targets }
}

pub(super) fn email(text: &str) -> MatchKey {
    MatchKey::Email(text.into())
}

pub(super) fn write(target: &ExternalRef, intent: Intent, cause: &str) -> Write {
    let key = WriteKey::new(&target.connection, intent.kind(), target, cause, "slot", 0);
    Write { key, target: target.clone(), intent, expects: Vec::new(), because: "a case says so".to_owned() }
}

pub(super) fn note(target: &ExternalRef, cause: &str) -> Write {
    write(target, Intent::CreateNote { body: "hello".to_owned(), at: NOW }, cause)
}

pub(super) fn move_to(target: &ExternalRef, stage: &str, cause: &str) -> Write {
    write(target, Intent::ChangeStage { to: stage.into() }, cause)
}

pub(super) fn create_task(target: &ExternalRef, task: Id) -> Write {
    let (subject, body) = ("Call".to_owned(), String::new());
    write(target, Intent::CreateTask { task, subject, body, due: NOW, owner: None, high: false }, "entry")
}

/// Puts writes into the outbox.
pub(super) async fn decided(store: &dyn Store, held: &Held, writes: Vec<Write>) {
    store.commit_progress(held, Progressed { writes, ..Progressed::default() }, NOW).await.unwrap();
}

pub(super) fn task(number: u128, subject: Subject, unit: Option<&str>) -> Task {
    Task {
        id: id(number),
        action: "DISCOVERY_CALL".into(),
        title: "Call them".to_owned(),
        subject,
        stage: Stage::Qualification,
        responsibility: Responsibility::Primary,
        meant_for: Some("ANNA".into()),
        need: Need {
            capability: "discovery_call".into(),
            preferred: vec![("listening".into(), 500)],
            unit: unit.map(Into::into),
        },
        priority: 70,
        arrived: NOW,
        allowed_hours: 16,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: "stage entered".to_owned(),
    }
}

/// Queues tasks, the first with the best rank.
pub(super) async fn queued(store: &dyn Store, held: &Held, tasks: &[Task]) {
    let create = tasks.iter().cloned().zip(0..).collect();
    store.commit_progress(held, Progressed { create, ..Progressed::default() }, NOW).await.unwrap();
}

pub(super) fn assignment(task: Id, winner: Option<&str>) -> Assignment {
    let candidate = |agent: &str| Candidate {
        agent: AgentId::from(agent),
        capability: 400_000,
        performance: 150_000,
        free: 200_000,
        specialisation: 0,
    };
    Assignment {
        task,
        turn: 1,
        position: 0,
        winner: winner.map(candidate),
        due: winner.map(|_| later(3600)),
        offer_until: None,
        runners_up: vec![candidate("BEN")],
        excluded: Vec::new(),
        last_resort: false,
        policy: Policy::Score,
        named: false,
        seed: 7,
        config: "c0ffee".into(),
    }
}

/// These decisions on a board.
pub(super) fn placing(on: Board, assignments: Vec<Assignment>) -> Placing {
    Placing { on, routing: Some("who can do what".into()), assignments, writes: Vec::new() }
}

/// A board of which only the revision counts.
pub(super) fn at(revision: i64) -> Board {
    Board { revision, ..Board::default() }
}

/// Gives tasks to agents on the present board.
pub(super) async fn placed(store: &dyn Store, held: &Held, tasks: &[(Id, &str)]) {
    let on = store.board(100, NOW).await.unwrap();
    let assignments = tasks.iter().map(|(task, agent)| assignment(*task, Some(agent))).collect();
    store.commit_assignments(held, placing(on, assignments), NOW).await.unwrap();
}
