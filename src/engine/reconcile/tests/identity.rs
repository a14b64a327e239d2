//! Who is who.

use crate::reconcile::{MergePolicy, testing::*};
use model::{Field, GoneHow};

fn memory() -> Memory {
    Memory::new(MergePolicy::default())
}

#[test]
fn a_new_record_is_one_row_of_each_and_one_event() {
    let mut store = memory();
    let plan = store.take(vec![seen("crm/contact:1", 5, [(Field::Email, text(" Ann@Acme.com"))])]);
    assert_eq!((plan.records.len(), plan.sources.len()), (1, 1));
    assert_eq!(told(&plan), ["first_seen"]);
    assert_eq!(store.of(&reference("crm/contact:1")).fields.text(Field::Email), Some("ann@acme.com"));
    assert_eq!(store.rounds, 2);
}

#[test]
fn people_of_two_connections_join_by_address_and_companies_by_registrable_domain() {
    let mut store = memory();
    store.take(vec![
        seen("crm/contact:1", 5, [(Field::Email, text("ann@acme.com"))]),
        seen("crm/company:1", 5, [(Field::Domain, text("https://www.acme.co.uk/"))]),
        seen("crm/owner:1", 5, [(Field::Email, text("rep@ours.com"))]),
    ]);
    let plan = store.take(vec![
        seen("erp/contact:9", 6, [(Field::Email, text("ANN@acme.com")), (Field::Phone, text("1"))]),
        seen("erp/company:9", 6, [(Field::Domain, text("shop.acme.co.uk"))]),
        seen("erp/owner:9", 6, [(Field::Email, text("rep@ours.com"))]),
    ]);
    for kind in ["contact", "company", "owner"] {
        let (one, other) = (reference(&format!("crm/{kind}:1")), reference(&format!("erp/{kind}:9")));
        assert_eq!(store.of(&one).id, store.of(&other).id, "{kind}");
    }
    assert_eq!(told(&plan), ["joined", "changed", "joined", "changed", "joined"]);
}

#[test]
fn what_one_connection_keeps_apart_stays_apart_even_within_a_page() {
    let mut store = memory();
    store.take(vec![
        seen("crm/company:1", 5, [(Field::Domain, text("acme.com"))]),
        seen("crm/company:2", 5, [(Field::Domain, text("acme.com"))]),
    ]);
    store.take(vec![seen("crm/company:3", 5, [(Field::Domain, text("acme.com"))])]);
    assert_eq!(store.records.len(), 3);
    // A second connection's record joins the oldest of them, and only one of its records does.
    store.take(vec![
        seen("erp/company:8", 6, [(Field::Domain, text("acme.com"))]),
        seen("erp/company:9", 6, [(Field::Domain, text("acme.com"))]),
    ]);
    let id = |name: &str| store.of(&reference(name)).id;
    assert_eq!(id("erp/company:8"), id("crm/company:1"));
    assert_eq!(id("erp/company:9"), id("crm/company:2"));
}

#[test]
fn records_of_two_connections_in_one_batch_are_matched_against_each_other() {
    let mut store = memory();
    let plan = store.take(vec![
        seen("crm/contact:1", 5, [(Field::Email, text("ann@acme.com"))]),
        seen("erp/contact:1", 5, [(Field::Email, text("ann@acme.com"))]),
    ]);
    assert_eq!((plan.records.len(), plan.sources.len()), (1, 2));
    assert_eq!(told(&plan), ["first_seen", "joined"]);
}

#[test]
fn free_mail_domains_join_no_companies() {
    let mut store = memory();
    store.take(vec![seen("crm/company:1", 5, [(Field::Domain, text("gmail.com"))])]);
    store.take(vec![seen("erp/company:1", 5, [(Field::Domain, text("gmail.com"))])]);
    assert_eq!(store.records.len(), 2);
}

#[test]
fn a_link_decides_even_when_the_address_changes_to_somebody_elses() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [(Field::Email, text("ann@acme.com"))])]);
    store.take(vec![seen("erp/contact:2", 5, [(Field::Email, text("bob@acme.com"))])]);
    store.take(vec![seen("erp/contact:2", 6, [(Field::Email, text("ann@acme.com"))])]);
    let id = |name: &str| store.of(&reference(name)).id;
    assert_ne!(id("crm/contact:1"), id("erp/contact:2"));
}

#[test]
fn a_record_that_left_everywhere_is_joined_by_nobody() {
    let mut store = memory();
    store.take(vec![seen("crm/contact:1", 5, [(Field::Email, text("ann@acme.com"))])]);
    store.take(vec![gone("crm/contact:1", 6, GoneHow::Deleted)]);
    store.take(vec![seen("erp/contact:1", 7, [(Field::Email, text("ann@acme.com"))])]);
    let id = |name: &str| store.of(&reference(name)).id;
    assert_ne!(id("crm/contact:1"), id("erp/contact:1"));
}
