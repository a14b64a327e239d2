use super::*;
use crate::assign::{AssignRules, Roster};
use model::{
    Stage,
    work::{
        AgentLoad, AgentSpec, Capacity, Give, Handoff, Hours, Layer, Need, Passed, Reach, Responsibility,
        Task, TaskState, Window,
    },
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

fn agent(id: &str, capabilities: &[&str], limit: Option<(u32, &str)>) -> AgentSpec {
    AgentSpec {
        id: id.into(),
        aliases: Vec::new(),
        layer: Layer::Specialised,
        role: String::new(),
        stages: Vec::new(),
        capabilities: capabilities.iter().map(|name| ((*name).into(), 1_000)).collect(),
        triggers: Vec::new(),
        outputs: Vec::new(),
        capacity: limit.map(|(limit, unit)| Capacity {
            limit,
            unit: unit.into(),
            window: Window::Concurrent,
        }),
        handoff: Handoff::None,
        metrics: Vec::new(),
        reach: Reach::DealOwner,
        accept_minutes: None,
        hours: Hours::default(),
        enabled: true,
    }
}

fn task(number: usize, deal: usize, capability: &str, holder: Option<&str>) -> Task {
    Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: "DISCOVERY_CALL".into(),
        title: String::new(),
        subject: Subject::Deal(Id::derived(&["deal", &deal.to_string()])),
        stage: Stage::Qualification,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need { capability: capability.into(), preferred: Vec::new(), unit: None },
        priority: 50,
        arrived: NOW,
        allowed_hours: 8,
        due: None,
        holder: holder.map(Into::into),
        state: if holder.is_some() { TaskState::Assigned } else { TaskState::Queued },
        cause: String::new(),
    }
}

/// A board on which loads and holders follow from the tasks.
fn board(tasks: Vec<Task>) -> Board {
    let mut board = Board { revision: 1, ..Board::default() };
    for task in tasks.iter().filter(|task| task.state.is_held()) {
        let Some(holder) = task.holder.clone() else { continue };
        if task.responsibility == Responsibility::Primary {
            board.primaries.insert(task.subject.to_string().into(), holder.clone());
        }
        board.loads.entry(holder).or_default();
    }
    for (holder, load) in &mut board.loads {
        let load = Arc::make_mut(load);
        let own = tasks.iter().filter(|task| task.holder.as_ref() == Some(holder));
        load.open = bundle::carried(own).into_iter().map(|(unit, count)| (unit.into(), count)).collect();
    }
    board.tasks = tasks;
    board
}

fn routing(agents: Vec<AgentSpec>) -> Routing {
    Routing::new(&Roster { agents, rules: AssignRules::default() }, "UTC").unwrap()
}

fn planned(board: &Board, routing: &Routing, wish: &Wish) -> Plan {
    plan(board, routing, wish, &mut Dice::seeded(1), NOW)
}

fn routes(plan: &Plan) -> Vec<(Option<&str>, &str)> {
    plan.moves.iter().map(|one| (one.from.as_ref().map(AgentId::as_str), one.to.as_str())).collect()
}

/// The moves as a person would let them be done.
fn gives(plan: &Plan, begun: bool) -> Vec<Give> {
    let give = |one: &Move, task: &Id| Give {
        task: *task,
        from: one.from.clone(),
        to: Some(one.to.clone()),
        force: false,
        begun,
        why: "rebalanced".into(),
    };
    plan.moves.iter().flat_map(|one| one.tasks.iter().map(move |task| give(one, task))).collect()
}

#[test]
fn work_moves_from_who_is_at_the_limit_to_who_has_room() {
    // given two alike, one with four deals of four, the other with none
    let twins =
        routing(vec![agent("ANN", &["call"], Some((4, "deal"))), agent("BEN", &["call"], Some((4, "deal")))]);
    let board = board((0..4).map(|n| task(n, n, "call", Some("ANN"))).collect());
    // when
    let plan = planned(&board, &twins, &Wish::default());
    // then half of it goes over, each with a gain, and it can be done at once
    assert_eq!(routes(&plan), [(Some("ANN"), "BEN"), (Some("ANN"), "BEN")]);
    assert!(plan.after > plan.before && plan.moves.iter().all(|one| one.gain > 0), "{plan:?}");
    let settled = settle(&board, &gives(&plan, false), &twins, 1, NOW);
    assert_eq!((settled.given.len(), settled.taken.len(), settled.lapsed), (2, 2, Vec::new()));
}

