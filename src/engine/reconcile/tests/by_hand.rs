//! Merging and un-merging on a person's word.

use crate::{
    dice::Dice,
    ids::Ids,
    reconcile::{MergePolicy, NotPossible, merge_by_hand, testing::*, unmerge},
};
use model::{Field, Value};

fn two_companies() -> Memory {
    let mut store = Memory::new(MergePolicy::default());
    let domain = |text_: &str| (Field::Domain, text(text_));
    store.take(vec![seen("crm/company:1", 5, [domain("acme.com"), (Field::Name, text("Acme"))])]);
    store.take(vec![seen("erp/company:1", 6, [domain("acme.de"), (Field::Name, text("Acme GmbH"))])]);
    store
}

#[test]
fn a_merge_by_hand_moves_links_and_unmerging_restores_both() {
    let mut store = two_companies();
    let (one, other) = (store.of(&reference("crm/company:1")), store.of(&reference("erp/company:1")));

    let plan = merge_by_hand(&one, &other, &store.policy, at(9), "eve").unwrap();
    store.commit(&plan);
    assert_eq!(told(&plan), ["joined", "changed", "gone"]);
    assert!(plan.events.iter().all(|event| &*event.source == "eve"));
    let joined = store.of(&reference("erp/company:1"));
    assert_eq!((joined.id, joined.fields.text(Field::Name)), (one.id, Some("Acme GmbH")));

    let emptied = store.record(other.id).unwrap();
    let mut ids = Ids::new(at(9), Dice::seeded(1));
    let from = reference("erp/company:1");
    let plan = unmerge(&from, &joined, Some(&emptied), &store.policy, at(10), &mut ids, "eve").unwrap();
    store.commit(&plan);
    for (name, before) in [("crm/company:1", &one), ("erp/company:1", &other)] {
        let now = store.of(&reference(name));
        assert_eq!((now.id, &now.fields, &now.gone), (before.id, &before.fields, &None), "{name}");
    }
    // Apart for good: the link decides, not the key.
    store.take(vec![seen("erp/company:1", 11, [(Field::Domain, text("acme.com"))])]);
    assert_eq!(store.of(&reference("erp/company:1")).id, other.id);
}

#[test]
fn what_joined_by_itself_can_be_taken_apart_into_a_record_of_its_own() {
    let mut store = Memory::new(MergePolicy::default());
    let ann: (Field, Value) = (Field::Email, text("ann@acme.com"));
    store.take(vec![seen("crm/contact:1", 5, [ann.clone()])]);
    store.take(vec![seen("erp/contact:1", 6, [ann.clone()])]);
    let both = store.of(&reference("crm/contact:1"));
    let mut ids = Ids::new(at(9), Dice::seeded(1));
    let plan =
        unmerge(&reference("erp/contact:1"), &both, None, &store.policy, at(9), &mut ids, "eve").unwrap();
    store.commit(&plan);
    assert_ne!(store.of(&reference("erp/contact:1")).id, both.id);
    store.take(vec![seen("erp/contact:1", 10, [ann, (Field::Name, text("Ann"))])]);
    assert_eq!(store.of(&reference("crm/contact:1")).fields.text(Field::Name), None);
}

#[test]
fn what_cannot_be_done_is_refused_with_a_reason() {
    let mut store = two_companies();
    store.take(vec![seen("crm/contact:1", 5, [])]);
    let (company, contact) = (store.of(&reference("crm/company:1")), store.of(&reference("crm/contact:1")));
    let merge = |one, other| merge_by_hand(one, other, &store.policy, at(9), "eve").unwrap_err();
    assert_eq!(merge(&company, &company), NotPossible::SameRecord);
    assert_eq!(merge(&company, &contact), NotPossible::DifferentKinds);
    let mut ids = Ids::new(at(9), Dice::seeded(1));
    let mut apart =
        |name| unmerge(&reference(name), &company, None, &store.policy, at(9), &mut ids, "eve").unwrap_err();
    assert_eq!(apart("crm/company:1"), NotPossible::OnlySource);
    assert_eq!(apart("erp/company:1"), NotPossible::NotASource);
}
