//! Agents that went away: what they have not begun goes back to the queue, with the reason.

use super::{BATCH, Draft, record_of};
use anyhow::Context;
use engine::{assign::week_start, flow::close_write};
use model::{
    AgentId,
    work::{AgentLoad, Task, TaskState},
};
use store::TakeBack;

/// Why somebody is away, and whether what was begun is taken back as well.
fn away(draft: &Draft<'_>, agent: &AgentId, load: &AgentLoad) -> Option<(String, bool)> {
    match draft.rules.config.roster.find(agent.as_str()) {
        None => Some((format!("{agent} is no longer configured"), true)),
        Some(spec) if !spec.enabled => Some((format!("{agent} is switched off"), true)),
        Some(_) if load.paused => Some((format!("{agent} is paused"), false)),
        Some(_) => None,
    }
}

pub(super) async fn take_back(draft: &mut Draft<'_>) -> anyhow::Result<()> {
    let week = week_start(draft.now, draft.rules.routing.zone());
    let loads = draft.shared.store.board(0, week).await.context("reading loads")?.loads;
    for (agent, load) in loads {
        if load.open.is_empty() {
            continue;
        }
        let Some((why, begun_too)) = away(draft, &agent, &load) else { continue };
        for state in ["offered", "assigned", "in_progress", "blocked"] {
            let tasks = draft.shared.store.tasks(None, Some(&agent), Some(state), BATCH).await;
            for task in tasks.context("reading an agent's tasks")? {
                let begun = matches!(task.state, TaskState::InProgress | TaskState::Blocked);
                if begun_too || !begun {
                    one(draft, &task, &agent, &why).await?;
                }
            }
        }
    }
    Ok(())
}

/// Takes one task back; a CRM task that stands for it is closed at the source.
async fn one(draft: &mut Draft<'_>, task: &Task, agent: &AgentId, why: &str) -> anyhow::Result<()> {
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
    draft.out.take_back.push(TakeBack { task: task.id, agent, why, passed: None, meant_for: None });
    Ok(())
}
