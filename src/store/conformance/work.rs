//! Tasks, agents and decisions.

use super::kit::{
    NOW, assignment, at, daemon, fields, id, later, links, page, placed, placing, queued, reference, task,
};
use crate::{Actor, Error, Held, Placing, Progressed, Store, TaskFilter};
use model::{
    AgentId, EventKind, Field, Fields, Id, Kind, Timestamp, Value,
    work::{
        AgentLoad, Assignment, Backlog, Passed, Responsibility, Subject, Task, TaskKind, TaskState,
        TrackRecord,
    },
};
use std::{collections::BTreeMap, sync::Arc};

fn on_deal(number: u128) -> Subject {
    Subject::Deal(id(number))
}

async fn load(store: &dyn Store, agent: &str) -> Arc<AgentLoad> {
    store.board(100, NOW).await.unwrap().loads.remove(&AgentId::from(agent)).unwrap_or_default()
}

async fn done(store: &dyn Store, held: &Held, tasks: &[Id], at: Timestamp) {
    let done = tasks.iter().map(|task| (*task, at)).collect();
    store.commit_progress(held, Progressed { done, ..Progressed::default() }, at).await.unwrap();
}

pub(super) async fn decisions_are_made_once_and_on_the_board_they_saw(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut company = page(&[
        (id(1), reference(Kind::Deal, "1"), Fields::default()),
        (id(9), reference(Kind::Company, "9"), fields(&[(Field::Employees, Value::Int(1000))])),
    ]);
    company.sources[0].links = vec![links(Kind::Company, &[("9", true)])];
    store.commit_page(&held, company, NOW).await.unwrap();
    let tasks = [task(30, on_deal(1), None), task(31, on_deal(2), None)];
    queued(&*store, &held, &tasks).await;
    queued(&*store, &held, &tasks[..1]).await;
    // given a board with both tasks, the best rank first
    let board = store.board(10, NOW).await.unwrap();
    assert_eq!(board.tasks, tasks);
    assert_eq!(board.enterprise, [(on_deal(1).to_string().into(), true)].into());
    // which can be read in pieces, to its end
    let kinds = store.standing(NOW).await.unwrap().1;
    let piece = async |after| store.board_of(kinds.clone(), after, 1, NOW).await.unwrap();
    let (first, on) = piece(None).await;
    let (second, more) = piece(on).await;
    assert_eq!([first.tasks, second.tasks].concat(), tasks);
    let (rest, end) = piece(more).await;
    assert_eq!((rest.tasks, rest.revision, end), (Vec::new(), board.revision, None));
    // when one is placed and one is not
    let decisions = vec![assignment(id(30), Some("ANNA")), assignment(id(31), None)];
    store.commit_assignments(&held, placing(board, decisions.clone()), later(1)).await.unwrap();
    // then the first has a holder, a due date, its reasons and an event
    let (placed, why) = store.task(id(30)).await.unwrap().unwrap();
    assert_eq!(
        (placed.state, placed.holder, placed.due),
        (TaskState::Assigned, Some("ANNA".into()), Some(later(3600)))
    );
    assert_eq!(why, decisions[..1]);
    let (_, event) = store.history(id(30), 1).await.unwrap().remove(0);
    assert_eq!(event.kind, EventKind::TaskAssigned { agent: "ANNA".into() });
    // and the second waits; of its decisions only the last is kept
    let board = store.board(10, NOW).await.unwrap();
    assert_eq!(board.tasks, tasks[1..]);
    let still_none = vec![assignment(id(31), None)];
    store.commit_assignments(&held, placing(at(board.revision), still_none), later(2)).await.unwrap();
    assert_eq!(store.task(id(31)).await.unwrap().unwrap().1.len(), 1);
    // deciding on a board that moved is refused as a whole
    let late = vec![assignment(id(31), Some("BEN"))];
    let refused = store.commit_assignments(&held, placing(at(board.revision - 1), late), later(3)).await;
    assert!(matches!(refused, Err(Error::Stale { .. })));
    assert_eq!(store.task(id(31)).await.unwrap().unwrap().0.state, TaskState::Queued);
    assert!(store.task(id(404)).await.unwrap().is_none());
}

