//! Writes: look first, say when the world moved, never twice.

use crate::{
    kit::{Rig, Still, TIMEOUT},
    standin::StandIn,
};
use connect::{Applied, Connector, Disposition, Effect, ErrorKind, Landing, marker};
use model::{Field, Id, Intent, Kind, Timestamp, Value, Write, WriteKey};
use serde_json::json;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_763_797_200_000);

fn rig_at(now: Timestamp) -> Rig<StandIn> {
    let rig = Rig::new("https://crm.example", "key", StandIn::at(NOW), Box::new(Still::at(now)));
    rig.transport.put(
        "crm.lead",
        14,
        0,
        json!({
            "name": "Deal", "type": "opportunity", "stage_id": [2, "Qualified"], "user_id": [7, "Ada"],
            "partner_id": false, "expected_revenue": 10, "company_currency": [1, "USD"], "active": true,
            "won_status": "pending", "date_deadline": false, "date_closed": false, "create_date": false,
        }),
    );
    rig
}

fn rig() -> Rig<StandIn> {
    rig_at(NOW)
}

fn write(rig: &Rig<StandIn>, intent: Intent, expects: Vec<(Field, Value)>) -> Write {
    let target = rig.reference(Kind::Deal, &14);
    let key = WriteKey::new(&rig.connection, intent.kind(), &target, "cause", "slot", 0);
    Write { key, target, intent, expects, because: "stage entered".to_owned() }
}

fn task() -> Intent {
    Intent::CreateTask {
        task: Id::derived(&["task"]),
        subject: "Call".to_owned(),
        body: "<script>".to_owned(),
        due: NOW,
        owner: Some("7".into()),
        high: false,
    }
}

fn to_stage(stage: &str) -> Intent {
    Intent::ChangeStage { to: stage.into() }
}

fn expected(stage: &str) -> Vec<(Field, Value)> {
    vec![(Field::SourceStage, Value::Text(stage.into()))]
}

fn calls(rig: &Rig<StandIn>) -> Vec<String> {
    rig.transport.journal().into_iter().map(|(call, _)| call).collect()
}

#[tokio::test]
async fn a_stage_is_set_after_a_look_at_what_the_decision_expected() {
    let rig = rig();
    rig.transport.answer("crm.lead/write", 200, "true");
    let write = write(&rig, to_stage("crm/3"), expected("crm/2"));
    let applied = rig.odoo.apply(&rig.cx(), &write).await.unwrap();
    assert!(matches!(applied, Applied::Done(receipt) if !receipt.found));
    assert_eq!(calls(&rig), ["crm.lead/search_read", "crm.lead/write"]);
}

#[tokio::test]
async fn a_persons_edit_in_between_is_handed_back_and_nothing_is_written() {
    let rig = rig();
    let write = write(&rig, to_stage("crm/3"), expected("crm/1"));
    let Applied::Moved(now) = rig.odoo.apply(&rig.cx(), &write).await.unwrap() else { panic!("written") };
    assert_eq!(now.fields.text(Field::SourceStage), Some("crm/2"));
    assert_eq!(calls(&rig), ["crm.lead/search_read"]);
}

#[tokio::test]
async fn a_stage_that_is_there_already_is_done_without_a_write() {
    let rig = rig();
    let write = write(&rig, to_stage("crm/2"), expected("crm/1"));
    let applied = rig.odoo.apply(&rig.cx(), &write).await.unwrap();
    assert!(matches!(applied, Applied::Done(receipt) if receipt.found));
    assert_eq!(calls(&rig), ["crm.lead/search_read"]);
}

#[tokio::test]
async fn a_target_that_is_gone_is_refused() {
    let rig = rig();
    rig.transport.remove("crm.lead", 14);
    let write = write(&rig, to_stage("crm/3"), expected("crm/2"));
    let error = rig.odoo.apply(&rig.cx(), &write).await.unwrap_err();
    assert_eq!(error.disposition(Effect::Idempotent), Disposition::Refuse);
}

