use super::*;
use crate::{
    assign::{AssignRules, Roster, Routing},
    config::{Source, load},
    simulate::{Answers, Arrival, ServiceTimes},
};
use model::{
    AgentId, Id, Stage,
    work::{
        AgentLoad, AgentSpec, Capacity, Handoff, Hours, Layer, Need, Reach, Responsibility, Subject, Task,
        TaskState, Window,
    },
};
use std::time::Duration;

const MONDAY: Timestamp = Timestamp::from_millis(1_763_942_400_000);
const HOUR: Duration = Duration::from_hours(1);

fn agent(id: &str, capability: &str, limit: u32) -> AgentSpec {
    AgentSpec {
        id: id.into(),
        aliases: Vec::new(),
        layer: Layer::Specialised,
        role: String::new(),
        stages: vec![Stage::Qualification],
        capabilities: [(capability.into(), 1_000)].into(),
        triggers: Vec::new(),
        outputs: Vec::new(),
        capacity: Some(Capacity { limit, unit: "task".into(), window: Window::Concurrent }),
        handoff: Handoff::None,
        metrics: Vec::new(),
        reach: Reach::DealOwner,
        accept_minutes: None,
        hours: Hours::default(),
        enabled: true,
    }
}

/// So many tasks, half an hour apart, that take two hours as a rule: four at once are enough, two are not.
fn world(agents: Vec<AgentSpec>, many: u32) -> Scenario {
    let task = |number: u32| Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: "CALL".into(),
        title: String::new(),
        subject: Subject::Deal(Id::derived(&["deal", &number.to_string()])),
        stage: Stage::Qualification,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need { capability: "call".into(), preferred: Vec::new(), unit: None },
        priority: 50,
        arrived: MONDAY + HOUR / 2 * number,
        allowed_hours: 24,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: String::new(),
    };
    let cases = [60, 90, 120, 120, 120, 120, 150, 180].map(Duration::from_mins);
    Scenario {
        routing: Routing::new(&Roster { agents, rules: AssignRules::default() }, "UTC").unwrap(),
        arrivals: (0..many).map(|number| Arrival { task: task(number), enterprise: None }).collect(),
        service: ServiceTimes::of(cases.map(|took| ("CALL".into(), "ANN".into(), took))),
        answers: [].into(),
        known: [].into(),
        start: MONDAY,
        days: 7,
        seed: 1,
    }
}

#[test]
fn a_limit_that_is_too_low_is_raised_by_as_little_as_is_enough() {
    // given an agent that does two calls at a time where four arrive in the time of one
    let given = world(vec![agent("ANN", "call", 2)], 300);
    // when advice is asked for
    let advice = advise(&given, 3, |_, _| {});
    // then it is a limit of a few more, with what was seen and what comes of it
    let [finding] = &advice.findings[..] else { panic!("{:?}", advice.findings) };
    let Change::Limit { from: 2, to, .. } = finding.change else { panic!("{finding:?}") };
    assert!((4..=8).contains(&to), "{finding:?}");
    assert_eq!(finding.kind, Kind::Overflow);
    assert!(finding.effect.overflow_hours.before > 50.0 && finding.effect.overflow_hours.after == 0.0);
    assert!(finding.effect.overflow_hours.most < 0.0 && finding.worth > 0.0);
    assert!(finding.evidence.contains("ANN used 1") && finding.evidence.contains("2025-11-24 to 2025-12-01"));
    // and one less would not be enough
    let less = Change::Limit { agent: "ANN".into(), from: 2, to: to - 1 };
    let calm = |change: &Change| {
        let outcome = run(&change.apply(&given).unwrap());
        outcome.overflow_hours == 0 && outcome.total.waiting.p90 < 2.0
    };
    assert!(calm(&finding.change));
    let seeds = [1, 2, 3].map(|seed| run(&less.apply(&given.seeded(seed)).unwrap()));
    assert!(seeds.iter().any(|one| one.overflow_hours > 0 || one.total.waiting.p90 >= 2.0));
}

#[test]
fn with_room_for_everybody_there_is_nothing_to_say_but_what_was_looked_at() {
    let advice = advise(&world(vec![agent("ANN", "call", 20)], 300), 3, |_, _| {});
    assert!(advice.findings.is_empty(), "{:?}", advice.findings);
    assert_eq!((advice.looked.tasks, advice.looked.runs, advice.looked.waiting_hours), (300, 3, 0.0));
}

