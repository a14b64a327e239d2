//! Which tasks of an action a deal or lead may have at present, which one is to be made, and what has become of
//! those that are open.

use super::{
    book::{ActionSpec, Each, Per, StageBook, StageSpec},
    condition::{Condition, Holds},
    dealings::{Dealings, Occasion},
    facts::Facts,
    progress::{stage_entry, task_id},
    text,
};
use model::{
    Id, Timestamp,
    work::{SubjectView, TaskBrief, TaskState},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What happened longer ago raises no task any more: a first sync must not stir up the past.
const FRESH: Duration = Duration::from_hours(14 * 24);
/// Why the preparation of a meeting was dropped; such a task is made again for the next meeting.
pub(super) const CALLED_OFF: &str = "the meeting was called off";

/// A deal or lead in its stage, with everything that decides on its tasks.
pub(super) struct Desk<'a> {
    pub view: &'a SubjectView,
    pub spec: &'a StageSpec,
    pub book: &'a StageBook,
    pub facts: &'a Facts,
    pub dealings: &'a Dealings<'a>,
    /// All mails and meetings have been read once.
    pub heard: bool,
    pub now: Timestamp,
    /// The entry into the present stage.
    pub entry: String,
    /// Its tasks by id.
    known: BTreeMap<Id, &'a TaskBrief>,
}

/// A task to be made.
pub(super) struct Wanted<'a> {
    pub action: &'a ActionSpec,
    /// What its id derives from.
    pub cause: String,
    /// For people.
    pub because: String,
    /// When its meeting begins, if it prepares one.
    pub due: Option<Timestamp>,
}

/// What has become of an open task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Done, since.
    Done(Timestamp),
    /// No longer needed, because.
    Drop(String),
    /// Due at another time.
    Retime(Timestamp),
}

impl<'a> Desk<'a> {
    pub fn new(
        view: &'a SubjectView,
        (spec, book): (&'a StageSpec, &'a StageBook),
        (facts, dealings): (&'a Facts, &'a Dealings<'a>),
        (heard, now): (bool, Timestamp),
    ) -> Self {
        let known = view.tasks.iter().map(|task| (task.id, task)).collect();
        Self { view, spec, book, facts, dealings, heard, now, entry: stage_entry(view, spec.stage), known }
    }

    /// Actions of the stage and of any stage that are done per record.
    fn actions(&self) -> impl Iterator<Item = &'a ActionSpec> + use<'a> {
        let staged = self.spec.actions.iter().chain(&self.spec.supports).chain(&self.book.any_stage);
        staged.filter(|action| action.per == Per::Record)
    }

    /// Tasks that don't exist yet and should.
    pub fn wanted(&self) -> Vec<Wanted<'a>> {
        self.actions().filter_map(|action| self.want(action)).collect()
    }

    /// Ids of all tasks that the present stage entry can have.
    pub fn current(&self) -> BTreeSet<Id> {
        let actions = self.actions().chain([&self.book.advance]);
        actions.flat_map(|action| self.ids(action)).collect()
    }

    /// What has become of open tasks of the present stage, by its own actions.
    pub fn fates(&self) -> Vec<(&'a TaskBrief, Fate)> {
        let mut fates = Vec::new();
        for action in self.actions() {
            let ids = self.ids(action);
            let open = |id| self.known.get(id).copied().filter(|task| is_open(task));
            let open: Vec<_> = ids.iter().filter_map(open).collect();
            fates.extend(open.into_iter().filter_map(|task| Some((task, self.fate(action, task)?))));
        }
        fates
    }

    fn fate(&self, action: &ActionSpec, task: &TaskBrief) -> Option<Fate> {
        let answered = || {
            let all = self.dealings.occasions(action.each?);
            let of = |one: &Occasion| one.records.iter().any(|id| self.occasion_id(action, *id) == task.id);
            all.into_iter().find(of)?.settled
        };
        if let Some(at) = answered() {
            return Some(Fate::Done(at));
        }
        if self.holds(action.done_when.as_ref()) {
            return Some(Fate::Done(self.now));
        }
        if let Some(when) = action.drop_when.as_ref().filter(|when| self.holds(Some(when))) {
            return Some(Fate::Drop(self.reason(when)));
        }
        if !action.due_at_meeting {
            return None;
        }
        match (self.dealings.next_meeting(), task.due) {
            (Some(next), due) if due != Some(next.start) => Some(Fate::Retime(next.start)),
            (None, Some(due)) if self.dealings.is_cancelled(due) => Some(Fate::Drop(CALLED_OFF.into())),
            (Some(_) | None, _) => None,
        }
    }

    /// In words of the signals that say so.
    fn reason(&self, when: &Condition) -> String {
        let reads: BTreeSet<&str> = when.reads().filter_map(|field| field.strip_prefix("signal.")).collect();
        let holding = self.book.signals.iter().filter(|spec| reads.contains(&*spec.id));
        let says: Vec<&str> =
            holding.filter(|spec| self.facts.is_signal(&spec.id)).map(|spec| &*spec.says).collect();
        if says.is_empty() { when.source().to_owned() } else { says.join(", ") }
    }

