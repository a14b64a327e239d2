//! What follows from the state of one deal or lead: tasks to make, tasks to drop, a stage to move on to.

use super::{
    book::{ActionSpec, Next, StageBook, StageSpec, TransitionMode, TransitionSpec},
    condition::Holds,
    dealings::Dealings,
    facts::{Evidence, Facts, FlowPolicy},
    make::{Desk, Fate},
    text,
};
use model::{
    AgentId, DealOutcome, Event, EventKind, Id, Stage, Timestamp,
    work::{Subject, SubjectView, Task, TaskState},
};
use std::collections::{BTreeSet, HashSet};

/// Source of the events that are decided here.
const ENGINE: &str = "engine";

/// What is to be done about one deal or lead.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Tasks to make.
    pub create: Vec<Task>,
    /// Open tasks that are no longer needed, with why.
    pub cancel: Vec<(Id, Box<str>)>,
    /// Open tasks that were completed in the CRM or by what happened since, with when.
    pub done: Vec<(Id, Timestamp)>,
    /// Open tasks that are due at another time: their meeting was booked or moved.
    pub retime: Vec<(Id, Timestamp)>,
    /// When to look again although nothing changes: a meeting is over then.
    pub look_at: Option<Timestamp>,
    /// A stage to move to: `Auto` asks for a write, `Suggest` is among the tasks to make. Reported once for each
    /// entry into a stage.
    pub transition: Option<Transition>,
    /// Signals that hold, for people.
    pub signals: Vec<Signal>,
    /// One event for each of the above.
    pub events: Vec<Event>,
    /// What could not be worked out (a missing exchange rate).
    pub notices: Vec<String>,
}

/// A named condition that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signal {
    /// `demo_requested`.
    pub id: Box<str>,
    /// It rests on wording alone.
    pub phrase: bool,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// A stage to move to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// From.
    pub from: Stage,
    /// To.
    pub to: Stage,
    /// What is done about it.
    pub mode: TransitionMode,
    /// The condition that holds, as configured.
    pub when: Box<str>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// Decides what follows. Deciding twice on the same state makes the same tasks, by id.
pub fn progress(view: &SubjectView, book: &StageBook, policy: &FlowPolicy, now: Timestamp) -> Progress {
    let mut decided = Progress::default();
    decided.settle_done(view, now);
    let dealings = Dealings::of(view, now);
    let mut facts = Facts::of(view, &dealings, policy, now);
    let spec = stage_of(view).and_then(|stage| book.stage(stage));
    let solid = Solid::of(spec, book, &mut facts);
    decided.signals = signals(&mut facts, book, &|_| true);
    for signal in &mut decided.signals {
        signal.phrase |= !solid.signals.contains(&signal.id);
    }
    decided.notices = std::mem::take(&mut facts.notices);
    if let Some(why) = ended(view, book, &facts) {
        let every = |_: &Id, _: &str| true;
        decided.cancel(view, every, why, now);
        return decided;
    }
    decided.look_at = dealings.changes_at();
    let Some(spec) = spec else { return decided };
    let desk = Desk::new(view, (spec, book), (&facts, &dealings), (policy.heard, now));
    decided.follow_up(&desk);
    decided.create(&desk);
    decided.advance(&desk, solid.transition);
    let (current, staged): (_, HashSet<&str>) = (desk.current(), stage_actions(book).collect());
    let asked: HashSet<Id> = view.tasks.iter().filter(|task| task.asked_for).map(|task| task.id).collect();
    let stale =
        |id: &Id, action: &str| staged.contains(action) && !current.contains(id) && !asked.contains(id);
    decided.cancel(view, stale, &format!("it is in {} now", spec.stage), now);
    decided
}

/// The signals that hold for one deal or lead.
pub fn signals_of(view: &SubjectView, book: &StageBook, policy: &FlowPolicy, now: Timestamp) -> Vec<Signal> {
    let mut facts = Facts::of(view, &Dealings::of(view, now), policy, now);
    signals(&mut facts, book, &|_| true)
}

/// The stage that a deal or lead is in; `None` where the source's stage is not mapped.
pub fn stage_of(view: &SubjectView) -> Option<Stage> {
    match view.subject {
        Subject::Deal(_) => view.fields.stage(),
        // A contact with a lead status is a lead; without a stage of its own it is at the beginning.
        Subject::Lead(_) => Some(view.fields.stage().unwrap_or(Stage::LeadGeneration)),
        Subject::Segment(_) => Some(Stage::Awareness),
    }
}

/// Names the entry into the present stage: the cause of its tasks.
pub fn stage_entry(view: &SubjectView, stage: Stage) -> String {
    match view.stage_since {
        Some(since) => format!("{stage} since {since}"),
        None => format!("{stage}"),
    }
}

/// Is this an enterprise deal? (What assignment wants to know of a subject.)
pub fn is_enterprise(decided: &Progress) -> bool {
    decided.signals.iter().any(|signal| &*signal.id == "enterprise")
}

