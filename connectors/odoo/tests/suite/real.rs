//! The same connector against a real Odoo 19, started by `tests/servers/odoo19.sh`; all checks against Odoo's
//! own answers, got without the connector.

use crate::{
    conform::conforms,
    kit::{Rig, Wall, ids, seen},
    server::Server,
};
use connect::{Applied, Connector, HttpClient, Landing};
use model::{Change, DealOutcome, Field, Id, Intent, Kind, Pass, Timestamp, Value as Ours, Write, WriteKey};
use serde_json::json;
use std::path::PathBuf;

fn server() -> Option<Server> {
    Server::start(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/odoo19.sh"))
}

fn rig(server: &Server) -> Rig<HttpClient> {
    Rig::new(&server.base, &server.key, HttpClient::new().unwrap(), Box::new(Wall))
}

fn write(target: model::ExternalRef, intent: Intent, expects: Vec<(Field, Ours)>, slot: &str) -> Write {
    let key = WriteKey::new(&target.connection, intent.kind(), &target, "test", slot, 0);
    Write { key, target, intent, expects, because: "because of a <test>".to_owned() }
}

fn task(due: Timestamp) -> Intent {
    let (subject, body) = ("Call the buyer".to_owned(), "Ask: is 5 < 6?\nThen \"write\".".to_owned());
    Intent::CreateTask { task: Id::derived(&["t"]), subject, body, due, owner: Some("2".into()), high: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_odoo_is_read_completely_and_written_once() {
    let Some(server) = server() else { return };
    let rig = rig(&server);
    granted(&rig).await;
    every_count_is_odoos_own(&server, &rig).await;
    increments_follow(&server, &rig).await;
    tasks_land_once(&server, &rig).await;
    notes_are_found_again(&server, &rig).await;
    stages_and_owners_move_unless_somebody_was_faster(&server, &rig).await;
    deletions_are_missing_from_the_census(&server, &rig).await;
    conforms(&server).await;
}

async fn granted(rig: &Rig<HttpClient>) {
    let account = rig.odoo.check(&rig.cx()).await.unwrap();
    assert!(account.grants.iter().all(|grant| grant.granted), "{:?}", account.grants);
    assert_eq!(account.currency.unwrap().as_str(), "USD");
    assert!(account.name.contains("Mitchell Admin"), "{}", account.name);
    assert!(account.clock.unwrap().since(rig.clock.now()).as_secs() < 5);
}

async fn every_count_is_odoos_own(server: &Server, rig: &Rig<HttpClient>) {
    let beside = json!(["crm.lead", "res.partner"]);
    let any = json!(["active", "in", [true, false]]);
    let streams = [
        (Kind::Company, "res.partner", json!([["is_company", "=", true]]), 200),
        (Kind::Contact, "res.partner", json!([["is_company", "=", false]]), 400),
        (
            Kind::Deal,
            "crm.lead",
            json!([any, "|", ["active", "=", true], ["won_status", "!=", "pending"]]),
            300,
        ),
        (Kind::Pipeline, "crm.stage", json!([]), 4),
        (Kind::Owner, "res.users", json!([any, ["share", "=", false]]), 5),
        (Kind::Task, "mail.activity", json!([any, ["res_model", "in", beside]]), 90),
        (
            Kind::Note,
            "mail.message",
            json!([
                ["model", "in", beside],
                ["message_type", "=", "comment"],
                ["subtype_id.internal", "=", true]
            ]),
            60,
        ),
        (Kind::Meeting, "calendar.event", json!([]), 30),
    ];
    for (kind, model, domain, least) in streams {
        let counted = server.count(model, domain).await;
        let (changes, _, complete) = rig.walk(kind, &Pass::Full, None).await;
        assert!(complete && counted >= least, "{kind}: {counted}");
        assert_eq!(ids(&changes).len(), counted, "{kind}");
        let unreadable = changes.iter().find(|change| matches!(change, Change::Unreadable { .. }));
        assert!(unreadable.is_none(), "{kind}: {unreadable:?}");
        let (census, ..) = rig.walk(kind, &Pass::Census, None).await;
        assert_eq!(census.len(), counted, "census of {kind}");
        let mut audited = 0;
        for slice in 0..3 {
            audited += ids(&rig.walk(kind, &Pass::Audit { slice, of: 3 }, None).await.0).len();
        }
        assert_eq!(audited, counted, "audit of {kind}");
    }
    let lost = server.count("crm.lead", json!([["active", "=", false], ["won_status", "=", "lost"]])).await;
    let (deals, ..) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    let read = seen(&deals).iter().filter(|deal| deal.fields.outcome() == DealOutcome::Lost).count();
    assert!(lost > 0);
    assert_eq!(read, lost);
}

async fn increments_follow(server: &Server, rig: &Rig<HttpClient>) {
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Full, None).await;
    let (_, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    let (nothing, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert!(nothing.is_empty(), "{nothing:?}");
    // when: two deals change within a second, the higher id first, and one is lost
    let ids_of = json!({"domain": [["won_status", "=", "pending"]], "limit": 2, "order": "id asc"});
    let pair = server.call("crm.lead", "search", ids_of).await;
    server.call("crm.lead", "write", json!({"ids": [pair[1]], "vals": {"name": "later id"}})).await;
    server.call("crm.lead", "action_set_lost", json!({"ids": [pair[0]]})).await;
    // then
    let (changes, cursor, _) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    let mut seen_ids = ids(&changes);
    seen_ids.sort_by_key(|id| id.parse::<i64>().unwrap());
    assert_eq!(json!(seen_ids), json!([pair[0].to_string(), pair[1].to_string()]));
    assert_eq!(seen(&changes)[0].fields.outcome(), DealOutcome::Lost);
    let (nothing, ..) = rig.walk(Kind::Deal, &Pass::Since, Some(cursor)).await;
    assert!(nothing.is_empty(), "{nothing:?}");
}

/// An open deal, by Odoo's own search.
async fn open_deal(server: &Server, nth: usize) -> i64 {
    let domain = json!([
        ["won_status", "=", "pending"],
        ["type", "=", "opportunity"],
        ["stage_id.is_won", "=", false]
    ]);
    let found = server.call("crm.lead", "search", json!({"domain": domain, "order": "id asc"})).await;
    found[nth].as_i64().unwrap()
}

async fn tasks_land_once(server: &Server, rig: &Rig<HttpClient>) {
    let deal = open_deal(server, 3).await;
    let write = write(rig.reference(Kind::Deal, &deal), task(rig.clock.now()), Vec::new(), "task");
    // when: sent twice, and six times at once
    let Applied::Done(first) = rig.odoo.apply(&rig.cx(), &write).await.unwrap() else { panic!("moved") };
    let Applied::Done(second) = rig.odoo.apply(&rig.cx(), &write).await.unwrap() else { panic!("moved") };
    assert_eq!(first.reference, second.reference);
    let cx = [(); 6].map(|()| rig.cx());
    let [one, two, three, four, five, six] = cx.each_ref().map(|cx| rig.odoo.apply(cx, &write));
    let results = tokio::join!(one, two, three, four, five, six);
    // then: those that lost the race say so, and there is one task
    for result in <[_; 6]>::from(results) {
        match result {
            Ok(Applied::Done(receipt)) => assert_eq!(receipt.reference, first.reference),
            Ok(Applied::Moved(_)) => panic!("moved"),
            Err(error) => assert!(matches!(error.kind, connect::ErrorKind::Busy { .. }), "{error:?}"),
        }
    }
    let ours = json!([["note", "ilike", write.key.to_string()], ["active", "in", [true, false]]]);
    assert_eq!(server.count("mail.activity", ours.clone()).await, 1);
    // and: it is read as what it is, with our key
    let (changes, ..) = rig.walk(Kind::Task, &Pass::These(vec![first.reference.id.clone()]), None).await;
    let read = seen(&changes)[0];
    assert_eq!(read.marker, Some(write.key));
    assert_eq!(read.fields.text(Field::Body), Some("Ask: is 5 < 6?\nThen \"write\"."));
    assert_eq!(read.fields.text(Field::Owner), Some("2"));
    let landing = rig.odoo.find(&rig.cx(), &write, rig.clock.now()).await.unwrap();
    assert!(matches!(landing, Landing::Landed(receipt) if receipt.reference == first.reference));
    completes_once(server, rig, first.reference, deal).await;
    assert_eq!(server.count("mail.activity", ours).await, 1);
}

async fn completes_once(server: &Server, rig: &Rig<HttpClient>, task: model::ExternalRef, deal: i64) {
    let history =
        json!([["model", "=", "crm.lead"], ["res_id", "=", deal], ["mail_activity_type_id", "!=", false]]);
    let before = server.count("mail.message", history.clone()).await;
    let intent = Intent::CompleteTask { task: Id::derived(&["t"]) };
    let done = write(task.clone(), intent, vec![(Field::Done, Ours::Bool(false))], "done");
    for again in [false, true] {
        let applied = rig.odoo.apply(&rig.cx(), &done).await.unwrap();
        assert!(matches!(applied, Applied::Done(receipt) if receipt.found == again));
    }
    assert_eq!(server.count("mail.message", history).await, before + 1);
    let row = json!({"domain": [["id", "=", task.id.parse::<i64>().unwrap()], ["active", "=", false]]});
    assert_eq!(server.call("mail.activity", "search_count", row).await, json!(1));
}

async fn notes_are_found_again(server: &Server, rig: &Rig<HttpClient>) {
    let deal = open_deal(server, 4).await;
    let intent = Intent::CreateNote { body: "1 < 2 & so on".to_owned(), at: rig.clock.now() };
    let write = write(rig.reference(Kind::Deal, &deal), intent, Vec::new(), "note");
    let before = rig.odoo.find(&rig.cx(), &write, rig.clock.now()).await.unwrap();
    assert!(matches!(before, Landing::Unknown { .. }));
    let Applied::Done(receipt) = rig.odoo.apply(&rig.cx(), &write).await.unwrap() else { panic!("moved") };
    let found = rig.odoo.find(&rig.cx(), &write, rig.clock.now()).await.unwrap();
    assert!(matches!(found, Landing::Landed(found) if found.reference == receipt.reference));
    let (changes, ..) = rig.walk(Kind::Note, &Pass::These(vec![receipt.reference.id.clone()]), None).await;
    let note = seen(&changes)[0];
    assert_eq!((note.fields.text(Field::Body), note.marker), (Some("1 < 2 & so on"), Some(write.key)));
}

async fn stages_and_owners_move_unless_somebody_was_faster(server: &Server, rig: &Rig<HttpClient>) {
    let deal = open_deal(server, 5).await;
    let target = rig.reference(Kind::Deal, &deal);
    server.call("crm.lead", "write", json!({"ids": [deal], "vals": {"stage_id": 1, "user_id": 2}})).await;
    let expects = vec![(Field::SourceStage, Ours::Text("crm/1".into()))];
    let stage = write(target.clone(), Intent::ChangeStage { to: "crm/3".into() }, expects.clone(), "stage");
    assert!(matches!(rig.odoo.apply(&rig.cx(), &stage).await.unwrap(), Applied::Done(_)));
    let row = server.call("crm.lead", "read", json!({"ids": [deal], "fields": ["stage_id"]})).await;
    assert_eq!(row[0]["stage_id"][0], 3);
    // when: a person moves it back and forth, a decision that expected stage 1 is out of date
    let late = write(target.clone(), Intent::ChangeStage { to: "crm/2".into() }, expects, "late");
    assert!(matches!(rig.odoo.apply(&rig.cx(), &late).await.unwrap(), Applied::Moved(_)));
    let owner = write(
        target,
        Intent::ChangeOwner { to: "7".into() },
        vec![(Field::Owner, Ours::Ref("2".into()))],
        "o",
    );
    assert!(matches!(rig.odoo.apply(&rig.cx(), &owner).await.unwrap(), Applied::Done(_)));
    let row =
        server.call("crm.lead", "read", json!({"ids": [deal], "fields": ["stage_id", "user_id"]})).await;
    assert_eq!((&row[0]["stage_id"][0], &row[0]["user_id"][0]), (&json!(3), &json!(7)));
}

async fn deletions_are_missing_from_the_census(server: &Server, rig: &Rig<HttpClient>) {
    let deal = open_deal(server, 6).await;
    let (before, ..) = rig.walk(Kind::Deal, &Pass::Census, None).await;
    server.call("crm.lead", "unlink", json!({"ids": [deal]})).await;
    let (after, ..) = rig.walk(Kind::Deal, &Pass::Census, None).await;
    assert_eq!(after.len() + 1, before.len());
    let (changes, ..) = rig.walk(Kind::Deal, &Pass::These(vec![deal.to_string().into()]), None).await;
    assert!(matches!(&changes[..], [Change::Gone(_)]), "{changes:?}");
    let intent = Intent::ChangeStage { to: "crm/2".into() };
    let write = write(rig.reference(Kind::Deal, &deal), intent, Vec::new(), "gone");
    let error = rig.odoo.apply(&rig.cx(), &write).await.unwrap_err();
    assert_eq!(error.kind, connect::ErrorKind::NotFound);
}
