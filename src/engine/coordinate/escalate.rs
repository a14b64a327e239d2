//! Escalations: what raises one, who steps in, who is told when nobody does.

use super::rules::{CoordinationRules, EscalationRule, Raised};
use crate::flow::{ActionSpec, Signal, StageBook, stage_of};
use model::{
    Id, Stage, Timestamp,
    work::{
        EscalationCase, EscalationLevel, Need, RESOLVE, Responsibility, Subject, SubjectView, Task,
        TaskState, message::EscalationStatus,
    },
};
use serde_json::{Map, Value};
use std::time::Duration;

/// Reminders of an escalation that was taken up but not settled come at this distance.
const REMIND: Duration = Duration::from_hours(72);

/// Escalations that a rule raises on a signal of this subject, each once.
pub fn escalate_from_signals(
    view: &SubjectView,
    signals: &[Signal],
    rules: &CoordinationRules,
    now: Timestamp,
) -> Vec<EscalationCase> {
    let holds = |rule: &&EscalationRule| signals.iter().any(|signal| signal.id == rule.on);
    let raise = |rule: &EscalationRule| {
        let evidence =
            signals.iter().filter(|signal| signal.id == rule.on).flat_map(|signal| &signal.evidence);
        let context = evidence.map(|one| (one.field.to_string(), Value::from(one.value.as_str()))).collect();
        let cause = ["escalation", &view.subject.to_string(), &rule.on];
        new(Id::derived(&cause), Some(view.subject.clone()), None, rule, context, now)
    };
    rules.escalations.iter().filter(holds).map(raise).collect()
}

/// An escalation of something that the daemon noticed; `occasion` tells one time from another.
pub fn escalation_of(
    raised: Raised,
    occasion: &str,
    (subject, task): (Option<Subject>, Option<Id>),
    context: Map<String, Value>,
    rules: &CoordinationRules,
    now: Timestamp,
) -> Option<EscalationCase> {
    let rule = rules.rule(raised)?;
    Some(new(Id::derived(&["escalation", raised.name(), occasion]), subject, task, rule, context, now))
}

fn new(
    id: Id,
    subject: Option<Subject>,
    task: Option<Id>,
    rule: &EscalationRule,
    context: Map<String, Value>,
    now: Timestamp,
) -> EscalationCase {
    EscalationCase {
        id,
        subject,
        task,
        from: model::work::ORCHESTRATOR.into(),
        to: None,
        reason: rule.reason.clone(),
        request: rule.request.clone(),
        context,
        level: EscalationLevel::Owner,
        status: EscalationStatus::Open,
        opened: now,
        due: None,
        told: 0,
        changed: now,
        by: "engine".into(),
        resolution: None,
        message: None,
    }
}

/// What follows for the people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Nobody is told now.
    Nobody,
    /// This level is.
    Level(EscalationLevel),
}

/// First step: who steps in. With a rule that names an agent and an action its task is made (the second value)
/// unless the subject has one,
/// and people are told only if it does not take that up in time.
pub fn route(
    case: &EscalationCase,
    rules: &CoordinationRules,
    book: &StageBook,
    view: Option<&SubjectView>,
    now: Timestamp,
) -> (EscalationCase, Option<Task>, Told) {
    let rule = rules.by_reason(&case.reason);
    let stage = view.and_then(stage_of);
    let mut next = EscalationCase { due: Some(now + hours(rules, case.level)), ..case.clone() };
    let agent = rule.and_then(|rule| rule.to.clone());
    let task = rule.and_then(|rule| agent_task(case, rule, book, stage, now));
    next.to.clone_from(&agent);
    let known = view.zip(task.as_ref()).and_then(|(view, task)| {
        view.tasks.iter().find(|known| known.state.is_open() && known.action == task.action)
    });
    if let Some(known) = known {
        next.task = Some(known.id);
        return (next, None, Told::Nobody);
    }
    if let Some(task) = task {
        next.task = Some(task.id);
        return (next, Some(task), Told::Nobody);
    }
    next.told = 1;
    (next, None, Told::Level(case.level))
}

/// The task of the agent that steps in. In a stage that has it as a support of its own it is that very task.
fn agent_task(
    case: &EscalationCase,
    rule: &EscalationRule,
    book: &StageBook,
    stage: Option<Stage>,
    now: Timestamp,
) -> Option<Task> {
    let (action, subject) = (rule.action.as_deref()?, case.subject.as_ref()?);
    let template = find(book, action)?;
    let why = format!("escalation {} ({})", case.id, case.reason);
    let id = Id::derived(&["task", &case.id.to_string(), action]);
    let mut task = task_of(id, subject, stage, template, why, now);
    task.meant_for = rule.to.clone().or(task.meant_for);
    Some(task)
}