pub(super) async fn a_decision_is_kept_with_what_it_rested_on(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let tasks = [30, 31, 32].map(|number| task(number, on_deal(number - 29), None));
    queued(&*store, &held, &tasks).await;
    // given a turn on an empty desk that places two, and a later one that places the third
    placed(&*store, &held, &[(id(30), "ANNA"), (id(31), "BEN")]).await;
    let mut on = store.board(10, NOW).await.unwrap();
    on.enterprise.insert(on_deal(3).to_string().into(), true);
    on.passed.insert(id(32), vec![("BEN".into(), Passed::Silent)]);
    let before = on.loads.clone();
    let third = vec![Assignment { config: "later".into(), ..assignment(id(32), Some("ANNA")) }];
    // (one that fails leaves nothing behind)
    let theft = vec![assignment(id(32), Some("ANNA")), assignment(id(30), Some("BEN"))];
    assert!(store.commit_assignments(&held, placing(on.clone(), theft), later(4)).await.is_err());
    // (and by then somebody was away, which is all that differs)
    let placing =
        Placing { routing: Some("who can do what; BEN is away".into()), ..placing(on, third.clone()) };
    store.commit_assignments(&held, placing, later(5)).await.unwrap();
    // when everything has changed since
    done(&*store, &held, &[id(30), id(31), id(32)], later(6)).await;
    // then each decision comes with what was known before it, and with those made before it in its turn
    let scene = async |number| store.scenes(id(number)).await.unwrap().remove(0).unwrap();
    let first = scene(31).await;
    assert_eq!((first.at, &*first.routing), (NOW, "who can do what"));
    assert_eq!((first.board.loads, first.board.tasks), (BTreeMap::new(), tasks[..2].to_vec()));
    assert_eq!(first.made, [assignment(id(30), Some("ANNA")), assignment(id(31), Some("BEN"))]);
    let last = scene(32).await;
    assert_eq!((last.at, last.made, &last.board.tasks[..]), (later(5), third, &tasks[2..]));
    assert_eq!(&*last.routing, "who can do what; BEN is away");
    assert_eq!(last.board.loads, before);
    assert_eq!(last.board.enterprise.values().collect::<Vec<_>>(), [&true]);
    assert_eq!(last.board.passed[&id(32)], [("BEN".into(), Passed::Silent)]);
    assert_eq!(store.scenes(id(404)).await.unwrap(), []);
}

pub(super) async fn the_queue_is_read_by_kinds(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let tasks =
        [task(30, on_deal(1), None), task(31, on_deal(2), Some("proposal")), task(32, on_deal(3), None)];
    queued(&*store, &held, &tasks).await;
    let kind =
        |task: &Task| TaskKind { capability: task.need.capability.clone(), unit: task.need.unit.clone() };
    // given two kinds of tasks in the queue
    let (board, kinds) = store.standing(NOW).await.unwrap();
    assert_eq!((kinds, board.tasks.len()), (vec![kind(&tasks[0]), kind(&tasks[1])], 0));
    // then each can be read by itself, in pieces, best rank first
    let read = async |kinds: &[TaskKind], after, most| {
        let (board, next) = store.board_of(kinds.to_vec(), after, most, NOW).await.unwrap();
        (board.tasks.iter().map(|task| task.id).collect::<Vec<_>>(), next)
    };
    let (first, on) = read(&[kind(&tasks[0])], None, 1).await;
    let (second, end) = read(&[kind(&tasks[0])], on, 2).await;
    assert_eq!((first, second, end), (vec![id(30)], vec![id(32)], None));
    assert_eq!(read(&[kind(&tasks[1])], None, 9).await.0, [id(31)]);
    assert_eq!(read(&[kind(&tasks[1]), kind(&tasks[0])], None, 9).await.0, [id(30), id(31), id(32)]);
    // and counted
    let counted = |of: &Task, waiting, long| Backlog { kind: kind(of), waiting, oldest: NOW, long };
    let backlog = store.backlog(NOW - std::time::Duration::from_secs(1)).await.unwrap();
    assert_eq!(backlog, [counted(&tasks[0], 2, 0), counted(&tasks[1], 1, 0)]);
    assert_eq!(store.backlog(NOW).await.unwrap()[0].long, 2);
    // and what was placed waits no more
    placed(&*store, &held, &[(id(31), "ANNA")]).await;
    assert_eq!(store.standing(NOW).await.unwrap().1, [kind(&tasks[0])]);
    // nor does a second one of a part that somebody has wait for an agent
    let part = |number| {
        let mut part = task(number, on_deal(4), Some("brief"));
        part.responsibility = Responsibility::Support("BRIEF".into());
        part
    };
    queued(&*store, &held, &[part(33), part(34)]).await;
    let of_part = async || {
        let all = store.backlog(NOW).await.unwrap();
        all.into_iter().find(|one| one.kind == kind(&part(33))).map(|one| one.waiting)
    };
    assert_eq!(of_part().await, Some(2));
    placed(&*store, &held, &[(id(33), "ANNA")]).await;
    assert_eq!(of_part().await, None);
}

