use super::*;
use crate::dice::Dice;
use model::{
    AgentId, Id, Stage, Timestamp,
    work::{
        AgentLoad, AgentSpec, Assignment, Backlog, Board, Capacity, Exclusion, Handoff, Hours, Layer, Need,
        Reach, Responsibility, Subject, Task, TaskKind, TaskState, TrackRecord, Window,
    },
};
use std::{collections::BTreeMap, time::Duration};

mod properties;

/// A Monday noon in UTC.
const NOON: Timestamp = Timestamp::from_millis(1_763_985_600_000 + 4 * 3_600_000);

fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

pub(super) fn agent(id: &str, capabilities: &[(&str, u32)]) -> AgentSpec {
    AgentSpec {
        id: id.into(),
        aliases: Vec::new(),
        layer: Layer::Specialised,
        role: String::new(),
        stages: Vec::new(),
        capabilities: capabilities.iter().map(|(name, level)| ((*name).into(), *level)).collect(),
        triggers: Vec::new(),
        outputs: Vec::new(),
        capacity: None,
        handoff: Handoff::None,
        metrics: Vec::new(),
        reach: Reach::DealOwner,
        accept_minutes: None,
        hours: Hours::default(),
        enabled: true,
    }
}

fn limited(agent: AgentSpec, limit: u32, unit: &str, window: Window) -> AgentSpec {
    AgentSpec { capacity: Some(Capacity { limit, unit: unit.into(), window }), ..agent }
}

fn routing(agents: Vec<AgentSpec>) -> Routing {
    with_policy(agents, Policy::Score)
}

fn with_policy(agents: Vec<AgentSpec>, policy: Policy) -> Routing {
    let rules = AssignRules { policy, ..AssignRules::default() };
    Routing::new(&Roster { agents, rules }, "UTC").unwrap()
}

fn deal(number: u32) -> Subject {
    Subject::Deal(Id::derived(&["deal", &number.to_string()]))
}

fn task(number: u32, capability: &str) -> Task {
    Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: "DISCOVERY_CALL".into(),
        title: String::new(),
        subject: deal(number),
        stage: Stage::Qualification,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need { capability: capability.into(), preferred: Vec::new(), unit: None },
        priority: 50,
        arrived: NOON + Duration::from_millis(u64::from(number)),
        allowed_hours: 8,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: String::new(),
    }
}

fn board(tasks: Vec<Task>, loads: &[(&str, AgentLoad)]) -> Board {
    let loads = loads.iter().map(|(agent, load)| (AgentId::from(*agent), load.clone().into())).collect();
    Board { revision: 7, loads, tasks, ..Board::default() }
}

fn open(unit: &str, used: u32) -> AgentLoad {
    AgentLoad { open: [(unit.into(), used)].into(), ..AgentLoad::default() }
}

fn turn(board: &Board, routing: &Routing) -> Vec<Assignment> {
    assign(board, routing, &mut Dice::seeded(1), NOON)
}

fn winners(assignments: &[Assignment]) -> Vec<&str> {
    let name = |a: &Assignment| a.winner.as_ref().map_or("-".to_owned(), |winner| winner.agent.to_string());
    assignments.iter().map(name).map(|name| &*name.leak()).collect()
}

#[test]
fn the_score_is_made_of_four_weighted_terms() {
    // Given an agent at level 0.8, a preferred capability at 0.5 (weight 0.5), 9 of 10 won, 5 of 20 deals
    let ann =
        AgentSpec { stages: vec![Stage::Qualification], ..agent("ANN", &[("call", 800), ("pitch", 500)]) };
    let ann = limited(ann, 20, "deal", Window::Concurrent);
    let bob = agent("BOB", &[("call", 1_000)]);
    let mut load = open("deal", 5);
    load.record.insert("DISCOVERY_CALL".into(), TrackRecord { won: 9_000, all: 10_000 });
    let mut call = task(1, "call");
    call.need.preferred = vec![("pitch".into(), 500)];
    // When
    let turn = turn(&board(vec![call], &[("ANN", load)]), &routing(vec![ann, bob]));
    // Then: capability (0.8 + 0.5 * 0.5) / 1.5 = 0.7; the pool's mean is 0.9, so performance is 0.9 for both
    let ann = turn[0].winner.clone().unwrap();
    assert_eq!(
        (ann.capability, ann.performance, ann.free, ann.specialisation),
        (280_000, 270_000, 150_000, 100_000)
    );
    let bob = turn[0].runners_up[0].clone();
    assert_eq!(
        (bob.capability, bob.performance, bob.free, bob.specialisation),
        (266_666, 270_000, 200_000, 0)
    );
    assert_eq!((&*ann.agent.to_string(), &*bob.agent.to_string()), ("ANN", "BOB"));
}

