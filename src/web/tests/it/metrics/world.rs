//! A database with a few hundred events: a drawn history of two quarters, and the borders one by one.
#![expect(clippy::cast_possible_truncation, reason = "small numbers")]

use engine::dice::Dice;
use model::{Currency, DealOutcome, EventKind, Field, Id, Money, Stage, Timestamp, Value};
use rusqlite::Connection;
use std::path::PathBuf;
use store::{Exec, SqliteStore};

pub const NOW: i64 = 1_763_553_600_000;
pub const DAY: i64 = 86_400_000;
pub const HOUR: i64 = 3_600_000;
/// Works beside the primary agents.
pub const ANNA: &str = "ANNA";

/// So many days ago.
pub const fn ago(days: i64) -> i64 {
    NOW - days * DAY
}

pub fn id(kind: &str, number: u64) -> Id {
    Id::derived(&[kind, &number.to_string()])
}

pub struct World {
    folder: tempfile::TempDir,
    pub db: Connection,
    /// Written at the end, in the order that is asked for.
    events: Vec<String>,
    next: u64,
}

/// A task.
pub struct Job<'a> {
    pub action: &'a str,
    pub unit: Option<&'a str>,
    pub holder: &'a str,
    pub record: Id,
    pub stage: Stage,
    pub part: &'a str,
    /// Arrived, ended.
    pub times: (i64, i64),
    pub due: Option<i64>,
    pub state: &'a str,
    pub outcome: Option<&'a str>,
    pub success: Option<bool>,
    pub metrics: Option<&'a str>,
}

/// Done in the given time with what it was for.
pub fn job<'a>(action: &'a str, holder: &'a str, record: Id, stage: Stage, times: (i64, i64)) -> Job<'a> {
    Job {
        action,
        unit: None,
        holder,
        record,
        stage,
        part: "support:X",
        times,
        due: None,
        state: "done",
        outcome: Some("success"),
        success: Some(true),
        metrics: None,
    }
}

