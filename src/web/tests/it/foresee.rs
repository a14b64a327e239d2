//! Looking ahead through the API: the month as it is and with another team, and what to change.

use crate::desk::{Desk, SDR};
use serde_json::{Value, json};

#[tokio::test]
async fn a_month_is_simulated_with_the_team_and_with_another_one_beside_it() {
    // given a team of two whose targets say what reaches it
    let desk = Desk::new().await;
    let month = json!({ "arrivals": "team", "days": 14 });
    let (status, alone) = desk.call("boss", "simulate", month.clone()).await;
    assert_eq!((status, &alone["what_if"]), (200, &Value::Null), "{alone}");
    let outreach = |outcome: &Value| outcome["agents"][SDR]["figures"]["done"].as_u64().unwrap();
    assert!(outreach(&alone["today"]) > 100, "{alone}");
    // when one of them had a tenth of the limit, it does less, and today is as it was
    let cut = json!({ "arrivals": "team", "days": 14, "limits": { SDR: 50 } });
    let (_, both) = desk.call("wall", "simulate", cut).await;
    assert_eq!(both["today"], alone["today"], "one seed is one month");
    assert!(outreach(&both["what_if"]) < outreach(&alone["today"]) / 2, "{both}");
    // and without it nobody does that work
    let without = json!({ "arrivals": "team", "days": 14, "without": ["SDRFORGE"] });
    let (_, both) = desk.call("boss", "simulate", without).await;
    assert_eq!(both["what_if"]["agents"][SDR]["figures"]["tasks"], json!(0), "{both}");
}

#[tokio::test]
async fn what_can_not_be_simulated_is_refused_with_the_reason() {
    let desk = Desk::new().await;
    let wrong = [
        (json!({ "days": 0 }), 422, "`days` is from 1 to 90"),
        (json!({ "scale": 11 }), 422, "`scale` is from 0.01 to 10"),
        (json!({ "days": 90, "scale": 2 }), 422, "`days` times `scale` is at most 90"),
        (json!({ "limits": { SDR: 3, "SDRFORGE": 7 } }), 422, "twice"),
        (json!({ "without": ["NOBODY"] }), 422, "no agent is called \"NOBODY\""),
        (json!({ "limits": { "LSHSALES": -1 } }), 422, "invalid value"),
    ];
    for (input, expected, words) in wrong {
        let (status, answer) = desk.call("boss", "simulate", input.clone()).await;
        assert_eq!(status, expected, "{input}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{input}: {answer}");
    }
    for operation in ["simulate", "optimize"] {
        assert_eq!(desk.call("sdr", operation, json!({})).await.0, 403, "{operation} tells of everybody");
    }
}

#[tokio::test]
async fn suggestions_are_worked_out_once_and_are_there_for_whoever_asks_again() {
    // given suggestions that were asked for
    let desk = Desk::new().await;
    let asked = json!({ "arrivals": "team", "days": 30, "runs": 2 });
    let (status, first) = desk.call("boss", "optimize", asked.clone()).await;
    assert_eq!(status, 200, "{first}");
    // when somebody asks until they are there
    let mut last = first.clone();
    while last["state"] == "running" {
        (_, last) = desk.call("wall", "optimize", asked.clone()).await;
    }
    // then each has its evidence, its effect and what does it, and nothing was worked out twice
    assert_eq!((&last["state"], &last["since"]), (&json!("done"), &first["since"]));
    let advice = &last["advice"];
    assert!(
        advice["looked"]["tasks"].as_u64().unwrap() > 100 && !advice["notes"].as_array().unwrap().is_empty()
    );
    for finding in advice["findings"].as_array().unwrap() {
        assert!(
            finding["evidence"].is_string() && finding["effect"].is_object() && finding["how"].is_string()
        );
    }
}

#[tokio::test]
async fn one_thing_is_worked_out_at_a_time_and_who_wants_another_is_told() {
    let desk = Desk::new().await;
    let (long, other) =
        (json!({ "arrivals": "team", "days": 90, "runs": 10 }), json!({ "arrivals": "team" }));
    let (first, second) =
        tokio::join!(desk.call("boss", "optimize", long), desk.call("boss", "optimize", other));
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!((second.0, &second.1["type"]), (409, &json!("busy")), "{}", second.1);
}