#[test]
fn a_task_that_prepares_a_meeting_is_due_with_it() {
    let fixed = |due| Task { due: Some(due), ..task(1, "call") };
    let due = |task: Task| {
        let routing = routing(vec![agent("ANN", &[("call", 1_000)])]);
        turn(&board(vec![task], &[]), &routing)[0].due.unwrap()
    };
    let later = NOON + Duration::from_hours(50);
    assert_eq!(due(fixed(later)), later);
    // By hours where there is none, or none that can still be met.
    assert_eq!(due(task(1, "call")), NOON + Duration::from_hours(8));
    assert_eq!(due(fixed(NOON - Duration::from_hours(1))), NOON + Duration::from_hours(8));
}

#[test]
fn few_results_weigh_little_against_the_prior() {
    // Given a veteran with 80 of 100 and a newcomer with 1 of 1: the pool's mean is 81/101
    let agents = vec![agent("NEW", &[("call", 1_000)]), agent("OLD", &[("call", 1_000)])];
    let record = |won: u64, all: u64| AgentLoad {
        record: BTreeMap::from([(
            "DISCOVERY_CALL".into(),
            TrackRecord { won: won * 1_000, all: all * 1_000 },
        )]),
        ..AgentLoad::default()
    };
    let turn = turn(
        &board(vec![task(1, "call")], &[("NEW", record(1, 1)), ("OLD", record(80, 100))]),
        &routing(agents),
    );
    // Then (1 + 8.0198) / 11 = 0.81998 against (80 + 8.0198) / 110 = 0.80018
    assert_eq!(turn[0].winner.as_ref().unwrap().performance, 245_994);
    assert_eq!(turn[0].runners_up[0].performance, 240_054);
}

#[test]
fn every_reason_for_leaving_an_agent_out_is_counted() {
    let can = |id| agent(id, &[("call", 1_000)]);
    let agents = vec![
        can("FREE"),
        AgentSpec { enabled: false, ..can("DISABLED") },
        agent("LACKS", &[("pitch", 1_000)]),
        can("PAUSED"),
        AgentSpec { hours: Hours { span: Some((0, 60)), ..Hours::default() }, ..can("ASLEEP") },
        limited(can("FULL"), 2, "task", Window::Concurrent),
        can("BACK"),
        AgentSpec { layer: Layer::Master, ..agent("MASTER", &[]) },
    ];
    let paused = AgentLoad { paused: true, ..AgentLoad::default() };
    let back =
        AgentLoad { resumed: Some(NOON - hours(1)), last_assigned: Some(NOON), ..AgentLoad::default() };
    let loads = [("PAUSED", paused), ("FULL", open("task", 2)), ("BACK", back)];
    let turn = turn(&board(vec![task(1, "call")], &loads), &routing(agents));
    assert_eq!(winners(&turn), ["FREE"]);
    let reasons = [
        Exclusion::Disabled,
        Exclusion::Capability,
        Exclusion::Paused,
        Exclusion::Hours,
        Exclusion::Capacity,
        Exclusion::Returning,
        Exclusion::LastResortOnly,
    ];
    assert_eq!(turn[0].excluded, reasons.map(|reason| (reason, 1)));
}

