use super::*;
use serde_json::json;

/// The four messages of the protocol as its authors wrote them, with the missing list filled in.
const TASK: &str = r#"{ "type": "TASK", "from": "ORCHESTRATOR", "to": "WAKE.SDRFORGE",
  "task": { "id": "task-001", "action": "BUILD_PROSPECT_LIST",
    "params": { "icp": "technical-founders", "volume": 100, "priority": "high" } },
  "deadline": "2024-01-15T17:00:00Z" }"#;
const STATUS: &str = r#"{ "type": "STATUS", "from": "WAKE.SDRFORGE", "to": "ORCHESTRATOR", "task_id": "task-001",
  "status": "IN_PROGRESS", "progress": 45, "metrics": { "prospects_found": 45, "emails_verified": 38 } }"#;
const HANDOFF: &str = r#"{ "type": "HANDOFF", "from": "WAKE.SDRFORGE", "to": "WAKE.LSHSALES",
  "lead": { "id": "lead-001", "company": "Acme Corp", "contact": "John Smith", "stage": "MEETING_BOOKED",
    "context": { "pain_points": ["slow"], "timeline": "Q1", "budget": "confirmed" } } }"#;
const ESCALATION: &str = r#"{ "type": "ESCALATION", "from": "WAKE.CLOSESTACK", "to": "ORCHESTRATOR",
  "deal_id": "deal-001", "reason": "ENTERPRISE_COMPLEXITY", "request": "ACTIVATE_ENTERPRISE_AGENT",
  "context": { "deal_size": 150000, "stakeholders": 5, "security_review": "required" } }"#;

fn fill() -> Fill {
    Fill { id: Some("m-1".into()), sent_at: Some(Timestamp::from_millis(1_705_000_000_000)), from: None }
}

fn refused(text: &str) -> String {
    Message::read(text, &fill()).unwrap_err().to_string()
}

