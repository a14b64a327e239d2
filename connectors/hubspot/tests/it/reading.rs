//! Full passes and increments.

use crate::desk::{Desk, Mirror, seen};
use connect::{ErrorKind, Position};
use http::Method;
use model::{Change, Cursor, Field, Kind, Pass};
use sandbox::world::{Weights, World};
use sandbox::{Config, Fault, Kind as Theirs, Lag, Rule, Token, team::Size};

/// Stream, its type there, and the property that is its name.
const STREAMS: [(Kind, Theirs, &str); 3] = [
    (Kind::Company, Theirs::Company, "name"),
    (Kind::Deal, Theirs::Deal, "dealname"),
    (Kind::Task, Theirs::Task, "hs_task_subject"),
];

#[tokio::test]
async fn a_full_pass_has_everything_and_proves_it_in_both_path_schemes() {
    for version in ["2026-03", "v3"] {
        let desk = Desk::with(&Config::plain(2), &serde_json::json!({ "api_version": version }));
        desk.sandbox.populate(&Size { companies: 250, deals: 230, ..Size::small() });
        for (stream, theirs, name) in STREAMS {
            let mut mirror = Mirror::default();
            let full = desk.pass(stream, &Pass::Full, None).await;
            assert!(full.complete);
            mirror.take(full.changes);
            assert_eq!(mirror.differences(&desk.sandbox, theirs, name), [""; 0], "{stream} {version}");
        }
    }
}

#[tokio::test]
async fn increments_and_a_census_follow_a_world_that_moves_on_behind_a_lagging_index() {
    for seed in 0..4 {
        // given a team, an index that lags up to 20 s, and records that are stamped again by themselves
        let config = Config { limits: None, restamp_after_create: true, ..Config::seeded(seed) };
        let desk = Desk::new(&config);
        desk.sandbox.populate(&Size::small());
        desk.wait(60);
        let mut world = World::new(&desk.sandbox, seed, Weights::default());
        let mut mirrors: Vec<(Mirror, Cursor)> = Vec::new();
        for (stream, ..) in STREAMS {
            let full = desk.pass(stream, &Pass::Full, None).await;
            mirrors.push((Mirror::default(), full.cursor));
            mirrors.last_mut().unwrap().0.take(full.changes);
        }
        // when people work for two hours and we look every minute
        for _ in 0..120 {
            world.step(3);
            desk.wait(60);
            for ((stream, ..), (mirror, cursor)) in STREAMS.iter().zip(&mut mirrors) {
                let news = desk.pass(*stream, &Pass::Since, Some(&*cursor)).await;
                mirror.take(news.changes);
                *cursor = news.cursor;
            }
        }
        // then, once they stop, one increment, one census and one audit later we know what is there
        desk.wait(120);
        for ((stream, theirs, name), (mirror, cursor)) in STREAMS.iter().zip(&mut mirrors) {
            mirror.take(desk.pass(*stream, &Pass::Since, Some(&*cursor)).await.changes);
            let census = desk.pass(*stream, &Pass::Census, None).await;
            assert!(census.complete, "seed {seed}, {stream}");
            let missing = mirror.missing(&census.changes);
            mirror.take(census.changes);
            for pass in [Pass::These(missing), Pass::Audit { slice: 0, of: 1 }] {
                mirror.take(desk.pass(*stream, &pass, None).await.changes);
            }
            assert_eq!(mirror.differences(&desk.sandbox, *theirs, name), [""; 0], "seed {seed}, {stream}");
        }
    }
}

#[tokio::test]
async fn a_poll_that_finds_nothing_is_one_request_per_stream_also_after_recent_changes() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::small());
    for stream in Kind::ALL {
        let full = desk.pass(stream, &Pass::Full, None).await;
        desk.wait(3600);
        if stream == Kind::Deal {
            let deal = desk.sandbox.ids(Theirs::Deal)[0];
            desk.sandbox.edit(Theirs::Deal, deal, &[("amount", "7")]).unwrap();
        }
        desk.wait(40);
        let first = desk.pass(stream, &Pass::Since, Some(&full.cursor)).await;
        assert_eq!(first.changes.len(), usize::from(stream == Kind::Deal), "{stream}");
        // when nothing happens, although the overlap is read again
        desk.wait(60);
        let (requests, second) = desk.requests(desk.pass(stream, &Pass::Since, Some(&first.cursor))).await;
        assert_eq!((requests, second.changes.len()), (1, 0), "{stream}");
    }
}

#[tokio::test]
async fn a_change_that_the_index_shows_minutes_late_is_still_found() {
    // given an index that takes four minutes for everything, far more than the guard
    let lag = Lag { low_ms: 240_000, high_ms: 240_000 };
    let desk = Desk::new(&Config { lag, ..Config::plain(4) });
    let full = desk.pass(Kind::Deal, &Pass::Full, None).await;
    desk.wait(60);
    let deal = desk.sandbox.create(Theirs::Deal, &[("dealname", "Late")]).unwrap();
    // when we poll every minute
    let (mut cursor, mut found) = (full.cursor, 0);
    for _ in 0..8 {
        desk.wait(60);
        let news = desk.pass(Kind::Deal, &Pass::Since, Some(&cursor)).await;
        found += seen(&news.changes).iter().filter(|r| *r.reference.id == deal.to_string()).count();
        cursor = news.cursor;
    }
    // then it is found, once
    assert_eq!(found, 1);
}