pub(super) async fn one_agent_holds_a_responsibility_at_a_time(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut support = task(32, on_deal(1), None);
    support.responsibility = Responsibility::Support("BRIEF".into());
    let segment = |n| task(n, Subject::Segment("smb".into()), None);
    queued(
        &*store,
        &held,
        &[task(30, on_deal(1), None), task(31, on_deal(1), None), support, segment(33), segment(34)],
    )
    .await;
    placed(&*store, &held, &[(id(30), "ANNA"), (id(32), "BEN"), (id(33), "ANNA"), (id(34), "BEN")]).await;
    let board = store.board(10, NOW).await.unwrap();
    assert_eq!(board.primaries, [(on_deal(1).to_string().into(), AgentId::from("ANNA"))].into());
    // when another agent is given the same part
    let theft = vec![assignment(id(31), Some("BEN"))];
    let refused = store.commit_assignments(&held, placing(board, theft), NOW).await;
    // then the store refuses
    assert!(
        matches!(refused, Err(Error::Taken { holder, responsibility, .. }) if (holder.as_str(), responsibility.as_str()) == ("ANNA", "primary"))
    );
    // a part beside the main work is not even offered while somebody holds it
    let mut second = task(36, on_deal(1), None);
    second.responsibility = Responsibility::Support("BRIEF".into());
    queued(&*store, &held, &[second]).await;
    assert_eq!(store.board(10, NOW).await.unwrap().tasks.len(), 1);
    // the holder may take it, and when all of it is done anyone may
    placed(&*store, &held, &[(id(31), "ANNA")]).await;
    done(&*store, &held, &[id(30)], NOW).await;
    queued(&*store, &held, &[task(35, on_deal(1), None)]).await;
    let revision = store.board(10, NOW).await.unwrap().revision;
    let theft = vec![assignment(id(35), Some("BEN"))];
    assert!(store.commit_assignments(&held, placing(at(revision), theft), NOW).await.is_err());
    done(&*store, &held, &[id(31)], NOW).await;
    placed(&*store, &held, &[(id(35), "BEN")]).await;
    assert_eq!(store.task(id(35)).await.unwrap().unwrap().0.holder, Some("BEN".into()));
}