#[test]
fn a_pause_under_which_work_waits_is_to_be_taken_off() {
    // given two agents of whom one is paused
    let mut given = world(vec![agent("ANN", "call", 2), agent("BOB", "call", 20)], 300);
    given.known.insert("BOB".into(), AgentLoad { paused: true, ..AgentLoad::default() }.into());
    // then taking it off comes first or second, as a command
    let advice = advise(&given, 3, |_, _| {});
    let resume = advice.findings.iter().find(|one| one.kind == Kind::Absence);
    assert_eq!(resume.map(|one| &*one.how), Some("sales-orchestrator resume BOB"));
}

#[test]
fn work_that_nobody_can_do_goes_to_whoever_is_switched_off_and_can() {
    let off = AgentSpec { enabled: false, ..agent("BOB", "call", 20) };
    let advice = advise(&world(vec![agent("ANN", "pitch", 2), off], 100), 2, |_, _| {});
    let enable = advice.findings.first().map(|one| (one.kind, &*one.how));
    assert_eq!(enable, Some((Kind::Nobody, "[[agent]]\nid = \"BOB\"\nenabled = true")));
    // and without such a one, to whoever is at home in the stage
    let advice = advise(&world(vec![agent("ANN", "pitch", 20)], 100), 2, |_, _| {});
    let learn = Change::Learn { agent: "ANN".into(), capability: "call".into() };
    assert_eq!(advice.findings.first().map(|one| one.change.clone()), Some(learn));
}

#[test]
fn an_agent_that_never_answers_costs_time_that_a_pause_saves() {
    // given the better agent of two, which lets every other offer lapse
    let ann = AgentSpec { reach: Reach::Inbox, accept_minutes: Some(120), ..agent("ANN", "call", 20) };
    let bob = AgentSpec { capabilities: [("call".into(), 500)].into(), ..agent("BOB", "call", 20) };
    let mut given = world(vec![ann, bob], 300);
    given.answers.insert("ANN".into(), Answers { declines: 0, silent: 500 });
    let changes: Vec<_> = advise(&given, 3, |_, _| {}).findings.into_iter().map(|one| one.change).collect();
    let id = || AgentId::from("ANN");
    assert_eq!(changes, [Change::Pause { agent: id() }, Change::AcceptWithin { agent: id(), minutes: 10 }]);
}

#[test]
fn the_lines_that_are_shown_do_what_was_tried_out() {
    // given changes to the shipped team
    let roster = load(None, None).unwrap().roster;
    let given = Scenario { routing: Routing::new(&roster, "UTC").unwrap(), ..world(Vec::new(), 0) };
    let agent = || AgentId::from("WAKE.QUOTEFORGE");
    let changes = [
        Change::Limit { agent: agent(), from: 15, to: 21 },
        Change::Learn { agent: agent(), capability: "negotiation".into() },
        Change::AcceptWithin { agent: agent(), minutes: 10 },
        Change::Hours { agent: agent(), from: 7 * 60, to: 24 * 60 },
        Change::Enable { agent: "AI.CONSULTING.PACKAGES".into() },
    ];
    for change in changes {
        // when the lines are written into a file that is laid over the shipped one
        let text = change.how(&given);
        let read = load(Some(Source { name: "agents.toml", text: &text }), None).unwrap();
        // then the team is the one that was tried out
        let tried = change.apply(&given).unwrap();
        assert_eq!(read.roster.agents, tried.routing.roster().agents, "{text}");
    }
}

#[test]
fn more_work_needs_more_capacity_and_it_is_said_where() {
    // given a team that has just enough for two kinds of work
    let given = world(vec![agent("ANN", "call", 6)], 300);
    assert!(scale(&given, 1.0, 2).steps.is_empty());
    // when there is three times as much
    let scaling = scale(&given, 3.0, 2);
    // then the limit rises until nothing overflows
    let [step] = &scaling.steps[..] else { panic!("{scaling:?}") };
    let Change::Limit { from: 6, to, .. } = step.change else { panic!("{step:?}") };
    assert!((11..=20).contains(&to) && step.effect.overflow_hours.after == 0.0, "{step:?}");
    assert!(scaling.left.is_empty() && scaling.room.is_none());
}

#[test]
fn a_team_with_room_is_told_how_much() {
    let Room { calm, first } = scale(&world(vec![agent("ANN", "call", 6)], 300), 1.0, 2).room.unwrap();
    let First { factor, capability } = first.unwrap();
    assert!(calm >= 1.0 && factor > calm && &*capability == "call", "{calm} {factor}");
}
