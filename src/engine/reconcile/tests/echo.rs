//! Our own writes, coming back.

use crate::reconcile::{Mapped, MergePolicy, testing::*};
use model::{Change, DealOutcome, Field, Id, Intent, Stage, Value, WriteState};

fn memory() -> Memory {
    let mut policy = MergePolicy::default();
    let of = |stage| Mapped { stage, outcome: DealOutcome::Open };
    let map = [("p/new", of(Stage::Qualification)), ("p/demo", of(Stage::Demonstration))];
    policy.stages.insert("crm".into(), map.into_iter().map(|(name, to)| (name.into(), to)).collect());
    Memory::new(policy)
}

fn owner(id: &str) -> (Field, Value) {
    (Field::Owner, Value::Ref(id.into()))
}

fn give_to(id: &str) -> Intent {
    Intent::ChangeOwner { to: id.into() }
}

fn create_task(task: Id) -> Intent {
    let (subject, body) = ("Call".to_owned(), "Call them".to_owned());
    Intent::CreateTask { task, subject, body, due: at(99), owner: None, high: false }
}

#[test]
fn our_own_value_settles_the_write_before_its_answer_and_is_no_news() {
    for state in [sending(), WriteState::Verify { at: at(9) }] {
        let mut store = memory();
        store.take(vec![seen("crm/deal:1", 5, [owner("7")])]);
        store.writes.push(in_flight(1, "crm/deal:1", give_to("8"), state));
        let plan = store.take(vec![seen("crm/deal:1", 6, [owner("8")])]);
        assert!(plan.events.is_empty(), "{:?}", plan.events);
        assert_eq!(plan.settled.len(), 1);
        assert!(plan.settled[0].1.found);
        let deal = store.of(&reference("crm/deal:1"));
        assert_eq!((deal.fields.text(Field::Owner), &plan.dirty), (Some("8"), &vec![deal.id]));
    }
}

#[test]
fn only_what_differs_from_our_write_is_news() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [owner("7"), (Field::Name, text("Big"))])]);
    store.writes.push(in_flight(1, "crm/deal:1", give_to("8"), sending()));
    let plan = store.take(vec![seen("crm/deal:1", 6, [owner("8"), (Field::Name, text("Bigger"))])]);
    let changed = vec![(Field::Name, text("Big"), text("Bigger"))];
    assert_eq!(plan.events[0].kind, model::EventKind::Changed { fields: changed });
    assert_eq!((plan.events.len(), plan.settled.len()), (1, 1));
}

#[test]
fn another_value_than_ours_is_a_persons_edit() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [owner("7")])]);
    store.writes.push(in_flight(1, "crm/deal:1", give_to("8"), sending()));
    let plan = store.take(vec![seen("crm/deal:1", 6, [owner("9")])]);
    assert_eq!((told(&plan), plan.settled.len()), (vec!["changed"], 0));
}

#[test]
fn a_value_that_did_not_change_proves_nothing() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [owner("8")])]);
    store.writes.push(in_flight(1, "crm/deal:1", give_to("8"), sending()));
    assert!(store.take(vec![seen("crm/deal:1", 6, [owner("8")])]).settled.is_empty());
}

#[test]
fn a_write_that_is_known_not_to_have_happened_explains_nothing() {
    for state in [WriteState::Pending, WriteState::Proposed, WriteState::Retry { at: at(9) }] {
        let mut store = memory();
        store.take(vec![seen("crm/deal:1", 5, [owner("7")])]);
        store.writes.push(in_flight(1, "crm/deal:1", give_to("8"), state));
        let plan = store.take(vec![seen("crm/deal:1", 6, [owner("8")])]);
        assert_eq!((told(&plan), plan.settled.len()), (vec!["changed"], 0));
    }
}

#[test]
fn a_done_write_explains_the_change_from_the_value_it_was_decided_on_and_no_later_one() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [owner("7")])]);
    let mut done = in_flight(1, "crm/deal:1", give_to("8"), WriteState::Done);
    done.write.expects.push(owner("7"));
    store.writes.push(done);
    assert!(store.take(vec![seen("crm/deal:1", 6, [owner("8")])]).events.is_empty());
    store.take(vec![seen("crm/deal:1", 7, [owner("9")])]);
    let plan = store.take(vec![seen("crm/deal:1", 8, [owner("8")])]);
    assert_eq!(told(&plan), ["changed"]);
}