#[tokio::test]
async fn one_garbled_record_is_put_aside_and_the_others_go_on() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::small());
    let spoilt = desk.sandbox.ids(Theirs::Deal)[7];
    desk.rewrite(move |text| {
        let id = format!("{{\"id\":\"{spoilt}\",\"properties\":{{");
        text.replacen(&id, &format!("{{\"id\":\"{spoilt}\",\"properties\":[],\"x\":{{"), 1)
    });
    let full = desk.pass(Kind::Deal, &Pass::Full, None).await;
    assert_eq!(seen(&full.changes).len(), 39);
    let aside: Vec<_> = full
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Unreadable { reference: Some(reference), raw, .. } => Some((reference, raw)),
            _ => None,
        })
        .collect();
    let [(reference, raw)] = aside[..] else { panic!("{} put aside", aside.len()) };
    assert_eq!(*reference.id, spoilt.to_string());
    assert!(raw.starts_with(b"{\"id\":"), "as it came");
    assert!(full.complete, "its id was read, so it is not missing");
}

#[tokio::test]
async fn a_cursor_that_does_not_advance_ends_in_an_error_and_not_in_a_loop() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { companies: 250, ..Size::small() });
    let first = desk.sandbox.ids(Theirs::Company)[0];
    desk.rewrite(move |text| {
        let (before, after) = text.split_once("\"after\":\"").unwrap();
        let (_, rest) = after.split_once('"').unwrap();
        format!("{before}\"after\":\"{first}\"{rest}")
    });
    let page = desk.poll(Kind::Company, &Pass::Full, None).await.unwrap();
    let Position::More(cursor) = page.position else { panic!() };
    let error = desk.poll(Kind::Company, &Pass::Full, Some(&cursor)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbled);
}

#[tokio::test]
async fn a_full_pass_goes_on_from_its_cursor_after_a_failure() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size { companies: 350, ..Size::small() });
    desk.sandbox.inject(Rule::next(Fault::Truncated).on(Method::GET, "/companies").after(1).times(4));
    let first = desk.poll(Kind::Company, &Pass::Full, None).await.unwrap();
    let Position::More(cursor) = first.position else { panic!() };
    desk.poll(Kind::Company, &Pass::Full, Some(&cursor)).await.unwrap_err();
    let rest = desk.pass(Kind::Company, &Pass::Full, Some(&cursor)).await;
    assert_eq!(first.changes.len() + rest.changes.len(), 350);
}

#[tokio::test]
async fn increments_without_a_readable_cursor_ask_for_a_full_pass() {
    let desk = Desk::plain();
    let broken = Cursor { version: 99, body: "{}".to_owned() };
    for from in [None, Some(&broken)] {
        let error = desk.poll(Kind::Deal, &Pass::Since, from).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired);
    }
}

#[tokio::test]
async fn a_stream_that_is_not_granted_fails_alone_and_links_to_it_are_left_out() {
    // given a token that may not read companies
    let token = Token::without("pat-eu1-sandbox", &["crm.objects.companies.read"]);
    let desk = Desk::new(&Config { tokens: vec![token], ..Config::plain(6) });
    desk.sandbox.populate(&Size::small());
    // then companies are refused by name of the scope, deals are read
    let error = desk.poll(Kind::Company, &Pass::Full, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden { missing: vec!["crm.objects.companies.read".to_owned()] });
    let deals = desk.pass(Kind::Deal, &Pass::Full, None).await;
    assert_eq!(seen(&deals.changes).len(), 40);
}

#[tokio::test]
async fn owners_and_stages_are_read_whole_and_their_news_are_told() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::small());
    let owners = desk.pass(Kind::Owner, &Pass::Full, None).await;
    let left = seen(&owners.changes).iter().filter(|o| o.fields.bool(Field::Done) == Some(true)).count();
    assert_eq!((seen(&owners.changes).len(), left, owners.complete), (7, 1, true));
    let stages = desk.pass(Kind::Pipeline, &Pass::Full, None).await;
    let won: Vec<_> = seen(&stages.changes)
        .into_iter()
        .filter(|stage| stage.fields.bool(Field::Won) == Some(true))
        .map(|stage| stage.reference.id.to_string())
        .collect();
    assert_eq!(won, ["default/closedwon"]);
    // when a stage is renamed
    desk.rewrite(|text| text.replace("\"Negotiation\"", "\"Terms\""));
    let news = desk.pass(Kind::Pipeline, &Pass::Since, Some(&stages.cursor)).await;
    let names: Vec<_> = seen(&news.changes).iter().filter_map(|s| s.fields.text(Field::Name)).collect();
    assert!(names.contains(&"Terms"), "{names:?}");
}