pub(super) async fn loads_count_open_work_per_unit_and_the_week(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let tasks = [
        task(30, on_deal(1), Some("deal")),
        task(31, on_deal(1), Some("proposal")),
        task(32, on_deal(2), None),
        task(33, Subject::Lead(id(3)), Some("outreach")),
        Task {
            responsibility: Responsibility::Overlay("enterprise".into()),
            ..task(34, on_deal(4), Some("enterprise_deal"))
        },
    ];
    queued(&*store, &held, &tasks).await;
    placed(&*store, &held, &tasks.each_ref().map(|task| (task.id, "ANNA"))).await;
    // tasks are counted each, deals once and by their main work, other units by the tasks that use them
    let counts = |of: &[(&str, u32)]| of.iter().map(|(unit, n)| ((*unit).into(), *n)).collect();
    let anna = load(&*store, "ANNA").await;
    assert_eq!(
        anna.open,
        counts(&[("task", 5), ("deal", 2), ("proposal", 1), ("outreach", 1), ("enterprise_deal", 1)])
    );
    // and of tasks placed at one instant each counts as a little later than the one before
    let last = NOW + std::time::Duration::from_millis(4);
    assert_eq!((&anna.week, anna.last_assigned), (&anna.open, Some(last)));
    // when work ends in time, late, or is cancelled
    done(&*store, &held, &[id(30)], later(10)).await;
    done(&*store, &held, &[id(31)], later(9000)).await;
    let cancel = vec![(id(33), "no longer a lead".into())];
    store.commit_progress(&held, Progressed { cancel, ..Progressed::default() }, later(9000)).await.unwrap();
    done(&*store, &held, &[id(30), id(404)], later(9001)).await;
    // then it is open no more, but was started this week; a late one is no success, a cancelled one no case
    let anna = load(&*store, "ANNA").await;
    assert_eq!(
        (&anna.open, anna.week["task"]),
        (&counts(&[("task", 2), ("deal", 1), ("enterprise_deal", 1)]), 5)
    );
    let record = anna.record["DISCOVERY_CALL"];
    assert!(matches!(record, TrackRecord { won: 990..=1000, all: 1990..=2000 }), "{record:?}");
    // and next week has not begun
    let next_week = store.board(1, later(7 * 86_400)).await.unwrap();
    assert!(next_week.loads[&AgentId::from("ANNA")].week.is_empty());
}

pub(super) async fn a_paused_agent_shows_on_the_board(store: Arc<dyn Store>) {
    let person = Actor("anna".to_owned());
    let ben = AgentId::from("BEN");
    let before = store.board(1, NOW).await.unwrap().revision;
    store.pause_agent(&person, &ben, true, NOW).await.unwrap();
    let paused = store.board(1, NOW).await.unwrap();
    assert!(paused.loads[&ben].paused && paused.revision > before);
    store.pause_agent(&person, &ben, true, NOW).await.unwrap();
    assert_eq!(store.board(1, NOW).await.unwrap().revision, paused.revision, "nothing changed");
    store.pause_agent(&person, &ben, false, later(60)).await.unwrap();
    let back = load(&*store, "BEN").await;
    assert_eq!((back.paused, back.resumed), (false, Some(later(60))));
    // one that was never paused is not back from anything
    store.pause_agent(&person, &AgentId::from("CY"), false, NOW).await.unwrap();
    assert_eq!(load(&*store, "CY").await.resumed, None);
}

pub(super) async fn tasks_are_listed_by_subject_agent_and_state(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    queued(
        &*store,
        &held,
        &[task(30, on_deal(1), None), task(31, on_deal(2), None), task(32, on_deal(2), None)],
    )
    .await;
    placed(&*store, &held, &[(id(31), "ANNA")]).await;
    let (anna, ben) = (AgentId::from("ANNA"), AgentId::from("BEN"));
    let list = async |filter: TaskFilter, most| {
        let tasks = store.tasks(&filter, most).await.unwrap();
        tasks.into_iter().map(|task| task.id).collect::<Vec<_>>()
    };
    let (all, of_two) = (TaskFilter::default(), TaskFilter::of(id(2)));
    assert_eq!(list(all.clone(), 10).await, [id(31), id(30), id(32)], "what is due comes first");
    assert_eq!(list(all.clone(), 1).await, [id(31)]);
    assert_eq!(list(of_two.clone(), 10).await, [id(31), id(32)]);
    assert_eq!(list(TaskFilter { state: Some("queued".into()), ..of_two }, 10).await, [id(32)]);
    assert_eq!(
        list(TaskFilter { state: Some("assigned".into()), ..TaskFilter::held_by(&anna) }, 10).await,
        [id(31)]
    );
    assert!(list(TaskFilter::held_by(&ben), 10).await.is_empty());
    // and page by page, the dated before the others
    assert_eq!(list(TaskFilter { after: Some(id(31)), ..all.clone() }, 1).await, [id(30)]);
    assert_eq!(list(TaskFilter { after: Some(id(30)), ..all.clone() }, 10).await, [id(32)]);
    assert!(list(TaskFilter { after: Some(id(32)), ..all }, 10).await.is_empty());
}
