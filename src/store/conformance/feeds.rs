//! What comes in.

use super::kit::{NOW, again, crm, daemon, fields, id, later, page, reference, text};
use crate::{Error, Store};
use model::{
    ConnectionId, Cursor, Field, Fields, GoneHow, Intake, Kind, Parked, PassKind, Timestamp, intake::Position,
};
use std::sync::Arc;

fn at(pass: PassKind, cursor: Option<&str>, caught_up: Option<Timestamp>) -> Intake {
    let cursor = cursor.map(|body| Cursor { version: 3, body: body.to_owned() });
    let position =
        Position { connection: crm(), stream: Kind::Deal, pass, cursor, caught_up, complete: true };
    Intake { positions: vec![position], ..Intake::default() }
}

pub(super) async fn a_lower_epoch_is_fenced_and_changes_nothing(store: Arc<dyn Store>) {
    // given two acquisitions of one lease
    let first = daemon(&*store).await;
    let second = daemon(&*store).await;
    assert!(second.epoch() > first.epoch());
    // when the first holder commits
    let refused = store.commit_page(&first, at(PassKind::Since, Some("x"), None), NOW).await;
    // then it is told so, and nothing is stored
    assert!(
        matches!(refused, Err(Error::Fenced { held, now, .. }) if (held, now) == (first.epoch(), second.epoch()))
    );
    assert_eq!(store.cursor(&crm(), Kind::Deal, PassKind::Since).await.unwrap(), None);
    store.foreign_commits().await.unwrap();
}

pub(super) async fn cursors_are_kept_per_pass_and_removed_at_its_end(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store.commit_page(&held, at(PassKind::Full, Some("full-1"), None), NOW).await.unwrap();
    store.commit_page(&held, at(PassKind::Since, Some("since-1"), None), NOW).await.unwrap();
    store.commit_page(&held, at(PassKind::Full, Some("full-2"), None), NOW).await.unwrap();
    let body = async |pass| store.cursor(&crm(), Kind::Deal, pass).await.unwrap().map(|cursor| cursor.body);
    assert_eq!(body(PassKind::Full).await.as_deref(), Some("full-2"));
    assert_eq!(body(PassKind::Since).await.as_deref(), Some("since-1"));

    store.commit_page(&held, at(PassKind::Full, None, Some(NOW)), NOW).await.unwrap();

    assert_eq!(body(PassKind::Full).await, None);
    assert_eq!(body(PassKind::Since).await.as_deref(), Some("since-1"));
}

pub(super) async fn freshness_moves_with_catching_up_and_trouble_ends_with_a_page(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    // given a stream in trouble for a minute
    store.note_trouble(&held, &crm(), Kind::Deal, Some("401"), NOW).await.unwrap();
    store.note_trouble(&held, &crm(), Kind::Deal, Some("still 401"), later(60)).await.unwrap();
    let before = store.freshness().await.unwrap().remove(0);
    assert_eq!(before.trouble, Some(("still 401".to_owned(), NOW)));
    assert_eq!((before.as_of, before.last_page), (None, None));
    // when pages come, the last of which catches up
    let deal = page(&[(id(1), reference(Kind::Deal, "1"), Fields::default())]);
    store
        .commit_page(
            &held,
            Intake { positions: at(PassKind::Full, Some("c"), None).positions, ..deal },
            later(90),
        )
        .await
        .unwrap();
    store.commit_page(&held, at(PassKind::Full, None, Some(later(95))), later(100)).await.unwrap();
    store.commit_page(&held, at(PassKind::Since, Some("s"), Some(later(195))), later(200)).await.unwrap();
    store.commit_page(&held, at(PassKind::Census, None, Some(later(300))), later(300)).await.unwrap();
    // then the stream is as fresh as its last catch-up, which a census is not
    let after = store.freshness().await.unwrap().remove(0);
    assert_eq!((&after.connection, after.stream, after.records), (&crm(), Kind::Deal, 1));
    assert_eq!((after.as_of, after.first_caught_up), (Some(later(195)), Some(later(100))));
    assert_eq!((after.last_page, after.trouble, after.gap), (Some(later(300)), None, Some(0)));
}

