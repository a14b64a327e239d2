//! Writes, and looking for them.

use crate::desk::Desk;
use connect::{Applied, Disposition, Effect, ErrorKind, Landing};
use http::Method;
use model::{Field, Id, Intent, Kind, Pass, Timestamp, Value};
use sandbox::{Config, Fault, Kind as Theirs, Rule, team::Size};
use std::collections::BTreeSet;

fn deal(desk: &Desk) -> u64 {
    let values = [("dealname", "Fleet"), ("pipeline", "default"), ("dealstage", "qualifiedtobuy")];
    desk.sandbox.create(Theirs::Deal, &values).unwrap()
}

fn made(applied: Applied) -> u64 {
    match applied {
        Applied::Done(receipt) => receipt.reference.id.parse().unwrap(),
        Applied::Moved(now) => panic!("moved: {now:?}"),
    }
}

#[tokio::test]
async fn a_task_stands_beside_its_deal_and_comes_back_as_ours() {
    let desk = Desk::plain();
    let deal = deal(&desk);
    let known = desk.pass(Kind::Task, &Pass::Full, None).await;
    let write = desk.task_beside(deal);
    let task = made(desk.apply(&write).await.unwrap());
    // then people see what they should
    let value = |name| desk.sandbox.value(Theirs::Task, task, name).unwrap();
    assert_eq!(value("hs_task_subject"), "Call <them>");
    let marker = connect::marker::text(write.key);
    assert_eq!(value("hs_task_body"), format!("About the offer.<br>A &amp; B<br><br>{marker}"));
    assert_eq!((value("hs_task_status"), value("hs_task_priority")), ("NOT_STARTED".into(), "HIGH".into()));
    // and the next increment brings it back with its key, its words and its link
    desk.wait(60);
    let news = desk.pass(Kind::Task, &Pass::Since, Some(&known.cursor)).await;
    let [back] = crate::desk::seen(&news.changes)[..] else { panic!() };
    assert_eq!(back.marker, Some(write.key));
    assert_eq!(back.fields.text(Field::Body), Some("About the offer.\nA & B"));
    let links = back.links.iter().find(|links| links.to == Kind::Deal).unwrap();
    assert_eq!(*links.targets[0].id, deal.to_string());
}

#[tokio::test]
async fn notes_stand_beside_contacts_and_companies_too() {
    let desk = Desk::plain();
    let contact = desk.sandbox.create(Theirs::Contact, &[("email", "a@x.test")]).unwrap();
    let company = desk.sandbox.create(Theirs::Company, &[("name", "Acme")]).unwrap();
    for (kind, id, theirs) in [(Kind::Contact, contact, "contacts"), (Kind::Company, company, "companies")] {
        let intent = Intent::CreateNote { body: "Went well.".into(), at: desk.now() };
        let write = desk.write(desk.reference(kind, id), intent, vec![]);
        let note = made(desk.apply(&write).await.unwrap());
        let snapshot = desk.sandbox.snapshot();
        let links = &snapshot.get(Theirs::Note, note).unwrap().associations;
        assert!(links[theirs].contains_key(&id.to_string()));
    }
}

#[tokio::test]
async fn applying_twice_makes_one_where_the_account_has_a_unique_property() {
    let desk = Desk::plain();
    let write = desk.task_beside(deal(&desk));
    let first = made(desk.apply(&write).await.unwrap());
    // when the same write is sent again, as after a crash that forgot the answer
    let second = made(desk.apply(&write).await.unwrap());
    assert_eq!(first, second);
    assert_eq!(desk.sandbox.journal().creates_with(Theirs::Task, &write.key.to_string()).len(), 1);
}

#[tokio::test]
async fn an_account_without_unique_properties_gets_the_marker_alone() {
    let desk = Desk::new(&Config { unique_allowed: BTreeSet::new(), ..Config::plain(8) });
    let write = desk.task_beside(deal(&desk));
    let sent = desk.now();
    let task = made(desk.apply(&write).await.unwrap());
    assert_eq!(desk.sandbox.value(Theirs::Task, task, "so_key"), None);
    let Landing::Landed(receipt) = desk.find(&write, sent).await else { panic!() };
    assert_eq!(*receipt.reference.id, task.to_string());
}

#[tokio::test]
async fn a_creation_that_a_person_archived_before_we_looked_is_not_made_again() {
    for extra in [serde_json::json!({}), serde_json::json!({"key_property": false})] {
        let desk = Desk::with(&Config::plain(5), &extra);
        let write = desk.task_beside(deal(&desk));
        let sent = desk.now();
        let task = made(desk.apply(&write).await.unwrap());
        desk.sandbox.archive(Theirs::Task, task);
        desk.wait(200);
        assert!(matches!(desk.find(&write, sent).await, Landing::Landed(_)));
    }
}

#[tokio::test]
async fn a_creation_beside_a_deal_that_went_away_is_still_found_and_a_missing_one_is_absent() {
    let desk = Desk::with(&Config::plain(5), &serde_json::json!({"key_property": false}));
    desk.sandbox.populate(&Size { tasks: 150, ..Size::small() });
    let deal = deal(&desk);
    let (write, sent) = (desk.task_beside(deal), desk.now());
    made(desk.apply(&write).await.unwrap());
    let never = desk.write(
        desk.reference(Kind::Deal, deal),
        Intent::CreateNote { body: "Never sent.".into(), at: sent },
        vec![],
    );
    desk.sandbox.archive(Theirs::Deal, deal);
    desk.wait(200);
    assert!(matches!(desk.find(&write, sent).await, Landing::Landed(_)));
    assert_eq!(desk.find(&never, sent).await, Landing::Absent);
}