#[test]
fn what_was_begun_stays_unless_a_person_says_so() {
    let twins =
        routing(vec![agent("ANN", &["call"], Some((2, "deal"))), agent("BEN", &["call"], Some((2, "deal")))]);
    let begun = |n| Task { state: TaskState::InProgress, ..task(n, n, "call", Some("ANN")) };
    let board = board((0..2).map(begun).collect());
    assert_eq!(planned(&board, &twins, &Wish::default()).looked_at, (2, 0));
    let wish = Wish { begun: true, ..Wish::default() };
    let plan = planned(&board, &twins, &wish);
    assert_eq!(routes(&plan), [(Some("ANN"), "BEN")]);
    let refused = settle(&board, &gives(&plan, false), &twins, 1, NOW);
    assert_eq!(refused.lapsed.len(), 1);
    assert!(refused.given.is_empty());
}

#[test]
fn where_all_is_well_nothing_moves() {
    let twins =
        routing(vec![agent("ANN", &["call"], Some((4, "deal"))), agent("BEN", &["call"], Some((4, "deal")))]);
    let board = board(vec![task(1, 1, "call", Some("ANN")), task(2, 2, "call", Some("BEN"))]);
    let plan = planned(&board, &twins, &Wish::default());
    assert_eq!((plan.moves.len(), plan.before), (0, plan.after));
}

#[test]
fn room_is_made_for_work_that_waits() {
    // given one who can do everything and is full with what the other could do as well
    let team = routing(vec![
        agent("ANN", &["call", "demo"], Some((1, "deal"))),
        agent("BEN", &["call"], Some((1, "deal"))),
    ]);
    let board = board(vec![task(1, 1, "call", Some("ANN")), task(2, 2, "demo", None)]);
    // when
    let plan = planned(&board, &team, &Wish::default());
    // then the call goes over and what waited is taken up, in one go
    let mut found = routes(&plan);
    found.sort_unstable();
    assert_eq!(found, [(None, "ANN"), (Some("ANN"), "BEN")]);
    assert_eq!(plan.uncared, (1, 0));
    let settled = settle(&board, &gives(&plan, false), &team, 1, NOW);
    assert_eq!((settled.given.len(), settled.lapsed.len()), (2, 0));
}

#[test]
fn the_work_of_somebody_who_is_away_goes_to_those_who_are_there() {
    let team = routing(vec![agent("ANN", &["call"], None), agent("BEN", &["call"], Some((2, "task")))]);
    let mut board = board((0..3).map(|n| task(n, n, "call", Some("ANN"))).collect());
    Arc::make_mut(board.loads.get_mut(&AgentId::from("ANN")).unwrap()).paused = true;
    let plan = planned(&board, &team, &Wish { agent: Some("ANN".into()), ..Wish::default() });
    assert_eq!(plan.moves.len(), 2, "there is room for two: {plan:?}");
    assert_eq!(plan.uncared, (3, 1));
}

#[test]
fn the_best_moves_come_first_when_only_some_are_wanted() {
    let team =
        routing(vec![agent("ANN", &["call"], Some((6, "deal"))), agent("BEN", &["call"], Some((6, "deal")))]);
    let board = board((0..6).map(|n| task(n, n, "call", Some("ANN"))).collect());
    let all = planned(&board, &team, &Wish::default());
    let one = planned(&board, &team, &Wish { most: Some(1), ..Wish::default() });
    assert_eq!((all.moves.len(), one.moves.len()), (3, 1));
    assert!(one.after > one.before && one.after < all.after);
}

#[test]
fn all_main_work_on_a_deal_goes_together() {
    let team =
        routing(vec![agent("ANN", &["call"], Some((4, "task"))), agent("BEN", &["call"], Some((4, "task")))]);
    let board = board((0..4).map(|n| task(n, n / 2, "call", Some("ANN"))).collect());
    let plan = planned(&board, &team, &Wish::default());
    assert_eq!(plan.moves.iter().map(|one| one.tasks.len()).collect::<Vec<_>>(), [2]);
    // One of them named alone brings the other along.
    let first = gives(&plan, false).into_iter().take(1).collect::<Vec<_>>();
    assert_eq!(settle(&board, &first, &team, 1, NOW).given.len(), 2);
}

#[test]
fn what_changed_meanwhile_is_left_alone() {
    let team = routing(vec![agent("ANN", &["call"], None), agent("BEN", &["call"], None)]);
    let now = board(vec![task(1, 1, "call", Some("BEN"))]);
    let give = |from: Option<&str>, to: Option<&str>, id| Give {
        task: id,
        from: from.map(Into::into),
        to: to.map(Into::into),
        force: false,
        begun: false,
        why: "test".into(),
    };
    let wrong = [
        give(Some("ANN"), Some("BEN"), now.tasks[0].id),
        give(None, None, Id::derived(&["gone"])),
        give(Some("BEN"), Some("NOBODY"), now.tasks[0].id),
        give(Some("BEN"), Some("BEN"), now.tasks[0].id),
    ];
    for one in wrong {
        let settled = settle(&now, std::slice::from_ref(&one), &team, 1, NOW);
        assert_eq!((settled.given.len(), settled.taken.len(), settled.lapsed.len()), (0, 0, 1), "{one:?}");
    }
}

