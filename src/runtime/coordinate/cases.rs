//! Handoffs and escalations, step by step.

use super::{Draft, record_of};
use anyhow::Context;
use engine::coordinate::{
    Raised, Told, complete, confirm_by_crm, escalation_of, escalation_task, handoff_message, handoff_writes,
    package, route, routed, step, timed_out,
};
use engine::flow::{progress, stage_of};
use model::{
    AgentId, Event, EventKind, ExternalRef, Id, Intent, MessageId, Write, WriteKey,
    work::{
        Body, EscalationCase, EscalationLevel, HandoffCase, HandoffTo, Message, ORCHESTRATOR, Party,
        Responsibility, Subject, Task, TaskState,
        message::{EscalationBody, EscalationStatus, HandoffStatus},
    },
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};
use store::{Agenda, CaseFilter, MessageFilter, TakeBack, TaskFilter};

/// Tasks of the giver that are looked at.
const MOST_TASKS: usize = 200;

/// What went wrong with tasks is escalated, once each. Trouble with telling people of trouble is not.
pub(super) fn troubles(draft: &mut Draft<'_>, agenda: &Agenda) {
    let troubled = agenda.late.iter().map(|task| (Raised::Overdue, task));
    for (raised, task) in troubled.chain(agenda.failed.iter().map(|task| (Raised::Failed, task))) {
        draft.out.alarmed.push(task.id);
        if task.cause.starts_with("escalation ") {
            continue;
        }
        let context = figures(task);
        let follows = (raised == Raised::Overdue).then_some(task.id);
        raise(draft, raised, &task.id.to_string(), (Some(task.subject.clone()), follows), context);
    }
}

/// What is said of a task in trouble.
pub(super) fn figures(task: &Task) -> Map<String, Value> {
    let mut context = Map::new();
    context.insert("task".into(), task.id.to_string().into());
    context.insert("action".into(), json!(task.action));
    context.insert("holder".into(), json!(task.holder));
    context.insert("due".into(), json!(task.due));
    if let TaskState::Failed { why } = &task.state {
        context.insert("why".into(), json!(why));
    }
    context
}

fn raise(
    draft: &mut Draft<'_>,
    raised: Raised,
    occasion: &str,
    about: (Option<Subject>, Option<Id>),
    context: Map<String, Value>,
) {
    let rules = &draft.rules.config.roster.rules.coordination;
    let case = escalation_of(raised, occasion, about, context, rules, draft.now);
    draft.out.escalations.extend(case.map(|case| (None, case)));
}

pub(super) async fn handoffs(draft: &mut Draft<'_>, agenda: &Agenda) -> anyhow::Result<()> {
    for case in &agenda.handoffs {
        match case.status {
            HandoffStatus::Confirmed => finish(draft, case).await?,
            HandoffStatus::Requested if case.due.is_none() => begin(draft, case),
            HandoffStatus::Requested => {
                let late = timed_out(case, draft.now);
                tell_giver(draft, &late);
                draft.out.handoffs.push((Some(case.status), late));
                escalate_handoff(draft, Raised::HandoffTimeout, case);
            }
            HandoffStatus::TimedOut | HandoffStatus::Declined | HandoffStatus::Completed => {}
        }
    }
    Ok(())
}

/// Routes a request: its time limit, the full package, and the word to the receiver.
fn begin(draft: &mut Draft<'_>, case: &HandoffCase) {
    let (rules, now) = (draft.rules, draft.now);
    let roster = &rules.config.roster;
    let known = match &case.to {
        HandoffTo::Agent(agent) | HandoffTo::Overlay(agent) => roster.find(agent.as_str()),
        HandoffTo::AllAgents | HandoffTo::External(_) => None,
    };
    if let Some(reason) = against(draft, case) {
        decline(draft, case, reason);
        return;
    }
    let full = draft.view(&case.subject).map(|view| {
        let decided = progress(view, &rules.config.book, &rules.flow, now);
        package(view, &decided.signals, now)
    });
    // People outside and whoever is not on the roster have the organisation's day.
    let calendar = known.and_then(|agent| rules.routing.calendar(&agent.id));
    let whole_day = engine::assign::Calendar::new(&model::work::Hours::default(), rules.routing.zone());
    let Some(calendar) = calendar.cloned().or_else(|| whole_day.ok()) else { return };
    let limits = &roster.rules.coordination;
    let mut next = routed(case, limits, &calendar, full.unwrap_or_default(), now);
    if case.person_decides {
        escalate_handoff(draft, Raised::PingPong, case);
    } else if let Some(agent) = known {
        match draft.delivery(&agent.id) {
            Some(ours) => {
                let message = handoff_message(&next, &agent.id, draft.view(&case.subject), now);
                draft.out.messages.push((message, ours));
            }
            None => next = confirm_by_crm(&next, now),
        }
    } else if case.to == HandoffTo::AllAgents {
        next = confirm_by_crm(&next, now);
    }
    draft.out.handoffs.push((Some(case.status), next));
}