fn sql(value: Option<impl ToString>) -> String {
    value.map_or("NULL".to_owned(), |value| format!("'{}'", value.to_string()))
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(&folder.path().join("x.db"), Exec::Inline).unwrap());
        let db = Connection::open(folder.path().join("x.db")).unwrap();
        db.execute_batch(
            "BEGIN; INSERT INTO streams (id, connection, kind) VALUES (1, 'crm', 'deal'), (2, 'crm', 'company');",
        )
        .unwrap();
        Self { folder, db, events: Vec::new(), next: 0 }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("x.db")
    }

    fn run(&self, statement: &str) {
        self.db.execute(statement, ()).unwrap();
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Writes the events, shuffled by a seed.
    pub fn settle(&mut self, seed: u64) {
        let mut dice = Dice::seeded(seed);
        let mut events = std::mem::take(&mut self.events);
        for at in (1..events.len()).rev() {
            events.swap(at, dice.below(at as u64 + 1) as usize);
        }
        self.db.execute_batch(&format!("{}; COMMIT;", events.join(";"))).unwrap();
    }

    pub fn deal(
        &mut self,
        stage: Stage,
        outcome: DealOutcome,
        amount: Option<(i64, &str)>,
        created: i64,
        close: Option<i64>,
    ) -> Id {
        let number = self.number();
        let id = id("deal", number);
        self.run(&format!(
            "INSERT INTO deals (id, stage, outcome, amount_minor, amount_currency, created_at, close_date, empty)
             VALUES ('{id}', '{stage}', '{}', {}, {}, {created}, {}, 0)",
            outcome.name(),
            sql(amount.map(|(minor, _)| minor)),
            sql(amount.map(|(_, currency)| currency)),
            sql(close),
        ));
        id
    }

    pub fn company(&self, deal: Id, number: u64) {
        let company = id("company", number);
        self.db
            .execute_batch(&format!(
                "INSERT INTO companies (id, empty) VALUES ('{company}', 0) ON CONFLICT DO NOTHING;
                 INSERT INTO links (stream, ext_id, record, modified, first_seen, sets)
                   VALUES (1, '{deal}', '{deal}', 0, 0, 1023);
                 INSERT INTO links (stream, ext_id, record, modified, first_seen, sets)
                   VALUES (2, '{company}', '{company}', 0, 0, 1023) ON CONFLICT DO NOTHING;
                 INSERT INTO associations VALUES (1, '{deal}', 2, '{company}', 1);"
            ))
            .unwrap();
    }

    fn event(&mut self, subject: Id, at: i64, name: &str, kind: &EventKind) {
        let data = serde_json::to_string(kind).unwrap();
        self.events.push(format!(
            "INSERT INTO events (at, subject, source, kind, data) VALUES ({at}, '{subject}', 'crm', '{name}', '{data}')"
        ));
    }

    pub fn moved(&mut self, deal: Id, at: i64, from: Stage, to: Stage) {
        self.event(deal, at, "stage_entered", &EventKind::StageEntered { from: Some(from), to });
    }

    pub fn ended(&mut self, deal: Id, at: i64, to: DealOutcome) {
        self.event(deal, at, "outcome_changed", &EventKind::OutcomeChanged { to });
    }

    pub fn repriced(&mut self, deal: Id, at: i64, before: (i64, &str), after: (i64, &str)) {
        let money = |(minor, currency): (i64, &str)| {
            Value::Money(Money { minor, currency: Some(currency.parse::<Currency>().unwrap()) })
        };
        let fields = vec![(Field::Amount, money(before), money(after))];
        self.event(deal, at, "changed", &EventKind::Changed { fields });
    }

    pub fn said(&mut self, deal: Id, at: i64, milestones: &str) {
        let fields = vec![(Field::Milestones, Value::Empty, Value::Text(milestones.into()))];
        self.event(deal, at, "changed", &EventKind::Changed { fields });
    }

    pub fn job(&mut self, job: &Job<'_>) {
        let number = self.number();
        let (id, (arrived, ended)) = (id("task", number), job.times);
        let Job { action, holder, record, stage, part, state, .. } = job;
        self.run(&format!(
            "INSERT INTO tasks (id, action, title, subject, record, stage, responsibility, need, unit, priority, rank,
               arrived, allowed_hours, due, holder, state, cause, assigned_at, ended_at, outcome, status_at, metrics)
             VALUES ('{id}', '{action}', '', 'deal:{record}', '{record}', '{stage}', '{part}', '{{}}', {}, 50, 0,
               {arrived}, 8, {}, '{holder}', '{state}', 'x', {arrived} + {HOUR}, {ended}, {}, {ended}, {})",
            sql(job.unit),
            sql(job.due),
            sql(job.outcome),
            sql(job.metrics),
        ));
        if let Some(success) = job.success {
            self.run(&format!(
                "INSERT INTO outcomes (task, agent, action, stage, record, at, success, on_time)
                 VALUES ('{id}', '{holder}', '{action}', '{stage}', '{record}', {ended}, {success}, 1)"
            ));
        }
    }

    /// Makes an agent the one who holds the main work of a stage.
    pub fn held(&mut self, record: Id, stage: Stage, holder: &str, at: i64) {
        let main = Job { part: "primary", ..job("MAIN_WORK", holder, record, stage, (at - HOUR, at)) };
        self.job(&main);
    }

    fn activity(&self, kind: &str, record: Id, at: i64, direction: &str, with: &[(&str, Id)]) {
        self.run(&format!("INSERT INTO activities VALUES ('{record}', '{kind}', {at}, '{direction}')"));
        for (kind, other) in with {
            self.run(&format!(
                "INSERT INTO activity_links VALUES ('{record}', '{other}', '{kind}', 'x', 0, {at})"
            ));
        }
    }

    pub fn mail(&mut self, at: i64, direction: &str, contact: Id, deal: Option<Id>) {
        let number = self.number();
        let mail = id("mail", number);
        self.run(&format!("INSERT INTO emails (id, at, empty) VALUES ('{mail}', {at}, 0)"));
        let with: Vec<_> =
            [("contact", contact)].into_iter().chain(deal.map(|deal| ("deal", deal))).collect();
        self.activity("email", mail, at, direction, &with);
    }

    pub fn robot(&mut self, at: i64, contact: Id) {
        let number = self.number();
        let mail = id("mail", number);
        self.run(&format!(
            "INSERT INTO emails (id, at, automatic, empty) VALUES ('{mail}', {at}, 'reply', 0)"
        ));
        self.activity("email", mail, at, "inbound", &[("contact", contact)]);
    }

    /// `result` is what a person wrote into the CRM.
    pub fn meeting(
        &mut self,
        booked: i64,
        start: i64,
        result: &str,
        contact: Id,
        deal: Option<Id>,
        name: &str,
    ) {
        let number = self.number();
        let meeting = id("meeting", number);
        let end = start + HOUR;
        let status = if result == "cancelled" { "'cancelled'" } else { "NULL" };
        self.run(&format!(
            "INSERT INTO meetings (id, name, created_at, at, end_at, result, status, empty)
             VALUES ('{meeting}', '{name}', {booked}, {start}, {end}, '{result}', {status}, 0)"
        ));
        let with: Vec<_> =
            [("contact", contact)].into_iter().chain(deal.map(|deal| ("deal", deal))).collect();
        self.activity("meeting", meeting, start, "outbound", &with);
    }

    pub fn handed(&mut self, deal: Id, at: i64) {
        let number = self.number();
        let handoff = id("handoff", number);
        self.run(&format!(
            "INSERT INTO handoffs VALUES ('{handoff}', 'deal:{deal}', '{deal}', 'A', 'B', 'B', 'proposal_sent', '{{}}',
               'COMPLETED', {at}, NULL, {at}, 'A', NULL, 'm', 0)"
        ));
    }
}

pub fn time(at: i64) -> Timestamp {
    Timestamp::from_millis(at)
}
