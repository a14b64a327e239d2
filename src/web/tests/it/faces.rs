//! The two faces show the same table.

use super::desk::{Desk, secret};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

async fn mcp(desk: &Desk, who: &str, method: &str, params: Value) -> Value {
    let request = Request::post("/mcp")
        .header("host", "127.0.0.1:7171")
        .header("authorization", format!("Bearer {}", secret(who)))
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .body(Body::from(
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string(),
        ))
        .unwrap();
    let (status, answer) = desk.send(request).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

#[tokio::test]
async fn every_operation_is_a_path_and_a_tool() {
    let desk = Desk::new().await;
    let request =
        Request::get("/api/v1/openapi.json").header("host", "localhost").body(Body::empty()).unwrap();
    let (status, document) = desk.send(request).await;
    assert_eq!(status, 200);
    let mut paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let tools = mcp(&desk, "boss", "tools/list", json!({})).await;
    let mut names: Vec<String> = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| format!("/api/v1/{}", tool["name"].as_str().unwrap()))
        .collect();
    paths.sort();
    names.sort();
    assert_eq!(paths, names);
    assert!(names.len() >= 15);
}

#[tokio::test]
async fn each_is_shown_the_tools_that_it_may_use() {
    let desk = Desk::new().await;
    for (who, tool, shown) in [
        ("boss", "assign", true),
        ("sdr", "accept", true),
        ("sdr", "assign", false),
        ("sdr", "events", false),
        ("wall", "events", true),
        ("wall", "accept", false),
    ] {
        let list = mcp(&desk, who, "tools/list", json!({})).await;
        let has = list["tools"].as_array().unwrap().iter().any(|one| one["name"] == tool);
        assert_eq!(has, shown, "{tool} for {who}");
    }
}

#[tokio::test]
async fn a_tool_does_what_the_path_does_for_the_same_token() {
    let desk = Desk::new().await;
    let called = mcp(&desk, "sdr", "tools/call", json!({ "name": "next_task", "arguments": {} })).await;
    let (_, asked) = desk.call("sdr", "next_task", json!({})).await;
    assert_eq!(called["structuredContent"], asked);
    let refused = mcp(&desk, "sdr", "tools/call", json!({ "name": "events", "arguments": {} })).await;
    assert_eq!(
        (&refused["isError"], &refused["structuredContent"]["error"]),
        (&json!(true), &json!("forbidden"))
    );
}

#[tokio::test]
async fn the_quick_commands_are_prompts() {
    let desk = Desk::new().await;
    let list = mcp(&desk, "boss", "prompts/list", json!({})).await;
    assert_eq!(list["prompts"].as_array().unwrap().len(), 7);
    let one =
        mcp(&desk, "boss", "prompts/get", json!({ "name": "handoff", "arguments": { "deal": "Acme" } }))
            .await;
    assert!(one["messages"][0]["content"]["text"].as_str().unwrap().contains("Acme"));
}
