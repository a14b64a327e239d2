//! Dying at every crash point: nothing lost, nothing twice, at most one uncommitted batch read again.

use crate::{
    judge::{differences, misdone},
    rig::{Given, Rig, virtual_time},
};
use runtime::fault::{self, Place};
use sandbox::{Seeded, World, world::Weights};
use std::time::Duration;

/// Visits of a place at which the process dies.
const VISITS: [u32; 3] = [0, 1, 4];

async fn die_once(place: Place, visit: u32, faults: bool) -> Rig {
    let mut rig = Rig::new(Given::seeded(u64::from(visit) + 40)).await;
    let mut world = World::new(&rig.sandbox, 5, Weights::default());
    fault::arm(Some((place, visit)));
    if faults {
        rig.sandbox.set_seeded_faults(Some(Seeded::rate(50)));
    }
    for _ in 0..12 {
        rig.run_for(Duration::from_secs(40)).await;
        world.step(8);
    }
    rig.sandbox.clear_faults();
    rig.run_for(Duration::from_secs(1_800)).await;
    rig.sweep().await;
    rig.run_for(Duration::from_secs(1_800)).await;
    rig
}

#[test]
fn dying_at_any_crash_point_loses_nothing_and_does_nothing_twice() {
    for place in Place::ALL {
        for (visit, faults) in VISITS.into_iter().flat_map(|visit| [(visit, false), (visit, true)]) {
            virtual_time(async {
                // when the process dies there
                let rig = die_once(place, visit, faults).await;
                // then it did die, was started again, and all is as if it had not
                assert!(!fault::armed(), "{place:?} was not visited {visit} times");
                assert_eq!(rig.deaths, 1, "{place:?} {visit}");
                let (unlike, wrong) = (differences(&rig).await, misdone(&rig).await);
                assert!(unlike.is_empty() && wrong.is_empty(), "{place:?} {visit}: {unlike:#?} {wrong:#?}");
            });
        }
    }
}
