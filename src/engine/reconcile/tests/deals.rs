//! Stage and outcome.

use crate::reconcile::{Mapped, MergePolicy, restage, testing::*};
use model::{DealOutcome, EventKind, Field, Stage, Value};

fn policy() -> MergePolicy {
    let mut policy = MergePolicy::default();
    let of = |stage, outcome| Mapped { stage, outcome };
    let map = [
        ("p/new", of(Stage::Qualification, DealOutcome::Open)),
        ("p/demo", of(Stage::Demonstration, DealOutcome::Open)),
        ("p/won", of(Stage::Close, DealOutcome::Won)),
        ("p/lost", of(Stage::Close, DealOutcome::Lost)),
    ];
    policy.stages.insert("crm".into(), map.into_iter().map(|(name, to)| (name.into(), to)).collect());
    policy
}

fn in_stage(stage: &str) -> [(Field, Value); 1] {
    [(Field::SourceStage, text(stage))]
}

#[test]
fn the_vendors_stage_gives_ours_and_entering_one_is_told_once() {
    let mut store = Memory::new(policy());
    let plan = store.take(vec![seen("crm/deal:1", 5, in_stage("p/new"))]);
    assert_eq!(told(&plan), ["first_seen"]);
    let plan = store.take(vec![seen("crm/deal:1", 6, in_stage("p/demo"))]);
    assert_eq!(told(&plan), ["changed", "stage_entered"]);
    let (from, to) = (Some(Stage::Qualification), Stage::Demonstration);
    assert_eq!(plan.events[1].kind, EventKind::StageEntered { from, to });
    let deal = store.of(&reference("crm/deal:1"));
    assert_eq!((deal.fields.stage(), deal.stage_since), (Some(Stage::Demonstration), Some(at(6))));
    assert_eq!(plan.dirty, [deal.id]);
}

#[test]
fn winning_losing_and_reopening_are_told() {
    let mut store = Memory::new(policy());
    store.take(vec![seen("crm/deal:1", 5, in_stage("p/demo"))]);
    for (second, stage, wanted) in
        [(6, "p/won", DealOutcome::Won), (7, "p/demo", DealOutcome::Open), (8, "p/lost", DealOutcome::Lost)]
    {
        let plan = store.take(vec![seen("crm/deal:1", second, in_stage(stage))]);
        assert_eq!(told(&plan), ["changed", "stage_entered", "outcome_changed"]);
        assert_eq!(store.of(&reference("crm/deal:1")).fields.outcome(), wanted);
    }
}

#[test]
fn a_vendor_that_marks_a_deal_lost_in_place_is_believed() {
    let mut store = Memory::new(policy());
    store.take(vec![seen("crm/deal:1", 5, in_stage("p/demo"))]);
    let lost = [
        (Field::SourceStage, text("p/demo")),
        (Field::Done, Value::Bool(true)),
        (Field::Won, Value::Bool(false)),
    ];
    let plan = store.take(vec![seen("crm/deal:1", 6, lost)]);
    assert_eq!(told(&plan), ["changed", "outcome_changed"]);
    // The outcome as a value stands for the same flags.
    let won = [(Field::SourceStage, text("p/demo")), (Field::Outcome, Value::Outcome(DealOutcome::Won))];
    store.take(vec![seen("crm/deal:1", 7, won)]);
    assert_eq!(store.of(&reference("crm/deal:1")).fields.outcome(), DealOutcome::Won);
}

#[test]
fn an_unmapped_stage_leaves_the_deal_without_one_and_says_so() {
    let mut store = Memory::new(policy());
    store.take(vec![seen("crm/deal:1", 5, in_stage("p/demo"))]);
    let plan = store.take(vec![seen("crm/deal:1", 6, in_stage("p/mystery"))]);
    let EventKind::Changed { fields } = &plan.events[0].kind else { panic!("{:?}", plan.events) };
    let gone = (Field::Stage, Value::Stage(Stage::Demonstration), Value::Empty);
    assert!(fields.contains(&gone), "{fields:?}");
    assert_eq!(store.of(&reference("crm/deal:1")).fields.stage(), None);
}

#[test]
fn since_when_is_known_for_a_deal_that_nobody_touched_since_it_was_created() {
    let mut store = Memory::new(policy());
    let created = |second| (Field::CreatedAt, Value::Time(at(second)));
    store.take(vec![
        seen("crm/deal:1", 500, [(Field::SourceStage, text("p/new")), created(492)]),
        seen("crm/deal:2", 500, [(Field::SourceStage, text("p/new")), created(5)]),
    ]);
    assert_eq!(store.of(&reference("crm/deal:1")).stage_since, Some(at(492)));
    assert_eq!(store.of(&reference("crm/deal:2")).stage_since, None);
}

#[test]
fn a_new_stage_map_restages_what_it_changes_and_only_that() {
    let mut store = Memory::new(policy());
    store.take(vec![seen("crm/deal:1", 5, in_stage("p/mystery")), seen("crm/deal:2", 5, in_stage("p/demo"))]);
    let known = Mapped { stage: Stage::Proposal, outcome: DealOutcome::Open };
    store.policy.stages.get_mut(&"crm".into()).unwrap().insert("p/mystery".into(), known);
    let deals: Vec<_> = store.records.keys().filter_map(|id| store.record(*id)).collect();
    let plan = restage(deals, &store.policy, at(9));
    store.commit(&plan);
    assert_eq!(told(&plan), ["stage_entered"]);
    let deal = store.of(&reference("crm/deal:1"));
    assert_eq!((deal.fields.stage(), &plan.dirty), (Some(Stage::Proposal), &vec![deal.id]));
}