/// Why its receiver can't take it.
fn against(draft: &Draft<'_>, case: &HandoffCase) -> Option<String> {
    let name = case.to.agent()?;
    match draft.rules.config.roster.find(name.as_str()) {
        None => Some(format!("there is no agent {name}")),
        Some(agent) => (!agent.enabled).then(|| format!("{name} is switched off")),
    }
}

fn decline(draft: &mut Draft<'_>, case: &HandoffCase, reason: String) {
    let (status, by, reason) = (HandoffStatus::Declined, ORCHESTRATOR.into(), Some(reason));
    let declined = HandoffCase { status, by, reason, changed: draft.now, ..case.clone() };
    tell_giver(draft, &declined);
    draft.out.handoffs.push((Some(case.status), declined));
}

/// A confirmed handoff: the giver's main work moves on or ends, and the source is told. A receiver that went away since
/// it confirmed gets nothing, and the giver keeps all of it.
async fn finish(draft: &mut Draft<'_>, case: &HandoffCase) -> anyhow::Result<()> {
    let (rules, now) = (draft.rules, draft.now);
    if let Some(reason) = against(draft, case) {
        decline(draft, case, reason);
        return Ok(());
    }
    let open = match record_of(&case.subject) {
        Some(record) => TaskFilter::of(record),
        None => TaskFilter::held_by(&AgentId::new(&*case.from)),
    };
    let open = TaskFilter { state: Some(TaskState::OPEN.into()), ..open };
    let mut tasks = draft.shared.store.tasks(&open, MOST_TASKS).await.context("reading a subject's tasks")?;
    tasks.retain(|task| task.subject == case.subject);
    // What a person hands over may have gone to somebody else before it was confirmed.
    let main = |task: &&Task| task.responsibility == Responsibility::Primary && task.state.is_held();
    let has = tasks.iter().filter(main).find_map(|task| task.holder.clone());
    let holds = tasks
        .iter()
        .filter(main)
        .any(|task| task.holder.as_ref().is_some_and(|it| it.as_str() == &*case.from));
    if !holds && let Some(other) = overtaken_by(draft, case).await? {
        decline(draft, case, format!("the deal went to {other} meanwhile"));
        return Ok(());
    }
    let asked = asked_by_a_person(draft, case).await?;
    let giver =
        has.filter(|has| asked && case.to.agent() != Some(has)).unwrap_or_else(|| AgentId::new(&*case.from));
    let roster = &rules.config.roster;
    let done = complete(&HandoffCase { from: giver.as_str().into(), ..case.clone() }, &tasks, roster);
    // Another handoff of this turn was first: what is left then is looked at in the next one.
    let gone = |id: Id| draft.out.take_back.iter().any(|one| one.task == id && one.meant_for.is_some());
    if done.moves.iter().any(|(task, _)| gone(*task)) || done.drops.iter().any(|(task, _)| gone(*task)) {
        return Ok(());
    }
    let all: BTreeSet<Id> =
        done.moves.iter().map(|(task, _)| *task).chain(done.drops.iter().map(|(task, _)| *task)).collect();
    forget(draft, &all);
    for (task, to) in done.moves {
        let (agent, why) = (giver.clone(), format!("handed off to {to}").into());
        draft.out.take_back.push(TakeBack { task, agent, why, passed: None, meant_for: Some(to) });
    }
    draft.out.cancel.extend(done.drops);
    if let Some(view) = draft.view(&case.subject) {
        let owner = |connection: &_, address: &str| rules.owner(connection, address);
        let writes = handoff_writes(case, view, roster, owner);
        draft.out.writes.extend(writes);
    }
    let next = HandoffCase { status: HandoffStatus::Completed, changed: now, ..case.clone() };
    tell_giver(draft, &next);
    draft.out.handoffs.push((Some(case.status), next));
    Ok(())
}

