//! Census, audit, and records by id.

use crate::desk::{Desk, gone, seen};
use model::{Change, GoneHow, Kind, Pass};
use sandbox::{Kind as Theirs, team::Size};

fn existing(changes: &[Change]) -> usize {
    changes.iter().filter(|change| matches!(change, Change::Exists(_))).count()
}

#[tokio::test]
async fn a_census_tells_the_living_the_archived_and_that_it_is_complete() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { companies: 230, ..Size::small() });
    let lost = desk.sandbox.ids(Theirs::Company)[5];
    desk.sandbox.archive(Theirs::Company, lost);
    let (requests, census) = desk.requests(desk.pass(Kind::Company, &Pass::Census, None)).await;
    assert_eq!(existing(&census.changes), 229);
    assert_eq!(gone(&census.changes), [(lost.to_string(), GoneHow::Archived)]);
    assert!(census.complete);
    assert!(requests <= 5, "ids only, a hundred at a time, but it took {requests}");
}

#[tokio::test]
async fn a_listing_that_was_cut_short_is_not_complete() {
    // given a list that ends after its first page although there is more
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { companies: 230, ..Size::small() });
    desk.rewrite(|text| match text.split_once(",\"paging\"") {
        Some((before, _)) => format!("{before}}}"),
        None => text,
    });
    // then neither pass lets anybody conclude that the rest was deleted
    for pass in [Pass::Full, Pass::Census] {
        assert!(!desk.pass(Kind::Company, &pass, None).await.complete);
    }
}

#[tokio::test]
async fn the_slices_of_an_audit_read_everything_once_whatever_their_number() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { companies: 507, ..Size::small() });
    for of in [1, 3, 7, 1000] {
        let mut read = Vec::new();
        for slice in 0..of {
            let pass = desk.pass(Kind::Company, &Pass::Audit { slice, of }, None).await;
            read.extend(seen(&pass.changes).iter().map(|record| record.reference.id.clone()));
        }
        let all = read.len();
        read.sort();
        read.dedup();
        assert_eq!((all, read.len()), (507, 507), "{of} slices");
    }
}

#[tokio::test]
async fn an_audit_reaches_beyond_the_ten_thousandth_record() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { contacts: 21_050, companies: 0, deals: 0, tasks: 0, ..Size::small() });
    let last = Pass::Audit { slice: 210, of: 211 };
    let (requests, pass) = desk.requests(desk.pass(Kind::Contact, &last, None)).await;
    assert_eq!(seen(&pass.changes).len(), 21_050 - 210 * 100);
    assert!(requests <= 8, "{requests}");
}

#[tokio::test]
async fn ids_that_do_not_answer_are_archived_or_deleted_but_never_guessed() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { deals: 150, ..Size::small() });
    let ids = desk.sandbox.ids(Theirs::Deal);
    desk.sandbox.archive(Theirs::Deal, ids[3]);
    let mut asked: Vec<Box<str>> = ids.iter().map(|id| id.to_string().into()).collect();
    asked.push("999999999999".into());
    let pass = desk.pass(Kind::Deal, &Pass::These(asked), None).await;
    assert_eq!(seen(&pass.changes).len(), 149);
    let mut left = gone(&pass.changes);
    left.sort_by_key(|(id, _)| id.len());
    let expected = [(ids[3].to_string(), GoneHow::Archived), ("999999999999".to_owned(), GoneHow::Deleted)];
    assert_eq!(left, expected);
}
