//! Whatever agents and people say in whatever order, and however much time passes in between: handoffs and
//! escalations take only the documented steps and end, and somebody answers for the deal all the time.

use super::*;
use engine::{
    assign::{Routing, Verdict, explain, recall, week_start},
    dice::Dice,
};
use model::work::{Give, Order};
use std::collections::BTreeMap;

const RUNS: u64 = 12;
const STEPS: u64 = 60;
const MANY: usize = 10_000;
const AGENTS: [&str; 2] = ["WAKE.LSHSALES", "TWIN"];
const STATUSES: [&str; 7] = ["ACCEPTED", "DECLINED", "IN_PROGRESS", "BLOCKED", "DONE", "FAILED", "CANCELLED"];

/// Where cases stood before.
#[derive(Default)]
struct Before {
    handoffs: BTreeMap<Id, HandoffStatus>,
    escalations: BTreeMap<Id, (EscalationStatus, EscalationLevel)>,
}

fn one_of<T: Clone>(dice: &mut Dice, all: &[T]) -> Option<T> {
    let at = usize::try_from(dice.below(all.len() as u64)).unwrap();
    all.get(at).cloned()
}

async fn handoffs(office: &Office) -> Vec<HandoffCase> {
    office.store.handoffs(&Party::Daemon, &CaseFilter::default(), MANY).await.unwrap()
}

async fn escalations(office: &Office) -> Vec<EscalationCase> {
    office.store.escalations(&Party::Daemon, &CaseFilter::default(), MANY).await.unwrap()
}

