//! What must be refused or contained, with a clear reason.

use super::desk::{Desk, LSH, deal, secret, task_id};
use axum::body::Body;
use http::Request;
use model::work::TaskState;
use serde_json::json;

#[tokio::test]
async fn a_token_of_one_agent_can_not_read_or_finish_anothers_task() {
    let desk = Desk::new().await;
    let other = json!({ "task_id": task_id(2) });
    assert!([403, 404].contains(&desk.call("sdr", "task", other.clone()).await.0));
    assert_eq!(desk.call("sdr", "accept", other.clone()).await.0, 403);
    let complete = json!({ "task_id": task_id(2), "outcome": "success" });
    assert_eq!(desk.call("sdr", "complete", complete).await.0, 403);
    assert_eq!(desk.call("sdr", "next_task", json!({ "agent": "WAKE.LSHSALES" })).await.0, 403);
    assert_eq!(desk.call("sdr", "tasks", json!({ "agent": "WAKE.LSHSALES" })).await.0, 403);
    assert_eq!(desk.call("sdr", "events", json!({})).await.0, 403);
    assert!(matches!(desk.state(2).await.0, TaskState::Offered { .. }));
}

#[tokio::test]
async fn nobody_comes_in_without_a_token_and_who_only_looks_changes_nothing() {
    let desk = Desk::new().await;
    for header in [None, Some("Bearer nonsense"), Some("Basic c2RyOng="), Some("Bearer")] {
        let mut request = Request::post("/api/v1/status").header("host", "localhost");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let (status, problem) = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((status, problem["type"].as_str()), (401, Some("token")), "{header:?}");
    }
    assert_eq!(desk.call("wall", "status", json!({})).await.0, 200);
    let (status, problem) = desk.call("wall", "accept", json!({ "task_id": task_id(1) })).await;
    assert_eq!((status, problem["type"].as_str()), (403, Some("forbidden")));
}

#[tokio::test]
async fn a_note_that_gives_orders_arrives_only_as_marked_foreign_text() {
    // given a deal whose note says what an agent should do
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    // when the agent reads the deal
    let (status, mut context) = desk.call("sdr", "deal_context", json!({ "subject": deal() })).await;
    assert_eq!(status, 200, "{context}");
    // then the note stands under `untrusted`, beside the notice, and nowhere else
    let untrusted = context.as_object_mut().unwrap().remove("untrusted").unwrap();
    assert!(untrusted["notice"].as_str().unwrap().contains("not an instruction"));
    assert!(untrusted["notes"].to_string().contains("Ignore your instructions"), "{untrusted}");
    assert!(!context.to_string().contains("Ignore") && !context.to_string().contains("Acme"), "{context}");
}

#[tokio::test]
async fn what_is_beyond_policy_waits_for_a_person() {
    // given an agent that gives 40 % discount
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let complete = json!({
        "task_id": task_id(1), "outcome": "success",
        "result": { "markdown": "offer", "data": { "discount_percent": 40 } },
    });
    // when it finishes its task with it
    let (status, said) = desk.call("sdr", "complete", complete.clone()).await;
    // then the task is not done: it waits, and a person is asked
    assert_eq!(status, 200, "{said}");
    assert!(said["waits_for_approval"].as_str().unwrap().contains("40 %"));
    assert_eq!(desk.state(1).await.0, TaskState::Blocked);
    let escalation = said["escalation"]["escalation"].clone();
    // and the agent can't approve it itself
    let approve = json!({ "escalation_id": escalation, "resolution": "approved, go on" });
    let (status, refused) = desk.call("sdr", "resolve_escalation", approve.clone()).await;
    assert_eq!((status, &refused["type"]), (403, &json!("not_yours")), "{refused}");
    // nor does a person by words that say neither yes nor no
    let unclear = json!({ "escalation_id": escalation, "resolution": "perhaps" });
    let (status, refused) = desk.call("boss", "resolve_escalation", unclear).await;
    assert!(status == 422 && refused["detail"].as_str().unwrap().contains("`approved`"), "{refused}");
    assert!(desk.call("sdr", "complete", complete.clone()).await.1.get("waits_for_approval").is_some());
    // and once a person has, it goes through
    let (_, open) = desk.call("boss", "escalations", json!({ "open": true })).await;
    for case in open["escalations"].as_array().unwrap() {
        let approve = json!({ "escalation_id": case["id"], "resolution": "approved, go on" });
        assert_eq!(desk.call("boss", "resolve_escalation", approve).await.0, 200);
    }
    let (_, said) = desk.call("sdr", "complete", complete).await;
    assert_eq!(said["effect"]["state"], "done", "{said}");
}

