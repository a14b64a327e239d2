//! Archived, deleted, absent, merged, and back again.

use crate::reconcile::{MergePolicy, testing::*};
use model::{EventKind, Field, GoneHow, Value};

fn memory() -> Memory {
    Memory::new(MergePolicy::default())
}

fn ann() -> (Field, Value) {
    (Field::Email, text("ann@acme.com"))
}

#[test]
fn a_record_that_left_is_marked_kept_and_can_return() {
    for how in [GoneHow::Archived, GoneHow::Deleted, GoneHow::Absent, GoneHow::NoAccess] {
        let mut store = memory();
        store.take(vec![seen("crm/deal:1", 5, [(Field::Name, text("Big"))])]);
        let plan = store.take(vec![gone("crm/deal:1", 6, how.clone())]);
        assert_eq!((told(&plan), plan.dirty.len()), (vec!["gone"], 1));
        let deal = store.of(&reference("crm/deal:1"));
        assert_eq!((deal.gone, deal.fields.text(Field::Name)), (Some(how.clone()), Some("Big")));
        assert!(nothing(&store.take(vec![gone("crm/deal:1", 7, how)])));

        let plan = store.take(vec![seen("crm/deal:1", 5, [(Field::Name, text("Big"))])]);
        assert_eq!((told(&plan), plan.dirty.len()), (vec!["returned"], 1));
        assert_eq!(store.of(&reference("crm/deal:1")).gone, None);
    }
}

#[test]
fn a_record_that_changed_after_it_is_said_to_have_gone_lives() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 9, [(Field::Name, text("Big"))])]);
    assert!(nothing(&store.take(vec![gone("crm/deal:1", 8, GoneHow::Absent)])));
}

#[test]
fn an_old_sighting_does_not_bring_a_record_back() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 9, [(Field::Name, text("Big"))])]);
    store.take(vec![gone("crm/deal:1", 10, GoneHow::Deleted)]);
    assert!(nothing(&store.take(vec![seen("crm/deal:1", 8, [(Field::Name, text("Bi"))])])));
}

#[test]
fn better_knowledge_of_how_it_went_is_kept_without_telling_again() {
    let mut store = memory();
    store.take(vec![seen("crm/deal:1", 5, [(Field::Name, text("Big"))])]);
    store.take(vec![gone("crm/deal:1", 6, GoneHow::Absent)]);
    let plan = store.take(vec![gone("crm/deal:1", 6, GoneHow::Archived)]);
    assert!(plan.events.is_empty());
    assert_eq!(store.of(&reference("crm/deal:1")).gone, Some(GoneHow::Archived));
    assert!(nothing(&store.take(vec![gone("crm/deal:1", 7, GoneHow::Absent)])));
}

#[test]
fn what_another_source_says_stays_when_one_leaves() {
    let mut store = memory();
    store.take(vec![seen(
        "crm/contact:1",
        6,
        [ann(), (Field::Name, text("A")), (Field::City, text("Bonn"))],
    )]);
    store.take(vec![seen("erp/contact:1", 5, [ann(), (Field::Name, text("B"))])]);
    let plan = store.take(vec![gone("crm/contact:1", 7, GoneHow::Deleted)]);
    assert_eq!(told(&plan), ["gone", "changed"]);
    let record = store.of(&reference("erp/contact:1"));
    assert_eq!((record.gone, record.fields.text(Field::Name)), (None, Some("B")));
    assert_eq!(record.fields.text(Field::City), None);
}