/// Why nothing more is to be done, if so.
fn ended(view: &SubjectView, book: &StageBook, facts: &Facts) -> Option<&'static str> {
    if view.gone.is_some() {
        return Some("the record is gone");
    }
    match view.subject {
        Subject::Deal(_) => match view.fields.outcome() {
            DealOutcome::Lost => Some("the deal is lost"),
            DealOutcome::Won => won(book, facts).then_some("the deal is won"),
            DealOutcome::Open => None,
        },
        Subject::Lead(_) => {
            let status = view.fields.text(model::Field::LeadStatus).is_some_and(|status| !status.is_empty());
            let over = book.lead_ended.as_ref().is_some_and(|ended| facts.holds(ended) == Holds::Yes);
            match (view.has_deal, status, over) {
                (true, ..) => Some("there is a deal for it now"),
                (false, false, _) => Some("it is no lead any more"),
                (false, true, true) => Some("the lead is closed"),
                (false, true, false) => None,
            }
        }
        Subject::Segment(_) => None,
    }
}

/// A transition to "won" says that the deal is over.
fn won(book: &StageBook, facts: &Facts) -> bool {
    let transitions = book.stages.iter().filter_map(|spec| spec.transition.as_ref());
    let mut to_won = transitions.filter(|next| next.to == Next::Won && next.mode != TransitionMode::Off);
    to_won.any(|next| facts.holds(&next.when) == Holds::Yes)
}

/// What holds on facts alone, whatever wording says.
struct Solid {
    signals: BTreeSet<Box<str>>,
    /// The stage's transition does.
    transition: bool,
}

impl Solid {
    fn of(spec: Option<&StageSpec>, book: &StageBook, facts: &mut Facts) -> Self {
        let phrases: HashSet<&str> =
            book.signals.iter().filter(|signal| signal.phrase).map(|signal| &*signal.id).collect();
        facts.heed_wording(false);
        let seen = signals(facts, book, &|id| !phrases.contains(id));
        let next = spec.and_then(|spec| spec.transition.as_ref());
        let transition = next.is_some_and(|next| facts.holds(&next.when) == Holds::Yes);
        facts.heed_wording(true);
        Self { signals: seen.into_iter().map(|signal| signal.id).collect(), transition }
    }
}

/// Evaluates the signals in order; each sees those before it. Those that don't count hold never.
fn signals(facts: &mut Facts, book: &StageBook, counts: &dyn Fn(&str) -> bool) -> Vec<Signal> {
    let mut seen = Vec::new();
    for spec in &book.signals {
        if spec.when.reads_signals() {
            facts.publish();
        }
        let holds = counts(&spec.id) && facts.holds(&spec.when) == Holds::Yes;
        let evidence = if holds { facts.evidence(&spec.when) } else { Vec::new() };
        facts.set_signal(&spec.id, holds, evidence.clone());
        if holds {
            seen.push(Signal { id: spec.id.clone(), phrase: spec.phrase, evidence });
        }
    }
    facts.publish();
    seen
}

/// Actions that belong to stages.
fn stage_actions(book: &StageBook) -> impl Iterator<Item = &str> {
    let all = book.stages.iter().flat_map(|spec| spec.actions.iter().chain(&spec.supports));
    all.chain([&book.advance]).map(|action| &*action.id)
}

pub(super) fn task_id(subject: &Subject, cause: &str, action: &ActionSpec) -> Id {
    // Two supports may have the same action by different agents.
    let by = action.by.as_ref().map_or("", AgentId::as_str);
    Id::derived(&["task", &subject.to_string(), cause, &action.id, by])
}

/// A task from its template.
pub(crate) fn task(
    subject: &Subject,
    about: &str,
    stage: Stage,
    meant_for: Option<&AgentId>,
    action: &ActionSpec,
    cause: (&str, String),
    now: Timestamp,
) -> Task {
    Task {
        id: task_id(subject, cause.0, action),
        action: action.id.clone(),
        title: if about.is_empty() { action.title.clone() } else { format!("{}: {about}", action.title) },
        subject: subject.clone(),
        stage,
        responsibility: action.responsibility.clone(),
        meant_for: action.by.as_ref().or(meant_for).cloned(),
        need: action.need.clone(),
        priority: action.priority,
        arrived: now,
        allowed_hours: action.allowed_hours,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: cause.1,
    }
}

impl Progress {
    fn event(&mut self, subject: Id, kind: EventKind, now: Timestamp) {
        self.events.push(Event { at: now, subject: Some(subject), kind, source: ENGINE.into() });
    }

    /// Tasks that somebody ticked off in the CRM.
    fn settle_done(&mut self, view: &SubjectView, now: Timestamp) {
        for task in view.tasks.iter().filter(|task| task.state.is_open()) {
            if let Some(at) = task.done_at_source {
                self.done.push((task.id, at));
                self.event(task.id, EventKind::TaskEnded { how: "done".into() }, now);
            }
        }
    }

