//! What goes out.

use super::kit::{NOW, auto, create_task, crm, daemon, decided, id, later, move_to, note, page, reference};
use crate::{Actor, Caps, Decision, Error, Held, Store, WriteFilter, WriteRow};
use model::{
    ConnectionId, Delivery, EventKind, ExternalRef, Fields, Intake, Key, Kind, Mode, Receipt, SettledAs,
    Timestamp, WriteKind, WriteState,
};
use std::{collections::BTreeMap, sync::Arc};

fn deal(ext: &str) -> ExternalRef {
    reference(Kind::Deal, ext)
}

fn receipt(ext: &str) -> Receipt {
    Receipt { reference: reference(Kind::Note, ext), at: NOW, found: false }
}

fn anna() -> Actor {
    Actor("anna".to_owned())
}

async fn claim(store: &dyn Store, held: &Held, now: Timestamp) -> Vec<Delivery> {
    store.claim(held, now, 10, &auto(), &Caps::default()).await.unwrap()
}

async fn row(store: &dyn Store, row: i64) -> WriteRow {
    let filter = WriteFilter { row: Some(row), ..WriteFilter::default() };
    store.writes(&filter, 1).await.unwrap().remove(0)
}

async fn states(store: &dyn Store) -> Vec<&'static str> {
    let mut rows = store.writes(&WriteFilter::default(), 100).await.unwrap();
    rows.reverse();
    rows.iter().map(|row| row.state.name()).collect()
}

pub(super) async fn a_proposed_write_goes_out_as_its_mode_allows(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    decided(&*store, &held, vec![note(&deal("1"), "a"), note(&deal("2"), "b")]).await;
    let in_mode = async |mode| {
        let modes = BTreeMap::from([(crm(), mode)]);
        store.claim(&held, NOW, 10, &modes, &Caps::default()).await.unwrap()
    };
    // neither watching nor proposing sends what nobody approved
    assert!(in_mode(Mode::Observe).await.is_empty());
    assert!(in_mode(Mode::Propose).await.is_empty());
    assert!(store.claim(&held, NOW, 10, &BTreeMap::new(), &Caps::default()).await.unwrap().is_empty());
    assert_eq!((states(&*store).await, store.next_due().await.unwrap()), (vec!["proposed"; 2], None));
    // approved, it goes out when proposing, but still not when only watching
    let second = store.writes(&WriteFilter::default(), 1).await.unwrap()[0].row;
    assert_eq!(store.decide(&anna(), &[second], Decision::Approve, NOW).await.unwrap(), [second]);
    assert!(store.next_due().await.unwrap().is_some());
    assert!(in_mode(Mode::Observe).await.is_empty());
    let out = in_mode(Mode::Propose).await;
    assert_eq!(
        out.iter().map(|d| (d.row, d.look_first, d.attempt, d.sent)).collect::<Vec<_>>(),
        [(second, false, 1, NOW)]
    );
    // and `auto` needs no approval
    assert_eq!(in_mode(Mode::Auto).await.len(), 1);
    assert_eq!(states(&*store).await, ["sending", "sending"]);
    assert!(
        matches!(row(&*store, second).await.state, WriteState::Sending { attempt: 1, epoch } if epoch == held.epoch())
    );
}

pub(super) async fn one_target_has_one_delivery_at_a_time_in_order(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let writes =
        vec![note(&deal("1"), "a"), note(&deal("1"), "b"), note(&deal("2"), "c"), note(&deal("1"), "d")];
    decided(&*store, &held, writes.clone()).await;
    let keys = |out: &[Delivery]| out.iter().map(|d| d.write.key).collect::<Vec<_>>();

    let first = claim(&*store, &held, NOW).await;

    assert_eq!(keys(&first), [writes[0].key, writes[2].key]);
    assert!(claim(&*store, &held, NOW).await.is_empty(), "the others wait for the first");
    // a retry keeps its place
    let retry = SettledAs::Retry { at: later(60), why: "429".to_owned() };
    store.settle(&held, first[0].row, retry, NOW).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(later(60)));
    assert!(claim(&*store, &held, later(59)).await.is_empty());
    let again = claim(&*store, &held, later(60)).await;
    assert_eq!((keys(&again), again[0].attempt), (vec![writes[0].key], 2));
    store.settle(&held, again[0].row, SettledAs::Done(receipt("n1")), later(61)).await.unwrap();
    assert_eq!(keys(&claim(&*store, &held, later(61)).await), [writes[1].key]);
}

