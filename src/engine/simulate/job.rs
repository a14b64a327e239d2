//! A task on its way, and where tasks wait.

use model::{
    AgentId, Timestamp,
    work::{Exclusion, Passed},
};
use std::collections::BTreeSet;

/// No agent holds the subject, or no single task is meant.
pub const NONE: usize = usize::MAX;

/// A task on its way.
#[derive(Debug)]
pub struct Job {
    pub lane: usize,
    pub subject: usize,
    /// Its part of the subject, where one agent at a time has that beside the main work.
    pub part: Option<usize>,
    /// The main work of its subject.
    pub primary: bool,
    pub rank: i64,
    pub state: State,
    pub holder: usize,
    pub assigned: Option<Timestamp>,
    pub due: Option<Timestamp>,
    pub done: Option<Timestamp>,
    /// How often it was given to somebody.
    pub attempts: u32,
    pub passed: Vec<(AgentId, Passed)>,
    /// Why it had to wait, when it was first tried.
    pub reason: Option<Exclusion>,
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Coming,
    Waiting,
    Held,
    Done,
}

/// Tasks that agree in all that decides who can take them, but for who holds their subject.
#[derive(Debug)]
pub struct Lane {
    pub capability: usize,
    /// Agents that can do it at all.
    pub able: Vec<usize>,
    /// Why the last one that was tried found nobody.
    pub reason: Option<Exclusion>,
}

/// What tasks are about.
#[derive(Debug)]
pub struct About {
    pub name: Box<str>,
    /// Who has the main work.
    pub holder: usize,
    /// Open tasks of the main work.
    pub open: u32,
    /// Tasks that wait, set aside ones apart.
    pub waiting: BTreeSet<usize>,
}

/// A part of a deal beside its main work.
#[derive(Debug, Default)]
pub struct Part {
    pub held: bool,
    /// Tasks that wait until it is free.
    pub aside: BTreeSet<usize>,
}

/// Tasks in one lane whose subjects one agent holds (or nobody), best rank first: where one of them finds nobody,
/// none does, until something changes. One that somebody passed on stands alone.
#[derive(Debug, Default)]
pub struct Group {
    pub tasks: BTreeSet<(i64, model::Id, usize)>,
    pub closed: bool,
}

/// Lane, holder, and the task if it stands alone.
pub type GroupKey = (usize, usize, usize);
