//! Handoffs and escalations as state machines: whatever comes in whatever order, they end or people are told again.

use super::*;
use model::work::{
    EscalationCase,
    message::{EscalationStatus as E, HandoffStatus as H},
};
use proptest::prelude::*;

/// What may happen to a case.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// The cycle turns after so many minutes.
    Turn(u16),
    Confirmed,
    Declined,
    Acknowledged,
    Resolved,
    /// The task of whoever is to step in is now in one of these states.
    Task(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0..3_000_u16).prop_map(Happens::Turn),
        1 => Just(Happens::Confirmed),
        1 => Just(Happens::Declined),
        1 => Just(Happens::Acknowledged),
        1 => Just(Happens::Resolved),
        2 => (0..8_u8).prop_map(Happens::Task),
    ]
}

/// The state tables once more, as they are documented.
fn handoff_may(was: H, next: H) -> bool {
    let table = [
        (H::Requested, H::Confirmed),
        (H::Requested, H::Declined),
        (H::Requested, H::TimedOut),
        (H::TimedOut, H::Confirmed),
        (H::TimedOut, H::Declined),
        (H::Confirmed, H::Completed),
    ];
    table.contains(&(was, next))
}

fn escalation_may(was: E, next: E) -> bool {
    [(E::Open, E::Acknowledged), (E::Open, E::Resolved), (E::Acknowledged, E::Resolved)]
        .contains(&(was, next))
}

/// What a message does to a handoff: the store refuses what the table does not allow.
fn answered(case: HandoffCase, status: H, by: &str, now: Timestamp) -> HandoffCase {
    if !case.status.may_become(status) {
        return case;
    }
    HandoffCase { status, by: by.into(), changed: now, ..case }
}

/// What one turn of the cycle does to a handoff.
fn handoff_turn(
    case: HandoffCase,
    rules: &CoordinationRules,
    calendar: &Calendar,
    now: Timestamp,
) -> HandoffCase {
    match (case.status, case.due) {
        (H::Requested, None) => routed(&case, rules, calendar, Map::new(), now),
        (H::Requested, Some(due)) if due <= now => timed_out(&case, now),
        (H::Confirmed, _) => HandoffCase { status: H::Completed, changed: now, ..case },
        _ => case,
    }
}

fn case_of(rules: &CoordinationRules, raised: Raised, task: Option<Id>) -> EscalationCase {
    escalation_of(raised, "once", (Some(subject()), task), Map::new(), rules, NOW).unwrap()
}