#[test]
fn ties_go_to_the_longest_idle_then_by_id() {
    let agents = || ["C", "B", "A"].map(|id| agent(id, &[("call", 1_000)])).to_vec();
    let idle = |since| AgentLoad { last_assigned: Some(NOON - hours(since)), ..AgentLoad::default() };
    let loads = [("A", idle(1)), ("B", idle(3)), ("C", idle(2))];
    let tasks = || (1..=4).map(|number| task(number, "call")).collect();
    assert_eq!(winners(&turn(&board(tasks(), &loads), &routing(agents()))), ["B", "C", "A", "B"]);
    assert_eq!(winners(&turn(&board(tasks(), &[]), &routing(agents()))), ["A", "B", "C", "A"]);
}

#[test]
fn an_agent_that_the_first_task_fills_is_full_for_the_next() {
    let ann = limited(agent("ANN", &[("call", 1_000)]), 3, "deal", Window::Concurrent);
    let tasks = (1..=3).map(|number| task(number, "call")).collect();
    let turn = turn(&board(tasks, &[("ANN", open("deal", 1))]), &routing(vec![ann]));
    assert_eq!(winners(&turn), ["ANN", "ANN", "-"]);
    assert_eq!(turn[2].excluded, [(Exclusion::Capacity, 1)]);
    assert_eq!(turn[0].winner.as_ref().unwrap().free, 133_333);
    assert_eq!(turn[1].winner.as_ref().unwrap().free, 66_666);
}

#[test]
fn weekly_capacity_counts_what_was_started_this_week() {
    let forge = limited(agent("FORGE", &[("outreach", 1_000)]), 500, "outreach", Window::Week);
    let load = AgentLoad { week: [("outreach".into(), 499)].into(), ..AgentLoad::default() };
    let reach = |number| {
        let mut reach = task(number, "outreach");
        (reach.subject, reach.need.unit) = (deal(number), Some("outreach".into()));
        reach
    };
    let turn = turn(&board(vec![reach(1), reach(2)], &[("FORGE", load)]), &routing(vec![forge]));
    assert_eq!(winners(&turn), ["FORGE", "-"]);
}

#[test]
fn one_agent_holds_all_of_a_deals_primary_work() {
    // Given two equal agents and four tasks on one deal, then one on another
    let agents = ["A", "B"].map(|id| agent(id, &[("call", 1_000)])).to_vec();
    let mut tasks: Vec<_> = (1..=4).map(|number| Task { subject: deal(1), ..task(number, "call") }).collect();
    tasks.push(task(5, "call"));
    assert_eq!(
        winners(&turn(&board(tasks.clone(), &[]), &routing(agents.clone()))),
        ["A", "A", "A", "A", "B"]
    );
    // Given that B holds the deal already, by an earlier turn
    let mut held = board(tasks, &[]);
    held.primaries.insert(deal(1).to_string().into(), "B".into());
    let turn = turn(&held, &routing(agents));
    assert_eq!(winners(&turn), ["B", "B", "B", "B", "A"]);
    assert_eq!(turn[0].excluded, [(Exclusion::HeldByOther, 1)]);
}

#[test]
fn a_support_task_prefers_the_holder_of_the_deal() {
    let agents = ["A", "B"].map(|id| agent(id, &[("call", 1_000)])).to_vec();
    let support = Responsibility::Support("BRIEF".into());
    let mut held = board(vec![Task { responsibility: support, ..task(1, "call") }], &[]);
    held.primaries.insert(deal(1).to_string().into(), "B".into());
    assert_eq!(winners(&turn(&held, &routing(agents))), ["B"]);
}

#[test]
fn whoever_takes_a_deal_reserves_the_place_that_a_later_task_on_it_needs() {
    // Given 10 negotiations at most, and 30 deals whose most urgent task names no unit
    let stack = limited(
        agent("STACK", &[("close", 1_000), ("object", 1_000)]),
        10,
        "negotiation",
        Window::Concurrent,
    );
    let mut tasks = Vec::new();
    for number in 1..=30 {
        tasks.push(Task { priority: 90, ..task(number, "close") });
        let mut object = Task { subject: deal(number), ..task(100 + number, "object") };
        object.need.unit = Some("negotiation".into());
        tasks.push(object);
    }
    // Then ten deals get both tasks and the others wait
    let turn = turn(&board(tasks, &[]), &routing(vec![stack]));
    assert_eq!(turn.iter().filter(|a| a.winner.is_some()).count(), 20);
    assert!(turn[..10].iter().chain(&turn[30..40]).all(|a| a.winner.is_some()));
}

