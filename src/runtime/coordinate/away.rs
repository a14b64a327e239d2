//! Agents that go away: what they have not begun goes back to the queue, with the reason; what they have begun a
//! person decides on.

use super::{BATCH, Draft, cases::figures, record_of};
use anyhow::Context;
use engine::{
    assign::week_start,
    coordinate::{Raised, escalation_of},
    flow::close_write,
};
use model::{
    AgentId, Timestamp,
    work::{AgentLoad, Party, Passed, Task, TaskState},
};
use store::{CaseFilter, TakeBack, TaskFilter};

/// Why an agent does not do its tasks.
enum Away {
    /// It has no part in the work any more: nothing stays with it.
    Gone(String),
    /// A person paused it; the text tells one pause from another.
    Paused(String),
    /// It has days off: what is due then can't be done by it.
    DaysOff,
}

fn away(draft: &Draft<'_>, agent: &AgentId, load: &AgentLoad) -> Option<Away> {
    match draft.rules.config.roster.find(agent.as_str()) {
        None => Some(Away::Gone(format!("{agent} is no longer configured"))),
        Some(spec) if !spec.enabled => Some(Away::Gone(format!("{agent} is switched off"))),
        Some(_) if load.paused => {
            Some(Away::Paused(load.resumed.map_or_else(String::new, |before| before.to_string())))
        }
        Some(spec) => {
            let calendar = draft.rules.routing.calendar(&spec.id)?;
            calendar.has_days_off().then_some(Away::DaysOff)
        }
    }
}

pub(super) async fn take_back(draft: &mut Draft<'_>) -> anyhow::Result<()> {
    let week = week_start(draft.now, draft.rules.routing.zone());
    let loads = draft.shared.store.board(0, week).await.context("reading loads")?.loads;
    for (agent, load) in loads {
        if load.open.is_empty() {
            continue;
        }
        let Some(away) = away(draft, &agent, &load) else { continue };
        for state in ["offered", "assigned", "in_progress", "blocked"] {
            let held = TaskFilter { state: Some(state.into()), ..TaskFilter::held_by(&agent) };
            let tasks = draft.shared.store.tasks(&held, BATCH).await;
            for task in tasks.context("reading an agent's tasks")? {
                decide(draft, &task, &agent, &away).await?;
            }
        }
    }
    Ok(())
}

/// What becomes of one task.
async fn decide(draft: &mut Draft<'_>, task: &Task, agent: &AgentId, away: &Away) -> anyhow::Result<()> {
    let begun = matches!(task.state, TaskState::InProgress | TaskState::Blocked);
    match away {
        Away::Gone(why) => one(draft, task, agent, why, None).await,
        Away::Paused(occasion) if begun => escalate(draft, task, occasion).await,
        Away::Paused(_) => one(draft, task, agent, &format!("{agent} is paused"), None).await,
        Away::DaysOff => {
            let calendar = draft.rules.routing.calendar(agent);
            let due = task.due.filter(|due| *due > draft.now);
            let back = due.zip(calendar).and_then(|(due, calendar)| Some((due, calendar.back_after(due)?)));
            match back {
                None => Ok(()),
                Some((_, back)) if begun => escalate(draft, task, &back.to_string()).await,
                Some((due, _)) if !draft.rules.routing.has_stand_in(&task.need.capability, agent, due) => {
                    Ok(())
                }
                Some((due, back)) => {
                    let why = format!("{agent} is away when it is due ({due}), until {back}");
                    one(draft, task, agent, &why, Some(back)).await
                }
            }
        }
    }
}

/// Takes one task back; a CRM task that stands for it is closed at the source. With a time the agent is not asked
/// for it before.
async fn one(
    draft: &mut Draft<'_>,
    task: &Task,
    agent: &AgentId,
    why: &str,
    back: Option<Timestamp>,
) -> anyhow::Result<()> {
    if draft.out.take_back.iter().any(|taken| taken.task == task.id) {
        return Ok(());
    }
    if let Some(record) = record_of(&task.subject) {
        if !draft.views.contains_key(&record) {
            let read = draft.shared.store.subjects(&[record]).await.context("reading a subject")?;
            draft.views.extend(read.into_iter().map(|view| (view.record, view)));
        }
        let brief = draft.views.get(&record).and_then(|view| view.tasks.iter().find(|one| one.id == task.id));
        let write = brief.and_then(|brief| close_write(brief, why));
        draft.out.writes.extend(write);
    }
    let (agent, why) = (agent.clone(), why.into());
    let passed = back.map(|back| (Passed::Away, Some(back)));
    draft.out.take_back.push(TakeBack { task: task.id, agent, why, passed, meant_for: None });
    Ok(())
}

/// Tells the owner of the deal of a task that was begun, once for each absence. Trouble with telling people of
/// trouble is not told.
async fn escalate(draft: &mut Draft<'_>, task: &Task, absence: &str) -> anyhow::Result<()> {
    if task.cause.starts_with("escalation ") {
        return Ok(());
    }
    let limits = &draft.rules.config.roster.rules.coordination;
    let about = (Some(task.subject.clone()), Some(task.id));
    let occasion = format!("{} {absence}", task.id);
    let case = escalation_of(Raised::Away, &occasion, about, figures(task), limits, draft.now);
    let Some(case) = case else { return Ok(()) };
    let filter = CaseFilter { id: Some(case.id), ..CaseFilter::default() };
    let known = draft.shared.store.escalations(&Party::Daemon, &filter, 1).await;
    if known.context("reading an escalation")?.is_empty() {
        draft.out.escalations.push((None, case));
    }
    Ok(())
}
