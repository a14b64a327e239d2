//! What faces show. Reads only.

use crate::Error;
use async_trait::async_trait;
use model::{
    Canonical, Event, ExternalRef, Id, Kind, Stage, Timestamp,
    work::{Absence, Asked, MetricInputs, MetricSpan, PastTask, Tried},
};
use std::collections::BTreeMap;

/// The figures of the control centre and everything that can be asked.
#[async_trait]
pub trait Views: Send + Sync {
    /// All figures of the overview in one consistent read.
    async fn overview(&self, now: Timestamp) -> Result<Overview, Error>;
    /// What metrics are computed from, in one consistent read.
    async fn metric_inputs(&self, span: MetricSpan) -> Result<MetricInputs, Error>;
    /// Tasks that arrived or ended since then or are open, in order of arrival, and how agents answered offers
    /// since then, in one consistent read.
    async fn past(&self, since: Timestamp) -> Result<Past, Error>;
    /// Times out of office that calendars show, of each source that shows them, that end after `since`: at most `most`,
    /// the earliest first.
    async fn absences(&self, since: Timestamp, most: usize) -> Result<Vec<Absence>, Error>;
    /// What came of each action by stage and segment, over everything kept, in that order.
    async fn tried(&self) -> Result<Vec<Tried>, Error>;
    /// A canonical record with what each source says.
    async fn record(&self, id: Id) -> Result<Option<Canonical>, Error>;
    /// The canonical record behind a source's record.
    async fn find_ref(&self, reference: &ExternalRef) -> Result<Option<Id>, Error>;
    /// Records by name, address or domain fragment, by id or the beginning of one, and deals by their company (`Acme`,
    /// `Acme – Platform`); best first.
    async fn search(
        &self,
        kind: Option<Kind>,
        text: &str,
        most: usize,
    ) -> Result<Vec<(Id, Kind, String)>, Error>;
    /// Ids of tasks, handoffs and escalations that begin so, at most `most`; none where it is too short, or no beginning
    /// of an id.
    async fn ids(&self, beginning: &str, most: usize) -> Result<Vec<Id>, Error>;
    /// Events after a number, in order, at most `most`.
    async fn events(&self, after: i64, most: usize) -> Result<Vec<(i64, Event)>, Error>;
    /// Number of the newest event; 0 before the first.
    async fn last_event(&self) -> Result<i64, Error>;
    /// Events of one record or task, newest first.
    async fn history(&self, subject: Id, most: usize) -> Result<Vec<(i64, Event)>, Error>;
    /// Notes linked to a record, newest first: when, and the text.
    async fn notes(&self, of: Id, most: usize) -> Result<Vec<(Option<Timestamp>, String)>, Error>;
    /// All canonical records of a kind in id order after `after`, for export and comparison.
    async fn page(&self, kind: Kind, after: Option<Id>, most: usize) -> Result<Vec<Canonical>, Error>;
    /// Copies the database to a file, consistently, while others work.
    async fn backup(&self, to: &std::path::Path) -> Result<(), Error>;
    /// Runs SQLite's own integrity check; `Ok(None)` when all is well.
    async fn integrity(&self) -> Result<Option<String>, Error>;
}

/// Figures of the control centre.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Open deals per stage; unmapped ones under `None`.
    pub deals: BTreeMap<Option<Stage>, u64>,
    /// Leads (contacts with a lead status and no deal).
    pub leads: u64,
    /// Deals won and closed, created within the trailing year.
    pub won_and_closed: (u64, u64),
    /// Tasks by state.
    pub tasks: BTreeMap<Box<str>, u64>,
    /// Open tasks past their due date.
    pub overdue: u64,
    /// When the longest waiting queued task arrived.
    pub oldest_queued: Option<Timestamp>,
    /// Per agent.
    pub agents: BTreeMap<model::AgentId, AgentFigures>,
    /// Writes by state.
    pub writes: BTreeMap<Box<str>, u64>,
    /// Writes due within the last 24 h and how many of those settled.
    pub writes_day: (u64, u64),
    /// Forward stage moves in 28 days.
    pub moves: u64,
    /// Median days from first stage to won over 90 days.
    pub velocity_days: Option<f64>,
    /// Parked records.
    pub parked: u64,
    /// Messages to webhooks and programs that failed and are tried again, or were given up within 24 h.
    pub undelivered: u64,
}

/// What became of tasks and offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Tasks, in order of arrival.
    pub tasks: Vec<PastTask>,
    /// Agents that took or passed on something.
    pub asked: Vec<Asked>,
}

/// One agent's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentFigures {
    /// Open tasks.
    pub open: u64,
    /// Done in 90 days.
    pub done: u64,
    /// Of those, by their due date.
    pub on_time: u64,
    /// Ended in 90 days with an end that says whether it was a success.
    pub judged: u64,
    /// Of those, successes.
    pub succeeded: u64,
    /// Paused.
    pub paused: bool,
}
