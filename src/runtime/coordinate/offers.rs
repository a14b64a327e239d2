//! Offers: telling agents, and taking back what they don't answer.

use super::{BATCH, Draft, record_of};
use anyhow::Context;
use engine::{
    coordinate::{Order, insight_message, offer_message, silent, triggered_by, withdrawal},
    flow::signals_of,
};
use model::{
    AgentId, Id, MessageId,
    work::{Message, ORCHESTRATOR, Party, Passed, Task, TaskState},
};
use store::{Agenda, TakeBack};
use tracing::info;

/// Learnings asked for with a task.
const LEARNINGS: usize = 3;

/// Offers that were not answered in time go to the next.
pub(super) fn expire(draft: &mut Draft<'_>, agenda: &Agenda) {
    let until = silent(&draft.rules.config.roster.rules.coordination, draft.now);
    for task in &agenda.expired {
        let (Some(agent), TaskState::Offered { until: end }) = (task.holder.clone(), &task.state) else {
            continue;
        };
        let why = format!("no answer until {end}").into();
        let passed = Some((Passed::Silent, Some(until)));
        draft.out.take_back.push(TakeBack { task: task.id, agent, why, passed, meant_for: None });
    }
}

/// Agents that read messages learn of what is reserved for them.
pub(super) async fn tell(draft: &mut Draft<'_>, agenda: &Agenda) -> anyhow::Result<()> {
    for task in &agenda.untold {
        let stays = draft.out.take_back.iter().all(|taken| taken.task != task.id);
        let Some(agent) = task.holder.clone().filter(|_| stays) else { continue };
        draft.out.messages.extend(message(draft, task).await?);
        draft.out.told.push((task.id, agent));
    }
    Ok(())
}

/// Agents that are reached by webhook or command now get what they have, and have not begun, from before; returns
/// whether that was all of it.
pub(super) async fn send_anew(draft: &mut Draft<'_>) -> anyhow::Result<bool> {
    let agents = draft.rules.config.roster.agents.iter().map(|agent| &agent.id);
    let agents: Vec<AgentId> = agents.filter(|id| draft.delivery(id) == Some(true)).cloned().collect();
    let store = &draft.shared.store;
    let opened = store.deliver_open(&draft.shared.held, &agents, draft.now).await;
    opened.context("sending open requests")?;
    let unsent = store.unsent(&agents, BATCH).await.context("looking for tasks that were not sent")?;
    let subjects: Vec<Id> = unsent.iter().filter_map(|task| record_of(&task.subject)).collect();
    let views = store.subjects(&subjects).await.context("reading subjects")?;
    draft.views.extend(views.into_iter().map(|view| (view.record, view)));
    for task in &unsent {
        let stays = draft.out.take_back.iter().all(|taken| taken.task != task.id);
        let Some(agent) = task.holder.clone().filter(|_| stays) else { continue };
        if let Some(message) = message(draft, task).await? {
            info!(%agent, task = %task.id, "sent to an agent that has it from before");
            draft.out.messages.push(message);
            draft.out.told.push((task.id, agent));
        }
    }
    Ok(unsent.len() < BATCH)
}

async fn message(draft: &Draft<'_>, task: &Task) -> anyhow::Result<Option<(Message, bool)>> {
    let Some(agent) = &task.holder else { return Ok(None) };
    let until = match task.state {
        TaskState::Offered { until } => Some(until),
        _ => None,
    };
    let Some(ours) = draft.delivery(agent) else { return Ok(None) };
    let store = &draft.shared.store;
    let detail = store.task_detail(&Party::Daemon, task.id).await.context("reading a task")?;
    let Some(detail) = detail else { return Ok(None) };
    let learnt = store.learnings(Some(task.stage), Some(&task.action), LEARNINGS).await;
    let learnt = learnt.context("reading what was learnt")?;
    let (rules, view) = (draft.rules, draft.view(&task.subject));
    let (book, spec) = (&rules.config.book, rules.config.roster.find(agent.as_str()));
    let called = spec.is_some_and(|spec| !spec.triggers.is_empty());
    let signals = view.filter(|_| called).map(|view| signals_of(view, book, &rules.flow, draft.now));
    let signals = signals.unwrap_or_default();
    let order = Order {
        instructions: rules.instructions(&task.action),
        outputs: spec.map_or(&[], |spec| &spec.outputs),
        triggers: spec.map(|spec| triggered_by(spec, task, book, &signals)).unwrap_or_default(),
    };
    let message = offer_message(&detail, &order, view, &learnt, until, draft.now);
    Ok(message.map(|message| (message, ours)))
}

/// Agents that read messages learn that a task is no longer theirs.
pub(super) fn withdraw(draft: &mut Draft<'_>, agenda: &Agenda) {
    for gone in &agenda.withdrawn {
        let message = withdrawal(gone, draft.now);
        draft.out.messages.extend(draft.delivery(&gone.agent).map(|ours| (message, ours)));
        draft.out.withdrawn.push(gone.number);
    }
}

/// Results of agents that hand off to all are sent to all, once.
pub(super) fn spread(draft: &mut Draft<'_>, agenda: &Agenda) {
    for document in &agenda.documents {
        draft.out.spread.push(document.id);
        let author = draft.rules.config.roster.find(&document.by);
        let message = author.and_then(|author| insight_message(document, author, draft.now));
        let Some((author, message)) = author.zip(message) else { continue };
        let pushed: Vec<AgentId> = receivers(draft, &author.id);
        for agent in pushed {
            let copy = Message {
                id: MessageId::new(format!("insight-{}-{agent}", document.id)),
                to: agent.as_str().into(),
                from: ORCHESTRATOR.into(),
                ..message.clone()
            };
            draft.out.messages.push((copy, true));
        }
        draft.out.messages.push((message, false));
    }
}

/// Agents to which we deliver, other than the author; the others fetch what goes to all.
fn receivers(draft: &Draft<'_>, author: &AgentId) -> Vec<AgentId> {
    let enabled =
        draft.rules.config.roster.agents.iter().filter(|agent| agent.enabled && agent.id != *author);
    enabled.map(|agent| agent.id.clone()).filter(|id| draft.delivery(id) == Some(true)).collect()
}
