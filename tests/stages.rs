//! Entering each stage of the book creates all of its tasks; deciding twice creates none more.

use crate::rig::{Given, Rig, connection, virtual_time};
use engine::{flow::Per, reconcile::Mapped};
use model::{DealOutcome, ExternalRef, Id, Kind, Stage, work::Task};
use runtime::cycle::{Cycle, Turn};
use std::{collections::BTreeSet, time::Duration};
use store::TaskFilter;

async fn actions(rig: &Rig, deal: Id, stage: Stage) -> BTreeSet<String> {
    let tasks = rig.store.tasks(&TaskFilter::of(deal), 1_000).await.unwrap();
    let of = tasks.iter().filter(|task| task.stage == stage);
    of.map(|task| task.action.to_string()).collect()
}

/// Moves a deal into the stage as a person would and looks at what there is to do.
async fn enter(stage: Stage, more_config: &str) {
    let mut rig = Rig::new(Given { config: more_config.to_owned(), ..Given::seeded(21) }).await;
    rig.run_for(Duration::from_secs(300)).await;
    let meanings = rig.daemon.shared.rules().stages[&connection()].clone();
    let fits = |mapped: Mapped| mapped.stage == stage && mapped.outcome == DealOutcome::Open;
    let (source, _) =
        meanings.iter().find(|(_, one)| fits(one.mapped)).unwrap_or_else(|| panic!("{stage}: {meanings:#?}"));
    let (_, id) = source.split_once('/').unwrap();
    let mut deals = rig.sandbox.ids(sandbox::Kind::Deal).into_iter();
    let elsewhere =
        |deal: &u64| rig.sandbox.value(sandbox::Kind::Deal, *deal, "dealstage").as_deref() != Some(id);
    let theirs = deals.find(elsewhere).unwrap();
    let reference = ExternalRef::new(&connection(), Kind::Deal, theirs.to_string());
    let deal = rig.store.find_ref(&reference).await.unwrap().unwrap();
    // when a person moves the deal there
    rig.sandbox.edit(sandbox::Kind::Deal, theirs, &[("dealstage", id)]).unwrap();
    rig.run_for(Duration::from_secs(180)).await;
    // then there is a task for each action that has no condition
    let spec = rig.config.book.stage(stage).unwrap().clone();
    let unconditional = spec.actions.iter().chain(&spec.supports).filter(|one| one.when.is_none());
    let wanted: BTreeSet<String> =
        unconditional.filter(|one| one.per == Per::Record).map(|one| one.id.to_string()).collect();
    let made = actions(&rig, deal, stage).await;
    assert!(!wanted.is_empty() && wanted.is_subset(&made), "{stage}: wanted {wanted:?}, made {made:?}");
    // and looking again makes no more
    let count = || async { rig.store.tasks(&TaskFilter::default(), 100_000).await.unwrap().len() };
    let before = count().await;
    rig.store.mark_all_dirty(&rig.daemon.shared.held).await.unwrap();
    let mut progress = rig.daemon.cycles().progress;
    while progress.turn().await.unwrap() == Turn::Again {}
    assert_eq!(count().await, before, "{stage}");
}

#[test]
fn entering_each_stage_creates_all_of_its_tasks_and_deciding_twice_none_more() {
    let as_close = "[[connection.stage]]\nsource = \"default/contractsent\"\nstage = \"close\"\n";
    for stage in [
        Stage::LeadGeneration,
        Stage::Qualification,
        Stage::Demonstration,
        Stage::Proposal,
        Stage::Negotiation,
    ] {
        virtual_time(enter(stage, ""));
    }
    virtual_time(enter(Stage::Close, as_close));
}

#[test]
fn each_segment_gets_its_awareness_work_once_a_week() {
    virtual_time(async {
        let mut rig = Rig::new(Given::seeded(22)).await;
        rig.run_for(Duration::from_secs(300)).await;
        let awareness =
            |tasks: Vec<Task>| tasks.into_iter().filter(|task| task.stage == Stage::Awareness).count();
        let first = awareness(rig.store.tasks(&TaskFilter::default(), 100_000).await.unwrap());
        let spec = rig.config.book.stage(Stage::Awareness).unwrap();
        let per_segment = spec.actions.len() + spec.supports.len();
        assert_eq!(first, per_segment * rig.config.book.segments.len());
        assert!(first > 0);
        // when a week has gone by
        rig.run_for(Duration::from_secs(8 * 86_400)).await;
        assert_eq!(awareness(rig.store.tasks(&TaskFilter::default(), 100_000).await.unwrap()), first * 2);
    });
}
