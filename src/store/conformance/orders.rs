//! What people decide about who does what.

use super::kit::{NOW, assignment, daemon, id, later, placed, placing, queued, task};
use crate::{CarriedOut, Error, Refusal, Store, TakeBack};
use model::{
    AgentId, Event, EventKind,
    work::{Board, Give, Order, Party, Subject, TaskState},
};
use serde_json::Map;
use std::sync::Arc;

fn order(name: &str) -> Order {
    let give = Give {
        task: id(30),
        from: Some("ANNA".into()),
        to: Some("BEN".into()),
        force: false,
        begun: false,
        why: "she is away".into(),
    };
    let made = task(40, Subject::Deal(id(3)), None);
    Order { id: name.into(), by: "olga".into(), at: NOW, make: Some((made, Map::new())), gives: vec![give] }
}

pub(super) async fn an_order_waits_once_and_only_people_give_it(store: Arc<dyn Store>) {
    let olga = Party::Person("olga".into());
    assert!(store.order(&olga, order("o-1"), "{}").await.unwrap());
    assert!(!store.order(&olga, order("o-1"), "{}").await.unwrap(), "the same again");
    let refused = store.order(&Party::Agent("ANNA".into()), order("o-2"), "{}").await;
    assert!(matches!(refused, Err(Error::Refused { refusal: Refusal::NotYours, .. })));
    assert_eq!(store.orders().await.unwrap(), [order("o-1")]);
    assert_eq!(store.ordered("o-1").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(store.ordered("o-2").await.unwrap(), None);
}

pub(super) async fn work_is_seen_whoever_has_it(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    // given one task that waits and one that is held
    queued(&*store, &held, &[task(30, Subject::Deal(id(1)), None), task(31, Subject::Deal(id(2)), None)])
        .await;
    placed(&*store, &held, &[(id(30), "ANNA")]).await;
    // then both are on the board of all work, with holder, load and how often each was placed
    let all = store.work_board(None, 10, NOW).await.unwrap();
    assert_eq!(all.tasks.iter().map(|task| task.id).collect::<Vec<_>>(), [id(30), id(31)]);
    assert_eq!(all.tasks[0].holder, Some("ANNA".into()));
    assert_eq!(all.primaries[&*Subject::Deal(id(1)).to_string()], AgentId::from("ANNA"));
    assert_eq!(all.loads[&AgentId::from("ANNA")].open["task"], 1);
    assert_eq!(all.placed_before[&id(30)], 1);
    // and one can be asked for by itself
    let one = store.work_board(Some(vec![id(31), id(99)]), 10, NOW).await.unwrap();
    assert_eq!(one.tasks.len(), 1);
}

pub(super) async fn an_order_is_carried_out_as_one_and_is_over(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    queued(&*store, &held, &[task(30, Subject::Deal(id(1)), None)]).await;
    placed(&*store, &held, &[(id(30), "ANNA")]).await;
    store.order(&Party::Daemon, order("o-1"), "{}").await.unwrap();
    let revision = store.work_board(None, 10, NOW).await.unwrap().revision;
    let back = TakeBack {
        task: id(30),
        agent: "ANNA".into(),
        why: "olga gave it to BEN".into(),
        passed: None,
        meant_for: None,
    };
    let kind = EventKind::Noticed { what: "olga gave it to BEN".to_owned() };
    let carried = CarriedOut {
        orders: vec!["o-1".into()],
        take_back: vec![back],
        create: vec![(task(40, Subject::Deal(id(3)), None), 5, None)],
        placing: placing(Board::default(), vec![assignment(id(30), Some("BEN"))]),
        events: vec![Event {
            at: later(1),
            subject: Some(id(30)),
            kind: kind.clone(),
            source: "olga".into(),
        }],
    };
    // when the board moved meanwhile, nothing is done
    let stale = store.commit_orders(&held, revision - 1, carried.clone(), later(1)).await;
    assert!(matches!(stale, Err(Error::Stale { .. })));
    assert_eq!(store.orders().await.unwrap().len(), 1);
    // else the task has changed hands, the new one waits, and the order is over
    store.commit_orders(&held, revision, carried, later(1)).await.unwrap();
    let (moved, decisions) = store.task(id(30)).await.unwrap().unwrap();
    assert_eq!((moved.state, moved.holder, decisions.len()), (TaskState::Assigned, Some("BEN".into()), 2));
    assert_eq!(store.task(id(40)).await.unwrap().unwrap().0.state, TaskState::Queued);
    assert_eq!(store.orders().await.unwrap(), []);
    assert!(!store.order(&Party::Daemon, order("o-1"), "{}").await.unwrap(), "it was carried out");
    let loads = store.work_board(None, 10, NOW).await.unwrap().loads;
    let open = |agent: &str| loads[&AgentId::from(agent)].open.get("task").copied().unwrap_or_default();
    assert_eq!((open("ANNA"), open("BEN")), (0, 1));
    assert_eq!(store.history(id(30), 1).await.unwrap()[0].1.kind, kind);
}