fn find<'b>(book: &'b StageBook, action: &str) -> Option<&'b ActionSpec> {
    let staged = book.stages.iter().flat_map(|spec| spec.actions.iter().chain(&spec.supports));
    let raised = book.triggers.iter().flat_map(|trigger| &trigger.actions);
    staged.chain(raised).find(|spec| &*spec.id == action)
}

fn task_of(
    id: Id,
    subject: &Subject,
    stage: Option<Stage>,
    template: &ActionSpec,
    cause: String,
    now: Timestamp,
) -> Task {
    Task {
        id,
        action: template.id.clone(),
        title: template.title.clone(),
        subject: subject.clone(),
        stage: stage.unwrap_or(Stage::Qualification),
        responsibility: template.responsibility.clone(),
        meant_for: template.by.clone(),
        need: template.need.clone(),
        priority: template.priority,
        arrived: now,
        allowed_hours: template.allowed_hours,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause,
    }
}

/// The task by which the owner of the deal is told; nobody but the master coordinates, and what the master has
/// is written into the CRM for the owner of the deal. Done there, the escalation is resolved.
pub fn escalation_task(
    case: &EscalationCase,
    rules: &CoordinationRules,
    stage: Option<Stage>,
    now: Timestamp,
) -> Option<Task> {
    let subject = case.subject.as_ref()?;
    let request = if case.request.is_empty() { String::new() } else { format!(" ({})", case.request) };
    Some(Task {
        id: case.telling(),
        action: RESOLVE.into(),
        title: format!("Escalation: {}{request}", case.reason),
        subject: subject.clone(),
        stage: stage.unwrap_or(Stage::Qualification),
        responsibility: Responsibility::Support(format!("{RESOLVE} {}", case.id).into()),
        meant_for: None,
        need: Need { capability: "coordination".into(), preferred: Vec::new(), unit: None },
        priority: 90,
        arrived: now,
        allowed_hours: rules.level_hours[0].max(1),
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: format!("escalation {} raised by {}", case.id, case.from),
    })
}

/// A later step, when its time has come: `task` is the state of the task of whoever is to step in. Taken up, it is
/// acknowledged; done, it is resolved; else the next level is told, and the highest one again and again.
pub fn step(
    case: &EscalationCase,
    task: Option<&Task>,
    rules: &CoordinationRules,
    now: Timestamp,
) -> (EscalationCase, Told) {
    let by =
        |task: &Task| task.holder.as_ref().map_or_else(|| "engine".into(), |holder| holder.as_str().into());
    let mut next = EscalationCase { changed: now, ..case.clone() };
    match task.map(|task| (&task.state, by(task))) {
        Some((TaskState::Done, who)) => {
            next.status = EscalationStatus::Resolved;
            next.resolution = Some(format!("{who} has done it"));
            next.by = who;
            (next, Told::Nobody)
        }
        Some((TaskState::Cancelled { why }, _)) => {
            next.status = EscalationStatus::Resolved;
            next.resolution = Some(format!("no longer needed: {why}"));
            next.by = "engine".into();
            (next, Told::Nobody)
        }
        Some((TaskState::Assigned | TaskState::InProgress | TaskState::Blocked, who))
            if case.status == EscalationStatus::Open && case.to.is_some() =>
        {
            next.status = EscalationStatus::Acknowledged;
            next.by = who;
            next.due = Some(now + REMIND);
            (next, Told::Nobody)
        }
        _ => climb(next, case, rules, now),
    }
}

fn climb(
    mut next: EscalationCase,
    case: &EscalationCase,
    rules: &CoordinationRules,
    now: Timestamp,
) -> (EscalationCase, Told) {
    next.told = case.told + 1;
    if case.status == EscalationStatus::Acknowledged {
        // Somebody is on it: they are reminded.
        next.due = Some(now + REMIND);
        next.changed = case.changed;
        return (next, Told::Level(case.level));
    }
    // Nobody was told so far: an agent was to step in and did not.
    next.level = if case.told == 0 { case.level } else { case.level.next().unwrap_or(case.level) };
    next.due = Some(now + hours(rules, next.level));
    let level = next.level;
    (next, Told::Level(level))
}

fn hours(rules: &CoordinationRules, level: EscalationLevel) -> Duration {
    let [owner, manager, head] = rules.level_hours;
    let hours = match level {
        EscalationLevel::Owner => owner,
        EscalationLevel::Manager => manager,
        EscalationLevel::Head => head,
    };
    Duration::from_hours(hours.max(1).into())
}