#[test]
fn a_deal_that_we_moved_enters_its_stage_by_us_and_nothing_else_is_told() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [(Field::SourceStage, text("p/new"))])]);
    store.writes.push(in_flight(1, "crm/deal:1", Intent::ChangeStage { to: "p/demo".into() }, sending()));
    let plan = store.take(vec![seen("crm/deal:1", 6, [(Field::SourceStage, text("p/demo"))])]);
    assert_eq!(told(&plan), ["stage_entered"]);
    assert_eq!(&*plan.events[0].source, "engine");
    let deal = store.of(&reference("crm/deal:1"));
    assert_eq!((deal.fields.stage(), deal.stage_since), (Some(Stage::Demonstration), Some(at(6))));
}

#[test]
fn a_task_that_we_created_is_known_by_its_marker_and_is_one_with_ours() {
    // Also when it lands after we looked for it in vain.
    for (state, settled) in [
        (sending(), 1),
        (WriteState::Verify { at: at(9) }, 1),
        (WriteState::Retry { at: at(9) }, 1),
        (WriteState::Unknown, 1),
        (WriteState::Done, 0),
    ] {
        let (mut store, task) = (memory(), Id::derived(&["our task"]));
        store.take(vec![seen("crm/deal:1", 5, [owner("7")])]);
        let write = in_flight(1, "crm/deal:1", create_task(task), state);
        let mut echo = observed("crm/task:5", 6, [(Field::Agent, text("WAKE.CLOSER"))]);
        echo.marker = Some(write.write.key);
        store.writes.push(write);
        let plan = store.take(vec![Change::Seen(echo.clone())]);
        assert!(plan.events.is_empty());
        assert_eq!((plan.settled.len(), store.rounds), (settled, 2));
        let record = store.of(&echo.reference);
        assert_eq!((record.id, record.fields.text(Field::Agent)), (task, Some("WAKE.CLOSER")));
        assert!(nothing(&store.take(vec![Change::Seen(echo)])));
    }
}

#[test]
fn what_a_person_does_to_our_task_is_news_though_it_bears_our_marker() {
    let (mut store, task) = (memory(), Id::derived(&["our task"]));
    let write = in_flight(1, "crm/deal:1", create_task(task), WriteState::Done);
    let mut echo = observed("crm/task:5", 6, [(Field::Done, Value::Bool(false))]);
    echo.marker = Some(write.write.key);
    store.writes.push(write);
    store.take(vec![Change::Seen(echo.clone())]);
    echo.fields.set(Field::Done, Value::Bool(true));
    assert_eq!(told(&store.take(vec![Change::Seen(echo)])), ["changed"]);
}

#[test]
fn a_copy_of_our_task_is_a_record_of_its_own() {
    let (mut store, task) = (memory(), Id::derived(&["our task"]));
    let write = in_flight(1, "crm/deal:1", create_task(task), sending());
    let mut echo = observed("crm/task:5", 6, []);
    echo.marker = Some(write.write.key);
    let mut copy = echo.clone();
    copy.reference = reference("crm/task:6");
    store.writes.push(write);
    store.take(vec![Change::Seen(echo)]);
    let plan = store.take(vec![Change::Seen(copy)]);
    assert_eq!(told(&plan), ["first_seen"]);
    assert_ne!(store.of(&reference("crm/task:6")).id, task);
}

#[test]
fn a_marker_that_we_do_not_know_or_that_strayed_proves_nothing() {
    let (mut store, task) = (memory(), Id::derived(&["our task"]));
    let write = in_flight(1, "crm/deal:1", create_task(task), sending());
    for stray in ["erp/task:5", "crm/note:5"] {
        let mut seen = observed(stray, 6, []);
        seen.marker = Some(write.write.key);
        assert_eq!(told(&store.take(vec![Change::Seen(seen)])), ["first_seen"], "{stray}");
        store.writes = vec![write.clone()];
    }
    let mut seen = observed("erp/task:6", 6, []);
    seen.marker = Some(write.write.key);
    let plan = store.take(vec![Change::Seen(seen)]);
    assert_eq!((told(&plan), plan.settled.len()), (vec!["first_seen"], 0));
}