    fn holds(&self, condition: Option<&Condition>) -> bool {
        condition.is_some_and(|condition| self.facts.holds(condition) == Holds::Yes)
    }

    fn is_known(&self, id: Id) -> bool {
        self.known.contains_key(&id)
    }

    fn want(&self, action: &'a ActionSpec) -> Option<Wanted<'a>> {
        let ruled_out = self.holds(action.drop_when.as_ref()) || self.holds(action.done_when.as_ref());
        let due_now = action.when.is_none() || self.holds(action.when.as_ref());
        if ruled_out || !due_now {
            return None;
        }
        match action.each {
            Some(each) => self.want_for_occasion(action, each),
            None if action.due_at_meeting => self.want_for_meeting(action),
            None => self.want_for_entry(action, None),
        }
    }

    /// Once for the entry into the stage.
    fn want_for_entry(&self, action: &'a ActionSpec, due: Option<Timestamp>) -> Option<Wanted<'a>> {
        let new = !self.is_known(task_id(&self.view.subject, &self.entry, action));
        new.then(|| Wanted { action, cause: self.entry.clone(), because: self.because(action), due })
    }

    /// Once for the last thing that happened; what the CRM alone says stands for the first.
    fn want_for_occasion(&self, action: &'a ActionSpec, each: Each) -> Option<Wanted<'a>> {
        let all = self.dealings.occasions(each);
        let Some(last) = all.last() else {
            let staged = !self.is_any_stage(action);
            return staged.then(|| self.want_for_entry(action, None)).flatten();
        };
        let told_by_crm = || self.is_known(task_id(&self.view.subject, &self.entry, action));
        let made = last.records.iter().any(|id| self.is_known(self.occasion_id(action, *id)));
        let old = self.now.since(last.at) > FRESH;
        if !self.heard || last.settled.is_some() || old || made || (all.len() == 1 && told_by_crm()) {
            return None;
        }
        let cause = self.occasion_cause(action, *last.records.first()?);
        Some(Wanted { action, cause, because: format!("{}; {}", self.because(action), last.told), due: None })
    }

    /// Once for the entry into the stage, and again for another meeting when the last one was called off.
    fn want_for_meeting(&self, action: &'a ActionSpec) -> Option<Wanted<'a>> {
        let next = self.dealings.next_meeting();
        let made: Vec<_> = self.ids(action).iter().filter_map(|id| self.known.get(id).copied()).collect();
        if made.is_empty() {
            return self.want_for_entry(action, next.map(|meeting| meeting.start));
        }
        let called_off =
            |task: &&TaskBrief| matches!(&task.state, TaskState::Cancelled { why } if **why == *CALLED_OFF);
        let next = next.filter(|_| made.iter().all(called_off))?;
        let cause = self.occasion_cause(action, next.record);
        if self.is_known(task_id(&self.view.subject, &cause, action)) {
            return None;
        }
        let because = format!("{}; {}", self.because(action), next.occasion(next.start, None).told);
        Some(Wanted { action, cause, because, due: Some(next.start) })
    }

    /// Why, for people: the stage entry, and the condition with its evidence.
    fn because(&self, action: &ActionSpec) -> String {
        match &action.when {
            None => self.entry.clone(),
            Some(when) => {
                let grounds = text::grounds(&self.facts.evidence(when));
                format!("{}; {} ({grounds})", self.entry, when.source())
            }
        }
    }

    fn is_any_stage(&self, action: &ActionSpec) -> bool {
        self.book.any_stage.iter().any(|one| std::ptr::eq(one, action))
    }

    /// What the id of a task for a mail or meeting derives from; in any stage the stage does not matter.
    fn occasion_cause(&self, action: &ActionSpec, record: Id) -> String {
        if self.is_any_stage(action) { record.to_string() } else { format!("{}; {record}", self.entry) }
    }

    fn occasion_id(&self, action: &ActionSpec, record: Id) -> Id {
        task_id(&self.view.subject, &self.occasion_cause(action, record), action)
    }

    /// Ids of all tasks that an action can have.
    fn ids(&self, action: &ActionSpec) -> Vec<Id> {
        let mut records: Vec<Id> = Vec::new();
        if let Some(each) = action.each {
            records.extend(self.dealings.occasions(each).into_iter().flat_map(|one| one.records));
        }
        if action.due_at_meeting || action.each.is_some() {
            // Whatever became of them meanwhile.
            records.extend(self.dealings.meeting_records());
        }
        let entry = task_id(&self.view.subject, &self.entry, action);
        let mut ids = vec![entry];
        for id in records.into_iter().map(|record| self.occasion_id(action, record)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}

/// Still to be done, by our account and the CRM's.
fn is_open(task: &TaskBrief) -> bool {
    task.state.is_open() && task.done_at_source.is_none()
}