#[test]
fn force_goes_beyond_a_limit_and_asks_again_and_does_nothing_else() {
    let team = routing(vec![agent("ANN", &["call"], Some((1, "deal"))), agent("BEN", &["demo"], None)]);
    let board = board(vec![task(1, 1, "call", Some("ANN")), task(2, 2, "call", None)]);
    let give = |to: &str, force| Give {
        task: board.tasks[1].id,
        from: None,
        to: Some(to.into()),
        force,
        begun: false,
        why: "test".into(),
    };
    let given = |give: Give| settle(&board, &[give], &team, 1, NOW).given.len();
    assert_eq!([given(give("ANN", false)), given(give("ANN", true)), given(give("BEN", true))], [0, 1, 0]);
    // who did not answer is asked again, who said no is not
    for (how, given) in [(Passed::Silent, 1), (Passed::Declined, 0)] {
        let mut board = board.clone();
        board.passed.insert(board.tasks[1].id, vec![("ANN".into(), how)]);
        assert_eq!(settle(&board, &[give("ANN", true)], &team, 1, NOW).given.len(), given, "{how:?}");
    }
}

#[test]
fn what_uses_up_nothing_is_given_before_the_last_place_is_taken() {
    // given two briefs on a deal, of which one counts as a proposal, for one who has room for one proposal
    let brief = |number, unit: Option<&str>| {
        let mut brief = task(number, 1, "demo", None);
        brief.responsibility = Responsibility::Support("BRIEF".into());
        brief.need.unit = unit.map(Into::into);
        brief
    };
    let team = routing(vec![agent("ANN", &["demo"], Some((1, "proposal")))]);
    let board = board(vec![brief(1, Some("proposal")), brief(2, None)]);
    // when both are given to them, whatever comes first
    let give = |task: &Task| Give {
        task: task.id,
        from: None,
        to: Some("ANN".into()),
        force: false,
        begun: false,
        why: "so".into(),
    };
    let gives: Vec<Give> = board.tasks.iter().map(give).collect();
    let settled = settle(&board, &gives, &team, 1, NOW);
    // then that is done
    assert_eq!((settled.given.len(), settled.lapsed), (2, Vec::new()));
}

#[test]
fn why_not_is_said_of_what_was_asked_for_and_costs_the_others_nothing() {
    // given a call that counts as a deal, a demo on the same deal that goes first, and a call on another deal
    let mut call = task(1, 1, "call", Some("ANN"));
    call.need.unit = Some("deal".into());
    let tasks = vec![call, task(2, 1, "demo", Some("ANN")), task(3, 2, "pitch", Some("ANN"))];
    let able = [("ANN", &["call", "demo", "pitch"][..]), ("BEN", &["call", "pitch"]), ("CID", &["pitch"])];
    let team = routing(able.map(|(id, able)| agent(id, able, Some((1, "task")))).into());
    let board = board(tasks);
    let give = |task: usize, to: &str| Give {
        task: board.tasks[task].id,
        from: Some("ANN".into()),
        to: Some(to.into()),
        force: true,
        begun: false,
        why: "so".into(),
    };
    let why = |give: Give| settle(&board, &[give], &team, 1, NOW).lapsed.remove(0).why;
    // when somebody is named who can do nothing of it, or only what was asked for, then it says so
    assert_eq!(why(give(0, "CID")), "CID lacks call");
    assert_eq!(why(give(0, "BEN")), "DISCOVERY_CALL goes with it: BEN lacks demo");
    // and what else is given away at the same time is given all the same
    let settled = settle(&board, &[give(0, "BEN"), Give { force: false, ..give(2, "BEN") }], &team, 1, NOW);
    assert_eq!((settled.given.len(), settled.lapsed.len()), (1, 1));
}

const CAPABILITIES: [&str; 3] = ["call", "demo", "pitch"];

prop_compose! {
    fn any_agent(index: usize)(
        able in prop::collection::btree_set(0..3_usize, 1..3),
        limit in prop::option::of((1..6_u32, prop_oneof![Just("deal"), Just("task"), Just("proposal")])),
        paused in prop::bool::weighted(0.15),
    ) -> (AgentSpec, bool) {
        let names: Vec<&str> = able.into_iter().map(|at| CAPABILITIES[at]).collect();
        (agent(&format!("AGENT{index}"), &names, limit), paused)
    }
}

