//! What caught other clients of this API.

use crate::desk::{Desk, Mirror, gone, seen};
use connect::{Applied, ErrorKind, Landing};
use http::Method;
use model::{Field, GoneHow, Intent, Kind, Pass, Value};
use sandbox::{Config, Fault, Kind as Theirs, OauthApp, Rule, team::Size};
use std::collections::HashSet;

fn ids(changes: &[model::Change]) -> Vec<String> {
    seen(changes).iter().map(|record| record.reference.id.to_string()).collect()
}

#[tokio::test]
async fn thirty_thousand_changes_in_one_search_window() {
    // given a team that is known
    let desk = Desk::plain();
    let known = desk.pass(Kind::Contact, &Pass::Full, None).await;
    // when 30,000 contacts are imported, three per millisecond
    desk.wait(60);
    for n in 0..30_000 {
        desk.sandbox.create(Theirs::Contact, &[("email", &format!("p{n}@x.test"))]).unwrap();
        if n % 3 == 0 {
            desk.clock.advance(1);
        }
    }
    desk.wait(60);
    // then one increment has each of them, once
    let news = desk.pass(Kind::Contact, &Pass::Since, Some(&known.cursor)).await;
    let got = ids(&news.changes);
    assert_eq!((got.len(), got.iter().collect::<HashSet<_>>().len()), (30_000, 30_000));
}

#[tokio::test]
async fn fifteen_thousand_records_with_one_modification_time() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { contacts: 15_000, companies: 0, deals: 0, tasks: 0, ..Size::small() });
    let known = desk.pass(Kind::Contact, &Pass::Full, None).await;
    // when a job of the portal sets one date on all of them
    desk.wait(120);
    assert_eq!(desk.sandbox.restamp_all(Theirs::Contact), 15_000);
    desk.wait(120);
    // then they are all read
    let news = desk.pass(Kind::Contact, &Pass::Since, Some(&known.cursor)).await;
    assert_eq!(ids(&news.changes).into_iter().collect::<HashSet<_>>().len(), 15_000);
    // and once the overlap is over it is quiet again
    desk.wait(3600);
    let overlap = desk.pass(Kind::Contact, &Pass::Since, Some(&news.cursor)).await;
    let (requests, quiet) =
        desk.requests(desk.pass(Kind::Contact, &Pass::Since, Some(&overlap.cursor))).await;
    assert_eq!((requests, quiet.changes.len()), (1, 0));
}

#[tokio::test]
async fn a_401_in_mid_run() {
    // given an OAuth app whose token dies after the third request
    let desk = Desk::new(&Config { oauth: Some(OauthApp::default()), ..Config::plain(3) });
    desk.sandbox.populate(&Size { contacts: 600, ..Size::small() });
    desk.use_token("none yet");
    desk.sandbox.inject(Rule::next(Fault::Expired).on(Method::GET, "/contacts").after(3));
    // when all contacts are read
    let all = desk.pass(Kind::Contact, &Pass::Full, None).await;
    // then the token is renewed twice, at the start and in mid-run, and nothing is missing
    assert_eq!(desk.refreshed(), 2);
    assert_eq!(ids(&all.changes).len(), 600);
}

#[tokio::test]
async fn more_than_100_associations_of_one_record() {
    // given a deal with 730 contacts: a list shows 100, an association read 500 on a page
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Theirs::Deal, &[("dealname", "Everybody")]).unwrap();
    let other = desk.sandbox.create(Theirs::Deal, &[("dealname", "Nobody")]).unwrap();
    for n in 0..730 {
        let contact = desk.sandbox.create(Theirs::Contact, &[("email", &format!("p{n}@x.test"))]).unwrap();
        desk.sandbox.associate((Theirs::Deal, deal), (Theirs::Contact, contact)).unwrap();
    }
    // then a full pass and an increment both have all of them
    let mut mirror = Mirror::default();
    let full = desk.pass(Kind::Deal, &Pass::Full, None).await;
    mirror.take(full.changes);
    assert_eq!(mirror.differences(&desk.sandbox, Theirs::Deal, "dealname"), [""; 0]);
    desk.wait(60);
    desk.sandbox.edit(Theirs::Deal, deal, &[("amount", "5")]).unwrap();
    desk.sandbox.edit(Theirs::Deal, other, &[("amount", "5")]).unwrap();
    desk.wait(60);
    let news = desk.pass(Kind::Deal, &Pass::Since, Some(&full.cursor)).await;
    assert_eq!(seen(&news.changes).len(), 2);
    let mut mirror = Mirror::default();
    mirror.take(news.changes);
    assert_eq!(mirror.differences(&desk.sandbox, Theirs::Deal, "dealname"), [""; 0]);
}