/// To whom the giver has handed it since this was asked for.
async fn overtaken_by(draft: &Draft<'_>, case: &HandoffCase) -> anyhow::Result<Option<AgentId>> {
    let filter = CaseFilter { record: record_of(&case.subject), ..CaseFilter::default() };
    let all = draft.shared.store.handoffs(&Party::Daemon, &filter, MOST_TASKS).await;
    let rival = |other: &HandoffCase| match (&case.to, &other.to) {
        (HandoffTo::Agent(mine), HandoffTo::Agent(theirs)) if mine != theirs => Some(theirs.clone()),
        _ => None,
    };
    let over = |other: &&HandoffCase| {
        (other.status, &other.subject, &other.from) == (HandoffStatus::Completed, &case.subject, &case.from)
            && other.changed >= case.requested
    };
    Ok(all.context("reading a subject's handoffs")?.iter().filter(over).find_map(rival))
}

/// What else was decided in this turn on tasks that a handoff moves does not hold any more.
fn forget(draft: &mut Draft<'_>, tasks: &BTreeSet<Id>) {
    let out = &mut draft.out;
    out.take_back.retain(|one| !tasks.contains(&one.task));
    out.told.retain(|(task, _)| !tasks.contains(task));
    let of_them = |message: &Message| match &message.body {
        Body::Task(body) => body.task.id.parse().is_ok_and(|id: Id| tasks.contains(&id)),
        Body::Status(_) | Body::Handoff(_) | Body::Escalation(_) => false,
    };
    out.messages.retain(|(message, _)| !of_them(message));
}

/// Did somebody else than the giver ask for it?
async fn asked_by_a_person(draft: &Draft<'_>, case: &HandoffCase) -> anyhow::Result<bool> {
    let filter = MessageFilter { id: Some(case.message.clone()), ..MessageFilter::default() };
    let request = draft.shared.store.messages(&Party::Daemon, &filter, 0, 1).await;
    let request = request.context("reading a request")?;
    Ok(request.first().is_some_and(|kept| kept.message.from != case.from))
}

fn tell_giver(draft: &mut Draft<'_>, case: &HandoffCase) {
    let giver = AgentId::new(&*case.from);
    if let Some(ours) = draft.delivery(&giver) {
        let message = handoff_message(case, &giver, None, draft.now);
        draft.out.messages.push((message, ours));
    }
}

fn escalate_handoff(draft: &mut Draft<'_>, raised: Raised, case: &HandoffCase) {
    let mut context = Map::new();
    context.insert("handoff".into(), case.id.to_string().into());
    context.insert("from".into(), json!(case.from));
    context.insert("to".into(), case.to.to_string().into());
    raise(draft, raised, &case.id.to_string(), (Some(case.subject.clone()), None), context);
}

pub(super) async fn escalations(draft: &mut Draft<'_>, agenda: &Agenda) -> anyhow::Result<()> {
    for case in &agenda.escalations {
        let rules = &draft.rules.config.roster.rules.coordination;
        let view = case.subject.as_ref().and_then(|subject| draft.view(subject));
        let (mut next, told) = if case.due.is_none() && case.status == EscalationStatus::Open {
            let (next, task, told) = route(case, rules, &draft.rules.config.book, view, draft.now);
            if let Some(task) = task {
                draft.create(task, None);
            }
            tell_agent(draft, &next);
            (next, told)
        } else {
            let task = task_of(draft, case).await?;
            step(case, task.as_ref(), &draft.rules.config.roster.rules.coordination, draft.now)
        };
        if let Told::Level(level) = told {
            tell_people(draft, &mut next, level);
        }
        draft.out.escalations.push((Some(case.status), next));
    }
    Ok(())
}

