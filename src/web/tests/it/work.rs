//! A day's work.

use super::desk::{Desk, LSH, SDR, deal, task_id};
use model::work::TaskState;
use serde_json::{Value, json};

#[tokio::test]
async fn an_agent_takes_reports_and_finishes_its_task() {
    // given an agent with one offer
    let desk = Desk::new().await;
    let (status, next) = desk.call("sdr", "next_task", json!({})).await;
    assert_eq!((status, next["task"]["action"].as_str()), (200, Some("EXECUTE_OUTREACH")), "{next}");
    let id = next["task"]["id"].as_str().unwrap();
    // when it takes it, reports on it and finishes it
    let (status, said) = desk.call("sdr", "accept", json!({ "task_id": id })).await;
    assert_eq!(status, 200, "{said}");
    let report =
        json!({ "task_id": id, "status": "IN_PROGRESS", "progress": 45, "metrics": { "found": 45 } });
    assert_eq!(desk.call("sdr", "report_status", report).await.0, 200);
    let complete = json!({
        "task_id": id, "outcome": "success",
        "result": { "title": "List", "markdown": "# 45 found", "data": { "found": 45 } },
        "learnings": ["founders answer on Sundays"],
    });
    let (status, said) = desk.call("sdr", "complete", complete).await;
    // then it is done, with figures and document, and the next one is asked for
    assert_eq!((status, said["effect"]["state"].as_str()), (200, Some("done")), "{said}");
    let (_, shown) = desk.call("sdr", "task", json!({ "task_id": id })).await;
    assert_eq!(shown["task"]["metrics"]["found"], 45);
    assert_eq!(shown["documents"].as_array().unwrap().len(), 1);
    assert_eq!(desk.call("sdr", "next_task", json!({})).await.1["task"], json!(null));
}

#[tokio::test]
async fn a_declined_task_goes_back_with_the_reason() {
    let desk = Desk::new().await;
    let input = json!({ "task_id": task_id(1), "reason": "no list" });
    assert_eq!(desk.call("sdr", "decline", input).await.0, 200);
    assert_eq!(desk.state(1).await, (TaskState::Queued, None));
    let (_, shown) = desk.call("boss", "task", json!({ "task_id": task_id(1) })).await;
    assert_eq!(shown["task"]["passed"][0][0], SDR);
}

#[tokio::test]
async fn a_handoff_is_asked_for_and_confirmed() {
    // given an agent at work on a deal
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    // when it hands the deal over with what it knows
    let input = json!({
        "subject": format!("deal:{}", deal()), "to": LSH, "milestone": "MEETING_BOOKED",
        "context": { "budget": "confirmed" },
    });
    let (status, said) = desk.call("sdr", "hand_off", input).await;
    assert_eq!((status, said["effect"]["status"].as_str()), (200, Some("REQUESTED")), "{said}");
    let handoff = said["effect"]["handoff"].clone();
    // then only the receiver can confirm it, once
    let confirm = json!({ "handoff_id": handoff });
    assert_eq!(desk.call("sdr", "confirm_handoff", confirm.clone()).await.0, 403);
    let (status, said) = desk.call("lsh", "confirm_handoff", confirm.clone()).await;
    assert_eq!((status, said["effect"]["status"].as_str()), (200, Some("CONFIRMED")), "{said}");
    assert_eq!(desk.call("lsh", "confirm_handoff", confirm).await.0, 409);
}

#[tokio::test]
async fn a_handoff_goes_to_an_agent_by_any_of_its_names_and_to_no_other() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let input =
        |to: &str| json!({ "subject": format!("deal:{}", deal()), "to": to, "milestone": "MEETING_BOOKED" });
    // given names of its own, and one that nobody has
    assert_eq!(desk.call("sdr", "hand_off", input("WAKE.SDRFORGE.EXE")).await.0, 422);
    let (status, problem) = desk.call("sdr", "hand_off", input("WAKE.LSHSALE")).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("did you mean"), "{problem}");
    // when an alias is used, then who has it can confirm
    let (_, said) = desk.call("sdr", "hand_off", input("WAKE.LSHSALES.EXE")).await;
    let confirm = json!({ "handoff_id": said["effect"]["handoff"] });
    assert_eq!(desk.call("lsh", "confirm_handoff", confirm).await.0, 200, "{said}");
}

#[tokio::test]
async fn a_person_hands_over_what_somebody_has() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let input =
        |to: &str| json!({ "subject": format!("deal:{}", deal()), "to": to, "milestone": "MEETING_BOOKED" });
    desk.call("lsh", "decline", json!({ "task_id": task_id(2), "reason": "no time" })).await;
    // given a person who asks for it
    let (status, said) = desk.call("boss", "hand_off", input("external:partner")).await;
    assert_eq!(status, 200, "{said}");
    // then it is from whoever has the deal, and shown with the deal's name
    let (_, shown) = desk.call("boss", "handoffs", json!({})).await;
    let case = &shown["handoffs"][0];
    assert_eq!((&case["from"], &case["untrusted"]["name"]), (&json!(SDR), &json!("Acme")));
}

#[tokio::test]
async fn an_escalation_is_followed_until_it_is_settled() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    let input = json!({ "task_id": task_id(1), "reason": "BLOCKED", "request": "NEED_A_LIST" });
    let (status, said) = desk.call("sdr", "escalate", input).await;
    assert_eq!((status, said["effect"]["status"].as_str()), (200, Some("OPEN")), "{said}");
    let escalation = said["effect"]["escalation"].clone();
    let of = json!({ "escalation_id": escalation });
    assert_eq!(desk.call("boss", "acknowledge_escalation", of).await.0, 200);
    let settled = json!({ "escalation_id": escalation, "resolution": "list bought" });
    assert_eq!(desk.call("boss", "resolve_escalation", settled).await.0, 200);
    let (_, open) = desk.call("boss", "escalations", json!({ "open": true })).await;
    assert_eq!(open["escalations"], json!([]));
}