pub(super) async fn a_cap_holds_for_the_run_and_an_approval_lifts_it(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let writes = (1..=4).map(|n| note(&deal(&n.to_string()), "a")).chain([move_to(&deal("9"), "p/1", "a")]);
    decided(&*store, &held, writes.collect()).await;
    let caps = Caps(BTreeMap::from([((crm(), WriteKind::CreateNote), 2)]));
    let capped = async |held: &Held| store.claim(held, NOW, 10, &auto(), &caps).await.unwrap();
    // when a run may make two notes, two go out, and what has no cap
    let out = capped(&held).await;
    assert_eq!(out.len(), 3);
    // then the others wait as they are, even when one of the two is settled
    store.settle(&held, out[0].row, SettledAs::Done(receipt("n")), NOW).await.unwrap();
    assert!(capped(&held).await.is_empty());
    assert_eq!(states(&*store).await, ["done", "sending", "proposed", "proposed", "sending"]);
    // unless a person approves one, or another run begins
    let rows = store
        .writes(&WriteFilter { states: vec!["proposed".into()], ..WriteFilter::default() }, 9)
        .await
        .unwrap();
    store.decide(&anna(), &[rows[0].row], Decision::Approve, NOW).await.unwrap();
    assert_eq!(capped(&held).await.len(), 1);
    let next = daemon(&*store).await;
    assert_eq!(capped(&next).await.len(), 1);
}

pub(super) async fn the_kill_switch_stops_every_claim(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    decided(&*store, &held, vec![note(&deal("1"), "a")]).await;
    assert_eq!(store.writes_paused().await.unwrap(), None);

    store.pause_writes(&anna(), true, NOW).await.unwrap();
    store.pause_writes(&Actor("ben".to_owned()), true, later(5)).await.unwrap();

    assert_eq!(store.writes_paused().await.unwrap(), Some((NOW, "anna".to_owned())));
    assert!(claim(&*store, &held, NOW).await.is_empty());
    store.pause_writes(&anna(), false, later(9)).await.unwrap();
    assert_eq!(claim(&*store, &held, NOW).await.len(), 1);
    let noticed = store.events(0, 10).await.unwrap();
    assert_eq!(noticed.iter().filter(|(_, e)| matches!(e.kind, EventKind::Noticed { .. })).count(), 2);
}

pub(super) async fn a_connection_with_a_long_queue_does_not_starve_another(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut writes: Vec<_> = (0..8).map(|n| note(&deal(&n.to_string()), "a")).collect();
    let other: ConnectionId = "odoo".into();
    writes.push(note(&ExternalRef::new(&other, Kind::Deal, "1"), "a"));
    decided(&*store, &held, writes).await;
    let modes = BTreeMap::from([(crm(), Mode::Auto), (other.clone(), Mode::Auto)]);

    let out = store.claim(&held, NOW, 2, &modes, &Caps::default()).await.unwrap();

    assert_eq!(out.len(), 2);
    assert_eq!(out.iter().filter(|d| d.write.target.connection == other).count(), 1);
}

pub(super) async fn a_crash_in_sending_is_looked_for_and_not_repeated(store: Arc<dyn Store>) {
    let dead = daemon(&*store).await;
    decided(&*store, &dead, vec![note(&deal("1"), "a"), note(&deal("1"), "b")]).await;
    let sent = claim(&*store, &dead, NOW).await.remove(0);
    // given the process died, when the next one recovers
    let held = daemon(&*store).await;
    assert!(matches!(
        store.settle(&dead, sent.row, SettledAs::Done(receipt("n")), NOW).await,
        Err(Error::Fenced { .. })
    ));
    assert_eq!(store.recover(&held, later(5)).await.unwrap(), 1);
    assert_eq!(store.recover(&held, later(5)).await.unwrap(), 0);
    // then it is looked for first, once, and the next of its target waits
    let look = claim(&*store, &held, later(5)).await;
    assert_eq!(
        look.iter().map(|d| (d.row, d.look_first, d.sent, d.attempt)).collect::<Vec<_>>(),
        [(sent.row, true, NOW, 1)]
    );
    assert_eq!(row(&*store, sent.row).await.state.name(), "verify");
    assert!(claim(&*store, &held, later(5)).await.is_empty());
    // looking later makes it due later
    let later_look = SettledAs::Verify { at: later(60), why: "the index lags".to_owned() };
    store.settle(&held, sent.row, later_look, later(6)).await.unwrap();
    assert!(claim(&*store, &held, later(59)).await.is_empty());
    assert!(claim(&*store, &held, later(60)).await[0].look_first);
    // found absent, it is sent again, as the second attempt
    store.resend(&held, sent.row, later(61)).await.unwrap();
    assert!(
        matches!(row(&*store, sent.row).await.state, WriteState::Sending { attempt: 2, epoch } if epoch == held.epoch())
    );
    assert!(matches!(store.resend(&held, sent.row, later(61)).await, Err(Error::IllegalMove { .. })));
    store.settle(&held, sent.row, SettledAs::Done(receipt("n")), later(62)).await.unwrap();
    // and a look that its run did not finish begins anew in the next
    let second = claim(&*store, &held, later(62)).await.remove(0);
    let unsure = SettledAs::Verify { at: later(63), why: "timeout".to_owned() };
    store.settle(&held, second.row, unsure, later(62)).await.unwrap();
    assert_eq!(claim(&*store, &held, later(63)).await.len(), 1);
    let next = daemon(&*store).await;
    store.recover(&next, later(64)).await.unwrap();
    assert_eq!(claim(&*store, &next, later(64)).await.len(), 1);
}

