//! What must hold at the end of a month.

use super::{Month, ledger::Known, reasons};
use crate::rig::Rig;
use engine::assign::{Verdict, explain, week_start};
use model::{
    AgentId, Id, Timestamp,
    work::{
        EscalationCase, EscalationLevel, Party, Task, TaskState,
        message::{EscalationStatus, HandoffStatus},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use store::{CaseFilter, TaskFilter};

const MANY: usize = 1_000_000;
/// A turn of the daemon may be still to come.
const GRACE: Duration = Duration::from_mins(5);
const HOUR: Duration = Duration::from_hours(1);

pub async fn all(month: &Month) {
    let by = Party::Person("judge".into());
    let escalations = month.rig.store.escalations(&by, &CaseFilter::default(), MANY).await.unwrap();
    let tasks = month.rig.store.tasks(&TaskFilter::default(), MANY).await.unwrap();
    report(month, &tasks, &escalations);
    nothing_is_lost(month, &tasks, &escalations);
    waiting_has_a_reason(&month.rig, &tasks).await;
    cases_end(month, &escalations).await;
    let days_off = [(AgentId::from("SECOND.SALES"), "2025-12-09T23:00:00Z".parse().unwrap())];
    month.ledger.no_burst(&days_off);
    eprintln!("{} events", month.ledger.log.lines().count());
    let explained = std::mem::take(&mut *month.explained.lock().unwrap());
    reasons::can_be_told_again(&explained, &month.rig).await;
    for (id, _) in month.ledger.tasks.iter().filter(|(_, known)| known.holder.is_some()) {
        assert!(explained.tasks.contains(id), "nobody can say why {id} went where it went");
    }
}

/// A month in which nothing happened would prove nothing.
pub fn everything_was_tried(month: &Month) {
    let said = [
        "ACCEPTED",
        "DECLINED",
        "BLOCKED",
        "DONE",
        "FAILED",
        "HANDOFF",
        "ESCALATION",
        "CONFIRMED",
        "refused",
    ];
    for word in said {
        assert!(month.crew.counts.contains_key(word), "nobody said {word}: {:?}", month.crew.counts);
    }
    for what in ["closedwon", "closedlost", "ticked", "handoffs_answered", "escalations_answered"] {
        assert!(month.market.counts.contains_key(what), "no {what}: {:?}", month.market.counts);
    }
    for status in [HandoffStatus::Completed, HandoffStatus::Declined, HandoffStatus::TimedOut] {
        let line = format!("\"status\":\"{status}\"");
        assert!(month.ledger.log.contains(&line), "no handoff was {status}");
    }
    let full = month.rig.config.roster.agents.iter().filter(|agent| {
        let limit = agent.capacity.as_ref().map(|capacity| capacity.limit as usize);
        limit.is_some() && month.ledger.peak.get(&agent.id).copied() == limit
    });
    assert!(full.count() >= 3, "nobody came to the limit: {:?}", month.ledger.peak);
    assert!(month.ledger.back.len() >= 3 && month.ledger.no_burst(&[]) > 10, "nobody came back to work");
    assert!(month.ledger.log.contains("\"level\":\"head\""), "nothing went up to the head");
}

/// Every task ever made is where the log says, ended or held or waiting, and one that failed was escalated.
fn nothing_is_lost(month: &Month, tasks: &[Task], escalations: &[EscalationCase]) {
    let stored: BTreeMap<Id, &Task> = tasks.iter().map(|task| (task.id, task)).collect();
    let made: BTreeSet<Id> = month.ledger.tasks.keys().copied().collect();
    assert_eq!(made, stored.keys().copied().collect(), "tasks in the log and in the store");
    let of = |case: &EscalationCase| {
        (&*case.reason == "TASK_FAILED").then(|| case.context.get("task")?.as_str()?.parse().ok()).flatten()
    };
    let escalated: BTreeSet<Id> = escalations.iter().filter_map(of).collect();
    for (id, Known { holder, ended, .. }) in &month.ledger.tasks {
        let task = stored[id];
        assert_eq!(ended.is_none(), task.state.is_open(), "{task:?} by the log: {ended:?}");
        if task.state.is_open() {
            assert_eq!(holder.as_ref(), task.holder.as_ref(), "{task:?}");
            assert_eq!(holder.is_some(), task.state.is_held(), "{task:?}");
        }
        if matches!(task.state, TaskState::Failed { .. }) && !task.cause.starts_with("escalation ") {
            assert!(escalated.contains(id), "{task:?} failed and nobody was told");
        }
    }
}

/// Whoever waits has waited for no more than a moment, or each agent is kept from the task by something.
async fn waiting_has_a_reason(rig: &Rig, tasks: &[Task]) {
    let (now, rules) = (rig.now(), rig.daemon.shared.rules());
    let board = rig.store.board(MANY, week_start(now, rules.routing.zone())).await.unwrap();
    let waiting: BTreeSet<Id> = board.tasks.iter().map(|task| task.id).collect();
    let queued = tasks.iter().filter(|task| task.state == TaskState::Queued && task.arrived + GRACE < now);
    for task in queued {
        if waiting.contains(&task.id) {
            let (_, verdicts) = explain(&board, &rules.routing, task.id, 0, now).unwrap();
            let kept =
                |verdict: &Verdict| matches!(verdict, Verdict::Out { reasons, .. } if !reasons.is_empty());
            assert!(verdicts.iter().all(kept), "{task:?} waits and nobody knows why: {verdicts:?}");
        } else {
            let part = |other: &&Task| {
                other.state.is_held()
                    && (&other.subject, &other.responsibility) == (&task.subject, &task.responsibility)
            };
            assert!(tasks.iter().any(|other| part(&other)), "{task:?} is not even looked at");
        }
    }
}

/// What is older than its limits has ended, or people are being told of it.
async fn cases_end(month: &Month, escalations: &[EscalationCase]) {
    let (now, by) = (month.rig.now(), Party::Person("judge".into()));
    let late = |due: Option<Timestamp>| due.is_none_or(|due| due + GRACE < now);
    for case in escalations.iter().filter(|case| case.status != EscalationStatus::Resolved) {
        assert!(case.opened + GRACE >= now || !late(case.due), "{case:?} is forgotten: due {:?}", case.due);
        let old = case.opened + 29 * HOUR < now && case.to.is_none();
        if old && case.status == EscalationStatus::Open {
            assert_eq!(case.level, EscalationLevel::Head, "{case:?} from {} stays where it is", case.opened);
            assert!(case.told >= 3, "{case:?}: {}", case.told);
        }
    }
    let handoffs = month.rig.store.handoffs(&by, &CaseFilter::default(), MANY).await.unwrap();
    for case in &handoffs {
        match case.status {
            HandoffStatus::Requested => {
                assert!(case.requested + GRACE >= now || !late(case.due), "{case:?}: due {:?}", case.due);
            }
            HandoffStatus::Confirmed => assert!(case.changed + GRACE >= now, "{case:?} does not end"),
            HandoffStatus::TimedOut => {
                let of = |one: &&EscalationCase| {
                    &*one.reason == "HANDOFF_TIMEOUT"
                        && one.context.get("handoff").and_then(|id| id.as_str()) == Some(&case.id.to_string())
                };
                assert!(escalations.iter().any(|one| of(&one)), "{case:?}: nobody was told");
            }
            HandoffStatus::Declined | HandoffStatus::Completed => {}
        }
    }
    eprintln!("{} handoffs, {} escalations", handoffs.len(), escalations.len());
}

fn report(month: &Month, tasks: &[Task], escalations: &[EscalationCase]) {
    let explained = month.explained.lock().unwrap();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for task in tasks {
        *states.entry(task.state.name()).or_default() += 1;
    }
    let mut reasons: BTreeMap<(&str, EscalationStatus), usize> = BTreeMap::new();
    for case in escalations {
        *reasons.entry((&case.reason, case.status)).or_default() += 1;
    }
    eprintln!("tasks {states:?}\nsaid {:?}\nmarket {:?}", month.crew.counts, month.market.counts);
    eprintln!("refused {:?}", month.crew.refusals);
    eprintln!("escalations {reasons:?}\npeaks {:?}", month.ledger.peak);
    eprintln!(
        "{} decisions, {} worked out by hand, {} left out, {} beaten",
        explained.decisions, explained.by_hand, explained.left_out, explained.beaten
    );
}