prop_compose! {
    fn any_task(number: usize)(
        deal in 0..6_usize,
        need in 0..3_usize,
        holder in prop::option::weighted(0.6, 0..4_usize),
        flags in (prop::bool::weighted(0.2), prop::bool::weighted(0.3), prop::bool::weighted(0.3)),
        priority in 0..=100_u8,
    ) -> (Task, Option<usize>) {
        let (begun, support, unit) = flags;
        let mut made = task(number, deal, CAPABILITIES[need], None);
        made.priority = priority;
        made.need.unit = unit.then(|| "proposal".into());
        if support {
            made.responsibility = Responsibility::Support("BRIEF".into());
        }
        made.state = if begun { TaskState::InProgress } else { TaskState::Assigned };
        (made, holder)
    }
}

/// A team and its work: whoever has a part of a deal has all of it, and is able to.
fn any_world() -> impl Strategy<Value = (Routing, Board)> {
    let team: Vec<_> = (0..4).map(any_agent).collect();
    let work = (1..14_usize).prop_flat_map(|count| (0..count).map(any_task).collect::<Vec<_>>());
    (team, work).prop_map(|(team, work)| {
        let mut parts: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let place = |(mut task, wanted): (Task, Option<usize>)| {
            let part = format!("{} {}", task.subject, task.responsibility);
            let holder = *parts.entry(part).or_insert(wanted);
            let able = |at: &usize| team[*at].0.capabilities.contains_key(&task.need.capability);
            task.holder = holder.filter(able).map(|at| team[at].0.id.clone());
            if task.holder.is_none() {
                task.state = TaskState::Queued;
            }
            task
        };
        let mut board = board(work.into_iter().map(place).collect());
        for (spec, _) in team.iter().filter(|(_, paused)| *paused) {
            let load = board.loads.remove(&spec.id).unwrap_or_default();
            board.loads.insert(spec.id.clone(), AgentLoad { paused: true, ..(*load).clone() }.into());
        }
        (routing(team.into_iter().map(|(spec, _)| spec).collect()), board)
    })
}

/// The board with everything done that was decided.
fn after(board: &Board, settled: &Settled) -> Board {
    let mut tasks = board.tasks.clone();
    for made in &settled.given {
        let task = tasks.iter_mut().find(|task| task.id == made.task).unwrap();
        task.holder = made.winner.as_ref().map(|winner| winner.agent.clone());
        task.state = TaskState::Assigned;
    }
    super::tests::board(tasks)
}

/// Units in use of an agent with a limit.
fn used(board: &Board, spec: &AgentSpec) -> u32 {
    let Some(capacity) = &spec.capacity else { return 0 };
    let load = board.loads.get(&spec.id);
    load.and_then(|load| load.open.get(&capacity.unit)).copied().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_move_is_beyond_a_limit_forbidden_or_without_gain((routing, board) in any_world(), begun: bool) {
        let wish = Wish { begun, ..Wish::default() };
        // when work is rebalanced
        let plan = planned(&board, &routing, &wish);
        // then the total is no worse, and each move gains
        prop_assert!(plan.after >= plan.before);
        prop_assert!(plan.moves.iter().all(|one| one.gain >= 0));
        prop_assert_eq!(plan.moves.is_empty(), plan.after == plan.before);
        // and each goes to somebody who is able and there, and takes nothing away that was begun
        for one in &plan.moves {
            let to = routing.roster().find(one.to.as_str()).unwrap();
            prop_assert!(!board.loads.get(&one.to).is_some_and(|load| load.paused));
            for task in board.tasks.iter().filter(|task| one.tasks.contains(&task.id)) {
                prop_assert!(to.capabilities.contains_key(&task.need.capability));
                prop_assert!(begun || !bundle::is_begun(task));
                prop_assert_eq!(&task.holder, &one.from);
            }
        }
        // and all of it can be done, after which nobody who got something is beyond a limit
        let settled = settle(&board, &gives(&plan, begun), &routing, 1, NOW);
        prop_assert_eq!(&settled.lapsed, &Vec::new());
        let then = after(&board, &settled);
        for spec in &routing.roster().agents {
            let limit = spec.capacity.as_ref().map_or(u32::MAX, |capacity| capacity.limit);
            prop_assert!(used(&then, spec) <= limit.max(used(&board, spec)), "{} is beyond its limit", spec.id);
        }
        // and each part of a deal has one holder
        for bundle in bundle::bundles(&then) {
            let held = bundle.tasks.iter().filter(|task| task.state.is_held());
            prop_assert!(held.clone().all(|task| task.holder == bundle.holder));
        }
    }
}