#[test]
fn the_protocols_own_examples_are_read_and_written_with_every_field() {
    for text in [TASK, STATUS, HANDOFF, ESCALATION] {
        let message = Message::read(text, &fill()).unwrap();
        let given: Map<String, Value> = serde_json::from_str(text).unwrap();
        let written = serde_json::to_value(&message).unwrap();
        for (name, value) in &given {
            let same = match name.as_str() {
                "deadline" => written[name] == json!("2024-01-15T17:00:00.000Z"),
                _ => &written[name] == value,
            };
            assert!(same, "{name}: {} for {value}", written[name]);
        }
        assert_eq!(written["id"], "m-1");
        assert_eq!(serde_json::from_value::<Message>(written).unwrap(), message);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let unknown = STATUS.replace("\"progress\"", "\"progres\"");
    assert!(refused(&unknown).contains("unknown field `progres`"), "{}", refused(&unknown));
    let status = STATUS.replace("IN_PROGRESS", "HALF_DONE");
    assert!(refused(&status).contains("unknown variant `HALF_DONE`"), "{}", refused(&status));
    assert_eq!(refused(&STATUS.replace("45,", "101,")), "`progress` is percent, 0 to 100");
    assert_eq!(refused(&STATUS.replace("IN_PROGRESS", "DONE")), "DONE needs `outcome`");
    assert_eq!(refused(&STATUS.replace("IN_PROGRESS", "DECLINED")), "DECLINED needs `reason`");
    assert_eq!(
        refused(&ESCALATION.replace("\"ESCALATION\"", "\"SHOUT\"")),
        "`type` \"SHOUT\" is none of TASK, STATUS, HANDOFF, ESCALATION"
    );
    assert_eq!(refused("[]"), "a message is a JSON object");
    assert!(refused("{").starts_with("not JSON"));
    assert_eq!(Message::read(TASK, &Fill::default()).unwrap_err().to_string(), "`id` is missing");
}

#[test]
fn texts_and_messages_have_a_limit() {
    let long = "x".repeat(MOST_TEXT + 1);
    assert_eq!(
        refused(&ESCALATION.replace("ACTIVATE_ENTERPRISE_AGENT", &long)),
        "`request` is longer than 16384 bytes"
    );
    assert_eq!(
        refused(&ESCALATION.replace("required", &long)),
        "`context.security_review` is longer than 16384 bytes"
    );
    let huge = format!("{}{}", " ".repeat(MOST_MESSAGE), TASK);
    assert!(matches!(Message::read(&huge, &fill()), Err(MessageError::TooLong { most: MOST_MESSAGE, .. })));
}

#[test]
fn what_was_kept_is_read_again_however_long_it_is() {
    // given a message of the daemon's that holds more than anybody may say
    let long = "o".repeat(MOST_TEXT + 1);
    let text = format!(
        r#"{{"type":"TASK","id":"t","sent_at":"2025-11-24T08:00:00Z","from":"{long}","to":"A","task":{{"id":"1","action":"A","params":{{"x":"{long}"}}}}}}"#
    );
    assert!(Message::read(&text, &Fill::default()).is_err(), "nobody may say it");
    // when it is read back, then it is there
    let kept: Message = serde_json::from_str(&text).unwrap();
    assert_eq!(kept.from.len(), MOST_TEXT + 1);
}

#[test]
fn nobody_speaks_in_anothers_name() {
    let as_coldemail = Fill { from: Some("COLDEMAIL".into()), ..fill() };
    assert_eq!(
        Message::read(STATUS, &as_coldemail).unwrap_err().to_string(),
        "`from` says \"WAKE.SDRFORGE\", but this is COLDEMAIL"
    );
}

#[test]
fn the_hash_is_of_what_is_said_and_not_of_when() {
    let first = Message::read(STATUS, &fill()).unwrap();
    let later = Message { sent_at: Timestamp::from_millis(1), ..first.clone() };
    assert_eq!(first.content_hash(), later.content_hash());
    let other = Message::read(&STATUS.replace("45,", "46,"), &fill()).unwrap();
    assert_ne!(first.content_hash(), other.content_hash());
}

#[test]
fn what_customers_wrote_is_not_in_the_debug_text() {
    let message = Message::read(HANDOFF, &fill()).unwrap();
    assert_eq!(format!("{message:?}"), "HANDOFF m-1 from WAKE.SDRFORGE to WAKE.LSHSALES");
    assert_eq!(format!("{:?}", message.body), "Body { .. }");
}

#[test]
fn the_schema_knows_four_types_and_refuses_unknown_fields() {
    let schema = schema();
    let shapes = schema["oneOf"].as_array().unwrap();
    let kinds: Vec<_> = shapes.iter().map(|shape| shape["properties"]["type"]["const"].clone()).collect();
    assert_eq!(kinds, ["TASK", "STATUS", "HANDOFF", "ESCALATION"]);
    assert!(shapes.iter().all(|shape| shape["additionalProperties"] == false));
    assert!(shapes[1]["required"].as_array().unwrap().contains(&json!("task_id")));
    // every reference leads somewhere
    let text = schema.to_string();
    for part in text.split("\"#/$defs/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schema["$defs"].get(name).is_some(), "{name} is not defined");
    }
}

#[test]
fn handoffs_and_escalations_move_only_along_their_tables() {
    use {EscalationStatus as E, HandoffStatus as H};
    let moves = |from: H| H::ALL.iter().copied().filter(move |to| from.may_become(*to)).collect::<Vec<_>>();
    assert_eq!(moves(H::Requested), [H::Confirmed, H::Declined, H::TimedOut]);
    assert_eq!(moves(H::TimedOut), [H::Confirmed, H::Declined]);
    assert_eq!(moves(H::Confirmed), [H::Completed]);
    assert!(moves(H::Declined).is_empty() && moves(H::Completed).is_empty());
    let moves = |from: E| E::ALL.iter().copied().filter(move |to| from.may_become(*to)).collect::<Vec<_>>();
    assert_eq!(moves(E::Open), [E::Acknowledged, E::Resolved]);
    assert_eq!(moves(E::Acknowledged), [E::Resolved]);
    assert!(moves(E::Resolved).is_empty());
}