pub(super) async fn a_census_tells_absent_from_unknown(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let deal = |ext: &str| reference(Kind::Deal, ext);
    assert_eq!(store.census(&crm(), Kind::Deal, 10).await.unwrap(), None);
    // given three deals, one of them gone, and an older census with marks
    let known = [
        (id(1), deal("1"), Fields::default()),
        (id(2), deal("2"), Fields::default()),
        (id(3), deal("3"), Fields::default()),
    ];
    store.commit_page(&held, page(&known), NOW).await.unwrap();
    let gone = vec![(deal("3"), GoneHow::Archived, NOW)];
    store.commit_page(&held, Intake { gone, ..Intake::default() }, NOW).await.unwrap();
    store.begin_census(&held, &crm(), Kind::Deal, later(1)).await.unwrap();
    store
        .commit_page(&held, Intake { exists: vec![deal("2")], ..Intake::default() }, later(1))
        .await
        .unwrap();
    // when a new census sees the first and one that we lack, and a deal is created after it began
    store.begin_census(&held, &crm(), Kind::Deal, later(10)).await.unwrap();
    store.commit_page(&held, page(&[(id(4), deal("4"), Fields::default())]), later(11)).await.unwrap();
    let end = at(PassKind::Census, None, Some(later(12)));
    store
        .commit_page(&held, Intake { exists: vec![deal("1"), deal("9"), deal("1")], ..end }, later(12))
        .await
        .unwrap();
    // then only what was there before can be absent
    let census = store.census(&crm(), Kind::Deal, 10).await.unwrap().unwrap();
    assert_eq!((census.began, census.alive, census.absent), (later(10), 2, 1));
    assert_eq!((census.missing, census.unknown), (vec![deal("2")], vec![deal("9")]));
    assert_eq!(store.freshness().await.unwrap().remove(0).gap, Some(1));
    assert!(store.census(&crm(), Kind::Deal, 0).await.unwrap().unwrap().missing.is_empty());
}

pub(super) async fn a_parked_record_is_read_again_and_leaves_when_it_could_be_taken(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let parked = |ext: Option<&str>, reason: &str| Parked {
        connection: crm(),
        stream: Kind::Deal,
        id: ext.map(Into::into),
        reason: reason.to_owned(),
        raw: bytes::Bytes::from_static(b"{broken"),
    };
    // given one with an id, put aside twice, and one whose id could not be read
    let aside = vec![parked(Some("7"), "no name"), parked(None, "no id")];
    store.commit_page(&held, Intake { parked: aside, ..Intake::default() }, NOW).await.unwrap();
    let aside = vec![parked(Some("7"), "bad amount")];
    store.commit_page(&held, Intake { parked: aside, ..Intake::default() }, later(5)).await.unwrap();
    let rows = store.parked(10).await.unwrap();
    assert_eq!(rows.len(), 2);
    let seven = rows.iter().find(|row| row.id.as_deref() == Some("7")).unwrap();
    assert_eq!((seven.reason.as_str(), seven.since, &seven.raw[..]), ("bad amount", NOW, &b"{broken"[..]));
    assert!(store.to_reread(&crm(), Kind::Deal, 10).await.unwrap().is_empty());
    // when both are asked for again
    let all: Vec<i64> = rows.iter().map(|row| row.row).collect();
    assert_eq!(store.retry_parked(&all).await.unwrap(), 1);
    // then only the one with an id waits, and a page that has it takes it away
    assert_eq!(store.to_reread(&crm(), Kind::Deal, 10).await.unwrap(), ["7".into()]);
    assert!(store.to_reread(&ConnectionId::from("other"), Kind::Deal, 10).await.unwrap().is_empty());
    let taken = page(&[(id(7), reference(Kind::Deal, "7"), Fields::default())]);
    store.commit_page(&held, taken, later(9)).await.unwrap();
    assert!(store.to_reread(&crm(), Kind::Deal, 10).await.unwrap().is_empty());
    assert_eq!(store.parked(10).await.unwrap().len(), 1);
}

pub(super) async fn a_failed_page_leaves_nothing_behind(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let one = page(&[(id(1), reference(Kind::Deal, "1"), fields(&[(Field::Name, text("First"))]))]);
    store.commit_page(&held, one.clone(), NOW).await.unwrap();
    // when a page holds an update, a cursor and a record that claims to be new but is not
    let mut bad =
        again(page(&[(id(1), reference(Kind::Deal, "1"), fields(&[(Field::Name, text("Changed"))]))]));
    bad.sources.extend(one.sources);
    bad.positions = at(PassKind::Since, Some("never"), None).positions;
    let refused = store.commit_page(&held, bad, NOW).await;
    // then none of it is there
    assert!(matches!(refused, Err(Error::Database { .. })));
    assert_eq!(store.record(id(1)).await.unwrap().unwrap().fields.text(Field::Name), Some("First"));
    assert_eq!(store.cursor(&crm(), Kind::Deal, PassKind::Since).await.unwrap(), None);
}
