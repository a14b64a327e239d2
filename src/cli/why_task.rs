//! The story of a task: each decision on it made again on what was kept of it, with every agent that was not chosen and
//! the nearest change that would have altered the choice.

use crate::{
    answer::Answer,
    app::{self, App},
    figures::local,
    story,
    text::{clean, put},
    verb_why::HISTORY,
};
use anyhow::Context;
use engine::assign::{Routing, Verdict, explain, recall, week_start};
use model::{
    Timestamp,
    work::{Assignment, Scene, Task, TaskState},
};
use runtime::rules::Rules;
use serde_json::{Value, json};
use std::collections::HashMap;
use store::Store;

/// Undelivered messages that are looked through.
const UNDELIVERED: usize = 10_000;

/// A decision with what is to be said of every agent.
struct Recalled {
    at: Timestamp,
    verdicts: Vec<Verdict>,
}

/// Tells it.
pub async fn tell(
    app: &App,
    store: &dyn Store,
    rules: &Rules,
    task: &Task,
    decisions: &[Assignment],
) -> anyhow::Result<Answer> {
    let zone = rules.routing.zone();
    let mut text = format!(
        "{} ({}) on {}\n  {}, needs {}, priority {}, because {}\n",
        app.screen.paint.bold(&clean(&task.title)),
        task.action,
        task.subject,
        task.state.name(),
        task.need.capability,
        task.priority,
        clean(&task.cause),
    );
    if let TaskState::Failed { why } | TaskState::Cancelled { why } = &task.state {
        put!(text, "  {}\n", clean(why));
    }
    put!(text, "  arrived {}", local(task.arrived, zone));
    if let Some(due) = task.due {
        put!(text, ", due {}", local(due, zone));
    }
    text.push('\n');
    let recalled = recalled(store, task, decisions).await?;
    for (number, (made, recalled)) in decisions.iter().zip(&recalled).enumerate() {
        let head = if number == 0 { "Decision" } else { "Before that" };
        let when = recalled.as_ref().map(|kept| format!(" of {}", local(kept.at, zone))).unwrap_or_default();
        put!(text, "\n{head}{when}: {}\n", story::decision(made));
        let lines = match recalled {
            Some(kept) => story::verdicts(&kept.verdicts),
            None => [story::kept(made), vec!["(more was not kept of it)".to_owned()]].concat(),
        };
        for line in lines {
            put!(text, "  {line}\n");
        }
    }
    if decisions.is_empty() {
        text += "\nIt was not decided yet.\n";
    }
    let history = store.history(task.id, HISTORY).await?;
    if !history.is_empty() {
        text += "\nHistory\n";
    }
    for (_, event) in &history {
        let (at, source) = (local(event.at, zone), clean(&event.source));
        put!(text, "  {at}  {}  ({source})\n", story::event(&event.kind));
    }
    let undelivered = undelivered(store, task).await?;
    for line in &undelivered {
        put!(text, "  not delivered: {line}\n");
    }
    let now = if task.state == TaskState::Queued { now(store, rules, task).await? } else { Vec::new() };
    if !now.is_empty() {
        text += "\nWere it decided now\n";
        for line in story::verdicts(&now) {
            put!(text, "  {line}\n");
        }
    }
    let told: Vec<Value> =
        decisions.iter().zip(&recalled).map(|(made, kept)| shown(made, kept.as_ref())).collect();
    let events: Vec<_> = history.iter().map(|(_, event)| event).collect();
    Ok(Answer::new(
        text,
        json!({ "task": task, "decisions": told, "now": now, "history": events,
                               "undelivered": undelivered }),
    ))
}

/// Messages about a task that its agent did not get so far, in words.
async fn undelivered(store: &dyn Store, task: &Task) -> anyhow::Result<Vec<String>> {
    let conversation = format!("task:{}", task.id);
    let all = store.undelivered(UNDELIVERED).await.context("reading undelivered messages")?;
    let of_it = all.iter().filter(|one| *one.message.conversation == *conversation);
    let words = of_it.map(|one| {
        let then = if one.next.is_some() { "it is tried again" } else { "it was given up" };
        format!(
            "{} to {}, m{}: {} ({then}, {} attempts so far)",
            one.message.body.kind(),
            clean(&one.message.to),
            one.seq,
            clean(&one.why),
            one.attempts
        )
    });
    Ok(words.collect())
}

fn shown(made: &Assignment, kept: Option<&Recalled>) -> Value {
    let mut shown = json!(made);
    if let (Some(fields), Some(kept)) = (shown.as_object_mut(), kept) {
        fields.insert("at".to_owned(), json!(kept.at));
        fields.insert("verdicts".to_owned(), json!(kept.verdicts));
    }
    shown
}

/// Each decision made again, where enough was kept of it.
async fn recalled(
    store: &dyn Store,
    task: &Task,
    decisions: &[Assignment],
) -> anyhow::Result<Vec<Option<Recalled>>> {
    let scenes = store.scenes(task.id).await.context("reading what decisions rested on")?;
    let mut routings: HashMap<Box<str>, Option<Routing>> = HashMap::new();
    let one = |(made, scene): (&Assignment, Option<Scene>)| {
        let scene = scene?;
        let routing =
            routings.entry(made.config.clone()).or_insert_with(|| Routing::read(&scene.routing).ok());
        // Another version of the engine may decide otherwise: then its reasons would not be those of then.
        let (_, verdicts) = recall(&scene, routing.as_ref()?).filter(|(again, _)| again == made)?;
        Some(Recalled { at: scene.at, verdicts })
    };
    Ok(decisions.iter().zip(scenes).map(one).collect())
}

/// Every agent, judged on the board as it is now with this task on it.
async fn now(store: &dyn Store, rules: &Rules, task: &Task) -> anyhow::Result<Vec<Verdict>> {
    let now = app::now();
    let week = week_start(now, rules.routing.zone());
    let board = store.work_board(Some(vec![task.id]), 1, week).await.context("reading the board")?;
    let explained = explain(&board, &rules.routing, task.id, 0, now);
    Ok(explained.map(|(_, all)| all).unwrap_or_default())
}