#[tokio::test]
async fn an_association_only_change_is_found_by_the_audit() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { deals: 250, ..Size::small() });
    let full = desk.pass(Kind::Deal, &Pass::Full, None).await;
    let mut mirror = Mirror::default();
    mirror.take(full.changes);
    desk.wait(3600);
    // when people link a deal to another company, which moves no date
    let (deal, company) = (
        desk.sandbox.ids(Theirs::Deal)[42],
        desk.sandbox.create(Theirs::Company, &[("name", "New")]).unwrap(),
    );
    desk.sandbox.associate((Theirs::Deal, deal), (Theirs::Company, company)).unwrap();
    desk.wait(120);
    let news = desk.pass(Kind::Deal, &Pass::Since, Some(&full.cursor)).await;
    assert!(!ids(&news.changes).contains(&deal.to_string()), "no increment can see it");
    // then the slices of an audit, which together read each deal once, have it
    let mut audited = Vec::new();
    for slice in 0..4 {
        let (requests, pass) =
            desk.requests(desk.pass(Kind::Deal, &Pass::Audit { slice, of: 4 }, None)).await;
        assert!(requests <= 8, "a slice is cheap, but took {requests}");
        assert!(!pass.complete, "a slice proves nothing about what is missing");
        audited.extend(ids(&pass.changes));
        mirror.take(pass.changes);
    }
    assert_eq!(audited.len(), 250);
    assert_eq!(mirror.differences(&desk.sandbox, Theirs::Deal, "dealname"), [""; 0]);
}

#[tokio::test]
async fn a_merge_redirects() {
    let desk = Desk::plain();
    let make = |name: &str| desk.sandbox.create(Theirs::Company, &[("name", name)]).unwrap();
    let (winner, loser) = (make("Acme"), make("Acme Corp"));
    let full = desk.pass(Kind::Company, &Pass::Full, None).await;
    desk.wait(60);
    // when people merge one company into the other
    desk.sandbox.merge(Theirs::Company, winner, loser).unwrap();
    desk.wait(60);
    let merged = (loser.to_string(), GoneHow::Merged { into: winner.to_string().into() });
    // then the increment says so with the survivor
    let news = desk.pass(Kind::Company, &Pass::Since, Some(&full.cursor)).await;
    assert_eq!(ids(&news.changes), [winner.to_string()]);
    assert_eq!(gone(&news.changes), std::slice::from_ref(&merged));
    // and so do a census, and asking for the loser by its id
    let census = desk.pass(Kind::Company, &Pass::Census, None).await;
    assert_eq!(gone(&census.changes), std::slice::from_ref(&merged));
    let these = Pass::These(vec![loser.to_string().into()]);
    let these = desk.pass(Kind::Company, &these, None).await;
    assert_eq!(gone(&these.changes), [merged]);
    // and a write to the loser is decided anew
    let intent = Intent::ChangeOwner { to: "41629700".into() };
    let write = desk.write(desk.reference(Kind::Company, loser), intent, vec![]);
    let Applied::Moved(now) = desk.apply(&write).await.unwrap() else { panic!("written to the loser") };
    assert_eq!(*now.reference.id, winner.to_string());
}

const LOST: [Fault; 6] = [
    Fault::After(500),
    Fault::After(504),
    Fault::ResetAfter,
    Fault::TimeoutAfter,
    Fault::Truncated,
    Fault::Html200,
];