/// The task on which an escalation rests: that by which the owner was told, once it is done, else the one that it
/// is about.
async fn task_of(draft: &Draft<'_>, case: &EscalationCase) -> anyhow::Result<Option<Task>> {
    let read = async |id| {
        let found = draft.shared.store.task(id).await.context("reading an escalation's task")?;
        anyhow::Ok(found.map(|(task, _)| task))
    };
    let told = read(case.telling()).await?.filter(|task| task.state == TaskState::Done);
    match (told, case.task) {
        (Some(told), _) => Ok(Some(told)),
        (None, Some(id)) => read(id).await,
        (None, None) => Ok(None),
    }
}

/// The agent that is to step in learns why.
fn tell_agent(draft: &mut Draft<'_>, case: &EscalationCase) {
    let Some((agent, ours)) = case.to.as_ref().and_then(|agent| Some((agent, draft.delivery(agent)?))) else {
        return;
    };
    let deal = case.subject.as_ref().and_then(record_of);
    let message = Message {
        id: MessageId::new(format!("escalation-{}-{agent}", case.id)),
        sent_at: draft.now,
        conversation: format!("escalation:{}", case.id).into(),
        in_reply_to: None,
        from: ORCHESTRATOR.into(),
        to: agent.as_str().into(),
        body: Body::Escalation(EscalationBody {
            escalation_id: Some(case.id.to_string().into()),
            status: case.status,
            deal_id: deal.map(|id| id.to_string().into()),
            task_id: case.task.map(|id| id.to_string().into()),
            reason: case.reason.to_string(),
            request: case.request.clone(),
            context: case.context.clone(),
            resolution: None,
        }),
    };
    draft.out.messages.push((message, ours));
}

/// Tells the people of a level: the deal's owner by a task of ours in the CRM, the others by a CRM task in their
/// name. Whatever has no place in a CRM is told in the daemon's own words.
fn tell_people(draft: &mut Draft<'_>, case: &mut EscalationCase, level: EscalationLevel) {
    let rules = &draft.rules.config.roster.rules.coordination;
    let view = case.subject.as_ref().and_then(|subject| draft.view(subject));
    let stage = view.and_then(stage_of);
    let address = match level {
        EscalationLevel::Owner => None,
        EscalationLevel::Manager => rules.manager.clone(),
        EscalationLevel::Head => rules.head.clone(),
    };
    let task = escalation_task(case, rules, stage, draft.now).filter(|_| level == EscalationLevel::Owner);
    let target = view.and_then(|view| view.references.first()).cloned();
    match (task, address.zip(target)) {
        (Some(task), _) => {
            case.task.get_or_insert(task.id);
            draft.create(task, None);
        }
        (None, Some((address, target))) => {
            let write = crm_task(draft, case, level, &address, &target);
            draft.out.writes.push(write);
        }
        (None, None) => {
            let what =
                format!("escalation {} ({}) waits for the {level}: {}", case.id, case.reason, case.request);
            let kind = EventKind::Noticed { what };
            let subject = case.subject.as_ref().and_then(record_of);
            draft.out.events.push(Event { at: draft.now, subject, kind, source: "engine".into() });
        }
    }
}

fn crm_task(
    draft: &Draft<'_>,
    case: &EscalationCase,
    level: EscalationLevel,
    address: &str,
    target: &ExternalRef,
) -> Write {
    let because = format!("escalation {} ({}) was not taken up: the {level} is told", case.id, case.reason);
    let times = case.told.to_string();
    let intent = Intent::CreateTask {
        task: Id::derived(&["escalation task", &case.id.to_string(), level.name(), &times]),
        subject: format!("[{level}] Escalation: {} {}", case.reason, case.request),
        body: format!("Raised by {} at {}. Told {times} times.", case.from, case.opened),
        due: case.due.unwrap_or(draft.now + Duration::from_hours(1)),
        owner: draft.rules.owner(&target.connection, address),
        high: true,
    };
    let name = case.id.to_string();
    let key = WriteKey::new(&target.connection, intent.kind(), target, &name, level.name(), case.told);
    Write { key, target: target.clone(), intent, expects: Vec::new(), because }
}
