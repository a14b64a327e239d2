//! After any seeded run of changes and faults, one sweep later the model equals the source record by record,
//! and every decided write was done once, or not at all where its state says so.

use crate::{
    judge::{differences, misdone},
    rig::{Given, Rig, virtual_time},
};
use sandbox::{Seeded, World, world::Weights};
use std::{ops::Range, time::Duration};

const CHANGES: usize = 200;

/// `SEEDS=a..b` replays some instead.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let wanted = std::env::var("SEEDS").ok().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    wanted.unwrap_or(usual)
}

async fn live_through(seed: u64) -> Rig {
    let mut rig = Rig::new(Given::seeded(seed)).await;
    let mut world = World::new(&rig.sandbox, seed, Weights::default());
    rig.sandbox.set_seeded_faults(Some(Seeded::rate(50)));
    for _ in 0..CHANGES / 10 {
        rig.run_for(Duration::from_secs(47)).await;
        assert_eq!(world.step(10).len(), 10, "seed {seed}: the world stood still");
    }
    rig.sandbox.clear_faults();
    // Late effects land, the index catches up, and everything that waits for a second look gets it.
    rig.run_for(Duration::from_secs(1_800)).await;
    rig.sweep().await;
    rig.run_for(Duration::from_secs(1_800)).await;
    rig
}

async fn verdict(rig: &Rig) -> Vec<String> {
    let mut wrong = differences(rig).await;
    wrong.extend(misdone(rig).await);
    wrong
}

fn converge(seeds: Range<u64>) {
    let mut failed = Vec::new();
    let (mut writes, mut faults) = (0, 0);
    for seed in seeds.clone() {
        virtual_time(async {
            let rig = live_through(seed).await;
            faults += rig.sandbox.usage().faults;
            writes += rig.sandbox.with_journal(|journal| journal.by_api().count());
            let wrong = verdict(&rig).await;
            if !wrong.is_empty() {
                eprintln!("seed {seed} (SEEDS={seed}..{} replays it):", seed + 1);
                wrong.iter().take(20).for_each(|line| eprintln!("  {line}"));
                failed.push(seed);
            }
        });
    }
    eprintln!("{} seeds, {CHANGES} changes each, {faults} faults, {writes} effects of ours", seeds.count());
    assert!(failed.is_empty(), "seeds that did not converge: {failed:?}");
    assert!(writes > 0 && faults > 0, "nothing was tried");
}

#[test]
fn the_model_equals_the_source_after_any_run_of_changes_and_faults() {
    converge(seeds(0..150));
}

/// The other half, so that two cores share the work.
#[test]
fn the_model_equals_the_source_after_any_other_run_of_changes_and_faults() {
    converge(seeds(150..300));
}

#[test]
fn one_seed_gives_the_same_event_log_to_the_byte() {
    let log = |seed| {
        virtual_time(async move {
            let rig = live_through(seed).await;
            let events = rig.store.events(0, 1_000_000).await.unwrap();
            events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect::<String>()
        })
    };
    let (first, again, other) = (log(7), log(7), log(8));
    assert!(first.lines().count() > 100);
    assert!(first == again, "the same seed gave another log");
    assert!(first != other, "the seed changes nothing");
}