pub(super) async fn every_outcome_leads_to_its_state_and_illegal_ones_are_refused(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let why = || "because".to_owned();
    let outcomes = [
        (SettledAs::Done(receipt("n")), "done", true),
        (SettledAs::Moved { why: why() }, "moved", true),
        (SettledAs::Refused { why: why() }, "refused", true),
        (SettledAs::Unknown { why: why() }, "unknown", true),
        (SettledAs::Retry { at: later(9), why: why() }, "retry", false),
        (SettledAs::Verify { at: later(9), why: why() }, "verify", false),
    ];
    for (number, (outcome, state, for_good)) in outcomes.into_iter().enumerate() {
        decided(&*store, &held, vec![note(&deal(&number.to_string()), "a")]).await;
        let sent = claim(&*store, &held, NOW).await.remove(0);

        store.settle(&held, sent.row, outcome.clone(), later(1)).await.unwrap();

        let row = row(&*store, sent.row).await;
        assert_eq!((row.state.name(), row.attempts, row.changed), (state, 1, later(1)));
        let receipt = if let SettledAs::Done(receipt) = &outcome { Some(receipt.clone()) } else { None };
        assert_eq!(row.note.is_none(), receipt.is_some());
        assert_eq!(row.receipt, receipt);
        let (_, last) = store.events(0, 100).await.unwrap().pop().unwrap();
        let told = matches!(last.kind, EventKind::WriteSettled { key, .. } if key == sent.write.key);
        assert_eq!(told, for_good, "{state}");
        if matches!(state, "moved" | "refused") {
            let twice = store.settle(&held, sent.row, SettledAs::Done(self::receipt("n")), NOW).await;
            assert!(matches!(twice, Err(Error::IllegalMove { to: "done", .. })), "{state}");
        }
    }
    assert!(store.settle(&held, 999, SettledAs::Done(receipt("n")), NOW).await.is_err());
}

pub(super) async fn an_echo_settles_and_the_late_answer_changes_nothing(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    decided(&*store, &held, vec![note(&deal("1"), "a"), note(&deal("2"), "b"), note(&deal("3"), "c")]).await;
    let sent = claim(&*store, &held, NOW).await;
    let skipped = sent[2].row;
    let refused = SettledAs::Refused { why: "no".to_owned() };
    store.settle(&held, skipped, refused, NOW).await.unwrap();
    // when a page shows two of them before the answers came (and one that was refused)
    let settled = vec![(sent[0].row, receipt("n1")), (sent[1].row, receipt("n2")), (skipped, receipt("n3"))];
    store.commit_page(&held, Intake { settled, ..Intake::default() }, later(1)).await.unwrap();
    assert_eq!(states(&*store).await, ["done", "done", "refused"]);
    // then a lost answer does not make it unsure again
    let unsure = SettledAs::Verify { at: later(9), why: "timeout".to_owned() };
    store.settle(&held, sent[0].row, unsure, later(2)).await.unwrap();
    assert_eq!(states(&*store).await[0], "done");
    assert_eq!(row(&*store, sent[0].row).await.receipt, Some(receipt("n1")));
}

pub(super) async fn the_same_key_is_one_write_and_another_payload_a_collision(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let one = note(&deal("1"), "a");
    decided(&*store, &held, vec![one.clone()]).await;
    let other_words = model::Write { because: "said differently".to_owned(), ..one.clone() };
    decided(&*store, &held, vec![one.clone(), other_words]).await;
    assert_eq!(states(&*store).await, ["proposed"]);
    // when the payload differs
    let mut other = one.clone();
    other.intent = model::Intent::CreateNote { body: "something else".to_owned(), at: NOW };
    let writes = vec![note(&deal("2"), "z"), other];
    let progressed = crate::Progressed { writes, ..crate::Progressed::default() };
    let refused = store.commit_progress(&held, progressed, NOW).await;
    // then it is shown, and nothing of that commit is stored
    assert!(matches!(refused, Err(Error::KeyCollision { key }) if key == one.key.to_string()));
    assert_eq!(states(&*store).await, ["proposed"]);
}

