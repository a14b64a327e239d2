//! What a person is told when connecting.

use crate::desk::Desk;
use connect::ErrorKind;
use model::{Kind, Pass};
use sandbox::{Config, Limits, Token, team::Size};

#[tokio::test]
async fn check_tells_who_we_are_what_is_there_and_what_is_missing() {
    let token = Token::without("pat-eu1-sandbox", &["crm.objects.companies.read"]);
    let desk = Desk::new(&Config { tokens: vec![token], ..Config::seeded(1) });
    desk.sandbox.populate(&Size::small());
    desk.wait(60);
    let account = desk.cx(async |cx| desk.hub.check(cx).await).await.unwrap();
    assert_eq!(account.name, "HubSpot portal 48151623");
    assert_eq!(account.zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(account.currency.unwrap().as_str(), "EUR");
    assert!(account.budget.is_some_and(|(left, of)| left < of && of == 650_000), "{:?}", account.budget);
    assert!(account.sizes.contains(&(Kind::Deal, 40)) && account.sizes.contains(&(Kind::Owner, 7)));
    let refused: Vec<_> = account.grants.iter().filter(|g| g.stream.is_some() && !g.granted).collect();
    let [companies] = refused[..] else { panic!("{refused:?}") };
    assert_eq!(companies.stream, Some(Kind::Company));
    assert!(companies.missing.as_deref().unwrap().contains("crm.objects.companies.read"));
    // and it wrote nothing
    assert_eq!(desk.sandbox.journal().by_api().count(), 0);
}

#[tokio::test]
async fn a_refused_token_stops_the_check() {
    let desk = Desk::plain();
    desk.use_token("pat-eu1-wrong");
    // A token of a private app can't be renewed: the second 401 is final.
    let error = desk.cx(async |cx| desk.hub.check(cx).await).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn a_spent_day_ends_at_the_portals_midnight() {
    let limits = Limits { daily: 30, ..Limits::default() };
    let desk = Desk::new(&Config { limits: Some(limits), ..Config::seeded(1) });
    desk.sandbox.populate(&Size { companies: 6_000, ..Size::small() });
    desk.cx(async |cx| desk.hub.check(cx).await).await.ok();
    let mut from = None;
    let error = loop {
        match desk.poll(Kind::Company, &Pass::Full, from.as_ref()).await {
            Ok(page) => match page.position {
                connect::Position::More(cursor) => from = Some(cursor),
                connect::Position::CaughtUp { .. } => panic!("30 requests can't read 6,000 companies"),
            },
            Err(error) => break error,
        }
    };
    let ErrorKind::DailyLimit { until: Some(until) } = error.kind else { panic!("{error:?}") };
    assert_eq!(until.to_string(), "2025-11-22T23:00:00.000Z", "midnight in Berlin");
}