#[test]
fn the_master_steps_in_only_where_nobody_has_the_capability_at_all() {
    let master = AgentSpec { layer: Layer::Master, ..agent("MASTER", &[]) };
    let away = AgentSpec { enabled: false, ..agent("AWAY", &[("pitch", 1_000)]) };
    let busy = limited(agent("BUSY", &[("call", 1_000)]), 0, "task", Window::Concurrent);
    let tasks = vec![task(1, "call"), task(2, "pitch"), task(3, "dance")];
    let turn = turn(&board(tasks, &[]), &routing(vec![master, away, busy]));
    assert_eq!(winners(&turn), ["-", "MASTER", "MASTER"]);
    assert_eq!(turn.iter().map(|a| a.last_resort).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn enterprise_deals_count_as_special_for_the_overlay() {
    let overlay = AgentSpec { handoff: Handoff::Overlay, ..agent("Z", &[("architect", 1_000)]) };
    let agents = vec![agent("A", &[("architect", 1_000)]), overlay];
    let plain = board(vec![task(1, "architect")], &[]);
    let mut enterprise = plain.clone();
    enterprise.enterprise.insert(deal(1).to_string().into(), true);
    assert_eq!(winners(&turn(&plain, &routing(agents.clone()))), ["A"]);
    assert_eq!(winners(&turn(&enterprise, &routing(agents))), ["Z"]);
}

#[test]
fn policies_beside_the_score() {
    let agents = || vec![agent("GOOD", &[("call", 1_000)]), agent("POOR", &[("call", 100)])];
    let tasks: Vec<_> = (1..=400).map(|number| task(number, "call")).collect();
    let share = |policy| {
        let turn = turn(&board(tasks.clone(), &[]), &with_policy(agents(), policy));
        winners(&turn).iter().filter(|name| **name == "GOOD").count()
    };
    assert_eq!(share(Policy::Score), 400);
    assert_eq!(share(Policy::RoundRobin), 200);
    // 0.4 + 0.15 + 0.2 = 0.75 against 0.04 + 0.15 + 0.2 = 0.39: two thirds
    assert!((230..300).contains(&share(Policy::Weighted)), "{}", share(Policy::Weighted));
    // Sticky: the poorer one keeps the deal that it holds.
    let support = Task { responsibility: Responsibility::Support("BRIEF".into()), ..task(1, "call") };
    let mut held = board(vec![support, task(2, "call")], &[]);
    held.primaries.insert(deal(1).to_string().into(), "POOR".into());
    assert_eq!(winners(&turn(&held, &with_policy(agents(), Policy::StickyOwner))), ["POOR", "GOOD"]);
    assert_eq!(winners(&turn(&held, &routing(agents()))), ["GOOD", "GOOD"]);
}

#[test]
fn what_the_best_have_no_room_for_goes_to_the_less_able_and_to_those_at_home_elsewhere() {
    // given one expert at home in the stage, one at home elsewhere, and a beginner, with one place each
    let place = |spec| limited(spec, 1, "task", Window::Concurrent);
    let at_home = |id, level, stage| AgentSpec { stages: vec![stage], ..agent(id, &[("call", level)]) };
    let team = vec![
        place(at_home("BEGINNER", 100, Stage::Qualification)),
        place(at_home("ELSEWHERE", 1_000, Stage::Close)),
        place(at_home("EXPERT", 1_000, Stage::Qualification)),
    ];
    let routing = routing(team);
    let queue = board((1..=4).map(|number| task(number, "call")).collect(), &[]);
    // when more comes than the expert has room for
    let mut desk = Desk::new(&routing, &queue);
    let turn = desk.place(&queue.tasks, 1, NOON);
    // then it goes down the line, and only what nobody has room for waits and is escalated
    assert_eq!(winners(&turn), ["EXPERT", "ELSEWHERE", "BEGINNER", "-"]);
    let left = desk.overflow(&[waits("call", None, 1)], NOON);
    assert_eq!((left.len(), left[0].waiting(), &left[0].response), (1, 1, &Response::Escalate));
}

#[test]
fn a_policy_of_an_action_goes_before_that_of_its_stage_and_the_general_one() {
    // given another policy for the stage, for one action of it, and for an action of no stage
    let agents = || vec![agent("GOOD", &[("call", 1_000)]), agent("POOR", &[("call", 100)])];
    let policies = Policies {
        actions: [
            ((Some(Stage::Qualification), "ASSESS_NEED".into()), Policy::Score),
            ((None, "MAKE_REPORT".into()), Policy::Weighted),
        ]
        .into(),
        stages: [(Stage::Qualification, Policy::RoundRobin)].into(),
    };
    let rules = AssignRules { policies, policy: Policy::StickyOwner, ..AssignRules::default() };
    let routing = Routing::new(&Roster { agents: agents(), rules }, "UTC").unwrap();
    let of = |action: &str, stage| Task { action: action.into(), stage, ..task(1, "call") };
    for (task, policy) in [
        (of("ASSESS_NEED", Stage::Qualification), Policy::Score),
        (of("DISCOVERY_CALL", Stage::Qualification), Policy::RoundRobin),
        (of("MAKE_REPORT", Stage::Awareness), Policy::Weighted),
        (of("ASSESS_NEED", Stage::Close), Policy::StickyOwner),
    ] {
        // when each is placed, then its policy has chosen and is kept with the decision
        let turn = turn(&board(vec![task.clone()], &[]), &routing);
        assert_eq!(turn[0].policy, policy, "{} in {}", task.action, task.stage);
    }
    // and the policy does decide: round robin takes the idle one, the score the better one
    let idle = AgentLoad { last_assigned: Some(NOON), ..AgentLoad::default() };
    let winner = |action: &str| {
        let queue = board(vec![of(action, Stage::Qualification)], &[("GOOD", idle.clone())]);
        winners(&turn(&queue, &routing))[0].to_owned()
    };
    assert_eq!((winner("DISCOVERY_CALL"), winner("ASSESS_NEED")), ("POOR".into(), "GOOD".into()));
}

#[test]
fn sticky_work_goes_by_score_when_the_owner_is_out() {
    // given support work on a deal that the poorer one holds
    let agents = vec![agent("GOOD", &[("call", 1_000)]), agent("POOR", &[("call", 100)])];
    let routing = with_policy(agents, Policy::StickyOwner);
    let support = Task { responsibility: Responsibility::Support("BRIEF".into()), ..task(1, "call") };
    let winner = |load: AgentLoad| {
        let mut held = board(vec![support.clone()], &[("POOR", load)]);
        held.primaries.insert(deal(1).to_string().into(), "POOR".into());
        winners(&turn(&held, &routing))[0].to_owned()
    };
    assert_eq!(winner(AgentLoad::default()), "POOR");
    assert_eq!(winner(AgentLoad { paused: true, ..AgentLoad::default() }), "GOOD");
}

#[test]
fn somebody_back_from_absence_gets_no_burst() {
    // Given two people with 16 deals each at most; B's pause was taken off an hour ago and A is nearly full
    let person = |id| limited(agent(id, &[("call", 1_000)]), 16, "deal", Window::Concurrent);
    let back = AgentLoad { resumed: Some(NOON - hours(1)), ..AgentLoad::default() };
    let queue =
        board((1..=8).map(|number| task(number, "call")).collect(), &[("A", open("deal", 13)), ("B", back)]);
    let routing = routing(vec![person("A"), person("B")]);
    // Then B gets one task now: two an hour are its share, so the next one is due in 30 minutes
    let turn = turn(&queue, &routing);
    assert_eq!(winners(&turn), ["B", "A", "A", "A", "-", "-", "-", "-"]);
    assert_eq!(turn[4].excluded, [(Exclusion::Capacity, 1), (Exclusion::Returning, 1)]);
    let mut desk = Desk::new(&routing, &queue);
    let count = |turn: Vec<Assignment>| winners(&turn).iter().filter(|name| **name == "B").count();
    assert_eq!(count(desk.place(&queue.tasks[..4], 1, NOON)), 1);
    assert_eq!(count(desk.place(&queue.tasks[4..6], 1, NOON + hours(1) / 3)), 0);
    assert_eq!(count(desk.place(&queue.tasks[4..6], 1, NOON + hours(1) / 2)), 1);
    // A day later it is one of the team again.
    assert_eq!(count(desk.place(&queue.tasks[5..], 1, NOON + hours(24))), 3);
}

#[test]
fn a_task_is_due_by_the_hours_of_whoever_got_it() {
    let office = Hours { days: vec![1, 2, 3, 4, 5], span: Some((540, 1_020)), ..Hours::default() };
    let ann = AgentSpec { hours: office.clone(), ..agent("ANN", &[("call", 1_000)]) };
    let turn = turn(&board(vec![task(1, "call")], &[]), &routing(vec![ann]));
    // Noon plus eight hours of a day from nine to five is noon tomorrow.
    assert_eq!(turn[0].due, Some(NOON + hours(24)));
    assert_eq!(due(NOON, &office, &jiff::tz::TimeZone::UTC, 8), Ok(NOON + hours(24)));
}

#[test]
fn the_queue_is_served_by_priority_and_age() {
    let ann = limited(agent("ANN", &[("call", 1_000)]), 2, "deal", Window::Concurrent);
    // Given a low task from 41 hours ago, a high one from now, and a high one from an hour ago
    let old = Task { priority: 30, arrived: NOON - hours(41), ..task(1, "call") };
    let new = Task { priority: 70, arrived: NOON, ..task(2, "call") };
    let mid = Task { priority: 70, arrived: NOON - hours(1), ..task(3, "call") };
    let turn = turn(&board(vec![new.clone(), old.clone(), mid.clone()], &[]), &routing(vec![ann]));
    // Then age has made up for 40 points of priority, and the turn's order is that of the ranks
    assert_eq!(turn.iter().map(|a| a.task).collect::<Vec<_>>(), [old.id, mid.id, new.id]);
    assert_eq!(winners(&turn), ["ANN", "ANN", "-"]);
}

/// So many tasks that arrived at noon.
fn waits(capability: &str, unit: Option<&str>, waiting: u64) -> Backlog {
    let kind = TaskKind { capability: capability.into(), unit: unit.map(Into::into) };
    Backlog { kind, waiting, oldest: NOON, long: 0 }
}

#[test]
fn overflow_is_judged_by_its_cause_and_its_age_for_those_who_could_do_it() {
    // given one without room, one who sleeps, and one who is full of proposals beside one who is not
    let full = limited(agent("FULL", &[("call", 1_000), ("chat", 1_000)]), 0, "task", Window::Concurrent);
    let asleep = AgentSpec {
        hours: Hours { span: Some((0, 60)), ..Hours::default() },
        ..agent("ASLEEP", &[("pitch", 1_000)])
    };
    let holds = limited(agent("HOLDS", &[("demo", 1_000)]), 1, "proposal", Window::Week);
    let gone = AgentSpec { hours: asleep.hours.clone(), ..agent("GONE", &[("chart", 1_000)]) };
    let busy = limited(agent("BUSY", &[("chart", 1_000)]), 0, "task", Window::Concurrent);
    let routing = routing(vec![full, asleep, holds, agent("HELPS", &[("demo", 1_000)]), gone, busy]);
    let used = AgentLoad { week: [("proposal".into(), 1)].into(), ..AgentLoad::default() };
    let mut desk = Desk::new(&routing, &board(Vec::new(), &[("HOLDS", used)]));
    let mut judge = |backlog: &[Backlog], now| {
        let told = desk.overflow(backlog, now).into_iter().map(|one| {
            let who: Vec<String> = one.who.iter().map(ToString::to_string).collect();
            let what: Vec<String> =
                one.capabilities.iter().map(|(name, many)| format!("{name} {many}")).collect();
            (who.join(" "), what.join(", "), one.response)
        });
        told.collect::<Vec<_>>()
    };
    // then what waits for the same agents is one overflow, and a person is asked only where there is no room
    let all = [
        waits("call", None, 3),
        waits("chat", Some("talk"), 2),
        waits("demo", Some("proposal"), 7),
        waits("pitch", None, 4),
        waits("unheard_of", None, 1),
        waits("chart", None, 9),
    ];
    let told = |who: &str, what: &str, response| (who.to_owned(), what.to_owned(), response);
    assert_eq!(
        judge(&all, NOON),
        [
            told("", "unheard_of 1", Response::Queue),
            told("ASLEEP", "pitch 4", Response::Queue),
            told("BUSY GONE", "chart 9", Response::Queue),
            told("FULL", "call 3, chat 2", Response::Escalate),
            told("HELPS HOLDS", "demo 7", Response::Queue),
        ]
    );
    // a day and two hours later the oldest has waited too long
    let late = judge(&all[..1], NOON + hours(25) + hours(1));
    assert_eq!(late[0].2, Response::Alert { why: "the oldest has waited for 26 h".into() });
    // and 21 that wait for three hours are too many, 20 are not, whatever their kinds
    for (many, lasting) in [(10, false), (11, true)] {
        let crowd = [
            Backlog { long: 10, ..waits("call", None, 10) },
            Backlog { long: many, ..waits("chat", None, 11) },
        ];
        let one = &judge(&crowd, NOON + hours(4))[0];
        assert_eq!(matches!(one.2, Response::Alert { .. }), lasting, "{many}");
    }
}

#[test]
fn a_desk_that_is_kept_decides_like_a_fresh_one() {
    let agents: Vec<_> = ["A", "B", "C"]
        .map(|id| limited(agent(id, &[("call", 1_000)]), 9, "deal", Window::Concurrent))
        .to_vec();
    let routing = routing(agents);
    let first = board((1..=4).map(|number| task(number, "call")).collect(), &[]);
    let mut desk = Desk::new(&routing, &first);
    desk.place(&first.tasks, 3, NOON);
    // When results came in, B was paused and C finished something
    let mut won = open("deal", 2);
    won.record.insert("DISCOVERY_CALL".into(), TrackRecord { won: 1_000, all: 9_000 });
    let paused = AgentLoad { paused: true, ..open("deal", 1) };
    let mut next = board((5..=9).map(|number| task(number, "call")).collect(), &[("A", won), ("B", paused)]);
    next.revision = 8;
    desk.sync(&next);
    assert_eq!(desk.revision(), 8);
    assert_eq!(desk.place(&next.tasks, 4, NOON), replay(&next, &routing, 4, NOON));
}

#[test]
fn names_of_the_score_are_explained() {
    // Given A ahead of B by load, C paused and full, D without the capability
    let person = |id| limited(agent(id, &[("call", 1_000)]), 10, "task", Window::Concurrent);
    let agents = vec![person("A"), person("B"), person("C"), agent("D", &[("pitch", 1_000)])];
    let full = AgentLoad { paused: true, ..open("task", 10) };
    let queue = board(vec![task(1, "call")], &[("A", open("task", 2)), ("B", open("task", 5)), ("C", full)]);
    let (assignment, verdicts) = explain(&queue, &routing(agents), queue.tasks[0].id, 1, NOON).unwrap();
    assert_eq!(winners(&[assignment]), ["A"]);
    let lines: Vec<_> = verdicts
        .iter()
        .map(|verdict| match verdict {
            Verdict::Chosen(candidate) => format!("{} {}", candidate.agent, candidate.score()),
            Verdict::Beaten { candidate, behind, change } => {
                let change = change.as_ref().map_or_else(String::new, ToString::to_string);
                format!("{} behind by {behind}, first {change}", candidate.agent)
            }
            Verdict::Out { reasons, .. } => {
                let details = reasons.iter().map(|reason| format!("{}: {}", reason.agent, reason.detail));
                details.collect::<Vec<_>>().join("; ")
            }
        })
        .collect();
    assert_eq!(
        lines,
        [
            "A 710000",
            "B behind by 60000, first with 1 of its capacity used",
            "C: paused by a person; C: 10 of 10 in use (task)",
            "D: lacks call"
        ]
    );
}
