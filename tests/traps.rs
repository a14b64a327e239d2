//! Traps that other products fell into, on the whole product. (Those of one connector are named in its tests.)

use crate::{
    judge::{differences, misdone},
    rig::{Given, Rig, connection, virtual_time},
};
use http::Method;
use model::{
    Event, EventKind, ExternalRef, Field, Intent, Kind, Value, Write, WriteKey, WriteKind, WriteState,
};
use sandbox::{Fault, Rule};
use std::time::Duration;
use store::{Progressed, WriteFilter, WriteRow};

/// A daemon that has read everything once and done what there was to do.
async fn settled() -> Rig {
    let mut rig = Rig::new(Given::seeded(11)).await;
    rig.run_for(Duration::from_secs(600)).await;
    assert!(differences(&rig).await.is_empty());
    rig
}

async fn writes(rig: &Rig) -> Vec<WriteRow> {
    rig.store.writes(&WriteFilter::default(), 100_000).await.unwrap()
}

async fn noticed(rig: &Rig) -> Vec<String> {
    let events = rig.store.events(0, 1_000_000).await.unwrap();
    let what = |(_, event): (i64, Event)| match event.kind {
        EventKind::Noticed { what } => Some(what),
        _ => None,
    };
    events.into_iter().filter_map(what).collect()
}

#[test]
fn a_listing_that_looks_like_a_mass_deletion_is_held_back_and_shown() {
    virtual_time(async {
        // given most contacts vanish without a trace
        let mut rig = settled().await;
        let ids: Vec<u64> = rig.sandbox.ids(sandbox::Kind::Contact);
        let before = living(&rig, Kind::Contact).await;
        for id in ids.iter().skip(5) {
            rig.sandbox.purge(sandbox::Kind::Contact, *id);
        }
        // when a complete census says so
        rig.sweep().await;
        // then nobody is called gone, and a person is told
        assert_eq!(living(&rig, Kind::Contact).await, before);
        let told = noticed(&rig).await;
        assert!(told.iter().any(|what| what.contains("contacts")), "{told:?}");
    });
}

#[test]
fn a_few_vanished_records_are_called_gone_by_absence() {
    virtual_time(async {
        let mut rig = settled().await;
        let before = living(&rig, Kind::Contact).await;
        for id in rig.sandbox.ids(sandbox::Kind::Contact).iter().take(2) {
            rig.sandbox.purge(sandbox::Kind::Contact, *id);
        }
        rig.sweep().await;
        assert_eq!(living(&rig, Kind::Contact).await, before - 2);
        assert!(differences(&rig).await.is_empty());
    });
}

async fn living(rig: &Rig, kind: Kind) -> usize {
    let page = rig.store.page(kind, None, 10_000).await.unwrap();
    page.iter().filter(|record| record.gone.is_none()).count()
}

#[test]
fn our_own_write_that_comes_back_before_its_answer_settles_itself_and_is_no_news() {
    virtual_time(async {
        // given creations whose answers never come
        let mut rig = Rig::new(Given::seeded(12)).await;
        rig.sandbox.inject(
            Rule::next(Fault::TimeoutAfter).on(Method::POST, "objects/2026-03/tasks").after(20).times(3),
        );
        rig.run_for(Duration::from_secs(900)).await;
        // then each was found, none was repeated, and none shows as somebody else's change
        let rows = writes(&rig).await;
        assert_eq!(rig.sandbox.usage().faults, 3, "the answers were lost");
        let unsettled: Vec<&WriteRow> = rows.iter().filter(|row| row.state != WriteState::Done).collect();
        assert!(!rows.is_empty() && unsettled.is_empty(), "{unsettled:?}");
        let found =
            rows.iter().filter(|row| row.receipt.as_ref().is_some_and(|receipt| receipt.found)).count();
        assert!(found > 0, "none was found by looking");
        assert!(misdone(&rig).await.is_empty());
        let ours: Vec<&WriteRow> = rows.iter().collect();
        for row in ours {
            let made = &row.receipt.as_ref().unwrap().reference;
            let record = rig.store.find_ref(made).await.unwrap();
            let Some(record) = record else { continue };
            let history = rig.store.history(record, 100).await.unwrap();
            let changes = history.iter().filter(|(_, event)| matches!(event.kind, EventKind::Changed { .. }));
            assert_eq!(changes.count(), 0, "{made}: {history:?}");
        }
    });
}

#[test]
fn a_persons_edit_between_decision_and_write_is_never_overwritten() {
    virtual_time(async {
        // given a decision that was made on a stage which a person changes before it is written
        let mut rig = settled().await;
        let deal = rig.sandbox.ids(sandbox::Kind::Deal)[0];
        let target = ExternalRef::new(&connection(), Kind::Deal, deal.to_string());
        let kind = WriteKind::ChangeStage;
        let write = Write {
            key: WriteKey::new(&connection(), kind, &target, "test", "stage", 0),
            target,
            intent: Intent::ChangeStage { to: "default/contractsent".into() },
            expects: vec![(Field::SourceStage, Value::Text("default/what-it-was-when-we-decided".into()))],
            because: "a test decided it".into(),
        };
        let progressed = Progressed { writes: vec![write.clone()], ..Progressed::default() };
        rig.store.commit_progress(&rig.daemon.shared.held, progressed, rig.now()).await.unwrap();
        let before = rig.sandbox.value(sandbox::Kind::Deal, deal, "dealstage");
        rig.daemon.shared.nudges.dispatch.wake();
        rig.run_for(Duration::from_secs(60)).await;
        // then it is not written
        let filter = WriteFilter { key: Some(write.key), ..WriteFilter::default() };
        let row = rig.store.writes(&filter, 1).await.unwrap().remove(0);
        assert_eq!(row.state, WriteState::Moved, "{row:?}");
        assert_eq!(rig.sandbox.value(sandbox::Kind::Deal, deal, "dealstage"), before);
    });
}

#[test]
fn a_clock_that_jumps_a_day_either_way_loses_and_doubles_nothing() {
    virtual_time(async {
        // given a daemon whose clock runs a day ahead for an hour, and is then set right
        let mut rig = settled().await;
        let done = writes(&rig).await.len();
        for jump in [86_400_000, -86_400_000_i64] {
            rig.jump(jump);
            let mut world = sandbox::World::new(&rig.sandbox, 9, sandbox::world::Weights::default());
            world.step(20);
            rig.run_for(Duration::from_secs(3_600)).await;
        }
        rig.sweep().await;
        // then it is where the source is, and nothing was done twice
        assert_eq!(differences(&rig).await, Vec::<String>::new());
        assert_eq!(misdone(&rig).await, Vec::<String>::new());
        assert!(writes(&rig).await.len() >= done);
    });
}

#[test]
fn increments_that_never_end_starve_no_stream_that_was_not_read_yet() {
    virtual_time(async {
        // given polls that come faster than the vendor lets us search
        let mut given = Given::seeded(7);
        given.streams.extend([Kind::Note, Kind::Email, Kind::Meeting, Kind::Call]);
        given.every[0] = 1;
        let mut rig = Rig::new(given).await;
        // when
        rig.run_for(Duration::from_secs(120)).await;
        // then
        let fresh = rig.store.freshness().await.unwrap();
        let read: Vec<Kind> =
            fresh.iter().filter(|one| one.first_caught_up.is_some()).map(|one| one.stream).collect();
        assert!(rig.given.streams.iter().all(|stream| read.contains(stream)), "{read:?}");
    });
}