    /// What has become of open tasks by what happened since.
    fn follow_up(&mut self, desk: &Desk<'_>) {
        for (task, fate) in desk.fates() {
            match fate {
                Fate::Done(at) => {
                    self.done.push((task.id, at));
                    self.event(task.id, EventKind::TaskEnded { how: "done".into() }, desk.now);
                }
                Fate::Drop(why) => self.drop_task(task.id, &why, desk.now),
                Fate::Retime(due) => {
                    self.retime.push((task.id, due));
                    let what = format!("{} is due {due} now, with its meeting", task.action);
                    self.event(task.id, EventKind::Noticed { what }, desk.now);
                }
            }
        }
    }

    /// Makes the tasks that don't exist yet.
    fn create(&mut self, desk: &Desk<'_>) {
        let (spec, about) = (desk.spec, text::about(desk.view));
        for wanted in desk.wanted() {
            let cause = (wanted.cause.as_str(), wanted.because);
            let primary = Some(&spec.primary);
            let made = task(&desk.view.subject, &about, spec.stage, primary, wanted.action, cause, desk.now);
            self.event(made.id, EventKind::TaskCreated { action: made.action.clone() }, desk.now);
            self.create.push(Task { due: wanted.due, ..made });
        }
    }

    /// Looks whether the stage's transition is due; `solid` says that it holds on facts alone.
    fn advance(&mut self, desk: &Desk<'_>, solid: bool) {
        let (view, spec, facts) = (desk.view, desk.spec, desk.facts);
        let Some(next) = &spec.transition else { return };
        let Next::Stage(to) = next.to else { return };
        let mode = mode(view, spec.stage, next, solid);
        let forward = to > spec.stage && mode != TransitionMode::Off;
        if !forward || facts.holds(&next.when) != Holds::Yes || is_decided(view, spec.stage, to) {
            return;
        }
        let (when, evidence) = (next.when.source().into(), facts.evidence(&next.when));
        let transition = Transition { from: spec.stage, to, mode, when, evidence };
        if mode == TransitionMode::Suggest && !self.suggest(desk, &transition) {
            return;
        }
        let kind = EventKind::TransitionSuggested { from: spec.stage, to, signal: transition.when.clone() };
        self.event(view.record, kind, desk.now);
        self.transition = Some(transition);
    }

    /// The task that asks the owner; false when it was made before.
    fn suggest(&mut self, desk: &Desk<'_>, transition: &Transition) -> bool {
        let (view, spec, now) = (desk.view, desk.spec, desk.now);
        let about = format!("{} to {}", text::about(view), transition.to);
        let cause = format!("{} ({})", transition.when, text::grounds(&transition.evidence));
        let (primary, cause) = (Some(&spec.primary), (desk.entry.as_str(), cause));
        let task = task(&view.subject, &about, spec.stage, primary, &desk.book.advance, cause, now);
        let new = view.tasks.iter().all(|known| known.id != task.id);
        if new {
            self.event(task.id, EventKind::TaskCreated { action: task.action.clone() }, now);
            self.create.push(task);
        }
        new
    }

    /// Drops open tasks that `stale` picks by id and action.
    fn cancel(&mut self, view: &SubjectView, stale: impl Fn(&Id, &str) -> bool, why: &str, now: Timestamp) {
        let open = view.tasks.iter().filter(|task| task.state.is_open() && task.done_at_source.is_none());
        for task in open.filter(|task| stale(&task.id, &task.action)) {
            self.drop_task(task.id, why, now);
        }
    }

    fn drop_task(&mut self, id: Id, why: &str, now: Timestamp) {
        self.cancel.push((id, why.into()));
        self.event(id, EventKind::TaskEnded { how: format!("cancelled: {why}").into() }, now);
    }
}

/// The mode that applies: wording alone never moves a deal, nor one that a person moved back, nor a lead (its
/// source has no stage to write).
fn mode(view: &SubjectView, from: Stage, next: &TransitionSpec, solid: bool) -> TransitionMode {
    let is_deal = matches!(view.subject, Subject::Deal(_));
    if solid && is_deal && !was_moved_back(view, from) {
        next.mode
    } else {
        next.mode.min(TransitionMode::Suggest)
    }
}

/// This transition was decided since the present stage was entered.
fn is_decided(view: &SubjectView, from: Stage, to: Stage) -> bool {
    let mut since =
        view.history.iter().take_while(|event| !matches!(event.kind, EventKind::StageEntered { .. }));
    since.any(|event| match &event.kind {
        EventKind::TransitionSuggested { from: was, to: then, .. } => (*was, *then) == (from, to),
        _ => false,
    })
}

/// The last move was one backwards, into this stage: only people do that.
fn was_moved_back(view: &SubjectView, stage: Stage) -> bool {
    let last = view.history.iter().find_map(|event| match event.kind {
        EventKind::StageEntered { from, to } => Some((from, to)),
        _ => None,
    });
    last.is_some_and(|(from, to)| to == stage && from.is_some_and(|from| from > to))
}