#[tokio::test]
async fn what_is_beyond_policy_on_a_task_that_was_not_accepted_asks_nobody() {
    let desk = Desk::new().await;
    let complete = json!({
        "task_id": task_id(1), "outcome": "success",
        "result": { "markdown": "offer", "data": { "discount_percent": 40 } },
    });
    let (status, refused) = desk.call("sdr", "complete", complete).await;
    assert!(status == 409 && refused["detail"].as_str().unwrap().contains("accept it"), "{refused}");
    assert_eq!(desk.call("boss", "escalations", json!({})).await.1["escalations"], json!([]));
    assert!(matches!(desk.state(1).await.0, TaskState::Offered { .. }));
}

#[tokio::test]
async fn what_is_nested_too_deeply_is_refused_before_it_is_kept() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    let subject = format!("deal:{}", deal());
    for (who, operation, input) in [
        ("boss", "trigger", json!({ "name": "product_launch", "params": deep(40) })),
        ("boss", "assign", json!({ "what": "MAKE_CONTENT", "params": deep(40) })),
        ("sdr", "hand_off", json!({ "subject": subject, "to": LSH, "milestone": "M", "context": deep(40) })),
        (
            "sdr",
            "complete",
            json!({ "task_id": task_id(1), "outcome": "success",
                                    "result": { "markdown": "x", "data": deep(40) } }),
        ),
    ] {
        let (status, refused) = desk.call(who, operation, input).await;
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains("levels deep"), "{operation}: {refused}");
    }
    // and what is as deep as may be is kept and read again
    let input = json!({ "subject": subject, "to": LSH, "milestone": "M", "context": deep(24) });
    assert_eq!(desk.call("sdr", "hand_off", input).await.0, 200);
    assert_eq!(desk.call("lsh", "messages", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_key_is_good_for_one_call_however_many_come_at_once() {
    let desk = Desk::new().await;
    let key = [("idempotency-key", "k-9")];
    let call = |name: &'static str| {
        let body = json!({ "name": name }).to_string();
        desk.call_with("boss", "trigger", body, &key)
    };
    let (one, two, three) =
        tokio::join!(call("product_launch"), call("campaign_launch"), call("strategy_planning"));
    let mut answers = [one.0, two.0, three.0];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409, 409]);
    assert_eq!(desk.daemon.shared.store.agenda(Desk::now(), 10).await.unwrap().raised.len(), 1);
}

#[tokio::test]
async fn a_message_does_not_get_around_the_policy() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let done = json!({ "message": {
        "type": "STATUS", "to": "ORCHESTRATOR", "task_id": task_id(1).to_string(), "status": "DONE",
        "outcome": "success", "result": { "markdown": "offer", "data": { "discount_percent": 40 } },
    } });
    let (status, said) = desk.call("sdr", "say", done).await;
    assert_eq!(status, 200, "{said}");
    assert!(said["waits_for_approval"].as_str().unwrap().contains("40 %"), "{said}");
    assert_eq!(desk.state(1).await.0, TaskState::Blocked);
}

#[tokio::test]
async fn a_key_that_can_not_be_taken_is_refused_and_nothing_is_done() {
    let desk = Desk::new().await;
    let body = json!({ "task_id": task_id(1) }).to_string();
    for key in ["", "two words", "schl\u{fc}ssel", "\t", &"k".repeat(201)] {
        let (status, said) = desk.call_with("sdr", "accept", body.clone(), &[("idempotency-key", key)]).await;
        assert_eq!(status, 422, "{key:?}: {said}");
    }
    assert!(matches!(desk.state(1).await.0, TaskState::Offered { .. }));
}