/// Somebody says something, sensible or not; refusals are part of it.
async fn something(office: &mut Office, dice: &mut Dice, tasks: &mut Vec<Id>) {
    let agent = one_of(dice, &AGENTS).unwrap();
    let person = Party::Person("olga".into());
    let by = if dice.below(5) == 0 { person } else { Party::Agent(agent.into()) };
    let mut to = "ORCHESTRATOR";
    let rest = match dice.below(10) {
        0..=2 => status(one_of(dice, tasks).unwrap(), one_of(dice, &STATUSES).unwrap()),
        3 => {
            to = one_of(dice, &AGENTS).unwrap();
            json!({ "type": "HANDOFF", "lead": { "id": format!("deal:{}", deal()), "stage": "HELP" } })
        }
        4 | 5 => {
            let Some(case) = one_of(dice, &handoffs(office).await) else { return };
            let status = one_of(dice, &["CONFIRMED", "DECLINED"]).unwrap();
            json!({ "type": "HANDOFF", "handoff_id": case.id.to_string(), "status": status, "reason": "so" })
        }
        6 => {
            let task = one_of(dice, tasks).unwrap();
            json!({ "type": "ESCALATION", "task_id": task.to_string(), "reason": "HELP" })
        }
        7 => {
            let Some(case) = one_of(dice, &escalations(office).await) else { return };
            let (id, more) = (case.id.to_string(), json!({ "resolution": "settled" }));
            match dice.below(2) {
                0 => json!({ "type": "ESCALATION", "escalation_id": id, "status": "ACKNOWLEDGED" }),
                _ => with(json!({ "type": "ESCALATION", "escalation_id": id, "status": "RESOLVED" }), more),
            }
        }
        8 => {
            let number = u32::try_from(tasks.len()).unwrap() + 1;
            tasks.push(office.queue(number, "discovery_call").await);
            return;
        }
        _ => {
            let task = one_of(dice, tasks).unwrap();
            return give(office, dice, task).await;
        }
    };
    match office.say(&by, to, rest).await {
        Ok(_) | Err(store::Error::Refused { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// A person decides who gets a task, or that the best one does.
async fn give(office: &Office, dice: &mut Dice, task: Id) {
    let from = office.task(task).await.holder;
    let to = one_of(dice, &AGENTS).filter(|_| dice.below(3) > 0).map(AgentId::from);
    let (force, begun) = (dice.below(2) == 0, dice.below(2) == 0);
    let give = Give { task, from, to, force, begun, why: "so".into() };
    let id = format!("order {}", dice.u64()).into();
    let order = Order { id, by: "olga".into(), at: office.now(), make: None, gives: vec![give] };
    assert!(office.store.order(&Party::Person("olga".into()), order, "{}").await.unwrap());
}

/// Each decision that was ever made on a task can be made again from what was kept of it. Returns how many of them
/// somebody had named.
async fn can_be_made_again(office: &Office, task: Id) -> usize {
    let (_, decisions) = office.store.task(task).await.unwrap().unwrap();
    let scenes = office.store.scenes(task).await.unwrap();
    for (made, scene) in decisions.iter().zip(scenes) {
        let scene = scene.unwrap();
        let (again, verdicts) = recall(&scene, &Routing::read(&scene.routing).unwrap()).unwrap();
        assert_eq!(again, *made);
        let chosen = |one: &Verdict| matches!(one, Verdict::Chosen(one) if Some(one) == made.winner.as_ref());
        assert_eq!(verdicts.iter().filter(|one| chosen(one)).count(), usize::from(made.winner.is_some()));
    }
    decisions.iter().filter(|made| made.named).count()
}

fn status(task: Id, status: &str) -> Json {
    let more = if status == "DONE" { json!({ "outcome": "success" }) } else { json!({ "reason": "so" }) };
    with(json!({ "type": "STATUS", "task_id": task.to_string(), "status": status }), more)
}

fn with(mut all: Json, more: Json) -> Json {
    if let (Some(all), Json::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// The documented steps, written down once more.
fn follows(was: HandoffStatus, now: HandoffStatus) -> bool {
    use HandoffStatus::{Completed, Confirmed, Declined, Requested, TimedOut};
    match was {
        Requested => true,
        // Completing follows confirming at once.
        TimedOut => matches!(now, TimedOut | Confirmed | Declined | Completed),
        Confirmed => matches!(now, Confirmed | Completed),
        Declined | Completed => was == now,
    }
}

async fn check(office: &Office, before: &mut Before, tasks: &[Id]) {
    for case in handoffs(office).await {
        let was = before.handoffs.insert(case.id, case.status).unwrap_or(HandoffStatus::Requested);
        assert!(follows(was, case.status), "{case:?} was {was}");
    }
    for case in escalations(office).await {
        let first = (EscalationStatus::Open, EscalationLevel::Owner);
        let was = before.escalations.insert(case.id, (case.status, case.level)).unwrap_or(first);
        assert!(was.0 <= case.status && was.1 <= case.level, "{case:?} was {was:?}");
        let ahead = case.due.is_some_and(|due| due > office.now());
        assert!(case.status == EscalationStatus::Resolved || ahead, "{case:?} is forgotten");
    }
    let mut holders: Vec<AgentId> = Vec::new();
    for id in tasks {
        let task = office.task(*id).await;
        assert_eq!(task.state.is_held(), task.state.is_open() && task.holder.is_some(), "{task:?}");
        match task.state {
            TaskState::Queued => kept_waiting(office, &task).await,
            _ if task.state.is_open() => holders.extend(task.holder),
            _ => {}
        }
    }
    holders.sort();
    holders.dedup();
    assert!(holders.len() <= 1, "{holders:?} hold one deal");
}

/// Each agent is kept from a task that waits by something that is said.
async fn kept_waiting(office: &Office, task: &Task) {
    let rules = office.daemon.shared.rules();
    let week = week_start(office.now(), rules.routing.zone());
    let board = office.store.board(MANY, week).await.unwrap();
    let (_, verdicts) = explain(&board, &rules.routing, task.id, 0, office.now()).unwrap();
    let out = |one: &Verdict| matches!(one, Verdict::Out { reasons, .. } if !reasons.is_empty());
    assert!(verdicts.iter().all(out), "{task:?} waits for nothing: {verdicts:?}");
}

#[tokio::test]
async fn whatever_is_said_in_whatever_order_ends_and_the_deal_is_never_without_a_holder() {
    let (mut answered, mut escalated, mut named) = (0, 0, 0);
    for seed in 0..RUNS {
        let (mut office, mut dice) = (Office::new(TWINS).await, Dice::seeded(seed));
        let mut before = Before::default();
        let mut tasks =
            vec![office.queue(1, "discovery_call").await, office.queue(2, "need_qualification").await];
        for _ in 0..STEPS {
            something(&mut office, &mut dice, &mut tasks).await;
            check(&office, &mut before, &tasks).await;
            let minutes = if dice.below(4) == 0 { dice.below(1_500) } else { dice.below(20) };
            office.after(Duration::from_mins(minutes)).await;
            check(&office, &mut before, &tasks).await;
        }
        // when everybody falls silent for days
        for _ in 0..8 {
            office.after(12 * HOUR).await;
            check(&office, &mut before, &tasks).await;
        }
        // then nothing waits for an answer, and what is not settled is at the top
        for case in handoffs(&office).await {
            let waits = matches!(case.status, HandoffStatus::Requested | HandoffStatus::Confirmed);
            assert!(!waits || case.person_decides, "seed {seed}: {case:?}");
            answered += usize::from(case.status == HandoffStatus::Completed);
        }
        for case in escalations(&office).await {
            let heard = case.status != EscalationStatus::Open || case.level == EscalationLevel::Head;
            assert!(heard || case.opened + 30 * HOUR > office.now(), "seed {seed}: {case:?}");
            escalated += usize::from(case.level == EscalationLevel::Head);
        }
        // and every decision can be made again
        for task in tasks {
            named += can_be_made_again(&office, task).await;
        }
    }
    assert!(answered > 0 && escalated > 0 && named > 0, "nothing was tried");
}
