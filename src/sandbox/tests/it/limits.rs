use crate::desk::Desk;
use sandbox::{Config, Limits, OauthApp};
use serde_json::json;

fn account(limits: Limits) -> Desk {
    Desk::new(&Config { limits: Some(limits), ..Config::default() })
}

#[test]
fn the_burst_headers_count_down_and_the_next_one_is_refused() {
    let desk = account(Limits { ten_secondly: 3, ..Limits::default() });
    let left = |n: &crate::desk::Answer| n.header("x-hubspot-ratelimit-remaining").unwrap().to_owned();
    for expected in ["2", "1", "0"] {
        assert_eq!(left(&desk.get("/crm/v3/owners")), expected);
    }
    let refused = desk.get("/crm/v3/owners");
    assert_eq!((refused.status, &refused.json()["policyName"]), (429, &json!("TEN_SECONDLY_ROLLING")));
    desk.clock.advance(10_000);
    assert_eq!(desk.get("/crm/v3/owners").status, 200);
    let usage = desk.sandbox.usage();
    assert_eq!((usage.too_many(), usage.family("owners"), usage.peak(10_000)), (1, 5, (0, 4)));
}

#[test]
fn searches_have_a_limit_of_their_own_and_no_burst_headers() {
    let desk = account(Limits::default());
    let search = || desk.post("/crm/v3/objects/deals/search", &json!({}));
    for _ in 0..4 {
        let answer = search();
        assert_eq!(answer.status, 200);
        assert!(answer.header("x-hubspot-ratelimit-max").is_none());
        assert!(answer.header("x-hubspot-ratelimit-daily-remaining").is_some());
    }
    let refused = search();
    assert_eq!((refused.status, &refused.json()["category"]), (429, &json!("RATE_LIMITS")));
    assert_eq!(refused.json()["message"], "You have reached your secondly limit.");
    assert!(refused.header("retry-after").is_none());
    // others go on, and searches don't count for the window
    assert_eq!(desk.get("/crm/v3/owners").header("x-hubspot-ratelimit-remaining"), Some("189"));
    desk.clock.advance(1_000);
    assert_eq!(search().status, 200);
}

#[test]
fn an_oauth_app_sees_no_daily_headers() {
    let mut desk = Desk::new(&Config { oauth: Some(OauthApp::default()), ..Config::default() });
    let form = "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token=sandbox-refresh-0";
    let token = desk.raw(http::Method::POST, "/oauth/2026-03/token", form.into()).unwrap();
    desk.token = token.json()["access_token"].as_str().unwrap().to_owned();
    let list = desk.get("/crm/v3/objects/deals");
    assert!(list.header("x-hubspot-ratelimit-max").is_some());
    assert!(list.header("x-hubspot-ratelimit-daily").is_none());
    let search = desk.post("/crm/v3/objects/deals/search", &json!({}));
    assert!(search.headers.keys().all(|name| !name.as_str().contains("ratelimit")));
}

#[test]
fn a_used_up_day_ends_at_midnight_of_the_portal() {
    let desk = account(Limits { daily: 2, ..Limits::default() });
    desk.get("/crm/v3/owners");
    desk.get("/crm/v3/owners");
    let refused = desk.get("/crm/v3/owners");
    assert_eq!((refused.status, &refused.json()["policyName"]), (429, &json!("DAILY")));
    // noon UTC is 13:00 in Berlin: ten hours and fifty-nine minutes later it's still today
    desk.clock.advance(11 * 3_600_000 - 1);
    assert_eq!(desk.get("/crm/v3/owners").status, 429);
    desk.clock.advance(1);
    assert_eq!(desk.get("/crm/v3/owners").status, 200);
}