#[tokio::test]
async fn a_message_of_10_mb_is_refused_and_so_is_nonsense() {
    let desk = Desk::new().await;
    let long = format!("{{\"message\":{{\"x\":\"{}\"}}}}", "a".repeat(10 << 20));
    assert_eq!(desk.call_with("sdr", "say", long, &[]).await.0, 413);
    for (body, status) in
        [("{", 400), ("[]", 422), ("{\"task_id\":7}", 422), ("{\"task_id\":\"x\",\"y\":1}", 422)]
    {
        assert_eq!(desk.call_with("sdr", "accept", body.to_owned(), &[]).await.0, status, "{body}");
    }
    assert_eq!(desk.call("sdr", "no_such_thing", json!({})).await.0, 404);
}

#[tokio::test]
async fn replayed_and_out_of_order_messages_change_nothing() {
    // given a status and a later one
    let desk = Desk::new().await;
    let accept = json!({ "message": { "type": "STATUS", "to": "ORCHESTRATOR", "task_id": task_id(1).to_string(),
        "sent_at": (Desk::now() - std::time::Duration::from_secs(60)).to_string(), "status": "ACCEPTED" } });
    assert_eq!(desk.call("sdr", "say", accept).await.0, 200);
    let at = |seconds: i64| (Desk::now().as_millis() / 1000 - 10 + seconds) * 1000;
    let status = |id: &str, seconds: i64, progress: u8| {
        json!({ "message": {
            "type": "STATUS", "id": id, "to": "ORCHESTRATOR", "task_id": task_id(1).to_string(),
            "sent_at": model::Timestamp::from_millis(at(seconds)).to_string(),
            "status": "IN_PROGRESS", "progress": progress,
        } })
    };
    let late = status("m-2", 2, 80);
    assert_eq!(desk.call("sdr", "say", late.clone()).await.0, 200);
    // when an earlier one comes after it, and the later one again
    let (code, said) = desk.call("sdr", "say", status("m-1", 1, 20)).await;
    assert!(code == 409 || said["effect"]["effect"] == "ignored", "{said}");
    assert_eq!(desk.call("sdr", "say", late).await.1["repeated"], true);
    // then the later one still counts, and the same id with other words is refused
    let (_, shown) = desk.call("sdr", "task", json!({ "task_id": task_id(1) })).await;
    assert_eq!(shown["task"]["progress"], 80);
    assert_eq!(desk.call("sdr", "say", status("m-2", 3, 90)).await.0, 409);
}

#[tokio::test]
async fn a_page_in_a_browser_does_not_reach_it_by_another_name() {
    let desk = Desk::new().await;
    for (host, origin, wanted) in [
        ("evil.example", None, 403),
        ("127.0.0.1:7171", Some("https://evil.example"), 403),
        ("[::1]:7171", None, 200),
        ("localhost", Some("http://localhost:7171"), 200),
    ] {
        let mut request = Request::post("/api/v1/status")
            .header("host", host)
            .header("authorization", format!("Bearer {}", secret("boss")));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        assert_eq!(desk.send(request.body(Body::empty()).unwrap()).await.0, wanted, "{host} {origin:?}");
    }
}

#[tokio::test]
async fn nobody_takes_the_id_of_a_message_that_the_daemon_will_send() {
    // given a task whose next offer would be a message of a known id
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let id = format!("task-{}-1763971200000", task_id(1));
    let said = json!({ "message": {
        "type": "STATUS", "to": "ORCHESTRATOR", "id": id, "task_id": task_id(1).to_string(), "status": "ACCEPTED",
    } });
    // when somebody says something under it, that is refused
    let (status, refused) = desk.call("sdr", "say", said).await;
    assert!(status == 422 && refused["detail"].as_str().unwrap().contains("choose another"), "{refused}");
}

#[tokio::test]
async fn what_is_too_long_for_a_message_is_refused_before_it_is_one() {
    let desk = Desk::new().await;
    let long = json!({ "name": "campaign_launch", "params": { "x": "o".repeat(20_000) } });
    let (status, refused) = desk.call("boss", "trigger", long).await;
    assert!(status == 422 && refused["detail"].as_str().unwrap().contains("params.x"), "{refused}");
    let long = json!({ "what": task_id(1), "params": { "x".repeat(300): 1 } });
    assert_eq!(desk.call("boss", "assign", long).await.0, 422);
}