/// With the unique property, and with nothing but the marker.
fn both_ways() -> [serde_json::Value; 2] {
    [serde_json::json!({}), serde_json::json!({"key_property": false})]
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_not_repeated() {
    for (extra, fault) in both_ways().into_iter().flat_map(|e| LOST.map(|f| (e.clone(), f))) {
        let mut desk = Desk::with(&Config::plain(5), &extra);
        let deal = desk.sandbox.create(Theirs::Deal, &[("dealname", "Fleet")]).unwrap();
        for _ in 0..120 {
            let task = desk.sandbox.create(Theirs::Task, &[("hs_timestamp", "1763812800000")]).unwrap();
            desk.sandbox.associate((Theirs::Task, task), (Theirs::Deal, deal)).unwrap();
        }
        let (write, sent) = (desk.task_beside(deal), desk.now());
        desk.sandbox.inject(Rule::next(fault).on(Method::POST, "/objects/2026-03/tasks"));
        // when the answer to the creation is lost
        let error = desk.apply(&write).await.unwrap_err();
        assert_eq!(error.disposition(connect::Effect::Creates), connect::Disposition::Verify, "{fault:?}");
        // then whoever looks, after a restart too, finds it
        desk.restarted(&extra);
        let Landing::Landed(receipt) = desk.find(&write, sent).await else { panic!("{fault:?}: not found") };
        assert!(receipt.found && receipt.reference.kind == Kind::Task);
        let made = desk.sandbox.journal();
        assert_eq!(made.creates_with(Theirs::Task, &write.key.to_string()).len(), 1);
    }
}

#[tokio::test]
async fn a_create_that_lands_after_we_looked() {
    for extra in both_ways() {
        // given a creation that times out and lands 20 s later
        let desk = Desk::with(&Config::plain(5), &extra);
        let deal = desk.sandbox.create(Theirs::Deal, &[("dealname", "Fleet")]).unwrap();
        let (write, sent) = (desk.task_beside(deal), desk.now());
        let late = Rule::next(Fault::Late { delay_ms: 50_000 });
        desk.sandbox.inject(late.on(Method::POST, "/objects/2026-03/tasks"));
        assert_eq!(desk.apply(&write).await.unwrap_err().kind, ErrorKind::Timeout);
        // when we look at once, nothing is there, and nobody says it never will be
        let Landing::Unknown { look_again: Some(again) } = desk.find(&write, sent).await else { panic!() };
        // then at the time named it is found
        desk.clock.set(again.as_millis());
        assert!(matches!(desk.find(&write, sent).await, Landing::Landed(_)), "{extra}");
        assert_eq!(desk.sandbox.journal().creates_with(Theirs::Task, &write.key.to_string()).len(), 1);
    }
}

#[tokio::test]
async fn a_create_that_lands_after_it_was_given_up_is_refused_by_the_account() {
    // given a creation that lands ten minutes later, far beyond any promise
    let desk = Desk::plain();
    let deal = desk.sandbox.create(Theirs::Deal, &[("dealname", "Fleet")]).unwrap();
    let (write, sent) = (desk.task_beside(deal), desk.now());
    let late = Rule::next(Fault::Late { delay_ms: 600_000 });
    desk.sandbox.inject(late.on(Method::POST, "/objects/2026-03/tasks"));
    desk.apply(&write).await.unwrap_err();
    // when it is called absent and sent again
    desk.wait(120);
    assert_eq!(desk.find(&write, sent).await, Landing::Absent);
    assert!(matches!(desk.apply(&write).await.unwrap(), Applied::Done(_)));
    desk.wait(1200);
    // then the unique property lets only one of them be
    assert_eq!(desk.sandbox.journal().creates_with(Theirs::Task, &write.key.to_string()).len(), 1);
    assert!(desk.sandbox.last_late().is_none());
}

#[tokio::test]
async fn a_persons_edit_between_decision_and_write() {
    let desk = Desk::plain();
    let stages = [("dealname", "Fleet"), ("pipeline", "default"), ("dealstage", "qualifiedtobuy")];
    let deal = desk.sandbox.create(Theirs::Deal, &stages).unwrap();
    let expects = vec![(Field::SourceStage, Value::Text("default/qualifiedtobuy".into()))];
    let intent = Intent::ChangeStage { to: "default/presentationscheduled".into() };
    let write = desk.write(desk.reference(Kind::Deal, deal), intent, expects);
    // when a person moves the deal on before we write
    desk.sandbox.edit(Theirs::Deal, deal, &[("dealstage", "contractsent")]).unwrap();
    let Applied::Moved(now) = desk.apply(&write).await.unwrap() else { panic!("overwrote a person") };
    // then nothing is written and we know what is there
    assert_eq!(now.fields.text(Field::SourceStage), Some("default/contractsent"));
    assert_eq!(desk.sandbox.value(Theirs::Deal, deal, "dealstage").as_deref(), Some("contractsent"));
    // and when a person does just what we wanted, it is done without a write of ours
    desk.sandbox.edit(Theirs::Deal, deal, &[("dealstage", "presentationscheduled")]).unwrap();
    assert!(matches!(desk.apply(&write).await.unwrap(), Applied::Done(_)));
    assert_eq!(desk.sandbox.journal().by_api().count(), 0);
}
