//! A cycle's place in the event log, kept together with what it decided there.

use super::kit::{NOW, daemon, note, reference};
use crate::{Error, Store, WriteFilter};
use model::{Event, EventKind, Intake, Intent, Kind, Write};
use std::sync::Arc;

pub(super) async fn a_place_and_its_writes_are_kept_together_or_not_at_all(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let target = reference(Kind::Deal, "1");
    let set = |value: &str| vec![("place".to_owned(), Some(value.to_owned()))];
    store.set_setting("old", Some("x")).await.unwrap();
    // given a place kept with a write
    let first = note(&target, "event 1");
    let mut values = set("1");
    values.push(("old".to_owned(), None));
    store.keep(&held, values, vec![first.clone()], NOW).await.unwrap();
    assert_eq!(store.setting("old").await.unwrap(), None);
    // when the next step holds a write that can't be taken
    let changed = Write { intent: Intent::CreateNote { body: "other".to_owned(), at: NOW }, ..first.clone() };
    let refused = store.keep(&held, set("2"), vec![note(&target, "event 2"), changed], NOW).await;
    // then nothing of it is kept
    assert!(matches!(refused, Err(Error::KeyCollision { .. })), "{refused:?}");
    assert_eq!(store.setting("place").await.unwrap().as_deref(), Some("1"));
    let writes = store.writes(&WriteFilter::default(), 10).await.unwrap();
    assert_eq!(writes.iter().map(|row| row.write.key).collect::<Vec<_>>(), [first.key]);
    // and one who lost the lease keeps nothing either
    let later = daemon(&*store).await;
    let fenced = store.keep(&held, set("3"), Vec::new(), NOW).await;
    assert!(matches!(fenced, Err(Error::Fenced { .. })), "{fenced:?}");
    store.keep(&later, set("4"), Vec::new(), NOW).await.unwrap();
    assert_eq!(store.setting("place").await.unwrap().as_deref(), Some("4"));
}

pub(super) async fn the_newest_event_has_the_highest_number(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    assert_eq!(store.last_event().await.unwrap(), 0);
    let noticed = |what: &str| Event {
        at: NOW,
        subject: None,
        kind: EventKind::Noticed { what: what.to_owned() },
        source: "engine".into(),
    };
    let events = vec![noticed("one"), noticed("two")];
    store.commit_page(&held, Intake { events, ..Intake::default() }, NOW).await.unwrap();
    let all = store.events(0, 10).await.unwrap();
    assert_eq!(Some(store.last_event().await.unwrap()), all.last().map(|(seq, _)| *seq));
    assert_eq!(store.events(store.last_event().await.unwrap(), 10).await.unwrap(), []);
}