#[tokio::test]
async fn the_same_key_does_nothing_twice() {
    // given a trigger raised with a key
    let desk = Desk::new().await;
    let body = json!({ "task_id": task_id(1) }).to_string();
    let key = [("idempotency-key", "k-1")];
    let (status, first) = desk.call_with("sdr", "accept", body.clone(), &key).await;
    assert_eq!((status, &first["repeated"]), (200, &json!(false)));
    // when it is sent again, then the answer is the same and says so
    let (status, again) = desk.call_with("sdr", "accept", body, &key).await;
    assert_eq!((status, &again["repeated"], &again["effect"]), (200, &json!(true), &first["effect"]));
    assert_eq!(again["message_id"], first["message_id"]);
}

#[tokio::test]
async fn an_order_with_a_key_is_given_once_and_the_key_is_good_for_nothing_else() {
    // given a new task that was ordered with a key, and that the daemon has given to its agent
    let desk = Desk::new().await;
    let key = [("idempotency-key", "k-2")];
    let order = |to: &str| {
        json!({ "what": "DELIVER_DEMO", "subject": format!("deal:{}", deal()), "to": to }).to_string()
    };
    let (status, first) = desk.call_with("boss", "assign", order(LSH), &key).await;
    assert_eq!((status, &first["new"], &first["against"]), (200, &json!(true), &Value::Null), "{first}");
    desk.turn().await;
    let has = async || {
        let (_, found) = desk.call("boss", "tasks", json!({ "agent": LSH, "state": "offered" })).await;
        found["tasks"].as_array().unwrap().len()
    };
    assert_eq!(has().await, 2);
    // when it is ordered again, then the first answer comes again and nothing else does
    let (status, mut again) = desk.call_with("boss", "assign", order(LSH), &key).await;
    assert_eq!((status, again["repeated"].take()), (200, json!(true)), "{again}");
    again.as_object_mut().unwrap().remove("repeated");
    assert_eq!(again, first);
    desk.turn().await;
    assert_eq!((has().await, desk.daemon.shared.store.orders().await.unwrap()), (2, vec![]));
    // and another call under that key, by whatever operation, is refused and names the key
    for (operation, body) in
        [("assign", order(SDR)), ("trigger", json!({ "name": "product_launch" }).to_string())]
    {
        let (status, problem) = desk.call_with("boss", operation, body, &key).await;
        assert_eq!((status, &problem["type"]), (409, &json!("reused")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("idempotency key \"k-2\""), "{problem}");
    }
    // while somebody else's key of that name is another
    let (status, said) =
        desk.call_with("lsh", "accept", json!({ "task_id": task_id(2) }).to_string(), &key).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test]
async fn tasks_are_found_by_state_and_by_any_name_of_their_agent() {
    let desk = Desk::new().await;
    let find = async |input: Value| desk.call("boss", "tasks", input).await;
    // given one offered task each
    let (_, own) = find(json!({ "agent": "SDRFORGE", "state": "offered" })).await;
    assert_eq!((own["tasks"].as_array().unwrap().len(), &own["tasks"][0]["id"]), (1, &json!(task_id(1))));
    // when a state or an agent is asked for that there is not, then that is said
    let (status, problem) = find(json!({ "state": "bogus" })).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("queued, offered"), "{problem}");
    let (status, problem) = find(json!({ "agent": "WAKE.SDRFORG" })).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("did you mean"), "{problem}");
}

#[tokio::test]
async fn lists_by_date_go_on_after_what_was_shown_last() {
    let desk = Desk::new().await;
    let find = async |name, input: Value| desk.call("boss", name, input).await;
    // given the first task of the list, as a page of its own
    let (_, all) = find("tasks", json!({})).await;
    let holder = all["tasks"][0]["holder"].clone();
    let (_, first) = find("tasks", json!({ "agent": holder, "state": "offered" })).await;
    assert_eq!((&first["tasks"][0]["id"], &first["more"]), (&all["tasks"][0]["id"], &json!(false)));
    // when the list goes on from there, then the others follow, and after the last nothing
    let (_, rest) = find("tasks", json!({ "cursor": first["next"] })).await;
    assert_eq!(rest["tasks"].as_array().unwrap()[..], all["tasks"].as_array().unwrap()[1..]);
    let (_, end) = find("tasks", json!({ "cursor": all["next"] })).await;
    assert_eq!((&end["tasks"], &end["next"]), (&json!([]), &all["next"]));
    // and what did not come from such a list is refused
    for name in ["tasks", "handoffs", "escalations"] {
        let (status, problem) = find(name, json!({ "cursor": "c17" })).await;
        assert!(status == 422 && problem["detail"].as_str().unwrap().contains("leave it out"), "{problem}");
    }
}

#[tokio::test]
async fn messages_are_read_page_by_page() {
    let desk = Desk::new().await;
    desk.call("sdr", "accept", json!({ "task_id": task_id(1) })).await;
    desk.call("lsh", "accept", json!({ "task_id": task_id(2) })).await;
    let (_, all) = desk.call("boss", "messages", json!({})).await;
    let count = all["messages"].as_array().unwrap().len();
    assert!(count >= 2, "{all}");
    let (_, rest) = desk.call("boss", "messages", json!({ "cursor": all["next"] })).await;
    assert_eq!(rest["messages"], json!([]));
    // and an agent reads only its own
    let (_, own) = desk.call("sdr", "messages", json!({})).await;
    assert!(own["messages"].as_array().unwrap().len() < count);
}
