//! Each fault does to a naive client what it does in the field.

use crate::desk::{Answer, Desk, NOON};
use http::Method;
use sandbox::{Broken, Config, Fault, Kind, OauthApp, Rule, Seeded};
use serde_json::{Value, json};

const MARKER: &str = "[so:abc]";

fn post_task(desk: &Desk) -> Result<Answer, Broken> {
    let body = json!({"properties": {"hs_timestamp": NOON.to_string(), "hs_task_body": MARKER}});
    desk.try_send(Method::POST, "/crm/v3/objects/tasks", &body)
}

fn is_created(answer: &Result<Answer, Broken>) -> bool {
    answer.as_ref().is_ok_and(|a| a.status == 201 && a.json()["id"].is_string())
}

/// Sends again until it sees an answer it likes, as the official new client does.
fn create_by_resending(desk: &Desk) {
    for _ in 0..4 {
        if is_created(&post_task(desk)) {
            return;
        }
    }
}

fn tasks_made(desk: &Desk) -> usize {
    desk.sandbox.with_journal(|j| j.creates_with(Kind::Task, MARKER).len())
}

#[test]
fn a_client_that_resends_creates_twice_when_the_answer_is_lost() {
    for fault in [
        Fault::After(500),
        Fault::After(504),
        Fault::ResetAfter,
        Fault::TimeoutAfter,
        Fault::Truncated,
        Fault::Html200,
    ] {
        let desk = Desk::plain();
        desk.sandbox.inject(Rule::next(fault).on(Method::POST, "/tasks"));
        create_by_resending(&desk);
        assert_eq!(tasks_made(&desk), 2, "{fault:?}");
    }
}

#[test]
fn a_client_that_takes_a_lost_answer_for_done_does_nothing_at_all() {
    for fault in [
        Fault::Before(500),
        Fault::Before(502),
        Fault::Before(503),
        Fault::Refused,
        Fault::ResetBefore,
        Fault::TimeoutBefore,
        Fault::TooMany { retry_after_s: None },
    ] {
        let desk = Desk::plain();
        desk.sandbox.inject(Rule::next(fault).on(Method::POST, "/tasks"));
        let answer = post_task(&desk);
        assert!(!is_created(&answer), "{fault:?}");
        assert_eq!(tasks_made(&desk), 0, "{fault:?}");
    }
}

#[test]
fn a_client_that_looks_before_it_resends_is_caught_by_an_effect_that_lands_late() {
    let desk = Desk::plain();
    desk.sandbox.inject(Rule::next(Fault::Late { delay_ms: 20_000 }).on(Method::POST, "/tasks"));
    // given a create without an answer, and a look that finds nothing
    assert!(matches!(post_task(&desk), Err(Broken::Timeout)));
    desk.clock.advance(15_000);
    assert!(desk.get("/crm/v3/objects/tasks").ids().is_empty());
    // when it sends again, and the first one lands
    assert!(is_created(&post_task(&desk)));
    assert_eq!(desk.sandbox.last_late(), Some(NOON + 20_000));
    desk.clock.advance(5_000);
    // then there are two, the late one stamped with the time at which it landed
    assert_eq!(tasks_made(&desk), 2);
    let times: Vec<i64> = desk.sandbox.journal().entries().iter().map(|e| e.at - NOON).collect();
    assert_eq!(times, [15_000, 20_000]);
}

/// Lists all contacts; whatever isn't a good page is the end.
fn list_until_trouble(desk: &Desk) -> usize {
    let (mut seen, mut after) = (0, 0);
    loop {
        let uri = format!("/crm/v3/objects/contacts?limit=10&after={after}");
        let Ok(page) = desk.try_send(Method::GET, &uri, &Value::Null) else { return seen };
        let ids = page.ids();
        let Some(last) = ids.last() else { return seen };
        (seen, after) = (seen + ids.len(), last + 1);
    }
}

#[test]
fn a_reader_that_takes_trouble_for_the_end_loses_records() {
    let faults = [
        Fault::TooMany { retry_after_s: Some(1) },
        Fault::TooMany { retry_after_s: None },
        Fault::Before(502),
        Fault::After(503),
        Fault::ResetBefore,
        Fault::Truncated,
        Fault::Html200,
        Fault::Expired,
    ];
    for fault in faults {
        let desk = Desk::plain();
        for n in 0..35 {
            desk.sandbox.create(Kind::Contact, &[("email", &format!("{n}@x.test"))]).unwrap();
        }
        assert_eq!(list_until_trouble(&desk), 35);
        desk.sandbox.inject(Rule::next(fault).on(Method::GET, "/contacts").after(2));
        assert_eq!(list_until_trouble(&desk), 20, "{fault:?}");
    }
}

#[test]
fn a_client_that_trusts_its_tokens_lifetime_meets_a_401_in_mid_run() {
    let mut desk = Desk::new(&Config { oauth: Some(OauthApp::default()), ..Config::plain(1) });
    let form = "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token=sandbox-refresh-0";
    let refresh = |desk: &Desk| {
        let answer = desk.raw(Method::POST, "/oauth/v1/token", form.into()).unwrap();
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    desk.token = refresh(&desk);
    desk.sandbox.inject(Rule::next(Fault::Expired));
    let statuses: Vec<u16> = (0..3).map(|_| desk.get("/crm/v3/owners").status).collect();
    assert_eq!(statuses, [401, 401, 401], "the token is really gone");
    desk.token = refresh(&desk);
    assert_eq!(desk.get("/crm/v3/owners").status, 200);
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_byte() {
    let run = |seed: u64| {
        let config = Config { faults: Some(Seeded::rate(300)), ..Config::seeded(seed) };
        let desk = Desk::new(&config);
        let outcomes: Vec<String> = (0..200)
            .map(|_| {
                desk.clock.advance(700);
                match post_task(&desk) {
                    Ok(a) => format!("{} {:?}", a.status, a.body),
                    Err(broken) => broken.to_string(),
                }
            })
            .collect();
        desk.clock.advance(60_000);
        (outcomes, format!("{:?}", desk.sandbox.journal().entries()), desk.sandbox.usage().faults)
    };
    let (first, again, other) = (run(5), run(5), run(6));
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
    assert!((30..90).contains(&first.2), "{} faults in 200 requests at 30 %", first.2);
}