#[tokio::test]
async fn a_creation_beside_a_merged_company_is_found_at_the_survivor() {
    let desk = Desk::with(&Config::plain(5), &serde_json::json!({"key_property": false}));
    let make = |name: &str| desk.sandbox.create(Theirs::Company, &[("name", name)]).unwrap();
    let (winner, loser) = (make("Acme"), make("Acme Corp"));
    let intent = Intent::CreateNote { body: "Hello".into(), at: desk.now() };
    let write = desk.write(desk.reference(Kind::Company, loser), intent, vec![]);
    let sent = desk.now();
    made(desk.apply(&write).await.unwrap());
    desk.sandbox.merge(Theirs::Company, winner, loser).unwrap();
    assert!(matches!(desk.find(&write, sent).await, Landing::Landed(_)));
}

#[tokio::test]
async fn stage_and_owner_are_set_once_and_found_by_their_value() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::small());
    let (deal, owner) = (deal(&desk), desk.pass(Kind::Owner, &Pass::Full, None).await);
    let owner = crate::desk::seen(&owner.changes)[0].reference.id.clone();
    for (intent, property, value) in [
        (Intent::ChangeStage { to: "default/contractsent".into() }, "dealstage", "contractsent".to_owned()),
        (Intent::ChangeOwner { to: owner.clone() }, "hubspot_owner_id", owner.to_string()),
    ] {
        let write = desk.write(desk.reference(Kind::Deal, deal), intent, vec![]);
        let sent = desk.now();
        assert!(matches!(desk.find(&write, sent).await, Landing::Unknown { .. }), "too early to say no");
        desk.wait(100);
        assert_eq!(desk.find(&write, sent).await, Landing::Absent);
        // when the answer to the PATCH is lost, the call is repeated, and sets nothing a second time
        desk.sandbox.inject(Rule::next(Fault::TimeoutAfter).on(Method::PATCH, "/deals"));
        made(desk.apply(&write).await.unwrap());
        made(desk.apply(&write).await.unwrap());
        assert_eq!(desk.sandbox.journal().api_sets(Theirs::Deal, deal, property, &value), 1);
        assert!(matches!(desk.find(&write, sent).await, Landing::Landed(_)));
    }
}

#[tokio::test]
async fn a_task_is_completed_once_even_when_a_person_was_faster() {
    let desk = Desk::plain();
    let make = || {
        let values = [("hs_timestamp", "1763812800000"), ("hs_task_status", "NOT_STARTED")];
        desk.sandbox.create(Theirs::Task, &values).unwrap()
    };
    let (ours, theirs) = (make(), make());
    desk.sandbox.edit(Theirs::Task, theirs, &[("hs_task_status", "COMPLETED")]).unwrap();
    let sets = |id| desk.sandbox.journal().api_sets(Theirs::Task, id, "hs_task_status", "COMPLETED");
    for (id, by_us) in [(ours, 1), (theirs, 0)] {
        let intent = Intent::CompleteTask { task: Id::derived(&["t"]) };
        let write =
            desk.write(desk.reference(Kind::Task, id), intent, vec![(Field::Done, Value::Bool(false))]);
        made(desk.apply(&write).await.unwrap());
        assert_eq!(sets(id), by_us);
    }
}

#[tokio::test]
async fn a_write_to_a_record_that_is_gone_is_refused_for_good() {
    let desk = Desk::plain();
    let deal = deal(&desk);
    desk.sandbox.archive(Theirs::Deal, deal);
    let change = Intent::ChangeStage { to: "default/contractsent".into() };
    for write in [desk.write(desk.reference(Kind::Deal, deal), change, vec![]), desk.task_beside(deal)] {
        let error = desk.apply(&write).await.unwrap_err();
        assert_eq!(error.disposition(Effect::Creates), Disposition::Refuse, "{error}");
    }
}

#[tokio::test]
async fn a_failed_look_before_a_creation_never_counts_as_sent() {
    let desk = Desk::plain();
    let mut write = desk.task_beside(deal(&desk));
    write.expects = vec![(Field::Name, Value::Text("Fleet".into()))];
    desk.sandbox.inject(Rule::next(Fault::TimeoutBefore).on(Method::GET, "/deals/").times(9));
    let error = desk.apply(&write).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(error.disposition(Effect::Creates), Disposition::Retry(None));
}

#[tokio::test]
async fn somebody_removing_the_unique_property_does_not_make_creations_fail_for_good() {
    let desk = Desk::plain();
    let write = desk.task_beside(deal(&desk));
    // given an account that had the property when we looked, and refuses it by name when we write
    desk.sandbox.inject(Rule::next(Fault::Before(503)).on(Method::POST, "/2026-03/tasks").after(1));
    desk.tamper(|path, mut answer| {
        if answer.status() == 503 && path.ends_with("/objects/2026-03/tasks") {
            *answer.status_mut() = http::StatusCode::BAD_REQUEST;
            *answer.body_mut() =
                r#"{"category":"VALIDATION_ERROR","message":"Property \"so_key\" does not exist"}"#.into();
        }
        answer
    });
    let error = desk.apply(&write).await.unwrap_err();
    // then the creation is tried again, after another look
    assert_eq!(error.disposition(Effect::Creates), Disposition::Retry(None), "{error}");
    assert!(matches!(desk.apply(&write).await.unwrap(), Applied::Done(_)));
}

#[tokio::test]
async fn times_are_written_so_that_they_read_back_the_same() {
    let desk = Desk::plain();
    let task = made(desk.apply(&desk.task_beside(deal(&desk))).await.unwrap());
    let these = Pass::These(vec![task.to_string().into()]);
    let back = desk.pass(Kind::Task, &these, None).await;
    let due = Timestamp::from_millis(crate::desk::BEGIN + 86_400_000);
    assert_eq!(crate::desk::seen(&back.changes)[0].fields.time(Field::At), Some(due));
}