#[test]
fn a_merge_moves_the_link_for_good_and_nothing_else() {
    let mut store = memory();
    store.take(vec![
        seen("crm/contact:1", 5, [ann(), (Field::Name, text("winner"))]),
        seen("crm/contact:2", 6, [(Field::Email, text("a@acme.com")), (Field::Name, text("loser"))]),
    ]);
    let (winner, loser) =
        (store.of(&reference("crm/contact:1")).id, store.of(&reference("crm/contact:2")).id);
    let plan = store.take(vec![merged("crm/contact:2", "1")]);
    assert_eq!(told(&plan), ["gone", "joined"]);
    assert_eq!(plan.relinks, [(reference("crm/contact:2"), winner)]);
    assert_eq!(store.of(&reference("crm/contact:2")).fields.text(Field::Name), Some("winner"));
    let left = store.record(loser).unwrap();
    assert_eq!(left.gone, Some(GoneHow::Merged { into: "1".into() }));
    assert_eq!(left.fields.text(Field::Name), Some("loser"));
    // Told again with every later sight of the winner, and a late sight of the loser, change nothing.
    assert!(nothing(&store.take(vec![merged("crm/contact:2", "1")])));
    assert!(nothing(&store.take(vec![seen("crm/contact:2", 7, [(Field::Name, text("ghost"))])])));
    // Its address belongs to nobody any more.
    store.take(vec![seen("erp/contact:1", 8, [(Field::Email, text("a@acme.com"))])]);
    assert_eq!(store.records.len(), 3);
}

#[test]
fn a_merge_into_a_record_of_the_same_page_finds_it_in_any_order() {
    for reversed in [false, true] {
        let mut store = memory();
        store.take(vec![seen("crm/contact:2", 5, [(Field::Name, text("loser"))])]);
        let mut page =
            vec![seen("crm/contact:1", 6, [(Field::Name, text("winner"))]), merged("crm/contact:2", "1")];
        if reversed {
            page.reverse();
        }
        store.take(page);
        assert_eq!(store.of(&reference("crm/contact:2")).id, store.of(&reference("crm/contact:1")).id);
    }
}

#[test]
fn chains_of_merges_end_at_the_last_survivor() {
    for reversed in [false, true] {
        let mut store = memory();
        store.take((1..=3).map(|id| seen(&format!("crm/contact:{id}"), 5, [])).collect());
        let mut page = vec![merged("crm/contact:1", "2"), merged("crm/contact:2", "3")];
        if reversed {
            page.reverse();
        }
        store.take(page);
        let last = store.of(&reference("crm/contact:3")).id;
        assert!(
            (1..=3).all(|id| store.of(&reference(&format!("crm/contact:{id}"))).id == last),
            "{reversed}"
        );
        assert_eq!(store.records.values().filter(|one| one.gone.is_none()).count(), 1);
    }
}

#[test]
fn what_had_joined_the_loser_goes_along_unless_the_winner_has_its_like() {
    let mut store = memory();
    let bob = (Field::Email, text("bob@acme.com"));
    store.take(vec![seen("crm/contact:1", 5, [ann()]), seen("crm/contact:2", 5, [bob.clone()])]);
    store.take(vec![seen("erp/contact:2", 5, [bob.clone()])]);
    store.take(vec![merged("crm/contact:2", "1")]);
    let id = |store: &Memory, name: &str| store.of(&reference(name)).id;
    assert_eq!(id(&store, "erp/contact:2"), id(&store, "crm/contact:1"));

    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [ann()]), seen("crm/contact:2", 5, [bob.clone()])]);
    store.take(vec![seen("erp/contact:1", 5, [ann()]), seen("erp/contact:2", 5, [bob])]);
    let plan = store.take(vec![merged("crm/contact:2", "1")]);
    assert_ne!(id(&store, "erp/contact:2"), id(&store, "crm/contact:1"));
    assert_eq!(store.of(&reference("erp/contact:2")).gone, None);
    assert!(plan.events.iter().any(|one| matches!(one.kind, EventKind::Gone { .. })));
}

#[test]
fn a_merge_whose_survivor_is_unknown_marks_the_loser_and_moves_it_when_the_survivor_shows() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:2", 5, [ann()])]);
    store.take(vec![merged("crm/contact:2", "1")]);
    assert!(store.of(&reference("crm/contact:2")).gone.is_some());
    store.take(vec![seen("crm/contact:1", 6, [ann()]), merged("crm/contact:2", "1")]);
    assert_eq!(store.of(&reference("crm/contact:2")).id, store.of(&reference("crm/contact:1")).id);
}

#[test]
fn nobody_is_merged_into_himself_and_strangers_leave_no_trace() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [ann()])]);
    assert!(nothing(&store.take(vec![merged("crm/contact:1", "1")])));
    assert!(nothing(
        &store.take(vec![merged("crm/contact:8", "9"), gone("crm/contact:7", 5, GoneHow::Deleted)])
    ));
}