fn state(number: u8) -> TaskState {
    match number {
        0 => TaskState::Queued,
        1 => TaskState::Offered { until: NOW },
        2 => TaskState::Assigned,
        3 => TaskState::InProgress,
        4 => TaskState::Blocked,
        5 => TaskState::Done,
        6 => TaskState::Failed { why: "gave up".into() },
        _ => TaskState::Cancelled { why: "over".into() },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Only documented transitions happen; past its limit nothing is still asked for; what ended stays ended.
    #[test]
    fn a_handoff_ends_whatever_comes_in_whatever_order(all in prop::collection::vec(happens(), 0..40)) {
        let (roster, book) = shipped();
        let rules = &roster.rules.coordination;
        let calendar = Calendar::new(&Hours::default(), &jiff::tz::TimeZone::UTC).unwrap();
        let (mut case, mut now) = (lead_handoff(&book, &roster), NOW);
        let silence = Happens::Turn(60 * 25);
        for one in all.into_iter().chain([silence, silence, silence]) {
            let was = case.clone();
            case = match one {
                Happens::Turn(minutes) => {
                    now = now + Duration::from_mins(minutes.into());
                    handoff_turn(case, rules, &calendar, now)
                }
                Happens::Confirmed => answered(case, H::Confirmed, "WAKE.LSHSALES", now),
                Happens::Declined => answered(case, H::Declined, "WAKE.LSHSALES", now),
                Happens::Acknowledged | Happens::Resolved | Happens::Task(_) => case,
            };
            prop_assert!(was.status == case.status || handoff_may(was.status, case.status), "{was:?} {case:?}");
            // Somebody is always responsible: the giver, until the receiver has said yes.
            prop_assert!(!case.from.is_empty() && case.from == was.from && case.to == was.to);
            prop_assert!(!matches!(case.status, H::Confirmed | H::Completed) || &*case.by == "WAKE.LSHSALES");
        }
        // Two days of silence later nobody waits for an answer any more.
        prop_assert!(!matches!(case.status, H::Requested | H::Confirmed), "{case:?}");
    }

    /// Of the giver's main work each open task goes to the receiver or is over, once; nothing else is touched.
    #[test]
    fn a_handoff_leaves_no_main_work_behind(
        work in prop::collection::vec((0..4_usize, 0..8_u8, prop::bool::ANY, prop::bool::ANY), 0..12), external in prop::bool::ANY,
    ) {
        let (roster, book) = shipped();
        let mut case = lead_handoff(&book, &roster);
        if external {
            case.to = HandoffTo::External("implementation".into());
        }
        let tasks: Vec<Task> = (0..).zip(work).map(|(number, (what, at, main, mine))| {
            let capability = ["discovery_call", "meeting_booking", "demo_delivery", "cold_outreach"][what];
            let mut made = task(number, capability, Some(if mine { "WAKE.SDRFORGE" } else { "OTHER" }));
            made.state = state(at);
            if !main {
                made.responsibility = Responsibility::Support("BRIEF".into());
            }
            made
        }).collect();
        let done = complete(&case, &tasks, &roster);
        let touched: Vec<Id> =
            done.moves.iter().map(|(id, _)| *id).chain(done.drops.iter().map(|(id, _)| *id)).collect();
        for made in &tasks {
            let concerned = made.responsibility == Responsibility::Primary
                && made.state.is_held()
                && made.holder.as_ref().is_some_and(|holder| holder.as_str() == "WAKE.SDRFORGE");
            let times = touched.iter().filter(|id| **id == made.id).count();
            prop_assert_eq!(times, usize::from(concerned), "{:?}", made);
        }
        // Whoever gets a task is able to do it.
        for (id, to) in &done.moves {
            let made = tasks.iter().find(|one| one.id == *id).unwrap();
            let able = roster.find(to.as_str()).unwrap().capabilities.contains_key(&made.need.capability);
            prop_assert!(able, "{:?} to {}", made, to);
        }
    }

    /// The level never falls, the next reminder always lies ahead, and whoever is silent long enough is the head.
    #[test]
    fn an_escalation_ends_or_climbs_whatever_comes_in_whatever_order(
        all in prop::collection::vec(happens(), 0..40), agent in prop::bool::ANY,
    ) {
        let (roster, book) = shipped();
        let rules = &roster.rules.coordination;
        let mut followed = task(1, "discovery_call", Some("WAKE.LSHSALES"));
        let mut case = case_of(rules, Raised::Overdue, Some(followed.id));
        if agent {
            case.reason = "ENTERPRISE_COMPLEXITY".into();
        }
        let seen = view(Stage::Proposal, &[]);
        let mut now = NOW;
        let silence = Happens::Turn(60 * 25);
        for one in all.into_iter().chain([silence; 3]) {
            let was = case.clone();
            match one {
                Happens::Turn(minutes) => now = now + Duration::from_mins(minutes.into()),
                Happens::Task(at) => followed.state = state(at),
                Happens::Acknowledged if case.status.may_become(E::Acknowledged) => case.status = E::Acknowledged,
                Happens::Resolved if case.status.may_become(E::Resolved) => case.status = E::Resolved,
                _ => {}
            }
            let open = case.status != E::Resolved;
            if open && case.due.is_none() {
                case = route(&case, rules, &book, Some(&seen), now).0;
            } else if open && case.due.is_some_and(|due| due <= now) {
                let (next, told) = step(&case, Some(&followed), rules, now);
                prop_assert!(next.status == case.status || escalation_may(case.status, next.status));
                prop_assert!(next.status == E::Resolved || next.status != case.status || told != Told::Nobody);
                case = next;
            }
            prop_assert!(was.status == case.status || escalation_may(was.status, case.status));
            prop_assert!(case.level >= was.level && case.told >= was.told);
            prop_assert!(case.status == E::Resolved || case.due.is_some_and(|due| due > now), "{case:?}: {:?}", case.due);
        }
        // After three days of silence it has ended, somebody is on it, or the head is told.
        let heard = case.status != E::Open || case.level == EscalationLevel::Head;
        prop_assert!(heard || (agent && case.told >= 2), "{case:?} {}", case.told);
    }
}