pub(super) async fn a_newer_decision_supersedes_unsent_ones_only(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let (one, other) = (move_to(&deal("1"), "p/1", "a"), move_to(&deal("2"), "p/1", "a"));
    decided(&*store, &held, vec![one, other]).await;
    let sent = store.claim(&held, NOW, 1, &auto(), &Caps::default()).await.unwrap();
    // when both deals are decided on anew, one of which is on its way, and a note is written
    let (newer_one, newer_other) = (move_to(&deal("1"), "p/2", "b"), move_to(&deal("2"), "p/2", "b"));
    decided(&*store, &held, vec![newer_one, newer_other.clone(), note(&deal("2"), "n")]).await;
    // then only the unsent one is replaced
    assert_eq!(states(&*store).await, ["sending", "superseded", "proposed", "proposed", "proposed"]);
    let replaced = row(&*store, sent[0].row + 1).await.state;
    assert_eq!(replaced, WriteState::Superseded { by: newer_other.key });
}

pub(super) async fn people_decide_only_where_the_state_allows_it(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let writes = vec![move_to(&deal("1"), "p/1", "a"), note(&deal("2"), "a"), note(&deal("3"), "a")];
    decided(&*store, &held, writes).await;
    let sent = claim(&*store, &held, NOW).await;
    let rows: Vec<i64> = sent.iter().map(|d| d.row).collect();
    // what is on its way is nobody's to decide
    for what in [Decision::Approve, Decision::Retry, Decision::Skip] {
        assert!(store.decide(&anna(), &rows, what, NOW).await.unwrap().is_empty());
    }
    for row in &rows {
        store.settle(&held, *row, SettledAs::Refused { why: "no".to_owned() }, NOW).await.unwrap();
    }
    // a refused one may be tried again or skipped, but not when a newer decision took its place
    decided(&*store, &held, vec![move_to(&deal("1"), "p/2", "b")]).await;
    assert_eq!(store.decide(&anna(), &rows[..2], Decision::Retry, NOW).await.unwrap(), [rows[1]]);
    assert_eq!(store.decide(&anna(), &[rows[2], 999], Decision::Skip, NOW).await.unwrap(), [rows[2]]);
    assert_eq!(states(&*store).await, ["refused", "pending", "skipped", "proposed"]);
    assert_eq!(row(&*store, rows[2]).await.state, WriteState::Skipped { who: "anna".to_owned() });
    assert!(store.decide(&anna(), &[rows[2]], Decision::Retry, NOW).await.unwrap().is_empty());
    // and filters find them
    let key = sent[1].write.key;
    let filter = WriteFilter { key: Some(key), connection: Some(crm()), ..WriteFilter::default() };
    assert_eq!(
        store.writes(&filter, 9).await.unwrap().iter().map(|row| row.row).collect::<Vec<_>>(),
        [rows[1]]
    );
    let nowhere = WriteFilter { connection: Some("odoo".into()), ..WriteFilter::default() };
    assert!(store.writes(&nowhere, 9).await.unwrap().is_empty());
}

pub(super) async fn known_brings_writes_in_flight_by_target_and_marker(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let first = page(&[(id(1), deal("1"), Fields::default())]);
    store.commit_page(&held, first, NOW).await.unwrap();
    let old = move_to(&deal("1"), "p/1", "a");
    decided(&*store, &held, vec![old.clone(), create_task(&deal("2"), id(5))]).await;
    for delivery in claim(&*store, &held, NOW).await {
        store.settle(&held, delivery.row, SettledAs::Done(receipt("n")), NOW).await.unwrap();
    }
    let unsent = note(&deal("1"), "b");
    decided(&*store, &held, vec![unsent.clone()]).await;
    // when asked by target: what is open, and the last done one per field
    let keys = async |keys: &[Key]| {
        let known = store.known(keys).await.unwrap();
        known.in_flight.iter().map(|one| one.write.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&[Key::Ref(deal("1"))]).await, [old.key, unsent.key]);
    // when asked by marker: that write, in whatever state
    let made = create_task(&deal("2"), id(5));
    assert!(keys(&[Key::Ref(deal("2"))]).await.is_empty(), "a done creation is known by its marker");
    assert_eq!(keys(&[Key::Marker(made.key), Key::Marker(made.key)]).await, [made.key]);
}