#[tokio::test]
async fn a_task_whose_answer_was_lost_is_sent_again_under_the_same_external_id() {
    let rig = rig();
    rig.transport.answer("mail.activity/load", 200, "");
    rig.transport.answer("mail.activity/load", 200, r#"{"ids": [19], "messages": [], "nextrow": 0}"#);
    let write = write(&rig, task(), Vec::new());
    let Applied::Done(receipt) = rig.odoo.apply(&rig.cx(), &write).await.unwrap() else { panic!("moved") };
    assert_eq!((receipt.reference.kind, receipt.reference.id.as_ref()), (Kind::Task, "19"));
    let sent = rig.transport.journal();
    assert_eq!((sent.len(), &sent[0].1), (2, &sent[1].1));
    let note = sent[0].1["data"][0][5].as_str().unwrap();
    assert!(note.starts_with("&lt;script&gt;") && marker::carries(note, write.key), "{note}");
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_not_sent_again_but_looked_for() {
    let rig = rig();
    rig.transport.answer("crm.lead/message_post", 200, "");
    let write = write(&rig, Intent::CreateNote { body: "hello".to_owned(), at: NOW }, Vec::new());
    let error = rig.odoo.apply(&rig.cx(), &write).await.unwrap_err();
    assert_eq!(error.disposition(Effect::Creates), Disposition::Verify);
    assert_eq!(calls(&rig), ["crm.lead/message_post"]);
    // when it is there
    let body = format!("<p>hello</p><p>[so:{}]</p>", write.key);
    rig.transport.put("mail.message", 80, 0, json!({"body": body, "create_date": "2025-11-22 07:40:00"}));
    let landing = rig.odoo.find(&rig.cx(), &write, NOW).await.unwrap();
    assert!(matches!(landing, Landing::Landed(receipt) if receipt.reference.id.as_ref() == "80"));
}

#[tokio::test]
async fn absent_is_said_only_when_the_server_would_have_ended_the_request() {
    let sent = NOW;
    for (passed, sure) in [(TIMEOUT, false), (TIMEOUT + Duration::from_secs(121), true)] {
        let rig = rig_at(sent + passed);
        let write = write(&rig, task(), Vec::new());
        let landing = rig.odoo.find(&rig.cx(), &write, sent).await.unwrap();
        assert_eq!(landing == Landing::Absent, sure, "{landing:?}");
    }
}

#[tokio::test]
async fn somebody_elses_mention_of_our_key_is_not_our_task() {
    let rig = rig();
    let write = write(&rig, task(), Vec::new());
    let row = json!({"note": format!("see {}", write.key), "create_date": "2025-11-22 07:40:00"});
    rig.transport.put("mail.activity", 5, 0, row);
    let landing = rig.odoo.find(&rig.cx(), &write, NOW).await.unwrap();
    assert!(matches!(landing, Landing::Unknown { look_again: Some(_) }), "{landing:?}");
}

#[tokio::test]
async fn a_task_is_completed_once_although_completing_twice_would_write_twice() {
    let rig = rig();
    let row = |active| {
        json!({
            "summary": "Call", "note": false, "date_deadline": "2025-11-22", "active": active,
            "res_model": "crm.lead", "res_id": 14, "user_id": false, "activity_type_id": false,
            "create_date": false,
        })
    };
    rig.transport.put("mail.activity", 5, 0, row(true));
    rig.transport.answer("mail.activity/action_feedback", 200, "1693");
    let target = rig.reference(Kind::Task, &5);
    let intent = Intent::CompleteTask { task: Id::derived(&["task"]) };
    let write = Write { target, ..write(&rig, intent, Vec::new()) };
    let applied = rig.odoo.apply(&rig.cx(), &write).await.unwrap();
    assert!(matches!(applied, Applied::Done(_)));
    rig.transport.put("mail.activity", 5, 0, row(false));
    rig.transport.journal();
    let applied = rig.odoo.apply(&rig.cx(), &write).await.unwrap();
    assert!(matches!(applied, Applied::Done(receipt) if receipt.found));
    assert_eq!(calls(&rig), ["mail.activity/search_read"]);
}

#[tokio::test]
async fn a_refused_key_is_a_matter_for_a_person() {
    let rig = rig();
    rig.transport.answer("crm.lead/search_read", 401, r#"{"name": "x", "message": "Invalid apikey"}"#);
    let write = write(&rig, to_stage("crm/3"), expected("crm/2"));
    let error = rig.odoo.apply(&rig.cx(), &write).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConnected);
}
